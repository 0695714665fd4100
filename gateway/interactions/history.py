"""FHIR history interaction, of a resource, a type and the whole system (http.html#history)."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import msgspec
from cryptography.exceptions import InvalidTag
from starlette.responses import Response

from gateway.faults import Forbidden, Invalid, NotFound
from gateway.formats import CONTENT_TYPE
from gateway.interactions.exchange import Exchange, encode
from gateway.search import paging
from gateway.search.dates import date_range
from gateway.store.contract import Stored
from gateway.store.document import instant
from gateway.store.history_sql import HistoryPage, HistoryQuery

DEFAULT_COUNT, MAX_COUNT = 50, 1000
KNOWN = ("_since", "_at", "_before", "_count", paging.PAGE)
ELSEWHERE = frozenset({"_format", "_pretty"})
Params = Sequence[tuple[str, str]]


async def history_of_instance(exchange: Exchange) -> Response:
    """GET [base]/[type]/[id]/_history"""
    exchange.require(exchange.type, "r")
    if await exchange.store.read(exchange.type, exchange.id) is None:
        raise NotFound("There is no resource with this type and id")
    return await _answer(exchange, exchange.type, exchange.id)


async def history_of_type(exchange: Exchange) -> Response:
    """GET [base]/[type]/_history"""
    exchange.require(exchange.type, "s")
    return await _answer(exchange, exchange.type, None)


async def history_of_system(exchange: Exchange) -> Response:
    """GET [base]/_history"""
    return await _answer(exchange, None, None)


async def _answer(exchange: Exchange, type: str | None, id: str | None) -> Response:
    params = list(exchange.request.query_params.multi_items())
    planned = plan_history(exchange, type, id, params)
    page = await exchange.store.history(planned.query)
    return Response(history_body(exchange, planned, page), media_type=CONTENT_TYPE)


@dataclass(frozen=True, slots=True)
class PlannedHistory:
    """A history ready to be read, and what its links have to repeat."""

    query: HistoryQuery
    path: str
    known: Params


def plan_history(exchange: Exchange, type: str | None, id: str | None, params: Params) -> PlannedHistory:
    """Raises Invalid where a parameter is wrong or unknown, Forbidden where the token reaches no type."""
    given = _once(params)
    if type is not None and id is None and not exchange.sight.looks_into(type):
        raise Forbidden("The history of all of these is for administrators; read that of one resource", "_history")
    query = HistoryQuery(
        types=(type,) if type is not None else _readable(exchange),
        id=id,
        since=_range(given, "_since")[0] if "_since" in given else None,
        before=_range(given, "_before")[0] if "_before" in given else None,
        at=_range(given, "_at") if "_at" in given else None,
        count=_count(given.get("_count")),
    )
    path = "/".join(filter(None, (type, id, "_history")))
    if paging.PAGE in given:
        query = replace(query, after=_opened(exchange, query, given[paging.PAGE]))
    return PlannedHistory(query, path, [(name, value) for name, value in given.items() if name != paging.PAGE])


def history_body(exchange: Exchange, planned: PlannedHistory, page: HistoryPage) -> bytes:
    """A Bundle put together from the stored bytes."""
    url = f"{exchange.base}/{planned.path}"
    links = [{"relation": "self", "url": f"{url}?{urlencode(planned.known)}".rstrip("?")}]
    if page.after is not None:
        following = [*planned.known, (paging.PAGE, _sealed(exchange, planned.query, page.after))]
        links.append({"relation": "next", "url": f"{url}?{urlencode(following)}"})
    entries = [_entry(exchange.base, version) for version in page.versions]
    listed = b',"entry":[' + b",".join(entries) + b"]" if entries else b""
    total = b',"total":%d' % page.total if page.total is not None else b""
    head = b'{"resourceType":"Bundle","type":"history"' + total + b',"link":'
    return head + encode(links) + listed + b"}"


def _entry(base: str, version: Stored) -> bytes:
    """The request that made the version, and how it was answered: 201 to an update too, where it was the first."""
    place = f"{version.type}/{version.id}"
    request = {"method": version.method, "url": version.type if version.method == "POST" else place}
    response = {
        "status": "204" if version.deleted else "201" if version.version == 1 else "200",
        "etag": f'W/"{version.version}"',
        "lastModified": instant(version.updated),
    }
    resource = b'"resource":' + version.body + b"," if not version.deleted else b""
    told = b'"request":' + encode(request) + b',"response":' + encode(response)
    return b'{"fullUrl":' + encode(f"{base}/{place}") + b"," + resource + told + b"}"


# --- parameters -------------------------------------------------------------------------------------------------------


def _once(params: Params) -> dict[str, str]:
    given: dict[str, str] = {}
    for name, value in params:
        if name in ELSEWHERE:
            continue
        if name not in KNOWN:
            raise Invalid(f"A history takes {', '.join(KNOWN[:-1])} only; leave other parameters out", "_history")
        if name in given:
            raise Invalid(f"Give `{name}` once", name)
        given[name] = value
    return given


def _range(given: dict[str, str], name: str) -> tuple[int, int]:
    try:
        return date_range(given[name])
    except ValueError:
        raise Invalid("Write a date or an instant", name) from None


def _count(text: str | None) -> int:
    if text is None:
        return DEFAULT_COUNT
    if not text.isascii() or not text.isdigit():
        raise Invalid("Write a whole number from 0", "_count")
    return min(int(text[:9]), MAX_COUNT)


def _readable(exchange: Exchange) -> tuple[str, ...]:
    """SMART v2: the history of a type takes the `s` of its scope."""
    types = tuple(filter(exchange.sight.looks_into, sorted(exchange.services.definitions.served)))
    if not types:
        raise Forbidden("The token's scopes do not allow this: it needs the `s` of some type")
    return types


# --- page links -------------------------------------------------------------------------------------------------------


def _binding(exchange: Exchange, query: HistoryQuery) -> list[bytes]:
    bound = repr((exchange.realm.org, exchange.sight.identity, replace(query, count=0, after=None)))
    return [b"history", hashlib.sha256(bound.encode()).digest()]


def _sealed(exchange: Exchange, query: HistoryQuery, after: tuple[int, int]) -> str:
    cipher = paging.cipher(exchange.services.paging_key)
    return urlsafe_b64encode(cipher.encrypt(msgspec.json.encode(after), _binding(exchange, query))).decode().rstrip("=")


def _opened(exchange: Exchange, query: HistoryQuery, token: str) -> tuple[int, int]:
    cipher: Any = paging.cipher(exchange.services.paging_key)
    try:
        if len(token) > paging.LONGEST or not token.isascii():
            raise ValueError(token)
        opened = cipher.decrypt(urlsafe_b64decode(token + "=" * (-len(token) % 4)), _binding(exchange, query))
    except (InvalidTag, ValueError):
        raise Invalid("This page link is not valid here; start from the first page", paging.PAGE) from None
    return msgspec.json.decode(opened, type=tuple[int, int])
