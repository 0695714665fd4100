"""Creates that go out once, charts that are recognised or asked about, and pictures, on both databases."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
import structlog
from sqlmodel import Session

from gateway.definitions.contract import Definitions
from gateway.faults import Conflict, Unprocessable
from gateway.sync import deliveries
from gateway.sync.answers import Answers
from gateway.sync.connections import Changed
from gateway.sync.tables import Link
from gateway.sync.tasks import INPUT_CODES
from tests.gateway.conftest import entry
from tests.gateway.sync.clinic import Clinic, outputs, patient, until
from tests.gateway.sync.conftest import Prepared, opened, sandboxes

pytestmark = pytest.mark.asyncio(loop_scope="module")
CREATE = ("kipu", "POST", "/api/patients")
JPEG = b"\xff\xd8\xff\xe0 a face"
HOUR = 3_600_000_000


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def kipu(
    prepared: Prepared, definitions: Definitions, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Clinic]:
    """A clinic with KIPU alone that works on its queues; a module's tests share it."""
    with structlog.testing.capture_logs(), prepared.original.copy(tmp_path_factory.mktemp("kipu")) as url:
        async with opened(url, definitions, sandboxes(), prepared) as clinic:
            await clinic.connect("kipu", pull="false")
            async with clinic.services.sync.working():
                yield clinic


@pytest.fixture(autouse=True)
def quiet(kipu: Clinic) -> Iterator[None]:
    kipu.network.calls.clear()
    yield
    kipu.network.before = None
    kipu.emrs["kipu"].switch(())


async def created(kipu: Clinic, family: str) -> str:
    body = {name: value for name, value in patient(family=family).items() if name != "id"}
    return str((await kipu.fhir.create(body))["id"])


async def told(kipu: Clinic, id: str, condition: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    async def found() -> Any:
        task = await kipu.task("kipu", id)
        return task if condition(task) else None

    task: dict[str, Any] = await until(found)
    return task


async def completed(kipu: Clinic, id: str) -> dict[str, Any]:
    return await told(kipu, id, lambda task: task["status"] == "completed")


async def asked(kipu: Clinic, id: str) -> dict[str, Any]:
    return await told(kipu, id, lambda task: "businessStatus" in task)


def charts(kipu: Clinic, family: str) -> list[dict[str, Any]]:
    return [chart for chart in kipu.patients_at("kipu") if chart["last_name"] == family]


async def push(kipu: Clinic, id: str) -> None:
    """Another attempt, as of a write."""
    sync = kipu.services.sync
    row = await kipu.connection("kipu")
    await kipu.write(lambda tx: sync.workflows.enqueue_push(tx, kipu.realm, row, [id], 0))


async def age(kipu: Clinic, id: str, hours: int) -> None:
    """The delivery went out so many hours ago."""
    connection = (await kipu.connection("kipu")).id or 0

    def work(session: Session) -> None:
        row = deliveries.of(session, connection, id)
        row.sent = (row.sent or 0) - hours * HOUR
        session.add(row)

    await kipu.session(work)


async def put(kipu: Clinic, task: dict[str, Any], input: list[dict[str, Any]]) -> httpx.Response:
    """A client's version of the Task; R4 has no Endpoint as the owner of one."""
    told = {name: value for name, value in task.items() if name != "owner"}
    return await kipu.fhir.ask("PUT", f"Task/{task['id']}", {**told, "input": input})


def answers(kipu: Clinic) -> Answers:
    return kipu.services.sync.outbox.answers


async def test_a_lost_answer_and_a_slow_chart_make_one_patient(kipu: Clinic) -> None:
    kipu.emrs["kipu"].switch(("delayed", "drop-after-commit"))
    id = await created(kipu, "Lostand")
    await told(kipu, id, lambda task: task["status"] == "in-progress" and "KIPU has not shown" in str(task))
    kipu.emrs["kipu"].switch(())
    await push(kipu, id)
    assert len(charts(kipu, "Lostand")) == 1
    await kipu.staff("kipu", "show")
    await push(kipu, id)
    task = await completed(kipu, id)
    assert outputs(task, "external-id") == [charts(kipu, "Lostand")[0]["casefile_id"]]
    assert kipu.network.calls.count(CREATE) == 1


async def test_a_chart_that_shows_up_is_found_without_another_write(kipu: Clinic) -> None:
    kipu.emrs["kipu"].switch(("delayed",))
    id = await created(kipu, "Lookedfor")
    await told(kipu, id, lambda task: task["status"] == "in-progress" and "KIPU has not shown" in str(task))
    await kipu.staff("kipu", "show")
    await completed(kipu, id)
    assert kipu.network.calls.count(CREATE) == 1


async def test_a_refused_create_goes_again_once_it_is_corrected(kipu: Clinic) -> None:
    rooms = kipu.services.sync.connections
    await kipu.session(lambda s: rooms.change(s, kipu.realm, "kipu", Changed({"location_id": "9"}, {})))
    id = await created(kipu, "Corrected")
    task = await told(kipu, id, lambda task: task["status"] == "failed")
    assert "KIPU has no location 9; it has 2 Harbor House, 3 River House" in task["statusReason"]["text"]
    await kipu.session(lambda s: rooms.change(s, kipu.realm, "kipu", Changed({"location_id": "2"}, {})))
    await push(kipu, id)
    await completed(kipu, id)
    assert len(charts(kipu, "Corrected")) == 1


async def test_a_create_that_never_left_goes_again_by_itself(kipu: Clinic) -> None:
    left = [httpx.ConnectError, httpx.ConnectTimeout]

    async def cut(request: httpx.Request) -> None:
        if request.method == "POST" and left:
            raise left.pop()("no way", request=request)

    kipu.network.before = cut
    id = await created(kipu, "Neverleft")
    await completed(kipu, id)
    assert len(charts(kipu, "Neverleft")) == 1


async def test_one_new_chart_of_the_name_is_the_patient_s_though_it_does_not_name_our_id(kipu: Clinic) -> None:
    kipu.emrs["kipu"].switch(("no-sender",))
    id = await created(kipu, "Nameless")
    task = await completed(kipu, id)
    (made,) = charts(kipu, "Nameless")
    assert outputs(task, "external-id") == [made["casefile_id"]]
    told = [entry.detail for entry in await kipu.entries("kipu") if entry.resource == f"Patient/{id}"]
    assert any("recognised by name and birth date" in detail for detail in told)


async def test_two_of_one_name_are_asked_about_and_answered(kipu: Clinic) -> None:
    kipu.emrs["kipu"].switch(("no-sender", "delayed"))
    one, other = await created(kipu, "Twin"), await created(kipu, "Twin")
    for id in (one, other):
        await told(kipu, id, lambda task: task["status"] == "in-progress" and "KIPU has not shown" in str(task))
    await kipu.staff("kipu", "show")
    keys = [chart["casefile_id"] for chart in charts(kipu, "Twin")]
    for id in (one, other):
        await push(kipu, id)
        task = await asked(kipu, id)
        assert sorted(outputs(task, "candidate")) == sorted(keys)
        assert "2 charts of this name" in task["statusReason"]["text"]
        assert "Twin" not in task["statusReason"]["text"]
    coded = {"coding": [{"system": INPUT_CODES, "code": "chart"}]}
    answer = await put(kipu, task, [{"type": coded, "valueString": keys[1]}])
    assert answer.status_code == 200, answer.text
    assert outputs(await completed(kipu, other), "external-id") == [keys[1]]
    done = await kipu.task("kipu", other)
    assert (done["owner"]["reference"], done.get("input")) == ("Endpoint/kipu", None)
    await push(kipu, one)  # the one chart that is left is the one patient's that is left
    assert outputs(await completed(kipu, one), "external-id") == [keys[0]]
    assert len(charts(kipu, "Twin")) == 2


async def test_what_kipu_never_shows_is_asked_about_after_hours_and_delivered_again(kipu: Clinic) -> None:
    kipu.emrs["kipu"].switch(("delayed",))
    id = await created(kipu, "Vanished")
    await told(kipu, id, lambda task: task["status"] == "in-progress" and "KIPU has not shown" in str(task))
    kipu.emrs["kipu"].state["patients"].popitem()
    kipu.emrs["kipu"].switch(())
    with pytest.raises(Unprocessable, match="Nothing is asked"):
        await kipu.write(lambda tx: answers(kipu).take(tx, kipu.realm, "kipu", id, None))
    await age(kipu, id, 5)
    await push(kipu, id)
    task = await asked(kipu, id)
    assert "over 4 hours ago and shows no chart" in task["statusReason"]["text"]
    assert kipu.network.calls.count(CREATE) == 1
    connection = (await kipu.connection("kipu")).id or 0
    other = Link(org=1, connection=connection, type="Patient", local_id="other", external_key="77:other")
    await kipu.session(lambda session: session.add(other))
    with pytest.raises(Conflict, match="already"):
        await kipu.write(lambda tx: answers(kipu).take(tx, kipu.realm, "kipu", id, "77:other"))
    coded = {"coding": [{"system": INPUT_CODES, "code": "deliver-again"}]}
    both = [{"type": coded, "valueBoolean": True}, {"type": coded, "valueBoolean": False}]
    for wrong in (both, both[1:], [{"type": coded, "valueString": "yes"}]):
        refused = await put(kipu, task, wrong)
        assert (refused.status_code, refused.json()["issue"][0]["expression"]) == (422, ["Task.input"])
    answer = await put(kipu, task, both[:1])
    assert answer.status_code == 200, answer.text
    await completed(kipu, id)
    assert len(charts(kipu, "Vanished")) == 1
    assert kipu.network.calls.count(CREATE) == 2


def document(id: str, **attachment: Any) -> dict[str, Any]:
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "type": {"coding": [{"system": "http://loinc.org", "code": "72170-4"}]},
        "subject": {"reference": f"Patient/{id}"},
        "content": [{"attachment": {"contentType": "image/jpeg", **attachment}}],
    }


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


async def test_a_picture_goes_once_and_again_when_its_binary_changes(kipu: Clinic) -> None:
    id = await created(kipu, "Pictured")
    await completed(kipu, id)
    binary = await kipu.fhir.create({"resourceType": "Binary", "contentType": "image/jpeg", "data": encoded(JPEG)})
    await kipu.fhir.create(document(id, url=f"Binary/{binary['id']}"))

    def sizes() -> list[int]:
        return [each["size"] for each in charts(kipu, "Pictured")[0].get("_attachments", ())]

    async def sent(number: int) -> list[int] | None:
        return sizes() if len(sizes()) == number else None

    assert await until(lambda: sent(1)) == [len(JPEG)]
    task = await completed(kipu, id)
    assert outputs(task, "left-out") == []
    await push(kipu, id)
    await kipu.fhir.ask("PUT", f"Binary/{binary['id']}", {**binary, "data": encoded(JPEG + b"!!")})
    assert await until(lambda: sent(2)) == [len(JPEG), len(JPEG) + 2]
    await completed(kipu, id)
    assert len(charts(kipu, "Pictured")) == 1


async def test_bytes_stay_out_of_what_a_push_starts_from(kipu: Clinic) -> None:
    await kipu.put(
        patient("pic", "Journaled", photo=[{"data": encoded(JPEG)}]), {**document("pic", data="AAAA"), "id": "d"}
    )
    pushes = kipu.services.sync.workflows.pushes.push
    begun = await kipu.write(lambda tx: pushes.begin(tx, kipu.realm, "kipu", "pic", "w", force=False))
    assert begun is not None
    assert "data" not in str(begun.chart.patient["photo"]) + str(begun.chart.of("DocumentReference"))
    files = begun.chart.files
    assert set(files) == {"Patient.photo[0]", "DocumentReference/d.content[0].attachment"}
    assert (files["Patient.photo[0]"].media_type, files["Patient.photo[0]"].size) == ("image/jpeg", len(JPEG))
    assert files["DocumentReference/d.content[0].attachment"].media_type is None
    ledger = deliveries.Ledger(kipu.services.store, kipu.services.sync.connections, kipu.realm, "kipu", "pic")
    assert await ledger.bytes_of(files["Patient.photo[0]"]) == JPEG
    assert [await ledger.claim(), await ledger.claim()] == [True, False]
    assert [await ledger.claim(settles) for settles in (3600.0, 0.0, 3600.0)] == [False, True, False]
    await ledger.withdraw()
    assert await ledger.claim()


async def test_a_chart_that_is_waited_for_holds_up_nobody_else(kipu: Clinic) -> None:
    kipu.emrs["kipu"].switch(("delayed",))
    people = [{k: v for k, v in patient(family=name).items() if k != "id"} for name in ("Firstone", "Secondone")]
    answer = await kipu.fhir.transaction(*(entry("POST", "Patient", person) for person in people))
    ids = [each["response"]["location"].split("/Patient/")[1].split("/")[0] for each in answer.json()["entry"]]
    for id in ids:
        await told(kipu, id, lambda task: task["status"] == "in-progress" and "KIPU has not shown" in str(task))
    await kipu.staff("kipu", "show")
    await push(kipu, ids[0])
    await push(kipu, ids[1])
    for id in ids:
        await completed(kipu, id)
    assert kipu.network.calls.count(CREATE) == 2
