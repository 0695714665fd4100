"""Searches of Locations by `near`, and of people by how their names sound."""

from __future__ import annotations

import pytest

from tests.gateway.conftest import Fhir

PLACES = {"here": (42.2565, -83.6948), "there": (42.33, -83.05), "fiji": (-17.0, 179.9), "samoa": (-17.0, -179.9)}
URL = "http://hl7.org/fhir/StructureDefinition/location-distance"


async def located(client: Fhir) -> None:
    for id, (latitude, longitude) in PLACES.items():
        place = {"latitude": latitude, "longitude": longitude}
        answer = await client.ask("PUT", f"Location/{id}", {"resourceType": "Location", "id": id, "position": place})
        assert answer.status_code == 201
    await client.ask("PUT", "Location/nowhere", {"resourceType": "Location", "id": "nowhere"})


@pytest.mark.parametrize(
    ("near", "found"),
    [
        ("42.2565|-83.6948|53|km", {"here"}), ("42.2565|-83.6948|54|km", {"here", "there"}),
        ("42.2565|-83.6948|53000|m", {"here"}), ("42.2565|-83.6948|34|[mi_i]", {"here", "there"}),
        ("42.2565|-83.6948|0|km", {"here"}), ("42.2565|-83.6948", {"here"}), ("42.2565|-83.6948|54", {"here", "there"}),
        ("-17|180|12|km", {"fiji", "samoa"}), ("-17|-180|10|km", set()), ("0|0|30000|km", set(PLACES)),
        ("42.2565|-83.6948|1|km,-17|180|12|km", {"here", "fiji", "samoa"}),
    ],
)  # fmt: skip
async def test_near(client: Fhir, near: str, found: set[str]) -> None:
    await located(client)
    bundle = (await client.ask("GET", f"Location?near={near}&_total=accurate")).json()
    assert {each["resource"]["id"] for each in bundle.get("entry", ())} == found
    assert bundle["total"] == len(found)


async def test_entries_tell_the_distance(client: Fhir) -> None:
    await located(client)
    entry = (await client.ask("GET", "Location?near=42.2565|-83.6948|54|km&_id=there")).json()["entry"][0]
    [told] = entry["search"]["extension"]
    distance = told["valueDistance"]
    assert (told["url"], distance["unit"], distance["code"]) == (URL, "km", "km")
    assert distance["value"] == pytest.approx(53.66, abs=0.01)


async def test_places_that_are_none_and_missing_ones(client: Fhir) -> None:
    await located(client)
    refused = await client.ask("GET", "Location?near=91|0|1|km")
    assert (refused.status_code, refused.json()["issue"][0]["expression"]) == (400, ["near"])
    assert (await client.ask("GET", "Location?_sort=near")).status_code == 400
    missing = (await client.ask("GET", "Location?near:missing=true")).json()
    assert [each["resource"]["id"] for each in missing["entry"]] == ["nowhere"]


@pytest.mark.parametrize(("asked", "finds"), [("Smyth", 1), ("Jon", 1), ("jon smyth", 1), ("Smith John", 0), ("Sm", 0)])
async def test_names_as_they_sound(client: Fhir, asked: str, finds: int) -> None:
    await client.create({"resourceType": "Patient", "name": [{"family": "Smith", "given": ["John"]}]})
    await client.create({"resourceType": "Patient", "name": [{"family": "Jones", "given": ["Amy"]}]})
    found = (await client.ask("GET", f"Patient?phonetic={asked}&_total=accurate")).json()
    assert found["total"] == finds
