"""What a delivery workflow is woken for, and the queue where it waits: one at a time for each Subscription."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from dbos import DBOSClient, EnqueueOptions

from gateway.store.contract import Transaction

NOTIFY, NOTIFY_QUEUE = "notify", "notify"
Purpose = Literal["handshake", "events", "heartbeat", "end"]


Enqueue = Callable[[Transaction, "Wake", float], None]
"""(transaction, wake, delay in seconds): wake a delivery exactly when the transaction commits."""


@dataclass(frozen=True, slots=True)
class Wake:
    """Look after that Subscription. All that counts is in the database: one wake too many does nothing."""

    org: int
    id: str
    purpose: Purpose
    attempt: int = 0
    """Of events: which attempt this is the turn of."""
    period: int = 0
    """Of heartbeats and ends: the activation that they belong to."""

    def options(self, delay: float = 0) -> EnqueueOptions:
        made: EnqueueOptions = {
            "workflow_name": NOTIFY,
            "queue_name": NOTIFY_QUEUE,
            "queue_partition_key": f"{self.org}/{self.id}",
        }
        if delay > 0:
            made["delay_seconds"] = delay
        return made


def enqueuing(client: DBOSClient) -> Enqueue:
    """By DBOS, in the transaction."""

    def enqueue(transaction: Transaction, wake: Wake, delay: float) -> None:
        client.enqueue_in_transaction(transaction.connection, wake.options(delay), wake)

    return enqueue
