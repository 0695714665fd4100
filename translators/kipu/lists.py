"""KIPU's lists as parts: sites, buildings, rooms and beds, staff, referrers, payers and levels of care.

Referrers and payers are known by their names, for a chart names them so: what the list says of one and what a chart
says is one Organization.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from gateway.translation.contract import Account, Flow, Part, gather
from gateway.translation.lens import ResourceMap
from gateway.translation.rows import Record
from translators.kipu.listings import LOW, OFF, whole
from translators.kipu.location import BED, BUILDING, FACILITY, LISTED_BED, ROOM, SITE, Place, places, told
from translators.kipu.staff import (
    CARE_LEVEL,
    LISTED_PAYER,
    LISTED_REFERRER,
    PROVIDER,
    PROVIDER_ROLE,
    USER,
    USER_ROLE,
)
from translators.kipu.system import get, listed

Made = Callable[[Account, Record], Iterator[Part]]
OCCUPANCY = ("buildings", "rooms", "beds")


@dataclass(frozen=True, slots=True)
class Turn:
    """What one list had; `off` names the addresses that are switched off."""

    parts: tuple[Part, ...]
    off: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ListOf:
    """One of KIPU's lists, and what its rows become."""

    path: str
    names: tuple[str, ...]
    made: Made
    types: frozenset[str]
    paged: bool = True

    def turn(self, account: Account, types: frozenset[str]) -> Flow[Turn]:
        rows = yield from whole(account, self.path, *self.names, paged=self.paged)
        if rows is None:
            return Turn((), (self.path,))
        return Turn(_wanted((part for row in rows for part in self.made(account, row)), types))


@dataclass(frozen=True, slots=True)
class Places:
    """Sites, and what the occupancy list shows within them."""

    types: frozenset[str] = frozenset({"Location", "Organization"})

    def turn(self, account: Account, types: frozenset[str]) -> Flow[Turn]:
        sites, occupied = yield from gather(
            (
                get(account, "/api/locations", ("include_buildings", "true"), accepts=OFF),
                get(account, "/api/patients/occupancy", LOW, accepts=OFF),
            )
        )
        rows: list[Record] = [] if sites.status in OFF else list(_with_buildings(listed(sites, "locations")))
        if occupied.status not in OFF:
            rows += [row for name in OCCUPANCY for row in _occupancy(occupied.json(), name)]
        asked = (("/api/locations", sites), ("/api/patients/occupancy", occupied))
        parts = (part for row in rows for part in _places(account, row))
        return Turn(_wanted(parts, types), tuple(path for path, reply in asked if reply.status in OFF))


def _wanted(parts: Iterator[Part], types: frozenset[str]) -> tuple[Part, ...]:
    """Each once; the first of a key is taken."""
    kept: dict[tuple[str, str], Part] = {}
    for part in parts:
        if not types or part.lens.type in types:
            kept.setdefault((part.lens.type, part.key), part)
    return tuple(kept.values())


def _with_buildings(rows: list[Record]) -> Iterator[Record]:
    for row in rows:
        yield row
        around: Record = {name: row[name] for name in ("location_id", "location_name") if name in row}
        for building in row.get("buildings") or ():
            if isinstance(building, dict):
                yield {**around, **building}


def _occupancy(body: Any, name: str) -> Iterator[Record]:
    """KIPU does not publish the items; those that name their places as a patient's document does are taken."""
    rows = body.get(name) if isinstance(body, dict) else None
    return (row for row in rows or () if isinstance(row, dict))


def _places(account: Account, row: Record) -> Iterator[Part]:
    for place in places(row):
        around = {"partOf": f"emr:Location/{place.within}"} if place.within else {}
        if place.map is SITE:
            if row.get("location_name"):
                owner = f"facility:{row['location_id']}"
                yield _part(account, FACILITY, owner, row)
                around["managingOrganization"] = f"emr:Organization/{owner}"
                yield _part(account, SITE, place.key, place.record, around)
            continue
        yield _within(account, place, row, around)


def _within(account: Account, place: Place, row: Record, around: dict[str, str]) -> Part:
    """A bed's status is of the bed, not of the room around it."""
    if place.map is BED:
        return _part(account, LISTED_BED, place.key, row, around)
    return _part(account, BUILDING if place.map is BUILDING else ROOM, place.key, place.record, around)


def _part(account: Account, table: ResourceMap, key: str, row: Record, around: dict[str, str] | None = None) -> Part:
    lens, record = told(table, account, row)
    return Part(lens, key, record, references=around or {})


def _staff(kind: str, table: ResourceMap, role: ResourceMap) -> Made:
    def made(account: Account, row: Record) -> Iterator[Part]:
        if row.get("id") in (None, "") or not row.get("last_name"):
            return
        key = f"{kind}:{row['id']}"
        yield _part(account, table, key, row)
        if any(row.get(name) for name in ("title", "specialty")):
            yield _part(account, role, key, row, {"practitioner": f"emr:Practitioner/{key}"})

    return made


def _named(kind: str, table: ResourceMap) -> Made:
    def made(account: Account, row: Record) -> Iterator[Part]:
        if row.get("name"):
            yield _part(account, table, f"{kind}:{row['name']}", row)

    return made


def _care_level(account: Account, row: Record) -> Iterator[Part]:
    if row.get("name"):
        yield _part(account, CARE_LEVEL, f"level:{row.get('id') or row['name']}", row)


STAFF = frozenset({"Practitioner", "PractitionerRole"})
ORGANIZATION = frozenset({"Organization"})
LISTS: dict[str, Places | ListOf] = {
    "places": Places(),
    "users": ListOf("/api/users", ("users",), _staff("user", USER, USER_ROLE), STAFF),
    "providers": ListOf("/api/providers", ("providers",), _staff("provider", PROVIDER, PROVIDER_ROLE), STAFF),
    "referrers": ListOf(
        "/api/contacts/referrers", ("contacts", "referrers"), _named("referrer", LISTED_REFERRER), ORGANIZATION
    ),
    "payors": ListOf("/api/settings/payors", ("payors",), _named("payer", LISTED_PAYER), ORGANIZATION),
    "care-levels": ListOf(
        "/api/care_levels", ("care_levels",), _care_level, frozenset({"HealthcareService"}), paged=False
    ),
}
LIST_TYPES = frozenset(type for one in LISTS.values() for type in one.types)
