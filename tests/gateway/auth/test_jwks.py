"""The cache of clients' key sets: when it fetches, and what it keeps."""

from __future__ import annotations

import anyio
import httpx
import pytest
from joserfc.jwk import ECKey, KeySet, RSAKey

from gateway.auth.jwks import COOLDOWN, FRESH, MAX_BYTES, STALE, JwksCache, freshness
from gateway.settings import Settings
from gateway.upstream import upstream_client
from tests.gateway.auth.conftest import JWKS_URL, Clock, KeyHost, jwks


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def host(ec_key: ECKey) -> KeyHost:
    return KeyHost(lambda _: httpx.Response(200, json=jwks(ec_key)))


@pytest.fixture
def cache(host: KeyHost, clock: Clock) -> JwksCache:
    return JwksCache(upstream_client(Settings(), transport=httpx.MockTransport(host)), clock)


def kids(keys: KeySet | None) -> list[str | None]:
    return [key.kid for key in keys or ()]


async def test_a_known_kid_is_fetched_once_while_fresh(cache: JwksCache, host: KeyHost, clock: Clock) -> None:
    for _ in range(3):
        assert kids(await cache.keys(JWKS_URL, "crm-ec")) == ["crm-ec"]
    assert host.fetched == 1
    clock.advance(FRESH)
    await cache.keys(JWKS_URL, "crm-ec")
    assert host.fetched == 2


async def test_unknown_kids_fetch_once_per_cooldown(cache: JwksCache, host: KeyHost, clock: Clock) -> None:
    for n in range(50):
        await cache.keys(JWKS_URL, f"guess-{n}")
    assert host.fetched == 1
    clock.advance(COOLDOWN)
    await cache.keys(JWKS_URL, "guess")
    assert host.fetched == 2


async def test_a_rotated_key_is_found(
    cache: JwksCache, host: KeyHost, clock: Clock, rsa_key: RSAKey, ec_key: ECKey
) -> None:
    await cache.keys(JWKS_URL, "crm-ec")
    host.publish(ec_key, rsa_key)
    clock.advance(COOLDOWN)
    assert kids(await cache.keys(JWKS_URL, "crm-rsa")) == ["crm-ec", "crm-rsa"]


async def test_one_flight_for_many(ec_key: ECKey, clock: Clock) -> None:
    fetched, landed = 0, anyio.Event()

    async def answer(_: httpx.Request) -> httpx.Response:
        nonlocal fetched
        fetched += 1
        await landed.wait()
        return httpx.Response(200, json=jwks(ec_key))

    cache = JwksCache(upstream_client(Settings(), transport=httpx.MockTransport(answer)), clock)
    found: list[list[str | None]] = []

    async def ask() -> None:
        found.append(kids(await cache.keys(JWKS_URL, "crm-ec")))

    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(ask)
        await anyio.lowlevel.checkpoint()
        landed.set()
    assert (fetched, found) == (1, [["crm-ec"]] * 10)


def _unreachable(_: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("down")


BAD = {
    "down": _unreachable,
    "error": lambda _: httpx.Response(500),
    "redirect": lambda _: httpx.Response(302, headers={"Location": "https://elsewhere.example/jwks"}),
    "empty": lambda _: httpx.Response(200, json={"keys": []}),
    "no set": lambda _: httpx.Response(200, json=["keys"]),
    "no json": lambda _: httpx.Response(200, text="<html>"),
    "nested": lambda _: httpx.Response(200, text="[" * 30_000),
    "symmetric only": lambda _: httpx.Response(200, json={"keys": [{"kty": "oct", "kid": "crm-ec", "k": "c2VjcmV0"}]}),
    "too long": lambda _: httpx.Response(200, text=" " * (MAX_BYTES + 1)),
    "compressed": lambda _: httpx.Response(200, headers={"Content-Encoding": "x-none"}, text="{}"),
}


@pytest.mark.parametrize("case", BAD)
async def test_nothing_bad_replaces_a_good_set(case: str, cache: JwksCache, host: KeyHost, clock: Clock) -> None:
    await cache.keys(JWKS_URL, "crm-ec")
    host.answer = BAD[case]
    clock.advance(FRESH)
    assert kids(await cache.keys(JWKS_URL, "crm-ec")) == ["crm-ec"]
    assert host.fetched == 2
    clock.advance(STALE)
    assert await cache.keys(JWKS_URL, "crm-ec") is None


@pytest.mark.parametrize("case", BAD)
async def test_without_a_good_set_there_is_none(case: str, cache: JwksCache, host: KeyHost, clock: Clock) -> None:
    host.answer = BAD[case]
    for _ in range(5):
        assert await cache.keys(JWKS_URL, "crm-ec") is None
    assert host.fetched == 1


async def test_a_private_address_is_refused(clock: Clock) -> None:
    async with upstream_client(Settings()) as http:
        cache = JwksCache(http, clock)
        for url in ("https://127.0.0.1/jwks", "https://localhost/jwks", "http://crm.example/jwks"):
            assert await cache.keys(url, "any") is None


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("", FRESH),
        ("public", FRESH),
        ("max-age=60", 60),
        ("public, Max-Age=60", 60),
        ("max-age=86400", FRESH),
        ("max-age=0", 0),
        ("no-store", 0),
        ("no-cache, max-age=60", 0),
        ("max-age=-1", FRESH),
        ("max-age=99999999999999999999", FRESH),
    ],
)
def test_how_long_a_set_is_kept(header: str, seconds: float) -> None:
    assert freshness(header) == seconds
