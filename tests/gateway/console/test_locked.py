"""Locked records on the page of their connection, the link that unlocks them, and webhooks that nobody calls."""

from __future__ import annotations

import pytest
from sqlmodel import Session

from gateway.sync import webhooks
from gateway.sync.stays import Recall, StayRow
from gateway.sync.tables import Link
from tests.gateway.console.conftest import NOW, World
from tests.gateway.console.test_connections import HERE, signed_in, words

REASON = "Patient Discharged: EMR Updates Locked"
UNLOCK = {"patient": "Patient/p1"}


async def locked(world: World) -> None:
    def write(session: Session) -> None:
        id = world.services.sync.connections.get(session, world.realm, "frontdesk").id or 0
        session.add(
            Link(org=world.realm.org, connection=id, type="Patient", local_id="p1", external_key="7:m", locked=REASON)
        )
        session.add(StayRow(connection=id, key="7:m", patient="p1", discharged=True, locked=NOW))

    await world.services.store.session_write(write)


@pytest.mark.parametrize("role", ["viewer", "operator"])
async def test_locked_records_are_shown(world: World, role: str) -> None:
    assert "Locked records" not in (await (await signed_in(world, role)).open(HERE)).text
    await locked(world)
    page = words((await (await signed_in(world, role)).open(HERE)).text)
    assert f"Patient/p1 {REASON} 2026-05-28 20:26:40" in page
    assert ("Unlock EMR Updates" in page) is (role == "operator")


async def test_an_operator_unlocks_and_the_chart_is_asked_for(world: World) -> None:
    await locked(world)
    browser = await signed_in(world, "operator")
    await browser.open(HERE)
    answer = await browser.send(f"{HERE}/unlock", UNLOCK)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{HERE}#locked")
    page = words((await browser.open(HERE)).text)
    assert "Locked records" not in page
    assert "EMR updates were unlocked; the next pull takes the chart" in page

    def asked(session: Session) -> bool:
        id = world.services.sync.connections.get(session, world.realm, "frontdesk").id
        return session.get(Recall, (id, "7:m")) is not None

    assert await world.services.store.session_read(asked)


async def test_viewers_and_strangers_unlock_nothing(world: World) -> None:
    await locked(world)
    browser = await signed_in(world, "viewer")
    assert (await browser.send(f"{HERE}/unlock", UNLOCK)).status_code == 403
    browser = await signed_in(world, "operator")
    assert (await browser.send(f"{HERE}/unlock", {"patient": "Patient/p2"})).status_code == 404
    assert (await browser.send(f"{HERE}/unlock", {**UNLOCK, "csrf": "0" * 64})).status_code == 403
    assert "Locked records" in (await browser.open(HERE)).text


async def test_webhooks_tell_when_they_were_seen(world: World) -> None:
    browser = await signed_in(world, "operator")
    page = words((await browser.open(HERE)).text)
    assert "The webhook chart-update has never been seen: enter its address in KIPU" in page
    assert "2 webhooks never seen" in words((await browser.open("/console/")).text)

    def seen(session: Session) -> None:
        id = world.services.sync.connections.get(session, world.realm, "frontdesk").id or 0
        webhooks.note_seen(session, id, {"chart-update"}, NOW)

    await world.services.store.session_write(seen)
    page = words((await browser.open(HERE)).text)
    assert "chart-update last seen 2026-05-28 20:26:40 UTC" in page
    assert "1 webhook never seen" in words((await browser.open("/console/")).text)
