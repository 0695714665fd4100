"""Stays: their discharges, remembered beyond the latest, and the stays that a patient was moved between."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.translation.contract import Linked, Part
from tests.translators.ritten.driving import MOMENT, Clinic, account
from translators.ritten import translator
from translators.ritten.chart import Reader
from translators.ritten.remembered import remembered
from translators.ritten.stays import stays

PREFIX = "https://crosswalk.example/fhir/StructureDefinition/transferred-"


def stay(id: str, program: str, admitted: str, **facts: Any) -> dict[str, Any]:
    return {"id": id, "program": {"id": program, "programType": "Clinical"}, "admitDate": admitted, **facts}


def ended(id: str, program: str, admitted: str, ended: str, type: str) -> dict[str, Any]:
    return stay(id, program, admitted, dischargeDate=ended, dischargeTypeId=type)


def names(document: dict[str, Any]) -> dict[str, str | None]:
    return {one["id"]: one.get("latestClinicalDischarge", {}).get("name") for one in stays(document)}


async def test_a_later_discharge_leaves_the_name_of_an_earlier_one() -> None:
    clinic = Clinic()
    id = clinic.patients("Brandt")[0]["id"]
    record: dict[str, Any] = {}
    for program, type in (("Residential", "Left against advice"), ("Evening IOP", "Completed treatment")):
        await clinic.command("admit", id=id, program=program)
        await clinic.command("discharge", id=id, type=type)
        document = clinic.patients("Brandt")[0] | {"externalId": None}
        record = remembered(document, record)
    assert list(names(record).values()) == ["Left against advice", "Completed treatment"]
    assert list(names(remembered(document, record)).values()) == ["Left against advice", "Completed treatment"]
    assert list(names(document).values()) == [None, "Completed treatment"]


def test_a_discharge_that_was_taken_back_or_changed_goes_by_no_old_name() -> None:
    first = {"programs": [ended("s1", "p1", "2025-01-01", "2025-02-01", "t1")]}
    first["latestClinicalDischarge"] = {"id": "t1", "name": "Completed"}  # type: ignore[assignment]
    before = remembered(first, None)
    assert names(before) == {"s1": "Completed"}
    for facts in ({"dischargeTypeId": "t2", "dischargeDate": "2025-02-01"}, {}):
        assert names(remembered({"programs": [stay("s1", "p1", "2025-01-01", **facts)]}, before)) == {"s1": None}


@pytest.mark.parametrize(("id", "owners"), [("t2", ["s2"]), ("s1", ["s1"]), ("d9", ["s2"])])
def test_whose_the_latest_discharge_is(id: str, owners: list[str]) -> None:
    """By the stay or the type that it names; where it names neither, the clinical stay that ended last."""
    programs = [
        ended("s1", "p1", "2025-01-01", "2025-02-01", "t1"),
        ended("s2", "p2", "2025-02-01", "2025-03-01", "t2"),
        {**ended("s3", "p3", "2025-02-01", "2025-04-01", "t3"), "program": {"id": "p3", "programType": "Non-Clinical"}},
    ]
    document = {"programs": programs, "latestClinicalDischarge": {"id": id, "name": "Done"}}
    assert [key for key, name in names(document).items() if name] == owners


@pytest.mark.parametrize("named", ["stays", "programs"])
def test_transfers_lead_from_stay_to_stay(named: str) -> None:
    to, back = ("s2", "s1") if named == "stays" else ("p2", "p1")
    programs = [
        stay("s0", "p2", "2024-01-01"),
        stay("s1", "p1", "2025-01-01", transferredTo=to),
        stay("s2", "p2", "2025-02-01", transferredFrom=back),
        stay("s3", "p9", "2025-03-01", transferredFrom="elsewhere"),
    ]
    lens = Reader.of(account()).lenses["Encounter"]
    moved = [lens.to_fhir(one).value.get("extension", []) for one in stays({"programs": programs})]
    assert moved == [
        [],
        [{"url": f"{PREFIX}to", "valueReference": {"reference": "emr:Encounter/s2"}}],
        [{"url": f"{PREFIX}from", "valueReference": {"reference": "emr:Encounter/s1"}}],
        [],
    ]


async def test_a_transfer_in_the_sandbox_is_read_as_one() -> None:
    clinic = Clinic()
    await clinic.command("transfer", last_name="Ashgrove", program="Evening IOP")
    (chart,) = await clinic(translator.fetch(clinic.account, [clinic.patients("Ashgrove")[0]["id"]], (), MOMENT))
    before, after = (part for part in chart.parts if part.lens.type == "Encounter")
    moved = [part.lens.to_fhir(part.record).value for part in (before, after)]
    assert [one["status"] for one in moved] == ["finished", "in-progress"]
    assert moved[0]["extension"][0]["valueReference"]["reference"] == f"emr:Encounter/{after.key}"
    assert moved[1]["extension"][0]["valueReference"]["reference"] == f"emr:Encounter/{before.key}"
    assert moved[1]["class"]["code"] == "AMB"


async def test_a_stay_is_at_the_facility_of_its_program_also_when_that_is_archived() -> None:
    clinic = Clinic()
    id, state = clinic.patients("Ashgrove")[0]["id"], clinic.sandbox.state
    place = state["programs"][0]["facility"]["id"]

    async def read(*known: Linked) -> tuple[Part, Part]:
        (chart,) = await clinic(translator.fetch(clinic.account, [id], known, MOMENT))
        return chart.parts[0], next(part for part in chart.parts if part.lens.type == "Encounter")

    patient, stay = await read()
    assert stay.lens.to_fhir(stay.record).value["location"] == [{"location": {"reference": f"emr:Location/{place}"}}]
    for fault, programs in ((["no-programs"], state["programs"]), ([], [])):
        clinic.sandbox.switch(fault)
        state["programs"] = programs
        assert (await read(Linked("p1", id, patient.record)))[1].record == stay.record
    assert "location" not in stay.lens.to_fhir((await read())[1].record).value
