"""The walk over all patients: Ritten has no "changed since", so a pull turns every page of each status.

The statuses are walked in the order in which patients move through them (prospective, active, former), so that one who
moves on meanwhile is met again. Who leaves or enters a status shifts those behind them. Each page therefore begins with
the last patient of the page before: where another stands there, rows have moved, and the walk steps back by a page, or
by as many as the status has fewer.

After the statuses some of the known patients are read in full, those first who were not read for the longest time
(`sweep.py`): lists lack most details, and who is in no list any more is noticed only so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import quote, unquote

from gateway.translation.contract import Call, Flow, send
from gateway.translation.rows import Record
from translators.ritten.documents import listed

STATUSES = ("prospective", "active", "former")
START, SWEEP = "start", "sweep"
CHOSEN = "chosen"
LIMIT = 20
"""The most that GET /patients gives at once."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a walk stands. Its text is the cursor."""

    leg: str = STATUSES[0]
    """START, a status, or SWEEP."""
    offset: int = 0
    """Of the next patient of the status; in the sweep, how many are still to be read."""
    total: int | None = None
    """Of the status, when it was last asked for."""
    last: str = ""
    """The last patient of the page before."""
    seen: int = -1
    """When the sweep's last patient had been read before."""
    chosen: bool = False
    """The walk was asked for by type: it is no part of the ones that go on from each other."""

    @classmethod
    def parse(cls, cursor: str | None, *, chosen: bool = False) -> Place:
        """What is no place of such a walk begins one."""
        parts = (cursor or "").split(":")
        is_chosen = parts[0] == CHOSEN
        leg, offset, total, last, seen = [*parts[is_chosen:], "", "", "", "", ""][:5]
        if is_chosen != chosen or leg not in (START, *STATUSES, SWEEP) or not (offset.isdigit() or leg == START):
            return cls(START, chosen=chosen)
        count = int(total) if total.isdigit() else None
        return cls(leg, _number(offset), count, unquote(last), int(seen) if seen.isdigit() else -1, chosen)

    def __str__(self) -> str:
        total = "" if self.total is None else self.total
        parts = (self.leg, self.offset, total, quote(self.last, safe=""), "" if self.seen < 0 else self.seen)
        return ":".join(map(str, (CHOSEN, *parts) if self.chosen else parts))

    @property
    def first(self) -> Place:
        """Of a walk that begins here."""
        return Place(chosen=self.chosen)

    @property
    def plain(self) -> Place:
        """For who turns pages without remembering whom they have seen."""
        return replace(self, last="")


def page(place: Place) -> Flow[tuple[list[Record], Place | None]]:
    """The patients at that place, and the place after them; None behind the last status."""
    found, total = yield from _listed(place.leg, place.offset - bool(place.last))
    if place.last:
        if found and found[0].get("id") == place.last:
            return found[1:], _after(place, found[1:], total, count=len(found))
        place = replace(place, offset=_back(place, total), last="")
        found, total = yield from _listed(place.leg, place.offset)
        after = _after(place, found, total, count=len(found))
        return found, after and after.plain  # once: an order that never rests must not hold the walk up
    elif _shrunk(place, total):
        place = replace(place, offset=max(0, place.offset - _shrunk(place, total)))
        found, total = yield from _listed(place.leg, place.offset)
    return found, _after(place, found, total, count=len(found))


def _back(place: Place, total: int | None) -> int:
    return max(0, place.offset - max(LIMIT, _shrunk(place, total)))


def _shrunk(place: Place, total: int | None) -> int:
    return max(0, place.total - total) if place.total is not None and total is not None else 0


def _listed(status: str, offset: int) -> Flow[tuple[list[Record], int | None]]:
    query = (("programStatus", status), ("limit", str(LIMIT)), ("offset", str(offset)))
    return listed((yield from send(Call("GET", "/patients", query=query))), "patients")


def _after(place: Place, found: list[Record], total: int | None, *, count: int) -> Place | None:
    offset = place.offset + len(found)
    if found and (offset < total if total is not None else count == LIMIT):
        return replace(place, offset=offset, total=total, last=found[-1]["id"])
    index = STATUSES.index(place.leg) + 1
    return replace(place.first, leg=STATUSES[index]) if index < len(STATUSES) else None


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0
