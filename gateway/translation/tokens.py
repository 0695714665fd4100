"""Access tokens of accounts, kept until shortly before they end.

A token belongs to one account, one scope, and the address and credentials that it was got with: after an operator has
changed those, the old token is not sent anywhere.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from gateway.translation.contract import Account, Token
from gateway.translation.loops import PerLoop

AHEAD = 60.0
"""Seconds before its end from which a token is renewed; for those that live less than twice that, half their life."""


@dataclass(frozen=True, slots=True)
class TokenKey:
    """What a token is good for."""

    org: str
    name: str
    scope: str
    origin: str = field(repr=False)
    """A digest of address, settings and secrets."""

    @classmethod
    def of(cls, account: Account, scope: str) -> TokenKey:
        told = msgspec.json.encode(
            [account.base_url, sorted(account.settings.items()), sorted(account.secrets.items())]
        )
        return cls(account.org, account.name, scope, hashlib.sha256(told).hexdigest())


@dataclass(frozen=True, slots=True)
class Held:
    """A token as the cache gives it."""

    value: str = field(repr=False)
    is_new: bool
    """Got for this very call; else it may have been withdrawn since."""


class TokenCache(Protocol):
    """Where tokens are kept."""

    async def get(self, key: TokenKey, fetch: Callable[[], Awaitable[Token]]) -> Held:
        """The token, fetched at most once however many ask for it at the same time."""

    async def drop(self, key: TokenKey, value: str) -> None:
        """Forget this token, which the EMR no longer takes; a newer one stays."""


class MemoryTokens:
    """Tokens in this process's memory."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._tokens: dict[TokenKey, tuple[str, float]] = {}
        self._flights: PerLoop[asyncio.Lock] = PerLoop()

    async def get(self, key: TokenKey, fetch: Callable[[], Awaitable[Token]]) -> Held:
        if (value := self._fresh(key)) is not None:
            return Held(value, is_new=False)
        async with self._flights.get(key, asyncio.Lock):
            if (value := self._fresh(key)) is not None:
                return Held(value, is_new=False)
            asked = self._clock()
            token = await fetch()
            self._keep(key, token, asked)
            return Held(token.value, is_new=True)

    async def drop(self, key: TokenKey, value: str) -> None:
        if self._tokens.get(key, ("", 0.0))[0] == value:
            del self._tokens[key]

    def _fresh(self, key: TokenKey) -> str | None:
        value, renewal = self._tokens.get(key, ("", 0.0))
        return value if value and self._clock() < renewal else None

    def _keep(self, key: TokenKey, token: Token, asked: float) -> None:
        now = self._clock()
        self._tokens = {old: kept for old, kept in self._tokens.items() if now < kept[1]}
        self._tokens[key] = (token.value, asked + max(token.expires_in - AHEAD, token.expires_in / 2))
