"""The walk over all patients: Ritten has no "changed since", so a pull reads each status from first to last page.

The statuses are walked in the order in which patients move through them (prospective, active, former), so that one who
moves on meanwhile is met again. One who leaves a status shifts those behind them forward; the place therefore keeps
the total of the status, and where that has shrunk the walk steps back by as many.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.translation.contract import Call, Flow, send
from gateway.translation.rows import Record
from translators.ritten.documents import listed

STATUSES = ("prospective", "active", "former")
LIMIT = 20
"""The most that GET /patients gives at once."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a walk stands. Its text is the cursor."""

    status: str = STATUSES[0]
    offset: int = 0
    total: int | None = None

    @classmethod
    def parse(cls, cursor: str | None) -> Place | None:
        """None for what is no place: the walk then begins anew."""
        status, offset, total = [*(cursor or "").split(":"), "", ""][:3]
        if status not in STATUSES or not offset.isdigit():
            return None
        return cls(status, int(offset), int(total) if total.isdigit() else None)

    def __str__(self) -> str:
        return f"{self.status}:{self.offset}:{'' if self.total is None else self.total}"


def page(place: Place) -> Flow[tuple[list[Record], Place | None]]:
    """The patients at that place, and the place after them; None at the end of the walk."""
    found, total = yield from _listed(place)
    if place.total is not None and total is not None and total < place.total:
        place = Place(place.status, max(0, place.offset - (place.total - total)), total)
        found, total = yield from _listed(place)
    return found, _after(place, len(found), total)


def _listed(place: Place) -> Flow[tuple[list[Record], int | None]]:
    query = (("programStatus", place.status), ("limit", str(LIMIT)), ("offset", str(place.offset)))
    return listed((yield from send(Call("GET", "/patients", query=query))), "patients")


def _after(place: Place, count: int, total: int | None) -> Place | None:
    offset = place.offset + count
    if count and (offset < total if total is not None else count == LIMIT):
        return Place(place.status, offset, total)
    index = STATUSES.index(place.status) + 1
    return Place(STATUSES[index]) if index < len(STATUSES) else None
