"""Location and Organization as KIPU's documents name them: the site, its buildings, rooms and beds, and the parties.

KIPU has keys for sites only. A building, room or bed is known by its names from the outside in, a referrer or payer by
its own name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.canonical import LOCATION_PHYSICAL_TYPE, ORGANIZATION_TYPE
from gateway.translation.codec import codes
from gateway.translation.lens import Interaction, ResourceMap
from gateway.translation.rows import Field, Record, Way
from translators.kipu.terms import KEY, mapped

LISTED = frozenset({Interaction.READ, Interaction.SEARCH})


def _physical(code: str, display: str) -> dict[str, Any]:
    coding = {"system": LOCATION_PHYSICAL_TYPE, "code": code, "display": display}
    return {"status": "active", "mode": "instance", "physicalType": {"coding": [coding]}}


def _organization(code: str, display: str) -> dict[str, Any]:
    return {"active": True, "type": [{"coding": [{"system": ORGANIZATION_TYPE, "code": code, "display": display}]}]}


SITE = ResourceMap(
    "Location",
    LISTED,
    (
        Field("location_id", "identifier[system=$id].value", KEY, Way.READ),
        Field("location_name", "name", way=Way.READ),
        Field("enabled", "status", codes({True: "active", False: "inactive"}), Way.READ),
    ),
    constants=_physical("si", "Site"),
    search={"_id": "location_id", "name": "location_name"},
)
FACILITY = ResourceMap(
    "Organization",
    frozenset(),
    (
        Field("location_id", "identifier[system=$id].value", KEY, Way.READ),
        Field("location_name", "name", way=Way.READ),
    ),
    constants=_organization("prov", "Healthcare Provider"),
)


def _place(vendor: str, code: str, display: str) -> ResourceMap:
    rows = (Field(vendor, "name", way=Way.READ),)
    return ResourceMap("Location", frozenset(), rows, constants=_physical(code, display))


BUILDING = _place("building_name", "bu", "Building")
ROOM = _place("room_name", "ro", "Room")
BED = _place("bed_name", "bd", "Bed")

REFERRER = ResourceMap(
    "Organization",
    frozenset(),
    (Field("referrer_name", "name", way=Way.READ),),
    constants=_organization("other", "Other"),
)
DESTINATION = ResourceMap(
    "Organization",
    frozenset(),
    (
        Field("discharge_or_transition_name", "name", way=Way.READ),
        Field("discharge_or_transition_id", "identifier[system=$id].value", KEY, Way.READ),
    ),
    constants=_organization("other", "Other"),
)
PAYER = ResourceMap(
    "Organization",
    frozenset(),
    (
        Field("insurance_company", "name", mapped("payer")),
        Field("insurance_phone", "telecom[system=phone].value"),
    ),
    constants=_organization("pay", "Payer"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """One site, building, room or bed of a record, with the key of the one around it."""

    map: ResourceMap
    kind: str
    key: str
    record: Record
    within: str | None


LEVELS: tuple[tuple[ResourceMap, str, str], ...] = (
    (BUILDING, "bu", "building_name"),
    (ROOM, "ro", "room_name"),
    (BED, "bd", "bed_name"),
)


def site_key(record: Mapping[str, Any]) -> str | None:
    number = record.get("location_id")
    return None if number in (None, "") else f"site:{number}"


def places(record: Mapping[str, Any]) -> Iterator[Place]:
    """From the outside in. A patient's document and an item of the occupancy list name them alike."""
    around = site_key(record)
    if around:
        kept = {name: record[name] for name in ("location_id", "location_name", "enabled") if name in record}
        yield Place(SITE, "si", around, kept, None)
    names: list[str] = []
    for map, kind, field in LEVELS:
        if not record.get(field):
            continue
        names.append(str(record[field]))
        key = f"{record.get('location_id') or ''}:{kind}:{'/'.join(names)}"
        yield Place(map, kind, key, {field: record[field]}, around)
        around = key
