"""Both sides change one patient at a time: nothing is undone, and what both changed goes by the rule."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from gateway.bulk.acting import acting
from gateway.commands.conflict import conflicts_of, settle_conflict
from gateway.sync.orders import Order
from tests.gateway.sync.clinic import Clinic, patient, until

pytestmark = pytest.mark.asyncio(loop_scope="module")
HERE, THERE = "9135550100", "9135550199"


@pytest.fixture(autouse=True)
def quiet(busy: Clinic) -> None:
    busy.network.calls.clear()


def delivered(busy: Clinic, connection: str, id: str) -> Callable[[], Awaitable[bool]]:
    async def condition() -> bool:
        return await busy.status(connection, id) == "completed"

    return condition


def agreed(busy: Clinic, connection: str, id: str, number: str) -> Callable[[], Awaitable[bool]]:
    """The change is delivered, and both sides have the number."""

    async def condition() -> bool:
        here = (await busy.read("Patient", id) or {})["telecom"]
        there = await the_one(busy, connection, f"Crossing{connection}")
        is_there = await busy.status(connection, id) == "completed"
        return is_there and numbers(here) == numbers(there) == {number}

    return condition


STAFF: dict[str, Any] = {
    "kipu": (
        "chart",
        lambda family, phone: {"last_name": family, "fields": {"phone": phone, "address_city": "Salina"}},
    ),
    "ritten": (
        "edit",
        lambda family, phone: {"last_name": family, "fields": {"phones": ["+1" + phone], "emails": ["s@e.example"]}},
    ),
    "ecw": (
        "patient",
        lambda family, phone: {
            "telecom": [{"system": "phone", "value": f"{phone[:3]}-{phone[3:6]}-{phone[6:]}", "use": "home"}],
            "address": [{"use": "home", "line": ["9 Oak"], "city": "Salina", "state": "KS", "postalCode": "67401"}],
        },
    ),
    "internal": ("edit", lambda family, phone: {"last_name": family, "home_phone": phone, "city": "Salina"}),
}


async def admitted(busy: Clinic, name: str, family: str) -> str:
    """A patient whom the CRM sent and the EMR has admitted."""
    body = {key: value for key, value in patient(family=family).items() if key != "id"}
    id = str((await busy.fhir.create(body))["id"])
    await until(delivered(busy, name, id))
    if name in ("kipu", "ritten"):
        program = busy.emrs["ritten"].state["programs"][0]["name"]
        await busy.staff(name, "admit", last_name=family, program=program)
    await pull(busy, name)
    return id


async def pull(busy: Clinic, name: str) -> None:
    await busy.services.sync.workflows.ask("pull", Order(1, "north", name))


async def write(busy: Clinic, id: str, **elements: Any) -> None:
    answer = await busy.fhir.ask("PUT", f"Patient/{id}", {**(await busy.read("Patient", id) or {}), **elements})
    assert answer.status_code == 200, answer.text


def numbers(found: Any) -> set[str]:
    return {number for number in (HERE, THERE, "9135550142") if number in str(found).replace("-", "")}


@pytest.mark.parametrize("name", list(STAFF))
async def test_neither_side_undoes_the_other_and_what_both_changed_can_be_settled(busy: Clinic, name: str) -> None:
    family = f"Crossing{name}"
    id = await admitted(busy, name, family)
    whose = {"id": (await the_one(busy, name, family))["id"]} if name == "ecw" else {}
    await busy.staff(name, STAFF[name][0], **whose, **STAFF[name][1](family, THERE))
    before = await busy.read("Patient", id) or {}
    await write(busy, id, birthDate="1990-05-18", telecom=[{**before["telecom"][0], "value": HERE}])
    await until(agreed(busy, name, id, THERE))
    here, there = await busy.read("Patient", id) or {}, await the_one(busy, name, family)
    assert ("1990-05-18" in str(here), "1990-05-18" in str(there)) == (True, True)
    assert "Salina" in str(here) or "s@e.example" in str(here)
    (told,) = [each for each in await conflicts(busy, name) if each["resource"] == f"Patient/{id}"]
    assert (numbers(told["crm"]["value"]), numbers(told["emr"]["value"])) == ({HERE}, {THERE})
    await settle_conflict(acting(busy.services, busy.realm, "desk"), name, told["conflict"], "crm", "client desk")
    await until(agreed(busy, name, id, HERE))
    await pull(busy, name)
    assert numbers((await busy.read("Patient", id) or {})["telecom"]) == {HERE}


async def the_one(busy: Clinic, name: str, family: str) -> Any:
    (found,) = [each for each in await busy.shown_at(name) if family in str(each)]
    return found


async def conflicts(busy: Clinic, name: str) -> list[Any]:
    async def may(row: Any) -> bool:
        return True

    return list((await conflicts_of(busy.services, "north", name, may))["conflicts"])
