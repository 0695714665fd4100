"""Location and Organization as KIPU's documents name them: the site, its buildings, rooms and beds, and the parties.

KIPU has keys for sites only. A building, room or bed is known by its names from the outside in, a referrer or payer by
its own name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gateway.canonical import LOCATION_PHYSICAL_TYPE, ORGANIZATION_TYPE
from gateway.translation.codec import Codec, Unreadable, codes
from gateway.translation.contract import Account
from gateway.translation.lens import Interaction, ResourceMap
from gateway.translation.rows import Field, Record, Way
from gateway.translation.view import View
from translators.kipu.terms import KEY, mapped

LISTED = frozenset({Interaction.READ, Interaction.SEARCH})


def coded_by(words: Mapping[str, tuple[str, str]]) -> Codec:
    """A word for a bed's state ↔ a Coding of HL7's table 0116."""
    back = {code: word for word, (code, _) in reversed(tuple(words.items()))}

    def decode(word: Any) -> dict[str, str]:
        if not isinstance(word, str) or word not in words:
            raise Unreadable(f"expected one of {', '.join(words)}")
        code, display = words[word]
        return {"system": V2_0116, "code": code, "display": display}

    def encode(coding: Any) -> str:
        if coding.get("system") != V2_0116 or coding.get("code") not in back:
            raise Unreadable("expected a code of HL7's table 0116 that KIPU has a word for")
        return back[coding["code"]]

    return Codec(decode, encode, "code", tuple(words))


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
V2_0116 = "http://terminology.hl7.org/CodeSystem/v2-0116"
BED_STATUS = coded_by(
    {
        "Occupied": ("O", "Occupied"),
        "Available": ("U", "Unoccupied"),
        "Vacant": ("U", "Unoccupied"),
        "Housekeeping": ("H", "Housekeeping"),
        "Closed": ("C", "Closed"),
        "Out of Service": ("C", "Closed"),
    }
)
LISTED_BED = replace(BED, rows=(*BED.rows, Field("status", "operationalStatus", BED_STATUS, Way.READ)))
"""A bed of the occupancy list, which tells its status; what a chart says of its bed does not take that away."""

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
NAMED_PAYER = replace(PAYER, rows=PAYER.rows[:1])
"""A policy that shows no phone of its company says nothing of the one that another policy showed."""


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


def told(table: ResourceMap, account: Account, record: Mapping[str, Any]) -> tuple[View, Record]:
    """The table, and what it reads of a document: nothing else of a patient belongs to what many patients share."""
    lens = table.bound(account.bindings)
    return lens, {name: record[name] for name in lens.vendor_paths() if name in record}
