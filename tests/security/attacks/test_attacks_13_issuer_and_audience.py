"""13: issuer and audience that are not looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.gateway.conftest import NORTH, SOUTH, Fhir
from tests.security.attacks.conftest import Forger

ASKED = "Patient?_count=1"


async def test_13_the_forger_makes_good_tokens_too(forger: Forger, bearing: Callable[[str], Fhir]) -> None:
    assert (await bearing(forger.sign()).ask("GET", ASKED)).status_code == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": SOUTH}, {"iss": f"{NORTH}/"}, {"iss": None}, {"iss": [NORTH]}, {"aud": SOUTH}, {"aud": None},
        {"aud": [NORTH, SOUTH]}, {"aud": NORTH.upper()}, {"aud": "*"}, {"aud": ""},
    ],
)  # fmt: skip
async def test_13_issuer_and_audience_are_this_base(
    forger: Forger, bearing: Callable[[str], Fhir], claims: dict[str, Any]
) -> None:
    answer = await bearing(forger.sign(**claims)).ask("GET", ASKED)
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


async def test_13_a_token_of_another_organisation(south: Fhir, bearing: Callable[[str], Fhir]) -> None:
    assert south.token is not None
    assert (await bearing(south.token).ask("GET", ASKED)).status_code == 401


async def test_13_another_organisations_key_with_our_claims(forger: Forger, bearing: Callable[[str], Fhir]) -> None:
    assert (await bearing(forger.sign(org=2)).ask("GET", ASKED)).status_code == 401
