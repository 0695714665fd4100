"""A first load of a whole sandbox with its lists: valid FHIR that refers to each other, and written once."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from gateway.sync.pull import Counts
from tests.gateway.sync.clinic import Clinic

TYPES = (
    "Patient",
    "Encounter",
    "Coverage",
    "Location",
    "Organization",
    "Practitioner",
    "PractitionerRole",
    "HealthcareService",
)


@pytest.fixture
async def emr(clinic: Clinic) -> Clinic:
    await clinic.connect("kipu", push="false", history_days="400")
    await clinic.staff("kipu", "populate", count=9)
    return clinic


async def pull(clinic: Clinic, cursor: str | None = None, types: frozenset[str] = frozenset()) -> tuple[Counts, str]:
    """Page by page to the end; the counts and the last cursor."""
    sync, total, more = clinic.services.sync, Counter[str](), True
    runner, _, _ = await sync.runners.runner(clinic.realm, "kipu")
    moment = runner.moment()
    while more:
        page = sync.workflows.pulls.pull.page
        counts, cursor, more, _ = await page(clinic.realm, "kipu", runner, moment, types, cursor)
        total.update(counts)
    return dict(total), cursor or ""


async def versions(clinic: Clinic) -> dict[str, str]:
    return {
        f"{type}/{one['id']}": one["meta"]["versionId"] + str(one["meta"].get("source", ""))
        for type in TYPES
        for one in await clinic.all(type)
    }


async def test_a_first_load_brings_charts_and_lists_and_the_next_ones_nothing(emr: Clinic) -> None:
    counts, cursor = await pull(emr)
    assert (counts["created"], counts["failed"]) == (9, 0)
    assert [entry.detail for entry in await emr.entries("kipu") if entry.status == "failed"] == []
    found = {type: await emr.all(type) for type in TYPES}
    number = {type: len(some) for type, some in found.items()}
    assert (number["Patient"], number["Encounter"], number["Coverage"]) == (9, 9, 9)
    assert (number["Practitioner"], number["PractitionerRole"], number["HealthcareService"]) == (3, 2, 4)
    assert {one["meta"]["versionId"] for some in found.values() for one in some} == {"1"}
    await assert_connected(emr, found)
    before = await versions(emr)
    again, _ = await pull(emr, cursor)
    whole, _ = await pull(emr)
    assert (again["created"], again["updated"], whole["created"], whole["updated"]) == (0, 0, 0, 0)
    assert await versions(emr) == before


async def assert_connected(clinic: Clinic, found: dict[str, list[dict[str, Any]]]) -> None:
    """No reference leads nowhere, and lists and charts speak of the same parties."""
    here = {f"{type}/{one['id']}" for type, some in found.items() for one in some}
    named = {reference for some in found.values() for one in some for reference in references(one)}
    assert sorted(named - here) == []
    parties = {f"Organization/{one['id']}": one for one in found["Organization"]}
    origins = {stay["hospitalization"]["origin"]["reference"] for stay in found["Encounter"]}
    assert {parties[origin]["name"] for origin in origins} == {"Harbor Recovery", "County Hospital"}
    (harbor,) = [one for one in parties.values() if one["name"] == "Harbor Recovery"]
    assert [contact["value"] for contact in harbor["telecom"] if contact["system"] == "phone"] == ["513-555-0160"]
    beds = [one for one in found["Location"] if one["physicalType"]["coding"][0]["code"] == "bd"]
    states = Counter(bed["operationalStatus"]["code"] for bed in beds if "operationalStatus" in bed)
    in_house = sum(stay["status"] == "in-progress" for stay in found["Encounter"])
    assert (states["O"], states["U"], states["C"]) == (in_house, 2, 1)


def references(node: Any) -> set[str]:
    if isinstance(node, list):
        return {found for item in node for found in references(item)}
    if not isinstance(node, dict):
        return set()
    own = {str(node["reference"])} if "reference" in node else set()
    return own | {found for value in node.values() for found in references(value)}


async def test_a_list_that_is_asked_for_comes_alone_and_leaves_the_cursor(emr: Clinic) -> None:
    counts, _ = await pull(emr, None, frozenset({"Practitioner"}))
    assert counts["created"] == 3
    assert (await emr.all("Patient"), await emr.all("PractitionerRole")) == ([], [])
    assert (await emr.connection("kipu")).cursor is None
