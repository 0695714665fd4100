"""What a workflow is to do, and the queues where it waits."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from dbos import EnqueueOptions

PUSH_QUEUE = "push"
PULL_QUEUE = "pull"
QUEUES = {"push": PUSH_QUEUE, "pull": PULL_QUEUE, "fetch": PULL_QUEUE, "test": PULL_QUEUE}
ASIDE = frozenset({"fetch", "test"})
"""What does not wait for a long pull."""


@dataclass(frozen=True, slots=True)
class Order:
    """One push, pull or test over one connection, as its queue keeps it."""

    org: int
    slug: str
    connection: str
    patients: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    attempt: int = 1
    force: bool = False

    @property
    def partition(self) -> str:
        """Of the orders with the same partition in a queue, one is worked on at a time."""
        return f"{self.slug}/{self.connection}"

    @property
    def purpose(self) -> str:
        """The same for orders of which one is enough, since a push sends what the store has when it runs."""
        told = "/".join((self.partition, str(self.attempt), *self.patients))
        return hashlib.sha256(told.encode()).hexdigest()


def partition_of(name: str, order: Order) -> str:
    return f"{order.partition}/{name}" if name in ASIDE else order.partition


def options(name: str, order: Order, delay: float = 0, workflow_id: str | None = None) -> EnqueueOptions:
    made: EnqueueOptions = {
        "workflow_name": name,
        "queue_name": QUEUES[name],
        "queue_partition_key": partition_of(name, order),
    }
    if delay:
        made["delay_seconds"] = delay
    if workflow_id is not None:
        made["workflow_id"] = workflow_id
    return made
