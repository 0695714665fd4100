"""What a translator is besides, when its EMR announces changes by webhooks and shows single charts by their keys."""

from __future__ import annotations

from collections.abc import Sequence
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
