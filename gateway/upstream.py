"""Calls that leave the gateway: which addresses they may reach, and the one way to make an HTTP client for them.

A URL comes from an operator or a client (an EMR's base URL, a JWKS URL, a webhook endpoint), its host name from
somebody's DNS. The address is therefore judged at the moment of connecting, on the very address that is connected to:
a name that answers with a public address first and a private one later gains nothing. Redirects are not followed and
proxies named in the environment are not used, since both would go around that judgement. Credentials never leave in
clear text: plain http is for loopback and private networks, when CROSSWALK_ALLOW_PRIVATE_UPSTREAMS says so.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import cache
from typing import Any
from urllib.parse import SplitResult, urlsplit

import anyio
import httpcore
import httpx

from gateway.faults import Misconfigured
from gateway.settings import Settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]

TIMEOUTS = httpx.Timeout(30.0, connect=5.0, pool=5.0)
RESOLVE_SECONDS = 5.0
LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20)
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
SWITCH = "set CROSSWALK_ALLOW_PRIVATE_UPSTREAMS=1 if this is meant"


class UpstreamRefused(Misconfigured):
    """The gateway does not call that URL or address."""


def check_url(url: str, *, allow_private: bool) -> SplitResult:
    """What can be judged of a URL without asking the DNS; raises UpstreamRefused."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise UpstreamRefused("The URL cannot be parsed; write https://host[:port]/path") from None
    if parts.scheme not in ("https", "http") or not host:
        raise UpstreamRefused("The URL must be absolute: https://host[:port]/path")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise UpstreamRefused("The URL must hold neither user name, password nor fragment")
    if parts.scheme == "http" and not allow_private:
        raise UpstreamRefused(f"The URL must use https; plain http is for private networks only: {SWITCH}")
    if (address := _literal(host)) is not None:
        check_address(address, allow_private=allow_private)
    return parts


def check_address(address: Address, *, allow_private: bool) -> None:
    if allow_private or _is_public(address):
        return
    raise UpstreamRefused(f"The host is at a loopback, private or otherwise special address; {SWITCH}")


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_public(address: Address) -> bool:
    embedded = _embedded(address)
    return _is_public(embedded) if embedded is not None else address.is_global and not address.is_multicast


def _embedded(address: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address to which an IPv6 address really leads (mapped, 6to4, NAT64)."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


async def resolve(host: str, port: int) -> Sequence[str]:
    found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class GuardedNetwork(httpcore.AsyncNetworkBackend):
    """Opens connections only to addresses that the setting allows, and to the address it has just judged."""

    def __init__(self, *, allow_private: bool, resolver: Resolver = resolve) -> None:
        self._network = httpcore.AnyIOBackend()
        self._allow_private = allow_private
        self._resolver = resolver

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await self._allowed(host, port)
        failure: Exception = httpcore.ConnectError("The host name has no address")
        for address in addresses:
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def _allowed(self, host: str, port: int) -> Sequence[str]:
        try:
            with anyio.fail_after(RESOLVE_SECONDS):
                addresses = await self._resolver(host, port)
        except TimeoutError:
            raise httpcore.ConnectTimeout("The host name was not resolved in time") from None
        except OSError:
            raise httpcore.ConnectError("The host name cannot be resolved") from None
        for address in addresses:
            check_address(ipaddress.ip_address(address.partition("%")[0]), allow_private=self._allow_private)
        return addresses

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)


class GuardedTransport(httpx.AsyncHTTPTransport):
    """httpx's own transport on a GuardedNetwork."""

    def __init__(self, *, allow_private: bool, resolver: Resolver = resolve) -> None:
        trusted = _trusted()
        super().__init__(verify=trusted, trust_env=False)
        self._allow_private = allow_private
        # httpx has no argument for the network backend that httpcore offers; the tests hold this seam.
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=trusted,
            max_connections=LIMITS.max_connections,
            max_keepalive_connections=LIMITS.max_keepalive_connections,
            keepalive_expiry=LIMITS.keepalive_expiry,
            network_backend=GuardedNetwork(allow_private=allow_private, resolver=resolver),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        check_url(str(request.url), allow_private=self._allow_private)
        return await super().handle_async_request(request)


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates of this machine, read once a process: it takes a tenth of a second."""
    return httpx.create_ssl_context()


def upstream_client(settings: Settings, *, transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """The client for every call that leaves the gateway; `transport` stands in for the network in tests."""
    for name in ("httpx", "httpcore"):  # they log URLs and headers: an EMR's URL can hold patient data
        logging.getLogger(name).setLevel(logging.WARNING)
    return httpx.AsyncClient(
        transport=transport or GuardedTransport(allow_private=settings.allow_private_upstreams),
        timeout=TIMEOUTS,
        follow_redirects=False,
        trust_env=False,
    )
