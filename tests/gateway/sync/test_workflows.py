"""The workflows as a whole: from a committed write to the EMRs, through their failures, and back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import httpx
import pytest

from gateway.sync.orders import Order
from gateway.translation.news import says
from tests.gateway.sync.clinic import Clinic, outputs, patient, until

pytestmark = pytest.mark.asyncio(loop_scope="module")
POST, PATCH = "/v1/patients", "PATCH"


@pytest.fixture(autouse=True)
def quiet(busy: Clinic) -> Iterator[None]:
    """Each test meets EMRs that work, and counts its own calls."""
    busy.network.calls.clear()
    yield
    busy.network.before = None
    for emr in busy.emrs.values():
        emr.switch(())


def told(busy: Clinic, connection: str, id: str, *statuses: str) -> Callable[[], Awaitable[Any]]:
    async def condition() -> Any:
        task = await busy.task(connection, id)
        return task if task["status"] in statuses else None

    return condition


async def created(busy: Clinic, family: str, **more: Any) -> str:
    body = {name: value for name, value in patient(family=family, **more).items() if name != "id"}
    return str((await busy.fhir.create(body))["id"])


async def named(busy: Clinic, emr: str, family: str) -> list[dict[str, Any]]:
    return [found for found in await busy.shown_at(emr) if family in str(found)]


async def test_a_write_reaches_every_emr(busy: Clinic) -> None:
    id = await created(busy, "Everywhere")
    for name in busy.emrs:
        await until(told(busy, name, id, "completed"))
        assert len(await named(busy, name, "Everywhere")) == 1
    task = await busy.task("ritten", id)
    assert outputs(task, "external-id") == [(await named(busy, "ritten", "Everywhere"))[0]["id"]]
    assert "statusReason" not in task


def retrying(busy: Clinic, connection: str, id: str) -> Callable[[], Awaitable[Any]]:
    """The Task says why it was not delivered and when it is tried again."""

    async def condition() -> Any:
        task = await busy.task(connection, id)
        return task if "next attempt in" in task.get("statusReason", {}).get("text", "") else None

    return condition


@pytest.mark.parametrize("fault", ["down", "bad-gateway", "nonsense"])
async def test_what_an_emr_cannot_take_for_now_it_gets_later_and_once(busy: Clinic, fault: str) -> None:
    for name in busy.emrs:
        busy.emrs[name].switch((fault,))
    family = f"Later{fault.replace('-', '')}"
    id = await created(busy, family)
    for name in busy.emrs:
        task = await until(retrying(busy, name, id))
        assert task["status"] == "requested"
        assert family not in task["statusReason"]["text"]
    for emr in busy.emrs.values():
        emr.switch(())
    for name in busy.emrs:
        task = await until(told(busy, name, id, "completed"))
        assert "statusReason" not in task
        assert len(await named(busy, name, family)) == 1, name
        told_of = [entry for entry in await busy.entries(name) if entry.resource == f"Patient/{id}"]
        entries = [entry for entry in told_of if entry.status != "halfway"]
        assert {entry.status for entry in entries[:-1]} == {"retry"}
        assert (entries[-1].status, entries[-1].attempt) == ("ok", len(entries))


async def test_an_answer_that_is_lost_makes_no_second_patient(busy: Clinic) -> None:
    creates = {"kipu": "/api/patients", "ritten": POST, "internal": "/api/v1/demo/patients"}
    creates["ecw"] = f"{busy.emrs['ecw'].demo.base_path}/"
    busy.network.lost = {(name, "POST", path) for name, path in creates.items()}
    id = await created(busy, "Lostanswer")
    for name in busy.emrs:
        await until(told(busy, name, id, "completed"))
        assert len(await named(busy, name, "Lostanswer")) == 1, name
    assert busy.network.lost == set()


async def test_after_the_last_attempt_it_waits_for_a_person(busy: Clinic) -> None:
    busy.emrs["ritten"].switch(("down",))
    id = await created(busy, "Givenup")
    task = await until(told(busy, "ritten", id, "failed"))
    assert "next attempt" not in task["statusReason"]["text"]
    attempts = [entry.attempt for entry in await busy.entries("ritten") if entry.resource == f"Patient/{id}"]
    assert attempts == [1, 2, 3, 4]
    busy.emrs["ritten"].switch(())
    order = Order(1, "north", "ritten", (id,), force=True)
    pushed = await busy.services.sync.workflows.now("push", order)
    assert pushed == {"status": "completed", "external_id": (await named(busy, "ritten", "Givenup"))[0]["id"]}
    assert await busy.status("ritten", id) == "completed"


async def test_a_record_that_an_emr_refuses_is_not_sent_again(busy: Clinic) -> None:
    made = await busy.fhir.create({"resourceType": "Patient", "gender": "female", "birthDate": "1990-01-01"})
    task = await until(told(busy, "ritten", made["id"], "failed"))
    assert "Ritten needs a name" in task["statusReason"]["text"]
    assert busy.network.made("ritten", "POST", POST) == 0


async def test_the_second_of_two_steps_is_repeated_without_the_first(busy: Clinic) -> None:
    async def cut(request: httpx.Request) -> None:
        if request.method == PATCH:
            raise httpx.ConnectError("cut")

    busy.network.before = cut
    id = await created(busy, "Twosteps")
    await until(retrying(busy, "ritten", id))
    assert len(await named(busy, "ritten", "Twosteps")) == 1
    busy.network.before = None
    await until(told(busy, "ritten", id, "completed"))
    assert busy.network.made("ritten", "POST", POST) == 1
    assert (await named(busy, "ritten", "Twosteps"))[0]["phones"]


async def test_a_mistake_of_the_gateway_is_told_without_data_and_frees_the_link(busy: Clinic) -> None:
    async def fail(request: httpx.Request) -> None:
        if request.method == "POST" and request.url.path == POST:
            raise KeyError("Poisonous")

    busy.network.before = fail
    id = await created(busy, "Poisonous")
    task = await until(told(busy, "ritten", id, "failed"))
    assert "the gateway made a mistake (KeyError in " in task["statusReason"]["text"]
    assert "Poisonous" not in task["statusReason"]["text"]
    links = [link for link in await busy.links("ritten") if link.local_id == id]
    assert [link.holder for link in links] in ([], [None])
    assert (await until(told(busy, "internal", id, "completed")))["status"] == "completed"


async def test_one_poisonous_patient_of_a_bundle_stops_no_other(busy: Clinic) -> None:
    async def fail(request: httpx.Request) -> None:
        if request.url.host == "ritten.example" and b"Badapple" in request.content:
            raise ZeroDivisionError

    busy.network.before = fail
    ids = [f"apple-{number}" for number in range(3)]
    entries = [
        {"request": {"method": "PUT", "url": f"Patient/{id}"}, "resource": patient(id, family)}
        for id, family in zip(ids, ("Goodapple", "Badapple", "Niceapple"), strict=True)
    ]
    answer = await busy.fhir.transaction(*entries)
    assert answer.status_code == 200
    assert [(await until(told(busy, "ritten", id, "completed", "failed")))["status"] for id in ids] == [
        "completed",
        "failed",
        "completed",
    ]


def idle(busy: Clinic) -> Callable[[], Awaitable[bool]]:
    """Nothing waits in a queue or is under way."""

    async def condition() -> bool:
        waiting = await busy.services.sync.client.list_workflows_async(
            status=["ENQUEUED", "DELAYED", "PENDING"], load_input=False
        )
        return waiting == []

    return condition


async def test_what_one_emr_says_no_other_is_told(busy: Clinic) -> None:
    await busy.staff("internal", "register", first_name="Ines", last_name="Onlyhere", date_of_birth="1971-02-03")
    await until(idle(busy))
    before = {name: len(await busy.shown_at(name)) for name in busy.emrs}
    counts = await busy.services.sync.workflows.now("pull", Order(1, "north", "internal"))
    assert counts["created"] >= 1
    found = [one for one in await busy.all("Patient") if "Onlyhere" in str(one)]
    assert len(found) == 1
    assert all([await busy.status(name, found[0]["id"]) is None for name in busy.emrs])
    await until(idle(busy))
    assert {name: len(await busy.shown_at(name)) for name in busy.emrs} == before


async def test_a_pull_of_an_emr_that_is_down_says_so_and_keeps_the_cursor(busy: Clinic) -> None:
    pull = busy.services.sync.workflows.now
    await pull("pull", Order(1, "north", "kipu"))
    before = await busy.connection("kipu")
    busy.emrs["kipu"].switch(("down",))
    counts = await pull("pull", Order(1, "north", "kipu"))
    assert counts["error"]
    after = await busy.connection("kipu")
    assert (after.cursor, after.pull_error) == (before.cursor, counts["error"])
    busy.emrs["kipu"].switch(())
    assert "error" not in await pull("pull", Order(1, "north", "kipu"))
    assert (await busy.connection("kipu")).pull_error is None


class Gate:
    """Holds back calls to one EMR's patients until it is opened."""

    def __init__(self, busy: Clinic, emr: str) -> None:
        self.opened = asyncio.Event()
        self.reached = asyncio.Event()
        self.host = f"{emr}.example"
        busy.network.before = self

    async def __call__(self, request: httpx.Request) -> None:
        if request.url.host == self.host and "patients" in request.url.path and not self.reached.is_set():
            self.reached.set()
            await self.opened.wait()


async def test_a_connection_test_does_not_wait_for_a_pull(busy: Clinic) -> None:
    gate, workflows = Gate(busy, "internal"), busy.services.sync.workflows
    pull = await workflows.enqueue_pull(Order(1, "north", "internal"))
    await gate.reached.wait()
    answer = await workflows.ask("test", Order(1, "north", "internal"))
    assert answer["ok"] is True
    assert await state(busy, pull) == "PENDING"
    gate.opened.set()
    await until(ended(busy, pull))


async def state(busy: Clinic, workflow: str) -> str:
    found = await busy.services.sync.client.list_workflows_async(workflow_ids=[workflow], load_input=False)
    return found[0].status


def ended(busy: Clinic, workflow: str) -> Callable[[], Awaitable[bool]]:
    async def condition() -> bool:
        return await state(busy, workflow) == "SUCCESS"

    return condition


async def test_a_pull_that_waits_brings_the_news_of_later_hooks_too(busy: Clinic) -> None:
    gate, order = Gate(busy, "internal"), Order(1, "north", "internal")
    enqueue = busy.services.sync.workflows.enqueue_pull
    first = await enqueue(order)
    await gate.reached.wait()
    second = await enqueue(order)
    assert second != first
    assert [await enqueue(order) for _ in range(5)] == [second] * 5
    gate.opened.set()
    await until(ended(busy, second))


async def test_a_chart_that_has_not_changed_is_not_pushed_again(busy: Clinic) -> None:
    id = await created(busy, "Steady")
    for name in busy.emrs:
        await until(told(busy, name, id, "completed"))
    busy.network.calls.clear()
    answer = await busy.fhir.ask("GET", f"Patient/{id}")
    resource = answer.json()
    resource["meta"] = {"tag": [{"system": "https://crm.example/tags", "code": "seen"}]}
    assert (await busy.fhir.ask("PUT", f"Patient/{id}", resource)).status_code == 200
    assert await busy.status("ritten", id) == "requested"
    for name in busy.emrs:
        await until(told(busy, name, id, "completed"))
    assert busy.network.calls == []


async def test_an_emr_is_not_told_the_keys_of_another(busy: Clinic) -> None:
    id = await created(busy, "Secretive")
    for name in busy.emrs:
        await until(told(busy, name, id, "completed"))
    read = (await busy.fhir.ask("GET", f"Patient/{id}")).json()
    keys = {identifier["system"].rpartition("/")[2] for identifier in read["identifier"]}
    assert {"ritten-id", "ritten-mr", "ecw-id", "internal-id"} <= keys
    sent: list[bytes] = []

    async def listen(request: httpx.Request) -> None:
        sent.append(request.content)

    busy.network.before = listen
    for name in busy.emrs:
        await busy.services.sync.workflows.now("push", Order(1, "north", name, (id,), force=True))
        assert "Patient.identifier" not in str(outputs(await busy.task(name, id), "left-out"))
        others = [i["value"] for i in read["identifier"] if not i["system"].rpartition("/")[2].startswith(name)]
        assert [value for value in others if any(value.encode() in body for body in sent)] == []
        sent.clear()


async def test_a_push_waits_while_another_has_the_link(busy: Clinic) -> None:
    id = await created(busy, "Leased")
    await until(told(busy, "ritten", id, "completed"))
    now = busy.services.clock()

    link = next(link for link in await busy.links("ritten") if link.local_id == id)
    assert link.holder is None
    link.holder, link.held_until = "another", now + 3_600_000_000
    await busy.session(lambda session: session.merge(link))
    result = await busy.services.sync.workflows.now("push", Order(1, "north", "ritten", (id,), force=True))
    assert result == {"status": "requested", "reason": "another push of this patient is under way"}
    assert [link.holder for link in await busy.links("ritten") if link.local_id == id] == ["another"]


async def test_a_connection_that_is_not_there_fails_the_workflow_and_nothing_else(busy: Clinic) -> None:
    with pytest.raises(Exception, match="There is no connection nowhere"):
        await busy.services.sync.workflows.now("pull", Order(1, "north", "nowhere"))


async def test_polling_is_due_after_its_minutes(busy: Clinic) -> None:
    await busy.connect("internal", as_="hourly", poll_minutes="60", push="false")
    await busy.connect("internal", as_="never", poll_minutes="1", pull="false", push="false")
    polling, now = busy.services.sync.workflows.polling, busy.services.clock() / 1_000_000
    wanted: dict[float, list[str]] = {}
    for minutes in (1, 59, 61):
        polling.clock = lambda minutes=minutes: now + minutes * 60  # type: ignore[misc]
        wanted[minutes] = [order.connection for order in await polling.due() if order.connection in ("hourly", "never")]
    assert wanted == {1: [], 59: [], 61: ["hourly"]}


RICH: dict[str, Any] = {
    "name": [
        {"use": "official", "family": "Roundtrip", "given": ["Quill", "Ansel"]},
        {"use": "nickname", "given": ["Quillie"]},
    ],
    "identifier": [
        {"system": "http://hl7.org/fhir/sid/us-ssn", "value": "900-12-3456"},
        {"system": "https://crm.example/id", "value": "crm-77"},
    ],
    "maritalStatus": {
        "coding": [
            {"system": "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "code": "D", "display": "Divorced"}
        ]
    },
    "telecom": [
        {"system": "phone", "value": "9135550142", "use": "home", "rank": 1},
        {"system": "phone", "value": "9135550143", "use": "mobile", "rank": 2},
        {"system": "email", "value": "quill@mail.example", "use": "home"},
    ],
    "address": [
        {
            "use": "home",
            "line": ["12 Sample St", "Unit 4"],
            "city": "Lawrence",
            "state": "KS",
            "postalCode": "66044",
            "country": "US",
        }
    ],
    "contact": [
        {
            "relationship": [{"text": "Mother"}],
            "name": {"family": "Roundtrip", "given": ["Una"]},
            "telecom": [{"system": "phone", "value": "9135550199"}],
        }
    ],
    "communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "en"}]}, "preferred": True}],
    "deceasedBoolean": False,
}


@pytest.mark.parametrize("name", ["ecw", "internal", "kipu", "ritten"])
async def test_what_comes_back_takes_nothing_away(busy: Clinic, name: str) -> None:
    """An EMR takes part of a patient and shows part of that; a pull must not mistake the rest for deleted."""
    family = f"Roundtrip{name}"
    names = [{**RICH["name"][0], "family": family}, RICH["name"][1]]
    id = await created(busy, family, **{**RICH, "name": names})
    await until(told(busy, name, id, "completed"))
    await until(idle(busy))
    if name == "kipu":
        await busy.staff("kipu", "admit", last_name=family)
    before = await busy.read("Patient", id)
    pull = busy.services.sync.workflows.now
    counts = await pull("pull", Order(1, "north", name))
    assert counts["failed"] == 0
    after = await busy.read("Patient", id)
    assert lost(before, after) == []
    again = await pull("pull", Order(1, "north", name))
    assert (again["created"], again["updated"], again["failed"]) == (0, 0, 0)


def lost(before: Any, after: Any) -> list[str]:
    """The elements of the one that the other does not say."""
    return [element for element, value in before.items() if element != "meta" and not says(after.get(element), value)]
