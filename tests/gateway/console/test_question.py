"""Whose chart it is, on the page of a connection."""

from __future__ import annotations

import pytest
from sqlmodel import Session

from gateway.sync.deliveries import Delivery
from gateway.sync.tables import Link
from tests.gateway.console.conftest import NOW, World
from tests.gateway.console.test_connections import HERE, signed_in, words


async def asked(world: World) -> None:
    def write(session: Session) -> None:
        id = world.services.sync.connections.get(session, world.realm, "frontdesk").id or 0
        session.add(Link(org=world.realm.org, connection=id, type="Patient", local_id="p1", pushed="x"))
        session.add(Delivery(connection=id, patient="p1", sent=NOW, asked=["7:m"]))

    await world.services.store.session_write(write)


@pytest.mark.parametrize("role", ["viewer", "operator"])
async def test_questions_are_shown(world: World, role: str) -> None:
    assert "Whose chart is it?" not in (await (await signed_in(world, role)).open(HERE)).text
    await asked(world)
    page = words((await (await signed_in(world, role)).open(HERE)).text)
    assert "Patient/p1 2026-05-28 20:26:40 7:m" in page
    assert ("Deliver again" in page) is (role == "operator")


@pytest.mark.parametrize("given", [{"answer": "chart", "chart": " 7:m "}, {"answer": "deliver-again", "chart": "7:m"}])
async def test_an_operator_answers(world: World, given: dict[str, str]) -> None:
    await asked(world)
    browser = await signed_in(world, "operator")
    await browser.open(HERE)
    answer = await browser.send(f"{HERE}/answer", {"patient": "Patient/p1", **given})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{HERE}#questions")
    page = words((await browser.open(HERE)).text)
    assert "Whose chart is it?" not in page
    assert ("answered: deliver again" if given["answer"] != "chart" else "answered: it is chart 7:m") in page


async def test_viewers_answer_nothing_and_an_empty_answer_is_refused(world: World) -> None:
    await asked(world)
    told = {"patient": "Patient/p1", "answer": "chart", "chart": "7:m"}
    browser = await signed_in(world, "viewer")
    assert (await browser.send(f"{HERE}/answer", told)).status_code == 403
    browser = await signed_in(world, "operator")
    assert (await browser.send(f"{HERE}/answer", {**told, "chart": ""})).status_code == 400
    assert "Whose chart is it?" in (await browser.open(HERE)).text
