"""What the store gave out and what was written while one request was served, for those who keep account of it.

It is told here, where every road to a resource ends, so that none has to remember to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from gateway.store.contract import Stored


@dataclass(frozen=True, slots=True)
class Account:
    """Of one request, or of one entry of a Bundle."""

    given: list[Stored] = field(default_factory=list)
    withheld: list[Stored] = field(default_factory=list)
    """What was asked for by its name, is there, and is not for its caller."""


GIVEN_OUT: ContextVar[Account | None] = ContextVar("given_out", default=None)


def told(stored: Stored) -> None:
    account = GIVEN_OUT.get()
    if account is not None:
        account.given.append(stored)


def told_all(stored: Iterable[Stored]) -> None:
    account = GIVEN_OUT.get()
    if account is not None:
        account.given.extend(stored)


def withhold(stored: Stored) -> None:
    """What was read just now is not given out after all."""
    account = GIVEN_OUT.get()
    if account is None:
        return
    account.given[:] = (each for each in account.given if each is not stored)
    account.withheld.append(stored)


@contextmanager
def accounted() -> Iterator[Account]:
    """What is told inside is told to an account of its own."""
    account = Account()
    mark = GIVEN_OUT.set(account)
    try:
        yield account
    finally:
        GIVEN_OUT.reset(mark)


@contextmanager
def unaccounted() -> Iterator[None]:
    """Something is looked at that nobody gets."""
    mark = GIVEN_OUT.set(None)
    try:
        yield
    finally:
        GIVEN_OUT.reset(mark)
