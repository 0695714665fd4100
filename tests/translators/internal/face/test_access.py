"""Who may ask, and that what is refused is told in the API's own shape."""

from __future__ import annotations

import httpx

from tests.gateway.conftest import GetToken
from tests.translators.internal.face.api import Api, Catalogue, refused


async def test_without_a_token_nothing_is_told(http: httpx.AsyncClient, catalogue: Catalogue) -> None:
    answer = await Api(http, None).ask("GET", "/patients")
    assert refused(answer, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_the_token_of_another_organisation_opens_nothing(http: httpx.AsyncClient, token: GetToken) -> None:
    answer = await Api(http, await token(org="south")).ask("GET", "/patients")
    assert refused(answer, 401)
