"""Clients' key sets by URL, fetched at need and kept.

A set is fetched again when it is old, which its Cache-Control says and `FRESH` bounds, or when an assertion names a
`kid` it does not hold; the second is what an attacker can provoke, so it happens once per `COOLDOWN`. One fetch at a
time per URL. An outage, a redirect, nonsense or an empty set never replaces a good set; a set that could not be renewed
for `STALE` is given up, since a withdrawn key must end some day.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio
import httpx
import msgspec
import structlog
from joserfc.jwk import KeySet

from gateway.auth.keyset import public_keys
from gateway.faults import Fault

FRESH = 300.0
COOLDOWN = 30.0
STALE = 86_400.0
DEADLINE = 10.0
MAX_BYTES = 65_536
MAX_SETS = 1_000
HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity"}
"""Not compressed, so that the limit on bytes is one on memory."""

log = structlog.get_logger(__name__)


class FetchFailed(Exception):
    """The URL gave no usable key set; the message says why, for the log."""


@dataclass(slots=True)
class _Entry:
    keys: KeySet | None = None
    fetched: float = 0.0
    fresh: float = FRESH
    failing: bool = False
    tried: float = float("-inf")
    lock: anyio.Lock = field(default_factory=anyio.Lock)


class JwksCache:
    """The key sets behind JWKS URLs. `clock` counts seconds."""

    def __init__(self, http: httpx.AsyncClient, clock: Callable[[], float]) -> None:
        self._http = http
        self._clock = clock
        self._entries: OrderedDict[str, _Entry] = OrderedDict()

    async def keys(self, url: str, kid: str) -> KeySet | None:
        """The set at `url`, renewed when that is due; None when none was ever had, or not for too long."""
        entry = self._entry(url)
        if self._due(entry, kid):
            async with entry.lock:
                if self._due(entry, kid):
                    await self._renew(url, entry)
        if entry.keys is None or self._clock() - entry.fetched > STALE:
            return None
        return entry.keys

    def _entry(self, url: str) -> _Entry:
        entry = self._entries.setdefault(url, _Entry())
        self._entries.move_to_end(url)
        while len(self._entries) > MAX_SETS:
            self._entries.popitem(last=False)
        return entry

    def _due(self, entry: _Entry, kid: str) -> bool:
        now = self._clock()
        known = entry.keys is not None and any(key.kid == kid for key in entry.keys)
        if known and not entry.failing:
            return now - entry.fetched >= entry.fresh
        old = not known or now - entry.fetched >= entry.fresh
        return old and now - entry.tried >= COOLDOWN

    async def _renew(self, url: str, entry: _Entry) -> None:
        try:
            keys, fresh = await self._fetch(url)
        except FetchFailed as failure:
            entry.failing = True
            log.warning("jwks_not_renewed", host=httpx.URL(url).host, reason=str(failure), kept=entry.keys is not None)
        else:
            entry.keys, entry.fetched, entry.fresh, entry.failing = keys, self._clock(), fresh, False
        finally:
            entry.tried = self._clock()

    async def _fetch(self, url: str) -> tuple[KeySet, float]:
        try:
            with anyio.fail_after(DEADLINE):
                body, fresh = await self._answer(url)
            keys = public_keys(msgspec.json.decode(body))
        except TimeoutError:
            raise FetchFailed("no answer in time") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise FetchFailed(type(error).__name__) from error
        except (msgspec.DecodeError, RecursionError):
            raise FetchFailed("not JSON") from None
        except Fault as fault:
            raise FetchFailed(str(fault)) from fault
        if not keys:
            raise FetchFailed("no usable key in the set")
        return keys, fresh

    async def _answer(self, url: str) -> tuple[bytes, float]:
        async with self._http.stream("GET", url, headers=HEADERS) as response:
            if response.status_code != 200:
                raise FetchFailed(f"status {response.status_code}")
            if response.headers.get("content-encoding", "identity") != "identity":
                raise FetchFailed("compressed, although not asked to be")
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise FetchFailed(f"over {MAX_BYTES} bytes")
        return bytes(body), freshness(response.headers.get("cache-control", ""))


def freshness(cache_control: str) -> float:
    """Seconds for which a set is kept: never longer than its header says (SMART, Client Authentication: Asymmetric)."""
    directives = {part.strip().lower() for part in cache_control.split(",")}
    if directives & {"no-store", "no-cache"}:
        return 0.0
    ages = [text.removeprefix("max-age=") for text in directives if text.startswith("max-age=")]
    return min([FRESH, *(float(age) for age in ages if age.isascii() and age.isdigit() and len(age) < 10)])
