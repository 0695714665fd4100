"""Tasks: one per connection and patient, with what became of the push."""

from __future__ import annotations

from gateway.auth.authority import Realm
from gateway.store import document
from gateway.store.contract import Stored
from gateway.sync import tasks
from gateway.translation.contract import Pushed
from gateway.translation.lens import LeftOut
from tests.gateway.conftest import PUBLIC
from tests.gateway.sync.clinic import Clinic, Resource, outputs


async def report(clinic: Clinic, status: str, reason: str | None = None, pushed: Pushed | None = None) -> Resource:
    def work(tx: object) -> Stored:
        return tasks.report(tx, clinic.realm, "emr", "p1", status, reason, pushed)  # type: ignore[arg-type]

    return document.decode((await clinic.write(work)).body)


def test_the_id_is_the_patient_s_and_the_connection_s_for_ever() -> None:
    north, south = Realm(1, "north", PUBLIC), Realm(2, "south", PUBLIC)
    ids = {
        tasks.task_id(realm, connection, patient)
        for realm in (north, south)
        for connection in ("emr", "other")
        for patient in ("p1", "p2")
    }
    assert len(ids) == 8
    assert tasks.task_id(Realm(9, "north", "https://moved.example"), "emr", "p1") == tasks.task_id(north, "emr", "p1")
    assert tasks.task_id(north, "emr", "p1") == "53659250-42e9-5be0-a511-a562e1b58edf"


async def test_a_task_says_whose_delivery_it_is(clinic: Clinic) -> None:
    task = await report(clinic, "requested")
    assert task["code"]["coding"][0]["code"] == "push"
    assert task["focus"] == {"reference": "Patient/p1"}
    assert task["owner"]["reference"] == "Endpoint/emr"
    assert (task["status"], task["intent"]) == ("requested", "order")
    # R4 has no Endpoint among the owners of a Task; ours is one by the agreement with the clients that read it.
    issues = clinic.services.definitions.validate(task)
    assert [issue.expression for issue in issues] == [("Task.owner.reference",)]
    found = await clinic.fhir.ask("GET", "Task?focus=Patient/p1")
    assert [entry["resource"]["id"] for entry in found.json()["entry"]] == [task["id"]]


async def test_a_reason_goes_with_the_state_that_had_it(clinic: Clinic) -> None:
    assert (await report(clinic, "failed", "the EMR is down"))["statusReason"] == {"text": "the EMR is down"}
    task = await report(clinic, "in-progress")
    assert "statusReason" not in task
    assert task["meta"]["versionId"] == "2"


async def test_outputs_stay_until_a_push_brings_new_ones(clinic: Clinic) -> None:
    left_out = (LeftOut("Patient.photo", "no field of the EMR carries it"),)
    await report(clinic, "completed", pushed=Pushed("17", identifiers={"id": "17", "mr": "MR-1"}, left_out=left_out))
    for task in (await report(clinic, "requested"), await report(clinic, "in-progress")):
        assert outputs(task, "external-id") == ["17"]
        assert outputs(task, "mr") == ["MR-1"]
        assert outputs(task, "left-out") == ["Patient.photo: no field of the EMR carries it"]
    task = await report(clinic, "completed", pushed=Pushed("17"))
    assert [outputs(task, code) for code in ("external-id", "mr", "left-out")] == [["17"], [], []]


async def test_very_long_lists_are_cut_and_counted(clinic: Clinic) -> None:
    many = tuple(LeftOut(f"Observation/{number}", "not taken") for number in range(tasks.MAX_LEFT_OUT + 7))
    task = await report(clinic, "completed", pushed=Pushed("17", left_out=many))
    told = outputs(task, "left-out")
    assert (len(told), told[-1]) == (tasks.MAX_LEFT_OUT + 1, "and 7 more")


async def test_a_deleted_task_is_begun_anew(clinic: Clinic) -> None:
    task = await report(clinic, "completed", pushed=Pushed("17"))
    assert (await clinic.fhir.ask("DELETE", f"Task/{task['id']}")).status_code == 204
    assert await clinic.status("emr", "p1") is None
    assert await clinic.write(lambda tx: tasks.status(tx, clinic.realm, "emr", "p1")) is None
    assert "output" not in await report(clinic, "requested")
    assert await clinic.write(lambda tx: tasks.status(tx, clinic.realm, "emr", "p1")) == "requested"
