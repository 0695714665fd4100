"""The sandbox's lists: who works there, who refers, who pays, the beds and the levels of care, and updated policies.

KIPU documents these calls without the fields of their items; what is chosen here is told in README.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from translators.kipu.sandbox_charts import Charts
from translators.kipu.sandbox_document import Json

MAIN = "Main Building"


def start_lists() -> Json:
    """The parts of the start state that reads list and no patient has."""
    return {
        "referrers": [
            {
                "id": 11,
                "name": "Harbor Recovery",
                "contact_type": "Referrer",
                "phone": "513-555-0160",
                "fax": "513-555-0161",
                "email": "desk@harbor.example",
                "address_street": "4 Quay St",
                "address_city": "Middletown",
                "address_state": "OH",
                "address_zip": "45044",
                "address_country": "United States",
                "enabled": True,
            },
            {"id": 12, "name": "County Hospital", "contact_type": "Hospital", "enabled": True},
        ],
        "payors": [
            {"id": 1, "name": "Sandbox Mutual", "phone": "800-555-0170", "enabled": True},
            {"id": 2, "name": "Keystone Mutual", "phone": "800-555-0140", "enabled": True},
        ],
        "users": [
            {
                "id": 501,
                "username": "rdesk",
                "first_name": "Robin",
                "middle_name": "Lee",
                "last_name": "Desk",
                "credentials": "LCSW",
                "title": "Admissions Coordinator",
                "email": "robin@harbor.example",
                "phone": "513-555-0162",
                "enabled": True,
            },
            {"id": 502, "username": "gone", "first_name": "Gil", "last_name": "Formerly", "enabled": False},
        ],
        "providers": [
            {
                "id": 501,
                "first_name": "Mara",
                "last_name": "Physick",
                "credentials": "MD",
                "title": "Medical Director",
                "specialty": "Addiction Medicine",
                "npi": "1999999984",
                "phone": "513-555-0163",
                "fax": "513-555-0164",
                "email": "mara@harbor.example",
                "enabled": True,
            }
        ],
        "care_levels": [
            {"id": 1, "name": "Detox", "enabled": True},
            {"id": 2, "name": "Residential", "enabled": True},
            {"id": 3, "name": "Outpatient", "enabled": True},
            {"id": 4, "name": "Halfway House", "enabled": False},
        ],
        "beds": [
            {"bed_name": "A-101", "room_name": "102", "building_name": MAIN, "location_id": 2},
            {"bed_name": "A-102", "room_name": "102", "building_name": MAIN, "location_id": 2},
            {"bed_name": "B-201", "room_name": "201", "building_name": MAIN, "location_id": 2, "status": "Closed"},
        ],
    }


def occupancy(charts: Charts, level: str) -> Json:
    """Beds with who lies in them, from `medium` on by name."""
    names = {row["location_id"]: row["location_name"] for row in charts.locations}
    lying = {_place(chart): chart for chart in charts.all() if chart.get("bed_name") and not chart["discharge_date"]}
    known = {_place(bed): bed for bed in charts.state.get("beds", ())}
    beds = [_bed(place, known.get(place, {}), lying.get(place), names, level) for place in {**known, **lying}]
    buildings = sorted({(bed["location_id"], bed["building_name"]) for bed in beds if bed["building_name"]})
    return {
        "beds": beds,
        "buildings": [
            {"building_name": name, "location_id": site, "location_name": names.get(site, "")}
            for site, name in buildings
        ],
        "locations": [{"location_id": number, "location_name": name} for number, name in names.items()],
    }


def _place(row: Json) -> tuple[Any, ...]:
    return (row.get("location_id"), row.get("building_name"), row.get("room_name"), row.get("bed_name"))


def _bed(place: tuple[Any, ...], bed: Json, chart: Json | None, names: Json, level: str) -> Json:
    site, building, room, name = place
    shown: Json = {"bed_name": name, "room_name": room, "building_name": building, "location_id": site}
    shown["location_name"] = names.get(site, "")
    shown["status"] = bed.get("status") or ("Occupied" if chart else "Available")
    if chart:
        shown["casefile_id"] = chart["casefile_id"]
        if level != "low":
            shown |= {part: chart.get(part) for part in ("first_name", "last_name")}
    return shown


def policies(charts: Charts) -> Iterator[Json]:
    """Every policy, with the chart that it is of; a policy changes when its chart's policies are written."""
    for chart in charts.all():
        for item in chart["insurances"]:
            at = item.get("_changed") or chart["last_updated_at"]
            shown = {name: value for name, value in item.items() if not name.startswith("_")}
            yield {**shown, "patient_casefile_id": chart["casefile_id"], "updated_at": at}
