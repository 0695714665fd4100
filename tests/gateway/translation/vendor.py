"""A small vendor for tests of the runner: a translator whose flows are given, and a server that speaks raw HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

import httpx

from gateway.faults import EmrBusy, EmrDenied, EmrRefused, Fault
from gateway.translation.contract import (
    Account,
    Acquainted,
    Call,
    Chart,
    Flow,
    Found,
    Linked,
    Minting,
    Moment,
    PullPage,
    Pushed,
    RecordKind,
    Reply,
    Setting,
    Target,
    Token,
    send,
)
from gateway.translation.lens import ResourceMap
from gateway.translation.rate import Pace, Rate
from gateway.translation.rows import Resource
from gateway.translation.runner import Runner
from gateway.translation.tokens import MemoryTokens, TokenCache

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass
class Acme:
    """A vendor with bearer tokens when `has_tokens`; it signs the target and the body in either case."""

    name: str = "acme"
    title: str = "Acme"
    settings: Mapping[str, Setting] = field(default_factory=dict)
    secrets: Mapping[str, Setting] = field(default_factory=dict)
    webhooks: tuple[str, ...] = ()
    maps: Mapping[str, ResourceMap] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    pulled: frozenset[str] = frozenset()
    kinds: tuple[RecordKind, ...] = ()
    custom_fields: Mapping[str, Target] = field(default_factory=dict)
    concurrency: int = 4
    rate: Rate | None = None
    minting: Minting | None = None
    has_tokens: bool = False
    signed: list[tuple[str, bytes]] = field(default_factory=list)

    def authorize(
        self, account: Account, call: Call, target: str, body: bytes, token: str | None, moment: Moment
    ) -> Mapping[str, str]:
        self.signed.append((target, body))
        return {"Authorization": f"Bearer {token}"} if token else {"X-Signature": f"{moment.nonce} {target}"}

    def token(self, account: Account, scope: str, moment: Moment) -> Flow[Token] | None:
        return self._token(account, scope) if self.has_tokens else None

    def _token(self, account: Account, scope: str) -> Flow[Token]:
        where = account.settings.get("token_url") or "/token"
        reply = yield from send(Call("POST", where, form={"scope": scope}, token=None))
        answer = reply.json()
        return Token(answer["access_token"], answer["expires_in"])

    def fault(self, reply: Reply) -> Fault:
        kinds: dict[int, Fault] = {401: EmrDenied("Acme refused us"), 503: EmrBusy("Acme is busy", after=7.0)}
        return kinds.get(reply.status, EmrRefused(f"Acme answered {reply.status}"))

    def test(self, account: Account, moment: Moment) -> Flow[str]:
        yield from send(Call("GET", "/ping"))
        return "it works"

    def push(self, account: Account, chart: Chart, link: Linked, moment: Moment) -> Flow[Pushed]:
        raise NotImplementedError

    def pull(
        self, account: Account, cursor: str | None, known: Acquainted, moment: Moment, types: frozenset[str]
    ) -> Flow[PullPage]:
        raise NotImplementedError

    def read(self, account: Account, type: str, id: str) -> Flow[Resource]:
        raise NotImplementedError

    def search(self, account: Account, type: str, params: Sequence[tuple[str, str]]) -> Flow[Found]:
        raise NotImplementedError


def account(base_url: str = "https://acme.example/api", **settings: str) -> Account:
    return Account("demo", "main", base_url, "https://gateway.example", settings, {}, {}, lambda claims: "signed")


def runner(
    answer: Callable[[httpx.Request], Any] | None = None,
    *,
    vendor: Acme | None = None,
    to: Account | None = None,
    client: httpx.AsyncClient | None = None,
    tokens: TokenCache | None = None,
    pace: Pace | None = None,
    request_id: str | None = None,
) -> Runner:
    """A runner for Acme whose network is a function, or the client that is given."""
    numbers = count(1)
    return Runner(
        vendor or Acme(),
        to or account(),
        client=client
        or httpx.AsyncClient(transport=httpx.MockTransport(answer or (lambda request: httpx.Response(200)))),
        tokens=tokens or MemoryTokens(),
        clock=lambda: NOW,
        nonce=lambda: f"n{next(numbers)}",
        request_id=request_id,
        pace=pace or Pace(),
    )


@dataclass
class RawServer:
    """What arrived, byte for byte."""

    url: str
    heads: list[bytes]
    bodies: list[bytes]


@asynccontextmanager
async def raw_server(answer: bytes) -> AsyncIterator[RawServer]:
    """Answers every request with these bytes and closes the connection."""
    server_state = RawServer("", [], [])

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next((line[15:] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b"0")
        server_state.heads.append(head)
        server_state.bodies.append(await reader.readexactly(int(length)))
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        server_state.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield server_state
