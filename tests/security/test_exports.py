"""Exports hold what their client saw when it asked: by its scopes, their search parameters and its purposes of use."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from gateway.auth.tables import Client
from tests.gateway.bulk.conftest import ASYNC, Ward, patient, prepared, ward
from tests.security.world import HERSELF, A, World

LABEL = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "42CFRPart2"}
SECRET: dict[str, Any] = {"meta": {"security": [LABEL]}}


async def exported(ward: Ward, path: str) -> dict[str, set[str]]:
    found = await ward.exported(path)
    return {type: {line["id"] for line in lines if "id" in line} for type, lines in found.items()}


def register(ward: Ward, purposes: str) -> None:
    """Of the client that exports."""
    with Session(ward.services.store.engine) as session:
        row = session.get(Client, (1, ward.clients["crm"][1]))
        assert row is not None
        row.purposes = purposes
        session.add(row)
        session.commit()


async def test_labelled_records_are_for_a_purpose(ward: Ward) -> None:
    await ward.put(patient("open"), {**patient("closed"), **SECRET})
    assert await exported(ward, "$export?_type=Patient") == {"Patient": {"open"}}
    register(ward, "TREAT")
    ward.fhir = await ward.as_client("crm")
    for path in ("$export?_type=Patient", "Patient/$export?_type=Patient"):
        assert await exported(ward, path) == {"Patient": {"open", "closed"}}


async def test_filters_look_into_nothing_that_is_closed(ward: Ward) -> None:
    condition = {"resourceType": "Condition", "id": "c", "subject": {"reference": "Patient/p"}}
    await ward.put(patient("p"), {**condition, "code": {"coding": [{"code": "F10"}]}, **SECRET})
    filtered = "$export?_type=Patient&_typeFilter=Patient%3F_has:Condition:patient:code%3DF10"
    assert await exported(ward, filtered) == {}
    register(ward, "TREAT")
    ward.fhir = await ward.as_client("crm")
    assert await exported(ward, filtered) == {"Patient": {"p"}}


async def test_deletions_tell_nothing_of_what_was_closed(ward: Ward) -> None:
    await ward.put(patient("open"), {**patient("closed"), **SECRET})
    for id in ("open", "closed"):
        await ward.delete("Patient", id)
    (told,) = (await ward.exported("$export?_type=Patient&_since=2000-01-01T00:00:00Z"))["Bundle"]
    assert [entry["request"]["url"] for entry in told["entry"]] == ["Patient/open"]


async def test_scopes_with_search_parameters_limit_the_lines(ward: Ward) -> None:
    await ward.put({**patient("f"), "gender": "female"}, {**patient("m"), "gender": "male"})
    ward.fhir = await ward.as_client("crm", "system/Patient.rs?gender=female")
    assert await exported(ward, "$export") == {"Patient": {"f"}}


async def test_files_are_not_for_a_client_that_has_lost_its_purpose(ward: Ward) -> None:
    await ward.put({**patient("closed"), **SECRET})
    register(ward, "TREAT")
    ward.fhir = await ward.as_client("crm")
    place = await ward.begun("$export?_type=Patient")
    await ward.work(place)
    (file,) = (await ward.manifest(place))["output"]
    register(ward, "")
    ward.fhir = await ward.as_client("crm")
    for url in (place, file["url"].removeprefix(f"{ward.fhir.base}/")):
        assert (await ward.fhir.ask("GET", url)).status_code == 403


async def test_no_patient_and_no_user_exports(world: World) -> None:
    for scope, caller in (("patient/*.rs", {**HERSELF, "patient": A}), ("user/*.rs", HERSELF)):
        for path in ("$export", "Patient/$export"):
            assert (await world.caller(scope, **caller).ask("GET", path, headers=ASYNC)).status_code == 403


__all__ = ["prepared", "ward"]
