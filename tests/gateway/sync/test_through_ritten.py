"""Through Ritten and back, on a real store with queues that are worked on: two steps, insurance that follows later."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
import pytest_asyncio
import structlog

from gateway.commands.mapping import put_mapping
from gateway.definitions.contract import Definitions
from gateway.sync.orders import Order
from tests.gateway.sync.clinic import Clinic, outputs, patient, until
from tests.gateway.sync.conftest import Prepared, opened, sandboxes

pytestmark = pytest.mark.asyncio(loop_scope="module")
POST = "/v1/patients"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ritten(
    prepared: Prepared, definitions: Definitions, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Clinic]:
    with structlog.testing.capture_logs(), prepared.original.copy(tmp_path_factory.mktemp("ritten")) as url:
        async with opened(url, definitions, sandboxes(), prepared) as clinic:
            await clinic.connect("ritten")
            async with clinic.services.sync.working():
                yield clinic


@pytest.fixture(autouse=True)
def quiet(ritten: Clinic) -> Iterator[None]:
    ritten.network.calls.clear()
    yield
    ritten.emrs["ritten"].switch(())


def told(ritten: Clinic, id: str, *statuses: str) -> Callable[[], Awaitable[Any]]:
    async def condition() -> Any:
        task = await ritten.task("ritten", id)
        return task if task["status"] in statuses else None

    return condition


def retrying(ritten: Clinic, id: str) -> Callable[[], Awaitable[Any]]:
    async def condition() -> Any:
        task = await ritten.task("ritten", id)
        return task if "next attempt in" in task.get("statusReason", {}).get("text", "") else None

    return condition


async def created(ritten: Clinic, family: str, **more: Any) -> str:
    body = {name: value for name, value in patient(family=family, **more).items() if name != "id"}
    return str((await ritten.fhir.create(body))["id"])


def named(ritten: Clinic, family: str) -> list[dict[str, Any]]:
    return [found for found in ritten.patients_at("ritten") if family in str(found)]


async def test_what_an_emr_has_in_part_is_seen_and_finished(ritten: Clinic) -> None:
    ritten.emrs["ritten"].switch(("patch-not-made",))
    id = await created(ritten, "Inpart")
    task = await until(retrying(ritten, id))
    assert task["status"] == "in-progress"
    has = "Ritten has the patient with name and birth date only; the rest follows"
    assert task["statusReason"]["text"].startswith(f"{has}: Ritten is not reachable")
    (there,) = named(ritten, "Inpart")
    assert (outputs(task, "external-id"), there["phones"]) == ([there["id"]], [])
    ritten.emrs["ritten"].switch(())
    task = await until(told(ritten, id, "completed"))
    assert ("businessStatus" in task, "statusReason" in task) == (False, False)
    assert named(ritten, "Inpart")[0]["phones"]
    assert ritten.network.made("ritten", "POST", POST) == 1
    entries = [entry for entry in await ritten.entries("ritten") if entry.resource == f"Patient/{id}"]
    assert (entries[0].status, entries[0].detail, entries[-1].status) == ("halfway", has, "ok")


async def test_insurance_follows_by_itself_once_its_payer_is_mapped(ritten: Clinic) -> None:
    id = await created(ritten, "Unmapped")
    await until(told(ritten, id, "completed"))
    policy = {
        "resourceType": "Coverage",
        "status": "active",
        "beneficiary": {"reference": f"Patient/{id}"},
        "subscriberId": "M42",
        "payor": [{"identifier": {"value": "PRAIRIE1"}, "display": "Prairie Health Plan"}],
    }
    await ritten.fhir.create(policy)

    async def names_the_cause() -> Any:
        return [
            line for line in outputs(await ritten.task("ritten", id), "left-out") if "PRAIRIE1 is not mapped" in line
        ]

    (line,) = await until(names_the_cause)
    assert "most like it in Ritten: 60054 (Prairie Health)" in line
    assert line in [entry.detail.partition("the Task; ")[2] for entry in await ritten.entries("ritten")]
    answer = await put_mapping(ritten.services, "north", "ritten", "payer", "PRAIRIE1", "60054")
    assert answer["pushed_again"] == 1

    async def insured() -> Any:
        return named(ritten, "Unmapped")[0]["insurance"]

    (item,) = await until(insured)
    assert item["memberIdentifier"] == "M42"
    task = await until(told(ritten, id, "completed"))
    assert "PRAIRIE1" not in str(task)


async def test_a_part_that_an_emr_refuses_fails_the_push_and_the_rest_is_there(ritten: Clinic) -> None:
    ritten.emrs["ritten"].switch(("phones-refused",))
    id = await created(ritten, "Refusedpart")
    task = await until(told(ritten, id, "failed"))
    assert "`phones`, check the telephone numbers" in task["statusReason"]["text"]
    (there,) = named(ritten, "Refusedpart")
    assert (there["phones"], there["demographics"]) == ([], {"sex": "Female"})
    ritten.emrs["ritten"].switch(())
    pushed = await ritten.services.sync.workflows.now("push", Order(1, "north", "ritten", (id,)))
    assert pushed == {"status": "completed", "external_id": there["id"]}
    assert named(ritten, "Refusedpart")[0]["phones"]
