"""The pull: a walk over the three statuses that misses nobody who moves while it goes on."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from gateway.faults import EmrNonsense, EmrSwitchedOff, Misconfigured
from gateway.translation.contract import Linked, Part, Pulled, PullPage
from tests.translators.ritten.driving import LINK, MOMENT, Clinic, account, chart, coverage, patient, payer
from translators.ritten import translator
from translators.ritten.walk import Place

ALL: frozenset[str] = frozenset()


async def pull(
    clinic: Clinic, cursor: str | None = None, known: Sequence[Linked] = (), *, types: frozenset[str] = ALL
) -> PullPage:
    clinic.clock.pass_by(seconds=5)  # the bucket fills again
    return await clinic(translator.pull(clinic.account, cursor, known, MOMENT, types))


async def walk(clinic: Clinic, known: Sequence[Linked] = (), *, types: frozenset[str] = ALL) -> list[Pulled]:
    page = await pull(clinic, None, known, types=types)
    found = list(page.charts)
    while page.more:
        page = await pull(clinic, page.cursor, known, types=types)
        assert len(page.charts) <= 50
        found += page.charts
    assert page.cursor is None
    return found


def known(found: Sequence[Pulled]) -> list[Linked]:
    """As the gateway remembers them after the pull."""
    return [Linked(f"p-{n}", one.patient_key, one.parts[0].record) for n, one in enumerate(found) if one.patient_key]


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
    assert lists == [["Location"] * 2, ["HealthcareService"] * 3, ["Practitioner"] * 2, ["Organization"] * 2]
    assert all(pulled.unaccounted == () for pulled in found)


async def test_a_chart_has_the_patient_first_and_its_parts_refer_to_it() -> None:
    found = await walk(Clinic())
    parts = next(pulled.parts for pulled in found if pulled.patient_key and len(pulled.parts) > 1)
    by_type = {part.lens.type: part for part in parts}
    assert [part.lens.type for part in parts] == ["Patient", "Practitioner", "Encounter", "Coverage", "RelatedPerson"]
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

    async def read() -> Part:
        page = await pull(clinic, "sweep:1:::", (link,))
        return page.charts[0].parts[0]

    part = await read()
    assert part.record == pushed.record
    assert part.lens.absorb(part.record, local, base=pushed.record).value == local
    await clinic.command("edit", id=pushed.external_id, fields={"dob": "2001-05-28"})
    part = await read()
    assert part.lens.absorb(part.record, local, base=pushed.record).value == local | {"birthDate": "2001-05-28"}


async def test_types_choose_what_is_brought() -> None:
    clinic = Clinic()
    facilities = await pull(clinic, types=frozenset({"Location"}))
    assert ([pulled.patient_key for pulled in facilities.charts], facilities.more) == ([None], False)
    charts = await walk(clinic, types=frozenset({"Encounter"}))
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
        ("active:40:61:p%3A1:", Place("active", 40, 61, "p:1")),
        ("former:0:::", Place("former")),
        ("sweep:12::p1:1700000", Place("sweep", 12, None, "p1", 1700000)),
    ],
)
def test_cursors(cursor: str, place: Place) -> None:
    assert Place.parse(cursor) == place
    assert str(place) == cursor


@pytest.mark.parametrize("cursor", [None, "", "gone:0:", "active:x:", "chosen:active:20:::"])
def test_what_is_no_place_of_this_walk_begins_one(cursor: str | None) -> None:
    assert Place.parse(cursor).leg == "start"


def test_a_walk_for_types_goes_on_from_no_other() -> None:
    assert Place.parse("active:20:40::", chosen=True) == Place("start", chosen=True)
    assert Place.parse("chosen:active:20:40::", chosen=True) == Place("active", 20, 40, chosen=True)


async def test_fields_that_no_table_knows_are_named_for_the_log() -> None:
    clinic = Clinic()
    clinic.patients("Brandt")[0]["shoeSize"] = 44
    page = await pull(clinic, "prospective:0:")
    assert [pulled.unaccounted for pulled in page.charts] == [("shoeSize",)]


async def test_what_the_lists_show_unchanged_is_not_read_again() -> None:
    clinic = Clinic()
    people = known(await walk(clinic))
    clinic.sandbox.state["staff"][1]["lastAccessedAt"] = "2025-03-01T11:59:00Z"
    await clinic.command("edit", last_name="Brandt", fields={"phones": ["+17855550108"]})
    clinic.sent.clear()
    page = await pull(clinic, "prospective:0:::", people)
    assert ([one.patient_key for one in page.charts], page.unchanged) == ([clinic.patients("Brandt")[0]["id"]], 0)
    page = await pull(clinic, page.cursor, people)
    assert (page.charts, page.unchanged) == ((), 0)  # the sweep is to come
    paths = [call.path.replace(str(people[0].external_id), "…") for call in clinic.sent]
    assert len(paths) == 4  # both lists; the patient and their relationships


async def test_a_sweep_reads_everybody_of_a_small_clinic() -> None:
    clinic = Clinic()
    await crowd(clinic, 40)
    people = known(await walk(clinic))
    await clinic.command("edit", last_name="Brandt", fields={"addresses": [{"city": "Topeka"}]})
    found = await walk(clinic, people)
    assert sorted(keys(found)) == sorted(link.external_id or "" for link in people)
    (brandt,) = (one for one in found if one.patient_key == clinic.patients("Brandt")[0]["id"])
    assert brandt.parts[0].lens.to_fhir(brandt.parts[0].record).value["address"] == [{"city": "Topeka"}]


async def test_of_a_large_clinic_a_sweep_reads_those_who_were_not_read_for_the_longest_time() -> None:
    clinic = Clinic()
    people = known(await walk(clinic))
    many = [Linked(f"p{n}", f"{n:04}", {}, looked=9000 - n) for n in range(600)]
    page = await pull(clinic, "active:0:::", [*many, *people])
    assert (page.charts, page.unchanged) == ((), 1)
    page = await pull(clinic, "former:0:::", many)
    assert (page.cursor, page.more) == ("sweep:500:::", True)
    assert (await pull(clinic, page.cursor, many)).counted
    flow = translator.pull(clinic.account, page.cursor, many, MOMENT, ALL)
    wanted = [call.path for call in next(flow)]
    assert wanted == [f"/patients/{n:04}" for n in range(599, 579, -1)]


@pytest.mark.parametrize("walks", ["0", "often"])
async def test_walks_that_are_no_number_are_refused(walks: str) -> None:
    clinic = Clinic(account=account(settings={"tenant": "ritclinic", "full_walks": walks}))
    with pytest.raises(Misconfigured, match="full_walks"):
        await pull(clinic, "former:0:::", [Linked("p1", "1", {})])


async def test_a_patient_who_is_no_more_is_told_and_asked_for_last_again() -> None:
    clinic = Clinic()
    people = known(await walk(clinic))
    gone = (await clinic.command("remove", last_name="Brandt"))["id"]
    page = await pull(clinic, "sweep:2:::", people)
    assert {one.patient_key: bool(one.parts) for one in page.charts} == {
        people[0].external_id: people[0].external_id != gone,
        people[1].external_id: people[1].external_id != gone,
    }
    assert [note.partition(" (")[0] for note in page.notes] == ["a patient whom Ritten had is there no more"]


async def test_one_who_leaves_while_another_comes_hides_nobody() -> None:
    """The status has as many as before, and the rows have moved all the same."""
    clinic = Clinic()
    ids = await crowd(clinic, 60)
    page = await pull(clinic)
    found = list(page.charts)
    leaving = next(key for key in keys(found))
    await clinic.command("admit", id=leaving, program="Residential")
    late = (await clinic.command("register", fields={"name": {"first": "New", "last": "Comer"}}))["id"]
    while page.more:
        page = await pull(clinic, page.cursor)
        found += page.charts
    assert set(keys(found)) == {*ids, late}


async def test_an_order_that_never_rests_holds_no_walk_up() -> None:
    clinic = Clinic()
    await crowd(clinic, 60)
    page, pages = await pull(clinic), 1
    while page.more:
        clinic.sandbox.state["patients"].reverse()
        page, pages = await pull(clinic, page.cursor), pages + 1
        assert pages < 20


async def test_a_walk_by_types_reads_everybody() -> None:
    clinic = Clinic()
    people = known(await walk(clinic))
    found = await walk(clinic, people, types=frozenset({"Coverage"}))
    assert len(keys(found)) == 2
    assert all(part.lens.type in ("Patient", "Coverage") for pulled in found for part in pulled.parts)
    assert not any("relationships" in call.path for call in clinic.sent[-3:])


async def test_a_list_that_was_not_granted_is_told_and_stops_nothing() -> None:
    clinic = Clinic()
    clinic.sandbox.switch(["no-programs"])
    page = await pull(clinic)
    assert [note.partition(" (")[0] for note in page.notes] == ["Ritten has not granted the list of programs"]
    lists = [pulled.parts[0].lens.type for pulled in page.charts if pulled.patient_key is None]
    assert (lists, len(keys(list(page.charts)))) == (["Location", "Practitioner", "Organization"], 1)
    with pytest.raises(EmrSwitchedOff):
        await clinic(translator.search(clinic.account, "HealthcareService", []))
