"""FHIR search-type interaction, by GET and by POST _search (http.html#search)."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from starlette.responses import Response

from gateway.faults import Invalid, Issue, UnsupportedMedia
from gateway.interactions.exchange import Exchange
from gateway.interactions.searchset import searchset
from gateway.negotiation import CONTENT_TYPE, read_body
from gateway.search.paging import open_token, seal_token
from gateway.search.parse import parse
from gateway.search.query import Query

NOT_CRITERIA = frozenset({"_format", "_pretty", "_page"})
MAX_FORM = 64 * 1024
Params = list[tuple[str, str]]


async def search_type(exchange: Exchange) -> Response:
    """GET [base]/[type]?…"""
    return await answer(exchange, list(exchange.request.query_params.multi_items()))


async def search_by_post(exchange: Exchange) -> Response:
    """POST [base]/[type]/_search"""
    content_type = exchange.request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise UnsupportedMedia("Content-Type: send the parameters as application/x-www-form-urlencoded")
    form = (await read_body(exchange.request, MAX_FORM)).decode("utf-8", "replace")
    params = [*exchange.request.query_params.multi_items(), *parse_qsl(form, keep_blank_values=True)]
    return await answer(exchange, params)


async def answer(exchange: Exchange, params: Params) -> Response:
    exchange.require(exchange.type, "s")
    services, type = exchange.services, exchange.type
    criteria = [(name, value) for name, value in params if name not in NOT_CRITERIA]
    query, unknown = parse(services.definitions, type, criteria, exchange.base)
    _check_handling(exchange, unknown)
    for include in query.includes:
        _require_included(exchange, include.target, query)
    known = [(name, value) for name, value in criteria if name.partition(":")[0] not in unknown and name not in unknown]
    query = _from_page(exchange, query, known, dict(params).get("_page"))
    page = await services.store.search(exchange.realm.org, query)
    links = {"self": f"{exchange.base}/{type}?{urlencode(known)}".rstrip("?")}
    if page.after is not None:
        token = seal_token(services.paging_key, exchange.realm.org, type, known, page.after)
        links["next"] = f"{exchange.base}/{type}?{urlencode([*known, ('_page', token)])}"
    readable = [stored for stored in page.included if exchange.caller.scopes.allows(stored.type, "r")]
    body = searchset(exchange.base, page.matches, readable, page.total, links, _warnings(unknown))
    return Response(body, media_type=CONTENT_TYPE)


def _check_handling(exchange: Exchange, unknown: list[str]) -> None:
    """Prefer: handling=strict|lenient (http.html#search, "Handling Errors")."""
    preferences = exchange.request.headers.get("prefer", "").replace(" ", "").lower()
    if unknown and "handling=strict" in preferences:
        raise Invalid(tuple(Issue(f"Unknown search parameter {name}", (name,), "not-supported") for name in unknown))


def _require_included(exchange: Exchange, target: str | None, query: Query) -> None:
    if target is not None:
        exchange.require(target, "r", "_include")


def _from_page(exchange: Exchange, query: Query, known: Params, token: str | None) -> Query:
    if token is None:
        return query
    after = open_token(exchange.services.paging_key, exchange.realm.org, exchange.type, known, token)
    return query.following(after)


def _warnings(unknown: list[str]) -> tuple[Issue, ...]:
    text = "is not a search parameter of this type and was ignored"
    return tuple(Issue(f"{name} {text}", (name,), "not-supported", "warning") for name in unknown)
