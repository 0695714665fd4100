"""15: unknown kids that make the server fetch, and key hosts that fail."""

from __future__ import annotations

import asyncio

import httpx
from joserfc.jwk import ECKey

from gateway.auth.jwks import JwksCache

URL = "https://keys.example/jwks"


class Host:
    """A key host that counts."""

    def __init__(self) -> None:
        self.asked = 0
        self.key = ECKey.generate_key("P-384", auto_kid=True)
        self.answer = httpx.Response(200, json={"keys": [dict(self.key.as_dict(private=False))]})

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        return self.answer


async def test_15_unknown_kids_are_no_amplifier() -> None:
    host, now = Host(), 1_000_000.0
    async with httpx.AsyncClient(transport=httpx.MockTransport(host)) as http:
        cache = JwksCache(http, lambda: now)
        found = await asyncio.gather(*(cache.keys(URL, f"unknown-{number}") for number in range(200)))
        assert host.asked <= 2
        assert all(found)


async def test_15_an_outage_does_not_empty_the_set() -> None:
    host, now = Host(), 1_000_000.0
    async with httpx.AsyncClient(transport=httpx.MockTransport(host)) as http:
        cache = JwksCache(http, lambda: now)
        kid = str(host.key.kid)
        assert [key.kid for key in await cache.keys(URL, kid) or ()] == [kid]
        for broken in (httpx.Response(500), httpx.Response(200, json={"keys": []}), httpx.Response(302)):
            host.answer, now = broken, now + 7200
            assert [key.kid for key in await cache.keys(URL, kid) or ()] == [kid]
