"""What a bulk workflow is to do: which job, and whose."""

from __future__ import annotations

from dataclasses import dataclass

from dbos import EnqueueOptions

BULK = "bulk"
"""The workflow and its queue."""
AT_ONCE = 2
"""Jobs of one organisation that are worked on at a time."""


@dataclass(frozen=True, slots=True)
class Order:
    """One job."""

    org: int
    slug: str
    job: str


def options(order: Order) -> EnqueueOptions:
    return {"workflow_name": BULK, "queue_name": BULK, "queue_partition_key": order.slug, "workflow_id": order.job}
