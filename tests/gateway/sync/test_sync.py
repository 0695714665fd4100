"""A process that works: it is seen, takes over from the dead, and leaves nothing lost when it ends."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from gateway.sync.executors import machine
from gateway.sync.journal import WORKFLOW_VERSION
from gateway.sync.orders import Order
from gateway.sync.tables import Executor
from tests.gateway.sync.clinic import Clinic, patient, until
from tests.gateway.sync.test_executors import ended_process


def executors(session: Session) -> list[str]:
    return list(session.exec(select(Executor.id)))


async def as_if_begun_by(clinic: Clinic, executor: str) -> None:
    """The queued pushes, as a process leaves them that is killed while it works on them."""
    table = clinic.workflows()
    values = {"status": "PENDING", "executor_id": executor, "application_version": WORKFLOW_VERSION}
    begun = sa.update(table).where(table.c.name == "push").values(values)
    await clinic.session(lambda session: session.connection().execute(begun))


@pytest.fixture
async def ritten(clinic: Clinic) -> Clinic:
    await clinic.connect("ritten")
    return clinic


async def created(clinic: Clinic) -> str:
    body = {name: value for name, value in patient().items() if name != "id"}
    return str((await clinic.fhir.create(body))["id"])


@pytest.mark.parametrize("gone", ["long ago", "just now"])
async def test_the_work_of_the_dead_is_taken_over(ritten: Clinic, gone: str, log_lines: list[Any]) -> None:
    sync, id = ritten.services.sync, await created(ritten)
    now = ritten.services.clock()
    dead = Executor(id="node-elsewhere-1-a", seen=now - 60_000_000, serves=True)
    if gone == "just now":
        dead = Executor(id=f"node-{machine()}-{ended_process()}-a", seen=now, serves=True)
    await ritten.session(lambda session: session.add(dead))
    await as_if_begun_by(ritten, dead.id)
    assert await sync.is_served() is False

    async def pushed() -> bool:
        return await ritten.status("ritten", id) == "completed"

    async with sync.working():
        assert await sync.is_served()
        await until(pushed)
        assert await ritten.session(executors) == [sync.executors.id]
    assert await ritten.session(executors) == []
    assert ritten.network.made("ritten", "POST", "/v1/patients") == 1
    taken = [line for line in log_lines if line["event"].startswith("took over")]
    assert [line["workflows"] for line in taken] == [1]


# What a process leaves behind when it ends is collected without its event loop, and complains of that.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_process_that_ends_in_the_middle_leaves_its_work_to_the_next(ritten: Clinic, monkeypatch: Any) -> None:
    monkeypatch.setattr("gateway.sync.sync.GRACE_S", 1)
    sync, id, reached = ritten.services.sync, await created(ritten), asyncio.Event()

    async def hang(request: httpx.Request) -> None:
        if request.method == "PATCH":
            reached.set()
            await asyncio.Event().wait()

    ritten.network.before = hang
    async with sync.working():
        await asyncio.wait_for(reached.wait(), 10)
    ritten.network.before = None
    assert await ritten.status("ritten", id) == "in-progress"
    assert await ritten.session(lambda session: [row.seen for row in session.exec(select(Executor))]) == [0]
    sync.executors.id = "node-elsewhere-2-b"

    async def pushed() -> bool:
        return await ritten.status("ritten", id) == "completed"

    async with sync.working():
        await until(pushed)
    assert ritten.network.made("ritten", "POST", "/v1/patients") == 1
    assert ritten.network.made("ritten", "PATCH", ritten.network.calls[-1][2]) == 2
    gc.collect()


async def test_without_queues_it_does_only_what_it_is_told(ritten: Clinic) -> None:
    await ritten.connect("internal", push="false")
    sync, id = ritten.services.sync, await created(ritten)
    async with sync.working(()):
        assert await sync.is_served() is False
        counts = await sync.workflows.now("pull", Order(1, "north", "internal"))
        assert "error" not in counts
    assert await ritten.status("ritten", id) == "requested"
    assert ritten.network.made("ritten", "POST", "/v1/patients") == 0
