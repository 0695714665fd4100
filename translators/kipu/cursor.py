"""Where a pull stands, as the gateway keeps it for us between two pages: JSON.

Between pulls it is `since`, up to when everything was seen, and `lists`, when the lists were last gone through. Within
a pull it names the leg as well, the page of it, and `head`, the first row of the page before: some of KIPU's lists
repeat their last page for ever. `upto` is where this pull will have come.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime

import msgspec

from gateway.faults import Misconfigured

UNREADABLE = "the stored cursor of this connection cannot be read; reset it to load anew"


@dataclass(frozen=True, slots=True)
class Cursor:
    """`since` None: the first load."""

    upto: str
    since: str | None = None
    lists: str | None = None
    leg: str | None = None
    page: int = 1
    head: str | None = None
    total: int | None = None
    """How many rows the pull is about, as far as that is known."""

    @classmethod
    def read(cls, text: str | None, now: datetime) -> Cursor:
        try:
            kept = msgspec.json.decode(text, type=dict) if text else {}
            at = msgspec.convert({"upto": now.isoformat(), **kept}, cls, strict=True)
            for moment in (at.upto, at.since, at.lists):
                if moment is not None:
                    datetime.fromisoformat(moment)
        except ValueError as error:
            raise Misconfigured(UNREADABLE) from error
        if unknown := set(kept) - set(cls.__dataclass_fields__):
            raise Misconfigured(f"{UNREADABLE} ({', '.join(sorted(unknown))})")
        return at

    def written(self) -> str:
        return msgspec.json.encode({name: value for name, value in asdict(self).items() if value is not None}).decode()

    def next_page(self, head: str, total: int | None) -> Cursor:
        return replace(self, page=self.page + 1, head=head, total=total)

    def next_leg(self, leg: str, total: int | None) -> Cursor:
        return replace(self, leg=leg, page=1, head=None, total=total)

    def between(self, lists: str | None, since: str | None) -> str | None:
        """After a pull."""
        kept = {name: value for name, value in (("since", since), ("lists", lists)) if value is not None}
        return msgspec.json.encode(kept).decode() if kept else None

    @property
    def from_(self) -> datetime:
        return datetime.fromisoformat(self.since or self.upto)

    @property
    def to(self) -> datetime:
        return datetime.fromisoformat(self.upto)
