"""The database side of a push: what it starts from, and what becomes of it."""

from __future__ import annotations

import pytest

from gateway.faults import EmrBusy, EmrRefused, EmrUnreachable, Fault, NotFound
from gateway.sync.connections import Changed
from gateway.sync.deliveries import Ledger
from gateway.sync.mappings import set_mapping
from gateway.sync.push import Begun, Push
from gateway.translation.contract import Pushed
from gateway.translation.lens import LeftOut
from tests.gateway.conftest import PUBLIC
from tests.gateway.sync.clinic import Clinic, outputs, patient

SYSTEM = f"{PUBLIC}/fhir/r4/north/NamingSystem/ritten"
DONE = Pushed("17", {"id": "17"}, {"id": "17", "mr": "MR-1"})


@pytest.fixture
async def ritten(clinic: Clinic) -> Clinic:
    await clinic.connect("ritten")
    await clinic.put(patient("p1"))
    return clinic


def push(clinic: Clinic) -> Push:
    return clinic.services.sync.workflows.pushes.push


async def begin(clinic: Clinic, holder: str = "w1", *, id: str = "p1", force: bool = False) -> Begun | None:
    return await clinic.write(lambda tx: push(clinic).begin(tx, clinic.realm, "ritten", id, holder, force=force))


async def succeed(clinic: Clinic, begun: Begun | None, pushed: Pushed = DONE, holder: str = "w1") -> None:
    assert begun is not None
    await clinic.write(lambda tx: push(clinic).succeed(tx, clinic.realm, "ritten", begun, pushed, 1, holder))


async def fail(clinic: Clinic, fault: Fault, again: float | None, holder: str = "w1") -> None:
    await clinic.write(lambda tx: push(clinic).fail(tx, clinic.realm, "ritten", "p1", fault, 1, again, holder))


async def test_a_push_takes_the_chart_and_the_link(ritten: Clinic) -> None:
    begun = await begin(ritten)
    assert begun is not None
    assert begun.chart.patient == await ritten.read("Patient", "p1")
    assert (begun.link.local_id, begun.link.external_id, begun.link.record) == ("p1", None, None)
    (link,) = await ritten.links("ritten")
    assert link.holder == "w1"
    assert await ritten.status("ritten", "p1") == "in-progress"
    assert repr(begun).count("Sampledottir") == repr(begun.chart).count("Sampledottir")


async def test_a_patient_who_is_gone_is_not_pushed(ritten: Clinic) -> None:
    await ritten.write(lambda tx: tx.delete("Patient", "p1"))
    assert await begin(ritten) is None
    assert await begin(ritten, id="never") is None
    assert await ritten.links("ritten") == []


async def test_success_is_remembered_and_told(ritten: Clinic) -> None:
    left_out = (LeftOut("Patient.photo", "no field of the EMR carries it"),)
    await succeed(ritten, await begin(ritten), Pushed("17", {"id": "17"}, DONE.identifiers, left_out=left_out))
    (link,) = await ritten.links("ritten")
    assert (link.external_key, link.record, link.holder) == ("17", b'{"id":"17"}', None)
    task = await ritten.task("ritten", "p1")
    assert task["status"] == "completed"
    assert (outputs(task, "external-id"), outputs(task, "mr")) == (["17"], ["MR-1"])
    (entry,) = await ritten.entries("ritten")
    assert (entry.operation, entry.status, entry.resource) == ("create", "ok", "Patient/p1")
    assert entry.detail == "200 OK; 1 facts left out, see the Task"


async def test_the_emr_s_keys_become_identifiers_without_another_push(ritten: Clinic) -> None:
    await succeed(ritten, await begin(ritten))
    stored = await ritten.read("Patient", "p1")
    assert stored is not None
    assert [(each["system"], each["value"]) for each in stored["identifier"]] == [
        (f"{SYSTEM}-id", "17"),
        (f"{SYSTEM}-mr", "MR-1"),
    ]
    assert stored["identifier"][1]["type"]["coding"][0]["code"] == "MR"
    assert ritten.services.definitions.validate(stored) == ()
    assert await begin(ritten) is None
    assert await ritten.services.sync.client.list_workflows_async(name="push") == []


async def test_a_new_key_replaces_the_old_one(ritten: Clinic) -> None:
    await succeed(ritten, await begin(ritten))
    await succeed(ritten, await begin(ritten, force=True), Pushed("17", None, {"id": "17", "mr": "MR-2"}))
    stored = await ritten.read("Patient", "p1")
    assert stored is not None
    assert [each["value"] for each in stored["identifier"]] == ["17", "MR-2"]
    (link,) = await ritten.links("ritten")
    assert link.record == b'{"id":"17"}'
    assert [entry.operation for entry in await ritten.entries("ritten")] == ["create", "update"]


async def test_an_equal_chart_goes_out_again_only_by_force_or_under_new_rules(ritten: Clinic) -> None:
    await succeed(ritten, await begin(ritten))
    version = await ritten.version("Task", (await ritten.task("ritten", "p1"))["id"])
    assert await begin(ritten) is None
    assert await ritten.version("Task", (await ritten.task("ritten", "p1"))["id"]) == version
    await succeed(ritten, await begin(ritten, force=True))
    rooms = ritten.services.sync.connections
    row = await ritten.connection("ritten")
    await ritten.session(lambda s: set_mapping(s, row, rooms.translator(row), "payer", "A", "B"))
    await succeed(ritten, await begin(ritten))
    changed = Changed({"tenant": "moved"}, {})
    await ritten.session(lambda s: rooms.change(s, ritten.realm, "ritten", changed))
    await succeed(ritten, await begin(ritten))
    await ritten.put(
        patient("p1", birthDate="1990-04-18", identifier=[{"system": "https://crm.example", "value": "1"}])
    )
    assert await begin(ritten) is not None


async def test_new_credentials_alone_push_nothing(ritten: Clinic) -> None:
    await succeed(ritten, await begin(ritten))
    rooms, changed = ritten.services.sync.connections, Changed({}, {"client_secret": "another"})
    await ritten.session(lambda s: rooms.change(s, ritten.realm, "ritten", changed))
    assert await begin(ritten) is None


async def test_a_request_that_turns_out_to_be_no_news_completes_its_task(ritten: Clinic) -> None:
    await succeed(ritten, await begin(ritten))
    await ritten.put({**await ritten.task("ritten", "p1"), "status": "requested"})
    assert await begin(ritten) is None
    assert await ritten.status("ritten", "p1") == "completed"


async def test_an_emr_that_keeps_its_key_to_itself_leaves_the_task_open(ritten: Clinic) -> None:
    await succeed(ritten, await begin(ritten), Pushed(None, detail="202 accepted"))
    task = await ritten.task("ritten", "p1")
    assert (task["status"], task["statusReason"]["text"]) == ("in-progress", "202 accepted")
    (link,) = await ritten.links("ritten")
    assert (link.external_key, link.holder) == (None, None)
    assert (await ritten.entries("ritten"))[-1].status == "waiting"


@pytest.mark.parametrize(
    ("again", "status", "said", "logged"),
    [
        (10.0, "requested", "the EMR is away; next attempt in 10 s", "retry"),
        (600.0, "requested", "the EMR is away; next attempt in 10 min", "retry"),
        (None, "failed", "the EMR is away", "failed"),
    ],
)
async def test_a_failure_says_why_and_when_it_is_tried_again(
    ritten: Clinic, again: float | None, status: str, said: str, logged: str
) -> None:
    await begin(ritten)
    await fail(ritten, EmrUnreachable("the EMR is away"), again)
    task = await ritten.task("ritten", "p1")
    assert (task["status"], task["statusReason"]["text"]) == (status, said)
    (entry,) = await ritten.entries("ritten")
    assert (entry.status, entry.detail, entry.operation) == (logged, said, "push")
    (link,) = await ritten.links("ritten")
    assert link.holder is None
    assert await begin(ritten, "w2") is not None


async def test_a_failure_leaves_what_the_last_success_told(ritten: Clinic) -> None:
    await succeed(ritten, await begin(ritten))
    await begin(ritten, force=True)
    await fail(ritten, EmrRefused("no"), None)
    assert outputs(await ritten.task("ritten", "p1"), "external-id") == ["17"]


async def test_only_one_push_has_a_patient(ritten: Clinic) -> None:
    await begin(ritten, "w1")
    assert await begin(ritten, "w1") is not None
    with pytest.raises(EmrBusy, match="another push of this patient"):
        await begin(ritten, "w2")
    await fail(ritten, EmrBusy("another push of this patient is under way"), 10, "w2")
    (link,) = await ritten.links("ritten")
    assert link.holder == "w1"


async def test_a_record_of_the_emr_is_one_patient_here(ritten: Clinic) -> None:
    await succeed(ritten, await begin(ritten))
    await ritten.put(patient("p2"))
    ledger = Ledger(ritten.services.store, ritten.services.sync.connections, ritten.realm, "ritten", "p2")
    with pytest.raises(EmrRefused, match="Patient/p1 already"):
        await ledger.adopt("17")
    await ledger.adopt("18")
    begun = await begin(ritten, id="p2")
    with pytest.raises(EmrRefused, match="merge the two"):
        await succeed(ritten, begun)
    keys = {link.local_id: link.external_key for link in await ritten.links("ritten")}
    assert (keys["p1"], keys.get("p2")) == ("17", None)


async def test_parts_are_linked_by_the_keys_that_the_emr_told(ritten: Clinic) -> None:
    links = {"Coverage/c1": "k1", "Coverage/c2": "k2"}
    await succeed(ritten, await begin(ritten), Pushed("17", links=links))
    found = {link.local_id: link.external_key for link in await ritten.links("ritten", "Coverage")}
    assert found == {"c1": "k1", "c2": "k2"}
    await succeed(
        ritten, await begin(ritten, force=True), Pushed("17", links={"Coverage/c1": "k9", "Coverage/c3": "k2"})
    )
    found = {link.local_id: link.external_key for link in await ritten.links("ritten", "Coverage")}
    assert found == {"c1": "k9", "c2": "k2"}


async def test_a_connection_that_is_not_there_is_said_so(clinic: Clinic) -> None:
    with pytest.raises(NotFound):
        await begin(clinic)
