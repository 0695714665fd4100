"""Pushes against the sandbox: created once, updated three ways, whatever is cut off or goes wrong."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.canonical import extension_url
from gateway.faults import EmrBusy, EmrRefused, EmrUnreachable, Unprocessable
from gateway.translation.contract import Chart, Linked
from tests.translators.internal.driving import Cut, World, account
from translators.internal.idempotency import idempotency_key
from translators.internal.push import ATTEMPTS

HOLLOWAY = "00000000-0000-4000-8000-0000000000a1"
MILL_ROAD = "00000000-0000-4000-8000-0000000010c2"
LINK = Linked("p1")


def patient(**elements: Any) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": "p1",
        "name": [{"use": "official", "given": ["Idris"], "family": "Vane"}],
        "birthDate": "1988-08-08",
        "gender": "male",
        "telecom": [{"system": "phone", "use": "mobile", "value": "555-010-1200"}],
        **elements,
    }


def facility(**reference: Any) -> dict[str, Any]:
    return {"url": extension_url("facility"), "valueReference": reference}


async def linked(world: World, chart: Chart) -> Linked:
    pushed = await world.push(chart, LINK)
    return Linked("p1", pushed.external_id, pushed.record)


async def test_a_create_carries_who_they_are_and_an_update_the_rest(world: World) -> None:
    pushed = await world.push(Chart(patient()), LINK)
    assert [call.method for call in world.calls] == ["POST", "POST", "PATCH"]
    assert world.calls[1].json == {"first_name": "Idris", "last_name": "Vane", "date_of_birth": "1988-08-08"}
    made = await world.patient(pushed.external_id or "")
    assert (made["gender"], made["mobile_phone"]) == ("male", "555-010-1200")
    assert pushed.identifiers == {"id": pushed.external_id}
    assert pushed.left_out == ()


async def test_the_emrs_own_defaults_are_news_for_the_next_pull(world: World) -> None:
    pushed = await world.push(Chart(patient()), LINK)
    assert pushed.record is not None
    assert "status" not in pushed.record
    assert "allergy_review_status" not in pushed.record
    assert pushed.record["mobile_phone"] == "555-010-1200"


@pytest.mark.parametrize("answers", range(4))
async def test_a_push_cut_after_any_answer_is_finished_by_the_next(world: World, answers: int) -> None:
    before = len(await world.patients())
    world.answers = answers
    if answers < 3:
        with pytest.raises(Cut):
            await world.push(Chart(patient()), LINK)
        world.answers = 100
    pushed = await world.push(Chart(patient()), LINK)
    assert len(await world.patients()) == before + 1
    assert (await world.patient(pushed.external_id or ""))["mobile_phone"] == "555-010-1200"


@pytest.mark.parametrize("change", [{"telecom": []}, {"gender": "unknown"}])
async def test_a_lost_answer_and_an_edit_make_no_second_patient(world: World, change: dict[str, Any]) -> None:
    """Without a birth date nothing but the Idempotency-Key knows them again."""
    before, nobody = len(await world.patients()), patient(birthDate=None)
    del nobody["birthDate"]
    await world.fault("drop-after-commit")
    with pytest.raises(EmrUnreachable):
        await world.push(Chart(nobody), LINK)
    await world.fault()
    await world.push(Chart({**nobody, **change}), LINK)
    assert len(await world.patients()) == before + 1


async def test_a_changed_name_after_a_lost_answer_is_for_people_to_decide(world: World) -> None:
    before = len(await world.patients())
    world.answers = 1
    with pytest.raises(Cut):
        await world.push(Chart(patient()), LINK)
    assert len(await world.patients()) == before + 1
    world.answers = 100
    renamed = patient(name=[{"given": ["Idris"], "family": "Vane-Ott"}])
    with pytest.raises(EmrRefused, match="earlier attempt"):
        await world.push(Chart(renamed), LINK)
    assert len(await world.patients()) == before + 1


async def test_a_patient_whom_staff_have_registered_is_found(world: World) -> None:
    known = await world.staff("register", first_name="IDRIS", last_name="Vane", date_of_birth="1988-08-08")
    pushed = await world.push(Chart(patient()), LINK)
    assert pushed.external_id == known["id"]


@pytest.mark.parametrize(
    "other", [{"first_name": "Ida"}, {"date_of_birth": "1988-08-09"}, {"social_security_number": "900-00-0001"}]
)
async def test_somebody_else_is_not_taken_for_them(world: World, other: dict[str, Any]) -> None:
    fields = {"first_name": "Idris", "last_name": "Vane", "date_of_birth": "1988-08-08", **other}
    known = await world.staff("register", **fields)
    ssn = [{"system": "http://hl7.org/fhir/sid/us-ssn", "value": "900-00-0002"}]
    pushed = await world.push(Chart(patient(identifier=ssn)), LINK)
    assert pushed.external_id != known["id"]


async def test_two_candidates_are_for_people_to_decide(world: World) -> None:
    for _ in range(2):
        await world.staff("register", first_name="Idris", last_name="Vane", date_of_birth="1988-08-08")
    before = len(await world.patients())
    with pytest.raises(EmrRefused, match="several patients"):
        await world.push(Chart(patient()), LINK)
    assert len(await world.patients()) == before


async def test_nothing_changed_sends_nothing(world: World) -> None:
    link = await linked(world, Chart(patient()))
    world.calls.clear()
    await world.push(Chart(patient()), link)
    assert [call.method for call in world.calls] == ["GET"]


async def test_only_what_the_chart_changed_is_sent_and_staffs_changes_stay(world: World) -> None:
    link = await linked(world, Chart(patient()))
    await world.staff("edit", id=link.external_id, city="Port Ellery", gender="other")
    world.calls.clear()
    await world.push(Chart(patient(telecom=[], birthDate="1988-08-09")), link)
    assert world.calls[-1].json == {"date_of_birth": "1988-08-09", "mobile_phone": None, "base_version": 3}
    assert (await world.patient(link.external_id or ""))["gender"] == "other"


@pytest.mark.parametrize(("conflict", "phone"), [("emr", "555-010-9999"), ("crm", "555-010-1201")])
async def test_a_field_that_both_changed_goes_by_the_setting(world: World, conflict: str, phone: str) -> None:
    world.account = account(conflict=conflict)
    link = await linked(world, Chart(patient()))
    await world.staff("edit", id=link.external_id, mobile_phone="555-010-9999")
    telecom = [{"system": "phone", "use": "mobile", "value": "555-010-1201"}]
    pushed = await world.push(Chart(patient(telecom=telecom)), link)
    assert (await world.patient(link.external_id or ""))["mobile_phone"] == phone
    assert [out.expression for out in pushed.left_out] == (["Patient.telecom[0].value"] if conflict == "emr" else [])


async def test_others_who_keep_saving_make_it_busy(world: World) -> None:
    link = await linked(world, Chart(patient()))
    await world.fault("stale-version")
    world.calls.clear()
    with pytest.raises(EmrBusy):
        await world.push(Chart(patient(gender="female")), link)
    assert sum(call.method == "PATCH" for call in world.calls) == ATTEMPTS


async def test_one_conflict_is_read_again_and_merged(world: World) -> None:
    link = await linked(world, Chart(patient()))
    original, raced = world.make, list[Any]()

    async def racing(call: Any) -> Any:
        if call.method == "PATCH" and not raced:
            raced.append(call)
            await world.staff("edit", id=link.external_id, city="Elsewhere")
        return await original(call)

    world.make = racing  # type: ignore[method-assign]
    await world.push(Chart(patient(gender="female")), link)
    found = await world.patient(link.external_id or "")
    assert (found["gender"], found["city"]) == ("female", "Elsewhere")


@pytest.mark.parametrize(
    ("before", "wish", "after"),
    [
        ({"active": True}, {"active": False}, "inactive"),
        ({"active": False}, {"active": True}, "active"),
        ({"active": False}, {"deceasedBoolean": True}, "deceased"),
        ({"active": True}, {"deceasedDateTime": "2026-02-01T10:00:00Z"}, "deceased"),
    ],
)
async def test_the_status_moves_along_the_transitions(
    world: World, before: dict[str, Any], wish: dict[str, Any], after: str
) -> None:
    link = await linked(world, Chart(patient(**before)))
    pushed = await world.push(Chart(patient(**wish)), link)
    assert (await world.patient(link.external_id or ""))["status"] == after
    assert pushed.left_out == ()


async def test_nobody_comes_back_from_the_dead(world: World) -> None:
    link = await linked(world, Chart(patient(deceasedBoolean=True)))
    pushed = await world.push(Chart(patient(active=True)), link)
    assert [out.expression for out in pushed.left_out] == ["Patient.active"]
    assert (await world.patient(link.external_id or ""))["status"] == "deceased"


async def test_the_archive_and_back(world: World) -> None:
    archived = {"active": False, "extension": [{"url": extension_url("patient-status"), "valueCode": "archived"}]}
    link = await linked(world, Chart(patient(active=True)))
    pushed = await world.push(Chart(patient(**archived)), link)
    assert (await world.patient(link.external_id or ""))["status"] == "archived"
    link = Linked("p1", pushed.external_id, pushed.record)
    await world.push(Chart(patient(active=True, gender="female")), link)
    found = await world.patient(link.external_id or "")
    assert (found["status"], found["gender"]) == ("active", "female")


async def test_a_guarantor_is_not_archived(world: World) -> None:
    record = await world.patient(HOLLOWAY)
    archived = {"active": False, "extension": [{"url": extension_url("patient-status"), "valueCode": "archived"}]}
    name = [{"given": ["Beatrix"], "family": "Holloway"}]
    link = Linked("p1", HOLLOWAY, {**record, "location": None})
    pushed = await world.push(Chart({"resourceType": "Patient", "id": "p1", "name": name, **archived}), link)
    assert "guarantor" in pushed.left_out[-1].reason
    assert (await world.patient(HOLLOWAY))["status"] == "active"


async def test_changes_for_an_archived_patient_are_refused_with_what_to_do(world: World) -> None:
    link = await linked(world, Chart(patient()))
    await world.staff("archive", id=link.external_id)
    with pytest.raises(EmrRefused, match="restore"):
        await world.push(Chart(patient(gender="female")), link)


async def test_a_location_travels_when_it_is_pulled_or_mapped(world: World) -> None:
    chart = patient(extension=[facility(reference="Location/l1")])
    pulled = {"resourceType": "Location", "identifier": [{"system": world.account.system("id"), "value": MILL_ROAD}]}
    pushed = await world.push(Chart(chart, referenced={"Location/l1": pulled}), LINK)
    assert (await world.patient(pushed.external_id or ""))["location"]["id"] == MILL_ROAD
    assert pushed.left_out == ()
    assert (pushed.record or {})["location"] == {"id": MILL_ROAD}
    world.account = account({"location": {"Mill": MILL_ROAD}})
    named = patient(birthDate="1999-01-01", extension=[facility(reference="Location/l9", display="Mill")])
    pushed = await world.push(Chart(named), Linked("p2"))
    assert (await world.patient(pushed.external_id or ""))["location"]["id"] == MILL_ROAD


async def test_an_unknown_location_is_left_out_with_what_to_do(world: World) -> None:
    pushed = await world.push(Chart(patient(extension=[facility(reference="Location/l1")])), LINK)
    (out,) = pushed.left_out
    assert out.expression == "Patient.extension[0].valueReference"
    assert "mapping set" in out.reason


async def test_whole_resources_that_do_not_travel_are_named(world: World) -> None:
    chart = Chart(patient(), {"Coverage": ({"resourceType": "Coverage", "id": "c1"},)})
    pushed = await world.push(chart, LINK)
    assert [out.expression for out in pushed.left_out] == ["Coverage/c1"]


async def test_a_patient_without_a_name_is_refused_before_any_call(world: World) -> None:
    with pytest.raises(Unprocessable):
        await world.push(Chart({"resourceType": "Patient", "id": "p1"}), LINK)
    assert world.calls == []


def test_the_idempotency_key_is_of_the_patient_alone() -> None:
    assert idempotency_key(account(), "p1") == idempotency_key(account(poll_minutes="1"), "p1")
    assert idempotency_key(account(), "p1") != idempotency_key(account(), "p2")
    assert "patient-in-clear" not in idempotency_key(account(), "patient-in-clear")
