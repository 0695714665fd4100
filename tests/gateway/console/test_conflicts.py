"""The page of conflicts: seen by all, with the values by those who may see patients, and settled by operators."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import Session

from gateway.store import document
from gateway.store.contract import Transaction
from gateway.sync.conflicts import Recorder
from gateway.sync.origins import Origin
from gateway.sync.reconcile import Disagreement
from tests.gateway.console.conftest import World
from tests.gateway.console.test_connections import HERE, signed_in, words

PAGE = f"{HERE}/conflicts"
OURS, THEIRS = "9135550100", "<9135550199>"
CLOSED = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
PURPOSE = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "ETREAT"}


def phone(number: str) -> dict[str, Any]:
    return {"telecom": [{"system": "phone", "value": number}]}


async def disagree(world: World, **more: Any) -> None:
    """A patient with the EMR's number, and the conflict that a pull has found."""

    def write(tx: Transaction) -> None:
        tx.put({"resourceType": "Patient", "id": "p1", **phone(THEIRS), **more})
        with Session(tx.connection) as session:
            row = world.services.sync.connections.get(session, world.realm, "frontdesk")
            place = ("phone", "Patient.telecom[0].value")
            found = Disagreement(*place, phone(OURS), phone(THEIRS), (OURS, THEIRS))
            recorder = Recorder(tx, session, world.services.sync.box, row)
            recorder.record("Patient", "p1", found, "emr", Origin("client crm", tx.now))

    await world.services.store.write(world.realm.org, write)


async def numbers(world: World) -> Any:
    stored = await world.services.store.read(world.realm.org, "Patient", "p1")
    assert stored is not None
    return document.decode(stored.body)["telecom"][0]["value"]


async def test_nobody_without_signing_in(world: World) -> None:
    assert (await world.browser().open(PAGE)).status_code == 303


@pytest.mark.parametrize(("role", "shown"), [("viewer", False), ("operator", True), ("admin", True)])
async def test_the_values_are_for_those_who_may_see_patients(world: World, role: str, shown: bool) -> None:
    await disagree(world)
    browser = await signed_in(world, role)
    assert "1 conflict to look at" in words((await browser.open(HERE)).text)
    page = (await browser.open(PAGE)).text
    assert "Patient/p1 Patient.telecom[0].value" in words(page)
    assert (OURS in page, "&lt;9135550199&gt;" in page, "Take the CRM" in page) == (shown, shown, shown)
    assert THEIRS not in page
    sent = await browser.send(PAGE, {"conflict": "1", "take": "crm"})
    assert (sent.status_code, await numbers(world)) == ((303, OURS) if shown else (403, THEIRS))


async def test_what_labels_close_is_not_shown_and_not_changed(world: World) -> None:
    await disagree(world, meta={"security": [CLOSED, PURPOSE]})
    browser = await signed_in(world, "operator")
    page = (await browser.open(PAGE)).text
    assert (OURS in page, "not shown to you" in page) == (False, True)
    refused = await browser.send(PAGE, {"conflict": "1", "take": "crm"})
    assert (refused.status_code >= 400, await numbers(world)) == (True, THEIRS)


async def test_what_is_settled_is_gone_from_the_list_and_tells_by_whom(world: World) -> None:
    await disagree(world)
    browser = await signed_in(world, "operator")
    await browser.open(PAGE)
    for wrong in (
        {"conflict": "x", "take": "crm"},
        {"conflict": "1", "take": "both"},
        {"conflict": "9", "take": "crm"},
    ):
        assert (await browser.send(PAGE, wrong)).status_code in (400, 404)
    assert (await browser.send(PAGE, {"conflict": "1", "take": "emr"})).status_code == 303
    assert "No conflict is open." in words((await browser.open(PAGE)).text)
    assert "settled by user operator@north.example" in words((await browser.open(f"{PAGE}?all=true")).text)
    assert (await browser.send(PAGE, {"conflict": "1", "take": "crm"})).status_code == 409
    assert await numbers(world) == THEIRS
