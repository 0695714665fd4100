"""FHIR search-type interaction, by GET and by POST _search (http.html#search)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlencode

from starlette.responses import Response

from gateway.faults import Forbidden, Invalid, Issue, Severity
from gateway.interactions.exchange import Exchange
from gateway.interactions.preferences import preference
from gateway.interactions.searchset import searchset
from gateway.negotiation import CONTENT_TYPE, FORM, check_sends, read_body
from gateway.search import paging
from gateway.search.parse import parse, printable
from gateway.search.query import Query
from gateway.store.contract import Page

MAX_FORM = 64 * 1024
FORMS = frozenset({FORM})
Params = list[tuple[str, str]]


async def search_type(exchange: Exchange) -> Response:
    """GET [base]/[type]?…"""
    return await answer(exchange, list(exchange.request.query_params.multi_items()))


async def search_by_post(exchange: Exchange) -> Response:
    """POST [base]/[type]/_search"""
    exchange.require(exchange.type, "s")
    check_sends(exchange.request, FORMS, f"the parameters as {FORM}")
    form = (await read_body(exchange.request, MAX_FORM)).decode("utf-8", "replace")
    params = [*exchange.request.query_params.multi_items(), *parse_qsl(form, keep_blank_values=True)]
    return await answer(exchange, params)


async def answer(exchange: Exchange, params: Params) -> Response:
    exchange.require(exchange.type, "s")
    planned = plan(exchange, exchange.type, params)
    page = await exchange.services.store.search(exchange.realm.org, planned.query)
    return Response(page_body(exchange, planned, page), media_type=CONTENT_TYPE)


@dataclass(frozen=True, slots=True)
class Planned:
    """A search ready to run, and the parameters that its links have to repeat."""

    query: Query
    known: Params
    unknown: Sequence[str]


def plan(exchange: Exchange, type: str, params: Params) -> Planned:
    services = exchange.services
    query, unknown = parse(services.definitions, type, params, base=exchange.base, now=services.clock())
    _check_handling(exchange, unknown)
    _check_includes(exchange, query)
    known = [(name, value) for name, value in params if name not in unknown and name != paging.PAGE]
    token = dict(params).get(paging.PAGE)
    if token is not None:
        query = replace(
            query, after=paging.decode(services.paging_key, exchange.realm.org, query, token, caller=_caller(exchange))
        )
    return Planned(query, known, unknown)


def page_body(exchange: Exchange, planned: Planned, page: Page) -> bytes:
    type, known = planned.query.type, planned.known
    links = {"self": f"{exchange.base}/{type}?{urlencode(known)}".rstrip("?")}
    if page.after is not None:
        key, org = exchange.services.paging_key, exchange.realm.org
        token = paging.encode(key, org, planned.query, page.after, caller=_caller(exchange))
        links["next"] = f"{exchange.base}/{type}?{urlencode([*known, (paging.PAGE, token)])}"
    readable = [stored for stored in page.included if exchange.caller.scopes.allows(stored.type, "r")]
    return searchset(exchange.base, page.matches, readable, page.total, links, _warnings(planned.unknown))


def _caller(exchange: Exchange) -> str:
    """A page link serves only the client that it was made for."""
    return exchange.caller.client_id


def _check_includes(exchange: Exchange, query: Query) -> None:
    """Where the target is named, leaving it out in silence would be a wrong answer; page_body sees to the others."""
    for include in query.includes:
        if include.target is not None and not exchange.caller.scopes.allows(include.target, "r"):
            raise Forbidden(f"The token's scopes do not allow this: it needs system/{include.target}.r", "_include")


def _check_handling(exchange: Exchange, unknown: Sequence[str]) -> None:
    """Prefer: handling=strict|lenient (search.html#errors)."""
    if unknown and preference(exchange.request, "handling") == "strict":
        raise Invalid(tuple(_unknown(name, "leave it out", "error") for name in unknown))


def _warnings(unknown: Sequence[str]) -> tuple[Issue, ...]:
    return tuple(_unknown(name, "it was ignored", "warning") for name in unknown)


def _unknown(name: str, advice: str, severity: Severity) -> Issue:
    text = f"{printable(name)} is not a search parameter of this type here; {advice}"
    return Issue(text, (printable(name),), "not-supported", severity)
