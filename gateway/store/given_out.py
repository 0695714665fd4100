"""What the store gave out and what was written while one request was served, for those who keep account of it.

It is told here, where every road to a resource ends, so that none has to remember to.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar

from gateway.store.contract import Stored

GIVEN_OUT: ContextVar[list[Stored] | None] = ContextVar("given_out", default=None)


def told(stored: Stored) -> None:
    account = GIVEN_OUT.get()
    if account is not None:
        account.append(stored)


def told_all(stored: Iterable[Stored]) -> None:
    account = GIVEN_OUT.get()
    if account is not None:
        account.extend(stored)
