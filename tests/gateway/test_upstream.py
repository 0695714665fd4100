"""Which addresses the gateway calls, judged at the moment of connecting."""

from __future__ import annotations

import socket
from collections.abc import Sequence

import anyio
import httpx
import pytest
from anyio.abc import SocketAttribute, SocketStream

from gateway.settings import Settings
from gateway.upstream import GuardedTransport, UpstreamRefused, check_url, upstream_client


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://127.1.2.3/",
        "https://0.0.0.0/",
        "https://10.1.2.3/",
        "https://172.16.0.1/",
        "https://192.168.1.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://100.64.0.1/",
        "https://224.0.0.1/",
        "https://[::1]/",
        "https://[::]/",
        "https://[fe80::1]/",
        "https://[fd00::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::10.0.0.1]/",
        "https://[2002:7f00:1::]/",
        "http://emr.example/",
        "ftp://emr.example/",
        "file:///etc/passwd",
        "//emr.example/",
        "emr.example",
        "https://",
        "https:///path",
        "https://user:password@emr.example/",
        "https://emr.example/#part",
        "https://emr.example:99999/",
        "https://[::1",
    ],
)
def test_refused(url: str) -> None:
    with pytest.raises(UpstreamRefused):
        check_url(url, allow_private=False)


@pytest.mark.parametrize(
    "url", ["https://emr.example", "https://emr.example:8443/api", "https://8.8.8.8/", "https://[2606:4700::1]/"]
)
def test_allowed(url: str) -> None:
    assert check_url(url, allow_private=False).geturl() == url


@pytest.mark.parametrize("url", ["http://127.0.0.1:9000/", "https://10.1.2.3/", "http://emr.internal/"])
def test_private_networks_when_the_operator_says_so(url: str) -> None:
    assert check_url(url, allow_private=True)
    with pytest.raises(UpstreamRefused, match=r"CROSSWALK_ALLOW_PRIVATE_UPSTREAMS") as refusal:
        check_url(url.replace("internal", "example"), allow_private=False)
    assert "10.1.2.3" not in str(refusal.value)


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["::1"], ["fe80::1%eth0"], ["169.254.169.254"]]
)
async def test_a_name_that_leads_to_a_private_address(addresses: Sequence[str]) -> None:
    async def resolver(host: str, port: int) -> Sequence[str]:
        assert (host, port) == ("emr.example", 443)
        return addresses

    async with httpx.AsyncClient(transport=GuardedTransport(allow_private=False, resolver=resolver)) as client:
        with pytest.raises(UpstreamRefused):
            await client.get("https://emr.example/")


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001", "localhost"])
async def test_other_spellings_of_loopback(host: str) -> None:
    async with upstream_client(Settings()) as client:
        with pytest.raises((UpstreamRefused, httpx.ConnectError, httpx.InvalidURL)):
            await client.get(f"https://{host}/")


async def test_a_name_that_does_not_resolve() -> None:
    async def resolver(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror

    async with httpx.AsyncClient(transport=GuardedTransport(allow_private=False, resolver=resolver)) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("https://emr.example/")


async def _redirect(stream: SocketStream) -> None:
    async with stream:
        await stream.receive()
        await stream.send(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")


async def test_a_real_call_connects_to_the_address_it_judged_and_follows_no_redirect() -> None:
    asked: list[str] = []

    async def resolver(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"]

    async with await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=0) as listener:
        port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - no Django here
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, _redirect)
            transport = GuardedTransport(allow_private=True, resolver=resolver)
            async with upstream_client(Settings(), transport=transport) as client:
                answer = await client.get(f"http://emr.internal:{port}/")
            tasks.cancel_scope.cancel()
    assert (answer.status_code, asked) == (302, ["emr.internal"])
