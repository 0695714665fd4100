"""Pushing patients into the sandbox: created once, updated from then on, whatever happens between two steps."""

from __future__ import annotations

import pickle
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from gateway.faults import EmrBusy, EmrNonsense, EmrRefused
from gateway.translation.contract import Chart, Linked, Moment, Replies
from gateway.translation.unmapped import Unmapped
from tests.translators.ecw.world import (
    ASSIGNER,
    HOST,
    PATIENT,
    SYSTEM,
    World,
    account,
    reply,
)  # fmt: skip
from translators.ecw import translator
from translators.ecw.codes import code_of, refusal
from translators.ecw.guide import CODES
from translators.ecw.patient import DEFAULT_FACILITY
from translators.ecw.sandbox import BASE
from translators.ecw.sandbox_data import MAIN, OLD, PAYER
from translators.ecw.sandbox_data import PATIENT as WALKER
from translators.ecw.transaction import outcome

NEW = Linked("local-1")
SEED_003: dict[str, Any] = {
    "resourceType": "Patient",
    "active": True,
    "name": [{"text": "DazEcccw", "family": "LaliTest", "given": ["DazEcccw"]}],
    "telecom": [{"system": "phone", "value": "9135552003", "use": "home"}],
    "address": [{"use": "home", "line": ["2222 HOME STREET"], "city": "LAWRENCE", "state": "open", "postalCode": "KS"}],
    "deceasedBoolean": False,
    "identifier": [{"use": "usual", "system": ASSIGNER, "value": "Lt2IFR5Ah76n4d8TFP5g"}],
    "communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "ENG"}]}, "preferred": True}],
    "gender": "male",
    "birthDate": "2001-05-27",
    "extension": [{"url": DEFAULT_FACILITY, "valueReference": {"reference": f"Location/{MAIN}"}}],
}


async def test_create() -> None:
    world = World()
    pushed = await world.push(PATIENT, NEW)
    assert pushed.external_id is not None
    stored = world.patients[pushed.external_id]
    assert stored["name"][0] | {"text": ""} == {
        "use": "usual",
        "family": "Tester",
        "given": ["Rowan", "Lee"],
        "text": "",
    }
    assert stored["telecom"] == [{"system": "phone", "value": "913-555-0142", "use": "home"}]
    assert stored["identifier"][0] == {"use": "usual", "system": ASSIGNER, "value": "local-1"}
    assert stored["extension"] == [{"url": DEFAULT_FACILITY, "valueReference": {"reference": f"Location/{MAIN}"}}]
    assert (pushed.identifiers, pushed.left_out, pushed.detail) == ({"id": pushed.external_id}, (), "200 OK")


async def test_the_sample_of_the_help_page() -> None:
    world = World(account({"assigner_oid": "", "default_facility": ""}))
    pushed = await world.push(SEED_003, NEW)
    stored = world.patients[pushed.external_id or ""]
    assert stored["identifier"][0] == SEED_003["identifier"][0]
    assert stored["extension"] == SEED_003["extension"]
    assert "address" not in stored
    assert [left.expression for left in pushed.left_out] == ["Patient.address[0]"]
    assert "two-letter" in pushed.left_out[0].reason


async def test_202_updates_the_patient_that_is_there() -> None:
    world = World()
    namesake = {**PATIENT, "name": [{"family": "WALKER", "given": ["Ines"]}], "birthDate": "1984-09-30"}
    pushed = await world.push(namesake, NEW)
    assert pushed.external_id == WALKER
    assert pushed.identifiers == {"id": WALKER, "mr": "40000"}
    assert world.patients[WALKER]["telecom"] == [{"system": "phone", "value": "913-555-0142", "use": "home"}]
    assert world.patients[WALKER]["address"], "what we do not know stays"


async def test_update_sends_what_changed_here_and_keeps_what_changed_there() -> None:
    world = World()
    created = await world.push(PATIENT, NEW)
    key = created.external_id or ""
    address = [{"use": "home", "line": ["9 Oak"], "city": "Topeka", "state": "KS", "postalCode": "66601"}]
    await world.staff("patient", id=key, address=address)
    changed = {**PATIENT, "telecom": [{"system": "phone", "value": "913 555 0199", "use": "home"}]}
    pushed = await world.push(changed, Linked("local-1", key, created.record))
    assert world.patients[key]["telecom"] == [{"system": "phone", "value": "913-555-0199", "use": "home"}]
    assert world.patients[key]["address"] == address
    (chart,) = await world.pull([Linked("local-1", key, pushed.record)], frozenset({"Patient"}))
    news = chart.parts[0].lens.absorb(chart.parts[0].record, changed, pushed.record).value
    assert news["address"] == address, "the pull still tells it as news"
    assert news["telecom"] == changed["telecom"], "and our own spelling stays"


async def test_nothing_changed_is_not_written() -> None:
    world = World()
    created = await world.push(PATIENT, NEW)
    pushed = await world.push(PATIENT, Linked("local-1", created.external_id, created.record))
    assert world.writes() == 1
    assert pushed.record == created.record


async def test_what_is_taken_away_here_goes_there_and_what_is_held_back_stays() -> None:
    world = World()
    email = {"system": "email", "value": "rowan@example.com", "use": "home"}
    rich = {**PATIENT, "telecom": [*PATIENT["telecom"], email], "maritalStatus": _married()}
    created = await world.push(rich, NEW)
    key = created.external_id or ""
    await world.push(PATIENT, Linked("local-1", key, created.record))
    assert [item["system"] for item in world.patients[key]["telecom"]] == ["phone"]
    assert "maritalStatus" not in world.patients[key]
    short = {**PATIENT, "telecom": [{"system": "phone", "value": "555-0142", "use": "home"}]}
    pushed = await world.push(short, Linked("local-1", key, created.record))
    assert world.patients[key]["telecom"] == [{"system": "phone", "value": "913-555-0142", "use": "home"}]
    assert [left.expression for left in pushed.left_out] == ["Patient.telecom[0]"]


def _married() -> dict[str, Any]:
    coding = {"system": "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "code": "M"}
    return {"coding": [coding], "text": "Married"}


async def test_updates_that_need_the_id_in_the_url() -> None:
    world = World(faults=["id-in-url"])
    created = await world.push(PATIENT, NEW)
    changed = {**PATIENT, "gender": "other"}
    pushed = await world.push(changed, Linked("local-1", created.external_id, created.record))
    assert world.patients[pushed.external_id or ""]["gender"] == "other"


async def test_a_new_patient_that_does_not_show_yet() -> None:
    world = World(faults=["slow-replication"])
    created = await world.push(PATIENT, NEW)
    with pytest.raises(EmrBusy) as busy:
        await world.push(PATIENT, Linked("local-1", created.external_id, created.record))
    assert busy.value.after == 3.0
    world.pass_time(3)
    assert (await world.push(PATIENT, Linked("local-1", created.external_id, created.record))).external_id


async def test_everything_that_is_left_out_is_named() -> None:
    world = World()
    patient = {
        **PATIENT,
        "name": [*PATIENT["name"], {"use": "nickname", "given": ["Ro"]}],
        "identifier": [{"system": "http://hl7.org/fhir/sid/us-ssn", "value": "999-00-1111"}],
        "telecom": [
            *PATIENT["telecom"],
            {"system": "phone", "value": "12"},
            {"system": "url", "value": "http://x.test"},
        ],
        "communication": [{"language": {"text": "English"}}],
        "extension": [{"url": "https://crosswalk.example/fhir/StructureDefinition/first-contact", "valueString": "x"}],
        "contact": [{"name": {"family": "Other"}}],
    }
    coverage = {"resourceType": "Coverage", "id": "c1"}
    theirs = {"resourceType": "Encounter", "id": "e1", "identifier": [{"system": SYSTEM, "value": "K"}]}
    answers = {"resourceType": "QuestionnaireResponse", "id": "q1", "identifier": {"system": "x"}}
    pushed = await world.push(patient, NEW, Coverage=[coverage], Encounter=[theirs], QuestionnaireResponse=[answers])
    assert {left.expression for left in pushed.left_out} == {
        "Patient.name[1]", "Patient.identifier[0]", "Patient.telecom[1]", "Patient.telecom[2]",
        "Patient.communication[0]", "Patient.extension[0]", "Patient.contact", "Coverage/c1",
        "QuestionnaireResponse/q1",
    }  # fmt: skip
    notable = {left.expression: left.reason for left in pushed.left_out if left.notable}
    assert notable.keys() == {"Coverage/c1", "QuestionnaireResponse/q1"}, "the log names them, too"
    assert all(reason.startswith("not supported: ") for reason in notable.values())


FACILITY = "https://crosswalk.example/fhir/StructureDefinition/facility"


@pytest.mark.parametrize(
    ("location", "mappings", "expected"),
    [
        ({"identifier": [{"system": SYSTEM, "value": OLD}], "name": "Old"}, {}, OLD),
        ({"name": "Clinic"}, {"Clinic": OLD}, OLD),
        ({"name": "Clinic"}, {}, MAIN),
    ],
)
async def test_facility(location: dict[str, Any], mappings: dict[str, str], expected: str) -> None:
    world = World(account(location=mappings))
    patient = {**PATIENT, "extension": [{"url": FACILITY, "valueReference": {"reference": "Location/l1"}}]}
    chart = Chart(patient, referenced={"Location/l1": {"resourceType": "Location", "id": "l1", **location}})
    world.sandbox.state["documents"]["Location"][OLD]["status"] = "active"
    pushed = await world.run(translator.push(world.account, chart, NEW, world.moment()))
    (extension,) = world.patients[pushed.external_id or ""]["extension"]
    assert extension["valueReference"] == {"reference": f"Location/{expected}"}
    assert [left.expression for left in pushed.left_out] == (["Patient.extension[0]"] if expected == MAIN else [])
    assert [left.unmapped for left in pushed.left_out] == [(Unmapped("location", "Clinic"),)] * len(pushed.left_out)


async def test_a_facility_that_is_mapped_to_a_closed_one_stops_nothing_else() -> None:
    world = World(account(location={"Clinic": OLD}))
    patient = {**PATIENT, "extension": [{"url": FACILITY, "valueReference": {"display": "Clinic"}}]}
    pushed = await world.push(patient, NEW)
    key = pushed.external_id or ""
    assert world.patients[key]["extension"][0]["valueReference"] == {"reference": f"Location/{MAIN}"}
    (left,) = pushed.left_out
    assert (left.expression, left.unmapped, left.notable) == (
        "Patient.extension[0]", (Unmapped("location", "Clinic", OLD),), True
    )  # fmt: skip
    again = await world.push({**patient, "gender": "other"}, Linked("local-1", key, pushed.record))
    assert (world.patients[key]["gender"], again.left_out) == ("other", pushed.left_out)
    assert world.patients[key]["extension"][0]["valueReference"] == {"reference": f"Location/{MAIN}"}
    world.sandbox.state["documents"]["Location"][OLD]["status"] = "active"
    mended = await world.push({**patient, "gender": "other"}, Linked("local-1", key, again.record))
    assert world.patients[key]["extension"][0]["valueReference"] == {"reference": f"Location/{OLD}"}
    assert mended.left_out == ()


async def test_where_a_facility_is_demanded_its_missing_mapping_is_told_with_the_refusal() -> None:
    world = World(account({"default_facility": ""}), faults=["facility-required"])
    patient = {**PATIENT, "extension": [{"url": FACILITY, "valueReference": {"display": "Clinic"}}]}
    with pytest.raises(EmrRefused, match="132") as refused:
        await world.push(patient, NEW)
    assert refused.value.unmapped == (Unmapped("location", "Clinic"),)
    again: EmrRefused = pickle.loads(pickle.dumps(refused.value))  # noqa: S301 - as the journal of a workflow does
    assert (str(again), again.unmapped) == (str(refused.value), refused.value.unmapped)
    with pytest.raises(EmrRefused) as other:
        await World(account({"default_facility": OLD})).push(PATIENT, NEW)
    assert other.value.unmapped == ()


async def test_what_the_staff_changes_between_reading_and_writing_stays() -> None:
    """As when a workflow that was cut off goes on later: what it read is old."""
    world = World()
    created = await world.push(PATIENT, NEW)
    key, steps = created.external_id or "", 0

    async def step(name: str, attempt: Callable[[], Awaitable[Replies]], repeatable: bool) -> Replies:
        nonlocal steps
        replies, steps = await attempt(), steps + 1
        if steps == 1:
            await world.staff("patient", id=key, maritalStatus=_married())
        return replies

    changed = {**PATIENT, "telecom": [{"system": "phone", "value": "913 555 0199", "use": "home"}]}
    await world.push(changed, Linked("local-1", key, created.record), step)
    assert world.patients[key]["telecom"][0]["value"] == "913-555-0199"
    assert world.patients[key]["maritalStatus"] == _married()
    assert world.writes() == 2


async def test_a_patient_who_never_stands_still_is_left_for_later() -> None:
    world = World()
    created = await world.push(PATIENT, NEW)
    key, steps = created.external_id or "", 0

    async def step(name: str, attempt: Callable[[], Awaitable[Replies]], repeatable: bool) -> Replies:
        nonlocal steps
        steps += 1
        await world.staff("patient", id=key, maritalStatus={"text": f"{steps}"})
        return await attempt()

    with pytest.raises(EmrBusy, match="changing"):
        await world.push({**PATIENT, "gender": "other"}, Linked("local-1", key, created.record), step)
    assert world.writes() == 1


async def test_a_facility_that_ecw_told_before_its_locations_were_pulled() -> None:
    world = World(account({"default_facility": ""}))
    told = {"type": "Location", "identifier": {"system": SYSTEM, "value": MAIN}}
    pushed = await world.push({**PATIENT, "extension": [{"url": FACILITY, "valueReference": told}]}, NEW)
    (extension,) = world.patients[pushed.external_id or ""]["extension"]
    assert (extension["valueReference"], pushed.left_out) == ({"reference": f"Location/{MAIN}"}, ())


async def test_a_closed_facility_is_refused_in_words() -> None:
    world = World(account({"default_facility": OLD}))
    with pytest.raises(EmrRefused, match=r"107 INVALID_FACILITY.*default_facility"):
        await world.push(PATIENT, NEW)
    assert len(world.patients) == 1


async def test_unknown_mapping_error_is_tried_twice() -> None:
    world = World(faults=["unknown-mapping-error"])
    with pytest.raises(EmrRefused, match="103"):
        await world.push(PATIENT, NEW)
    assert world.writes() == 2


@pytest.mark.parametrize(
    ("broken", "places"),
    [({"birthDate": "1990"}, {"Patient.birthDate"}), ({"name": []}, {"Patient.name.family", "Patient.name.given"})],
)
async def test_incomplete_patients_cost_no_call(broken: dict[str, Any], places: set[str]) -> None:
    world = World()
    with pytest.raises(EmrRefused) as refused:
        await world.push({**PATIENT, **broken}, NEW)
    assert {issue.expression[0] for issue in refused.value.issues} == places
    assert world.calls == []


STATUSES = [
    ("1", 1), ("200 OK", 1), ("201 Created", 1), ("200", 200), ("201", 201), ("202", 202), ("204", 204), ("2", 2),
    ("119", 119), ("created", None), (None, None), (1, 1),
]  # fmt: skip


@pytest.mark.parametrize(("status", "code"), STATUSES)
def test_statuses(status: Any, code: int | None) -> None:
    assert code_of(status) == code


def test_every_code_has_words() -> None:
    assert all(f"{code} {found.name}" in str(refusal(code)) for code, found in CODES.items())
    assert "ask its support" in str(refusal(None))


@pytest.mark.parametrize(
    ("entry", "key"),
    [
        ({"response": {"status": "1", "location": "Patient/K"}}, "K"),
        ({"response": {"status": "1", "location": f"{HOST}{BASE}/Patient/K/_history/1"}}, "K"),
        ({"response": {"status": "1"}, "resource": {"resourceType": "Patient", "id": "K"}}, "K"),
        ({"response": {"status": "1"}, "resource": {"resourceType": "OperationOutcome", "id": "K"}}, None),
    ],
)
def test_where_the_id_stands(entry: dict[str, Any], key: str | None) -> None:
    assert outcome(reply({"resourceType": "Bundle", "entry": [entry]})) == (1, key)


@pytest.mark.parametrize("body", [{"entry": []}, [], {"entry": [{}]}, {"entry": [{"response": {}}]}, "no"])
def test_an_answer_that_tells_nothing(body: Any) -> None:
    with pytest.raises(EmrNonsense):
        outcome(reply(body))


def test_the_flow_without_a_world() -> None:
    """Driven by send: the create, guarded and with the write scopes, and what is made of its answer."""
    flow = translator.push(account(), Chart(PATIENT), NEW, Moment(World().now, "n"))
    (call,) = next(flow)
    assert (call.method, call.path, call.token) == (
        "POST",
        "/",
        "system/Patient.c system/Patient.read system/Patient.u",
    )
    assert call.guard is not None
    (search,) = next(call.guard())
    assert search.query == (("identifier", f"{ASSIGNER}|local-1"),)
    answer = {"resourceType": "Bundle", "type": "transaction-response", "entry": [{"response": {"status": "1"}}]}
    with pytest.raises(StopIteration) as stop:
        flow.send((reply(answer),))
    assert stop.value.value.external_id is None


async def test_payers_are_no_part_of_a_patient() -> None:
    world = World()
    patient = {**PATIENT, "managingOrganization": {"reference": f"Organization/{PAYER}"}}
    pushed = await world.push(patient, NEW)
    assert [left.expression for left in pushed.left_out] == ["Patient.managingOrganization"]
