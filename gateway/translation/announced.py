"""What a translator is besides, when its EMR announces changes by webhooks and shows single charts by their keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from gateway.translation.contract import Account, Acquainted, Flow, Moment, Pulled


@runtime_checkable
class Fetching(Protocol):
    """A Translator whose EMR shows single charts as a pull would; what is pushed is compared with that before."""

    def fetch(
        self, account: Account, keys: Sequence[str], known: Acquainted, moment: Moment
    ) -> Flow[tuple[Pulled, ...]]:
        """Those charts as they are now; what the EMR does not have is left out."""


@runtime_checkable
class Announcing(Fetching, Protocol):
    """A Translator whose webhooks may name charts. What a webhook says is never taken as true: it is fetched."""

    def named(self, body: bytes) -> Sequence[str]:
        """The keys of the charts that a webhook's body names, of whatever form it is; total."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a webhook says, where its vendor has published that."""

    hook: str | None
    """Which of the declared webhooks it is, whatever address it came to; None for a kind that is not known."""
    keys: tuple[str, ...]
    """The charts that it is about."""


@runtime_checkable
class Telling(Announcing, Protocol):
    """An Announcing translator whose vendor has published what webhooks say.

    They name all that there is to fetch: they lead to no pull, which may go over every patient.
    """

    incidental: frozenset[str]
    """Webhooks that an account may never have news for: that they were never seen is no warning."""

    def heard(self, body: bytes) -> Heard:
        """Raises Malformed where the body is none of the vendor's."""
