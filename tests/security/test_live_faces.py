"""The live face of an EMR: nothing for a token that is held to a patient, and of the EMR's answers what is seen."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.requests import Request

from gateway.auth.authority import Realm
from gateway.auth.scopes import Scopes
from gateway.auth.verification import Caller
from gateway.interactions.exchange import Exchange
from gateway.interactions.via import seen_part
from gateway.translation.contract import Found
from tests.gateway.conftest import PUBLIC
from tests.security.world import HERSELF, LAUNCHED, A, World

LABEL = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "ETH"}
ADA: dict[str, Any] = {"resourceType": "Patient", "id": "1", "gender": "female"}
BEN: dict[str, Any] = {"resourceType": "Patient", "id": "2", "gender": "male", "meta": {"security": [LABEL]}}


@pytest.mark.parametrize("caller", [LAUNCHED, {**HERSELF, "patient": A}, HERSELF])
@pytest.mark.parametrize("path", ["via/emr/Patient/1", "via/emr/Patient?gender=male"])
async def test_a_token_held_to_a_patient_gets_nothing(world: World, caller: dict[str, Any], path: str) -> None:
    """An id that is the same in both places would be somebody else's."""
    scope = "patient/*.rs user/*.rs" if "patient" in caller else "user/*.rs"
    assert (await world.caller(scope, **caller).ask("GET", path)).status_code == 403


@pytest.mark.parametrize(
    ("scope", "purposes", "seen", "total"),
    [
        ("system/Patient.rs", (), ["1"], None),
        ("system/Patient.rs", ("TREAT",), ["1", "2"], 2),
        ("system/Patient.rs?gender=male", ("TREAT",), ["2"], None),
        ("system/Patient.rs?gender=male", (), [], None),
        ("system/Observation.rs", ("TREAT",), [], None),
    ],
)
async def test_what_is_seen_of_an_answer(
    world: World, scope: str, purposes: tuple[str, ...], seen: list[str], total: int | None
) -> None:
    """Where something is left out, or could be, the EMR's total would tell of it."""
    caller = Caller(1, "north", "app", Scopes.parse(scope), purposes=frozenset(purposes))
    address = {"type": "http", "method": "GET", "headers": [], "path_params": {"type": "Patient"}}
    exchange = Exchange(Request(address), world.services, Realm(1, "north", PUBLIC), caller)
    shown = seen_part(exchange, Found((ADA, BEN), total=2))
    assert ([each["id"] for each in shown.resources], shown.total) == (seen, total)
