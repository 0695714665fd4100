"""Records that an EMR has a part of and mappings that are missing, on the page of their connection."""

from __future__ import annotations

import pytest
from sqlmodel import Session

from gateway.sync.deliveries import Delivery
from gateway.sync.gaps import Gap
from gateway.sync.tables import Mapping
from tests.gateway.console.conftest import NOW, World
from tests.gateway.console.test_connections import HERE, signed_in, words


async def waiting(world: World) -> None:
    def write(session: Session) -> None:
        id = world.services.sync.connections.get(session, world.realm, "frontdesk").id or 0
        session.add(Delivery(connection=id, patient="p1", halfway="The EMR has the name only", halfway_since=NOW))
        for patient in ("p1", "p2"):
            near = ["60054 (Prairie)", "<b>"]
            session.add(Gap(connection=id, kind="payer", source="EVG", patient=patient, near=near, since=NOW))

    await world.services.store.session_write(write)


@pytest.mark.parametrize("role", ["viewer", "operator"])
async def test_they_are_shown(world: World, role: str) -> None:
    browser = await signed_in(world, role)
    before = (await browser.open(HERE)).text
    assert "Delivered in part" not in before
    assert "Mappings that are missing" not in before
    await waiting(world)
    answer = await browser.open(HERE)
    page = words(answer.text)
    assert "Patient/p1 The EMR has the name only 2026-05-28 20:26:40" in page
    assert "payer EVG 2 60054 (Prairie), &lt;b&gt;" in page or "payer EVG 2 60054 (Prairie), <b>" in page
    assert "<b>" not in answer.text
    assert ("Map and push again" in page) is (role == "operator")
    glance = words((await browser.open("/console/")).text)
    assert "1 delivered in part 1 mapping missing" in glance


async def test_an_operator_maps_what_is_missing(world: World) -> None:
    await waiting(world)
    browser = await signed_in(world, "operator")
    await browser.open(HERE)
    answer = await browser.send(f"{HERE}/mappings", {"kind": "payer", "source": "EVG", "target": "60054"})
    assert answer.status_code == 303

    def mapped(session: Session) -> str | None:
        id = world.services.sync.connections.get(session, world.realm, "frontdesk").id
        row = session.get(Mapping, (id, "payer", "EVG"))
        return None if row is None else row.target

    assert await world.services.store.session_read(mapped) == "60054"
    found = await world.services.sync.client.list_workflows_async(name="push", load_input=True)
    assert [workflow.input["args"][0].patients for workflow in found if workflow.input] == [("p1", "p2")]
