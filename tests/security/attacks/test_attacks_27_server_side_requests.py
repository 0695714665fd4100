"""27: addresses inside, by every road that takes a URL: Subscriptions, key sets; redirects, re-binding, spellings."""

from __future__ import annotations

from collections.abc import Sequence

import httpx
import pytest

from gateway.settings import Settings
from gateway.upstream import GuardedTransport, UpstreamRefused, check_url, upstream_client
from tests.gateway.conftest import Fhir

INSIDE = [
    "https://127.0.0.1/", "https://localhost/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://10.0.0.8/",
    "https://169.254.169.254/latest/meta-data/", "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/",
    "https://0.0.0.0/", "http://emr.example/", "file:///etc/passwd", "gopher://127.0.0.1/", "https://user@emr.example/",
]  # fmt: skip
SPELLED = ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "127.0.0.1.", "①②⑦.0.0.1"]


def subscription(endpoint: str) -> dict[str, object]:
    channel = {"type": "rest-hook", "endpoint": endpoint, "payload": "application/fhir+json"}
    return {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "x",
        "criteria": "Patient?",
        "channel": channel,
    }


@pytest.mark.parametrize("url", [url for url in INSIDE if "localhost" not in url])
async def test_27_subscriptions_do_not_point_inside(client: Fhir, url: str) -> None:
    answer = await client.ask("POST", "Subscription", subscription(url))
    assert answer.status_code in (400, 422), answer.text


@pytest.mark.parametrize("host", SPELLED)
async def test_27_other_spellings_of_loopback(host: str) -> None:
    """Whatever the resolver makes of it is what is judged, at the moment of connecting."""
    async with httpx.AsyncClient(transport=GuardedTransport(allow_private=False)) as http:
        with pytest.raises((UpstreamRefused, httpx.HTTPError, httpx.InvalidURL)):
            await http.get(f"https://{host}/")


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "fe80::1"]
)
async def test_27_rebinding(address: str) -> None:
    """Public when it is looked at first, private when it is connected to."""
    answers = iter([["93.184.216.34"], [address]])
    check_url("https://rebinding.example/", allow_private=False)

    async def resolver(host: str, port: int) -> Sequence[str]:
        return next(answers)

    transport = GuardedTransport(allow_private=False, resolver=resolver)
    assert await resolver("rebinding.example", 443) == ["93.184.216.34"]
    async with httpx.AsyncClient(transport=transport) as http:
        with pytest.raises(UpstreamRefused):
            await http.get("https://rebinding.example/")


async def test_27_one_private_address_among_public_ones_is_enough() -> None:
    async def resolver(host: str, port: int) -> Sequence[str]:
        return ["93.184.216.34", "10.0.0.1"]

    async with httpx.AsyncClient(transport=GuardedTransport(allow_private=False, resolver=resolver)) as http:
        with pytest.raises(UpstreamRefused):
            await http.get("https://both.example/")


async def test_27_redirects_are_not_followed() -> None:
    asked: list[str] = []

    def host(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(302, headers={"Location": "http://169.254.169.254/"})

    async with upstream_client(Settings(), transport=httpx.MockTransport(host)) as http:
        assert (await http.get("https://emr.example/")).status_code == 302
    assert asked == ["https://emr.example/"]
