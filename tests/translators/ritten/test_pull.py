"""The pull: a walk over the three statuses that misses nobody who moves while it goes on."""

from __future__ import annotations

import pytest

from gateway.faults import EmrNonsense
from gateway.translation.contract import Linked, Pulled, PullPage
from tests.translators.ritten.driving import LINK, MOMENT, Clinic, chart, coverage, patient, payer
from translators.ritten import translator
from translators.ritten.walk import Place

ALL: frozenset[str] = frozenset()


async def pull(clinic: Clinic, cursor: str | None = None, *, types: frozenset[str] = ALL) -> PullPage:
    return await clinic(translator.pull(clinic.account, cursor, (), MOMENT, types))


async def walk(clinic: Clinic, types: frozenset[str] = ALL) -> list[Pulled]:
    page = await pull(clinic, types=types)
    found = list(page.charts)
    while page.more:
        page = await pull(clinic, page.cursor, types=types)
        assert len(page.charts) <= 50
        found += page.charts
    assert page.cursor is None
    return found


def keys(charts: list[Pulled]) -> list[str]:
    return [pulled.patient_key for pulled in charts if pulled.patient_key]


async def crowd(clinic: Clinic, count: int) -> list[str]:
    """That many prospective patients more."""
    for index in range(count):
        made = {"name": {"first": "P", "last": f"Crowd{index}"}}
        clinic.sandbox.state["patients"].append(
            {"id": f"00000000-0000-4000-8000-{index:012}", "programs": [], "mrn": f"C{index}", **made}
        )
    return [item["id"] for item in clinic.sandbox.state["patients"]]


async def test_a_walk_brings_lists_and_all_patients_in_every_status() -> None:
    clinic = Clinic()
    await clinic.command("admit", last_name="Brandt", program="Evening IOP")
    await clinic.command("discharge", last_name="Brandt")
    ids = await crowd(clinic, 45)
    found = await walk(clinic)
    assert sorted(keys(found)) == sorted(ids)
    lists = [[part.lens.type for part in pulled.parts] for pulled in found if pulled.patient_key is None]
    assert lists == [["Location"] * 2, ["Practitioner"] * 2, ["Organization"] * 2]
    assert all(pulled.unaccounted == () for pulled in found)


async def test_a_chart_has_the_patient_first_and_its_parts_refer_to_it() -> None:
    found = await walk(Clinic())
    parts = next(pulled.parts for pulled in found if pulled.patient_key and len(pulled.parts) > 1)
    by_type = {part.lens.type: part for part in parts}
    assert [part.lens.type for part in parts] == ["Patient", "Practitioner", "Encounter", "Coverage"]
    patient_key = f"emr:Patient/{by_type['Patient'].key}"
    assert by_type["Encounter"].references == {"subject": patient_key}
    assert by_type["Coverage"].references == {"beneficiary": patient_key, "subscriber": patient_key}
    practitioner = by_type["Patient"].lens.to_fhir(by_type["Patient"].record).value["generalPractitioner"]
    assert practitioner == [{"reference": f"emr:Practitioner/{by_type['Practitioner'].key}"}]
    policy = by_type["Coverage"].lens.to_fhir(by_type["Coverage"].record).value
    assert policy["payor"][0]["reference"].startswith("emr:Organization/")


async def test_a_discharge_belongs_to_its_stay_alone() -> None:
    clinic = Clinic()
    await clinic.command("discharge", last_name="Ashgrove")
    await clinic.command("admit", last_name="Ashgrove", program="Evening IOP")
    parts = [part for pulled in await walk(clinic) for part in pulled.parts if part.lens.type == "Encounter"]
    stays = [part.lens.to_fhir(part.record).value for part in parts]
    assert [stay["status"] for stay in stays] == ["finished", "in-progress"]
    assert stays[0]["hospitalization"]["dischargeDisposition"]["text"] == "Completed treatment"
    assert "hospitalization" not in stays[1]


@pytest.mark.parametrize("leaving", [1, 5, 19])
async def test_patients_who_leave_a_status_during_the_walk_hide_nobody(leaving: int) -> None:
    clinic = Clinic()
    ids = await crowd(clinic, 60)
    page = await pull(clinic)
    found = list(page.charts)
    for pulled in [pulled for pulled in found if pulled.patient_key][:leaving]:
        await clinic.command("admit", id=pulled.patient_key, program="Residential")
    while page.more:
        page = await pull(clinic, page.cursor)
        found += page.charts
    assert set(keys(found)) == set(ids)


async def test_our_own_id_comes_back() -> None:
    clinic = Clinic()
    pushed = await clinic(translator.push(clinic.account, chart(patient()), LINK, MOMENT))
    ours = next(pulled for pulled in await walk(clinic) if pulled.patient_key == pushed.external_id)
    assert ours.local_id == "pat-1"


async def test_after_a_push_a_pull_brings_no_news() -> None:
    clinic = Clinic()
    social = [{"system": "http://hl7.org/fhir/sid/us-ssn", "value": "900000001"}]
    divorced = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "code": "D"}]}
    local = patient(maritalStatus=divorced, identifier=social)
    pushed = await clinic(
        translator.push(clinic.account, chart(local, coverage(), referenced=(payer(),)), LINK, MOMENT)
    )
    link = Linked("pat-1", pushed.external_id, pushed.record)
    page = await clinic(translator.pull(clinic.account, None, (link,), MOMENT, ALL))
    part = next(pulled for pulled in page.charts if pulled.patient_key == pushed.external_id).parts[0]
    assert part.record == pushed.record
    assert part.lens.absorb(part.record, local, base=pushed.record).value == local
    await clinic.command("edit", id=pushed.external_id, fields={"dob": "2001-05-28"})
    page = await clinic(translator.pull(clinic.account, None, (link,), MOMENT, ALL))
    part = next(pulled for pulled in page.charts if pulled.patient_key == pushed.external_id).parts[0]
    assert part.lens.absorb(part.record, local, base=pushed.record).value == local | {"birthDate": "2001-05-28"}


async def test_types_choose_what_is_brought() -> None:
    clinic = Clinic()
    facilities = await pull(clinic, types=frozenset({"Location"}))
    assert ([pulled.patient_key for pulled in facilities.charts], facilities.more) == ([None], False)
    charts = await walk(clinic, frozenset({"Encounter"}))
    assert {part.lens.type for pulled in charts for part in pulled.parts} == {"Patient", "Encounter"}


async def test_a_patient_removed_after_the_list_is_passed_over() -> None:
    clinic = Clinic()
    flow = translator.pull(clinic.account, "prospective:0:", (), MOMENT, ALL)
    (listing,) = next(flow)
    reply = await clinic.attempt(listing)
    details = flow.send((reply,))
    clinic.sandbox.state["patients"].clear()
    gone = tuple([await clinic.attempt(call) for call in details])
    with pytest.raises(StopIteration) as stop:
        flow.send(gone)
    assert stop.value.value.charts == ()


async def test_a_list_in_another_form_is_nonsense() -> None:
    clinic = Clinic()
    clinic.sandbox.state["payers"] = {}
    with pytest.raises(EmrNonsense):
        await pull(clinic)


@pytest.mark.parametrize(
    ("cursor", "place"),
    [
        ("active:40:61", Place("active", 40, 61)),
        ("former:0:", Place("former", 0)),
        (None, None),
        ("", None),
        ("gone:0:", None),
        ("active:x:", None),
    ],
)
def test_cursors(cursor: str | None, place: Place | None) -> None:
    assert Place.parse(cursor) == place
    if place:
        assert str(place) == cursor


async def test_fields_that_no_table_knows_are_named_for_the_log() -> None:
    clinic = Clinic()
    clinic.patients("Brandt")[0]["shoeSize"] = 44
    page = await pull(clinic, "prospective:0:")
    assert [pulled.unaccounted for pulled in page.charts] == [("shoeSize",)]
