"""Failures that no EMR and no caller caused: a database in use for too long, or a mistake of the gateway's own.

Their texts reach Tasks and logs, so an unforeseen exception is told by its kind and place; its message may quote data.
"""

from __future__ import annotations

import traceback

from gateway.faults import DatabaseBusy, EmrFault, Fault
from gateway.store.trouble import is_passing


class Mistake(Fault):
    """The gateway failed where it should not have."""


def as_fault(error: Exception) -> Fault:
    """The same failure as a Fault without patient data, and one that a journal can keep."""
    if isinstance(error, Fault):
        return error
    if is_passing(error):
        return DatabaseBusy("the gateway's database could not be reached or was busy")
    kind, place = type(error).__name__, _place(error)
    return Mistake(f"the gateway made a mistake ({kind} in {place}); report it to whoever looks after the gateway")


def is_retryable(error: BaseException) -> bool:
    return isinstance(error, DatabaseBusy) or (isinstance(error, EmrFault) and error.retryable)


def _place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else "an unknown place"
