"""Access tokens of accounts, kept until shortly before they end.

A token belongs to one organisation, one scope, and the address and credentials that it was got with: after an operator
has changed those, the old token is not sent anywhere. Connections of one organisation that would ask for it in the
same words share it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from gateway.translation.contract import Account, Minting, Token
from gateway.translation.ledger import digest
from gateway.translation.limits import chosen
from gateway.translation.loops import PerLoop

AHEAD = 60.0
"""Seconds before its end from which a token is renewed; for those that live less than twice that, half their life."""


Quota = tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class TokenKey:
    """What a token is good for."""

    org: str
    scope: str
    origin: str = field(repr=False)
    """A digest of the address, settings and secrets that it depends on."""
    application: str = field(default="", compare=False, repr=False)
    """A digest of whom the EMR's quota is for, whatever organisation asks."""
    quota: Quota = field(default=(), compare=False, repr=False)

    @classmethod
    def of(cls, account: Account, scope: str, minting: Minting | None = None) -> TokenKey:
        everything = tuple(sorted({*account.settings, *account.secrets}))
        minting = minting or Minting(everything)
        asked = chosen(minting.depends, account.settings, account.secrets)
        application = chosen(minting.application, account.settings, account.secrets)
        origin = digest([account.base_url, *asked])
        return cls(account.org, scope, origin, digest([account.base_url, *application]), minting.quota)

    @property
    def id(self) -> str:
        return digest([self.org, self.scope, self.origin])


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

    async def drop(self, key: TokenKey, value: str) -> bool:
        """Forget this token, which the EMR no longer takes; a newer one stays.

        False where it stays all the same, since a token was replaced for this reason a moment ago.
        """

    async def forgive(self, key: TokenKey) -> None:
        """A person says that what tokens were refused for is mended: they may be asked for at once."""


def renewal(token: Token) -> float:
    """In how many seconds to get the next one."""
    return max(token.expires_in - AHEAD, token.expires_in / 2)


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

    async def drop(self, key: TokenKey, value: str) -> bool:
        if self._tokens.get(key, ("", 0.0))[0] == value:
            del self._tokens[key]
        return True

    async def forgive(self, key: TokenKey) -> None:
        """Nothing is held against anybody here."""

    def _fresh(self, key: TokenKey) -> str | None:
        value, renewal = self._tokens.get(key, ("", 0.0))
        return value if value and self._clock() < renewal else None

    def _keep(self, key: TokenKey, token: Token, asked: float) -> None:
        now = self._clock()
        self._tokens = {old: kept for old, kept in self._tokens.items() if now < kept[1]}
        self._tokens[key] = (token.value, asked + renewal(token))
