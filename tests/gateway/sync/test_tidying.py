"""Tidying: journals and log lines do not grow for ever, and no Task says `in-progress` for ever."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from gateway.faces.repeated import KEPT_DAYS
from gateway.faces.tables import KeptAnswer
from gateway.sync import log
from gateway.sync.orders import Order
from gateway.sync.tidying import JOURNAL_DAYS, LOG_DAYS, Tidying
from tests.gateway.sync.clinic import Clinic, patient
from tests.gateway.sync.test_outbox import put, queued

DAY = 86_400


@pytest.fixture
async def ritten(clinic: Clinic) -> Clinic:
    await clinic.connect("ritten")
    return clinic


def tidying(clinic: Clinic, days: float = 0) -> Tidying:
    """As it would be done some days from now."""
    made = clinic.services.sync.tidying
    now = clinic.services.clock() / 1_000_000 + days * DAY
    return Tidying(made.store, made.connections, made.push, made.client, lambda: now)


async def all_ended(clinic: Clinic, status: str) -> list[str]:
    """The queued workflows, as if each had just come to that end."""
    now = clinic.services.clock() // 1000
    ended = sa.update(clinic.workflows()).values(status=status, completed_at=now)
    await clinic.session(lambda session: session.connection().execute(ended))
    return [found.workflow_id for found in await clinic.services.sync.client.list_workflows_async(status=status)]


async def left(clinic: Clinic) -> int:
    return len(await clinic.services.sync.client.list_workflows_async())


@pytest.mark.parametrize("status", ["SUCCESS", "CANCELLED"])
async def test_journals_of_what_is_done_go_after_some_days(ritten: Clinic, status: str) -> None:
    await put(ritten, patient("p1"))
    await put(ritten, patient("p2"))
    assert len(await all_ended(ritten, status)) == 2
    await tidying(ritten, JOURNAL_DAYS - 0.1).tidy()
    assert await left(ritten) == 2
    await tidying(ritten, JOURNAL_DAYS + 0.1).tidy()
    assert await left(ritten) == 0


async def test_what_waits_is_kept_however_long(ritten: Clinic) -> None:
    await put(ritten, patient("p1"))
    await tidying(ritten, 1000).tidy()
    assert [order.patients for order in await queued(ritten)] == [("p1",)]


@pytest.mark.parametrize("status", ["ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"])
async def test_a_push_that_came_to_no_end_is_brought_to_one(ritten: Clinic, status: str) -> None:
    await put(ritten, patient("p1"), patient("p2"))
    push = ritten.services.sync.workflows.pushes.push
    (workflow,) = await all_ended(ritten, status)
    await ritten.write(lambda tx: push.begin(tx, ritten.realm, "ritten", "p1", workflow, force=False))
    await tidying(ritten).tidy()
    for id in ("p1", "p2"):
        task = await ritten.task("ritten", id)
        assert task["status"] == "failed"
        assert "cut off again and again" in task["statusReason"]["text"]
    (link,) = await ritten.links("ritten")
    assert link.holder is None
    assert [entry.status for entry in await ritten.entries("ritten")] == ["failed", "failed"]
    assert await left(ritten) == 0


async def test_what_was_delivered_by_another_push_meanwhile_stays_delivered(ritten: Clinic) -> None:
    await put(ritten, patient("p1"))
    await all_ended(ritten, "ERROR")
    await ritten.put({**await ritten.task("ritten", "p1"), "status": "completed"})
    await tidying(ritten).tidy()
    assert await ritten.status("ritten", "p1") == "completed"


async def test_a_broken_push_over_a_connection_that_is_gone_stops_nothing(ritten: Clinic) -> None:
    await put(ritten, patient("p1"))
    client, order = ritten.services.sync.client, Order(1, "north", "gone", ("p1",))
    await client.enqueue_async({"workflow_name": "push", "queue_name": "push"}, order)
    await ritten.put({**await ritten.task("ritten", "p1"), "id": "x"})
    await all_ended(ritten, "ERROR")
    await tidying(ritten).tidy()
    assert await ritten.status("ritten", "p1") == "failed"
    assert await left(ritten) == 0


async def test_log_lines_go_after_more_than_a_year(ritten: Clinic) -> None:
    row, now = await ritten.connection("ritten"), ritten.services.clock()

    def write(session: Session) -> None:
        log.write(session, row, now, direction="pull", operation="pull", status="ok", detail="x")

    await ritten.session(write)
    await tidying(ritten, LOG_DAYS - 1).tidy()
    assert len(await ritten.entries("ritten")) == 1
    await tidying(ritten, LOG_DAYS + 1).tidy()
    assert await ritten.entries("ritten") == []


async def test_answers_to_requests_with_a_key_go_after_a_month(clinic: Clinic) -> None:
    def kept(session: Session) -> list[KeptAnswer]:
        return list(session.exec(sa.select(KeptAnswer)))  # type: ignore[call-overload]

    now = clinic.services.clock()
    await clinic.session(lambda session: session.add(KeptAnswer(org=1, name="n", stage=-1, created=now, sealed="")))
    await tidying(clinic, KEPT_DAYS - 0.1).tidy()
    assert len(await clinic.session(kept)) == 1
    await tidying(clinic, KEPT_DAYS + 0.1).tidy()
    assert await clinic.session(kept) == []
