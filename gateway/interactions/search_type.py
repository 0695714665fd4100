"""FHIR search-type interaction, by GET and by POST _search (http.html#search)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlencode

from starlette.responses import Response

from gateway.audit.noting import note
from gateway.faults import Invalid, Issue, Severity
from gateway.formats import wanted_by_form
from gateway.interactions.exchange import Exchange
from gateway.interactions.nearness import sought
from gateway.interactions.preferences import preference
from gateway.interactions.search_authority import authority, check_includes, value_sets
from gateway.interactions.searchset import searchset
from gateway.interactions.subset import Subset, subset_of
from gateway.negotiation import CONTENT_TYPE, FORM, check_sends, read_body
from gateway.search import paging
from gateway.search.criteria import Codes
from gateway.search.parse import MAX_COUNT, is_beyond, parse, printable
from gateway.search.query import Condition, Query
from gateway.store.contract import Page
from gateway.store.inclusion import MAX_INCLUDED

MAX_FORM = 64 * 1024
FORMS = frozenset({FORM})
COUNT = "_count"
Params = list[tuple[str, str]]


async def search_type(exchange: Exchange) -> Response:
    """GET [base]/[type]?…"""
    return await answer(exchange, url_params(exchange))


async def search_by_post(exchange: Exchange) -> Response:
    """POST [base]/[type]/_search"""
    exchange.require(exchange.type, "s")
    return await answer(exchange, await posted_params(exchange))


def url_params(exchange: Exchange) -> Params:
    return list(exchange.request.query_params.multi_items())


async def posted_params(exchange: Exchange) -> Params:
    """Those of the form, after those of the URL."""
    check_sends(exchange.request, FORMS, f"the parameters as {FORM}")
    form = (await read_body(exchange.request, MAX_FORM)).decode("utf-8", "replace")
    note(exchange.request.scope, {"query": form})
    posted = parse_qsl(form, keep_blank_values=True)
    wanted_by_form(exchange.request, dict(posted))
    return [*url_params(exchange), *posted]


async def answer(exchange: Exchange, params: Params) -> Response:
    exchange.require(exchange.type, "s")
    codes = await value_sets(exchange, params)
    planned = plan(exchange, exchange.type, params, codes=codes)
    page = await exchange.store.search(planned.query)
    return Response(page_body(exchange, planned, page), media_type=CONTENT_TYPE)


@dataclass(frozen=True, slots=True)
class Planned:
    """A search ready to run, and the parameters that its links have to repeat."""

    query: Query
    known: Params
    unknown: Sequence[str]
    path: str
    subset: Subset


def plan(
    exchange: Exchange,
    type: str,
    params: Params,
    *,
    codes: Mapping[str, Codes] | None = None,
    within: Sequence[Condition] = (),
    path: str | None = None,
) -> Planned:
    """`within` are conditions besides the parameters: a compartment."""
    services = exchange.services
    query, unknown = parse(
        services.definitions,
        type,
        params,
        base=exchange.base,
        now=services.clock(),
        authority=authority(exchange, codes),
    )
    check_handling(exchange, unknown)
    check_includes(exchange, params)
    query = replace(query, criteria=(*query.criteria, *within))
    known = [(name, value) for name, value in params if name not in unknown and name != paging.PAGE]
    return Planned(opened(exchange, query, params), known, unknown, path or type, subset_of(params))


def opened(exchange: Exchange, query: Query, params: Params) -> Query:
    """The query from where its page token says."""
    token = dict(params).get(paging.PAGE)
    if token is None:
        return query
    key, org = exchange.services.paging_key, exchange.realm.org
    return replace(query, after=paging.decode(key, org, query, token, caller=_caller(exchange)))


def page_body(exchange: Exchange, planned: Planned, page: Page) -> bytes:
    place, known = f"{exchange.base}/{planned.path}".rstrip("/"), served(planned.known)
    links = {"self": f"{place}?{urlencode(known)}".rstrip("?")}
    if page.after is not None:
        key, org = exchange.services.paging_key, exchange.realm.org
        token = paging.encode(key, org, planned.query, page.after, caller=_caller(exchange))
        links["next"] = f"{place}?{urlencode([*known, (paging.PAGE, token)])}"
    matches, included = (
        [replace(each, body=planned.subset.body(exchange.services.definitions, each.body)) for each in part]
        for part in (page.matches, page.included)
    )
    near = sought(planned.query.criteria)
    return searchset(exchange.base, matches, included, page.total, links, tuple(warnings(planned, cut=page.cut)), near)


def served(params: Params) -> Params:
    """As they were processed (search.html#conformance): a page beyond the limit is one of the limit."""
    return [(name, str(MAX_COUNT) if name == COUNT and is_beyond(text) else text) for name, text in params]


def _caller(exchange: Exchange) -> str:
    """A page link serves only whom it was made for, as long as they see the same."""
    return exchange.sight.identity


def check_handling(exchange: Exchange, unknown: Sequence[str]) -> None:
    """Prefer: handling=strict|lenient (search.html#errors)."""
    handling = preference(exchange.request, "handling")
    if handling not in (None, "strict", "lenient"):
        raise Invalid("Prefer: handling is strict or lenient")
    if unknown and handling == "strict":
        raise Invalid(tuple(_unknown(name, "leave it out", "error") for name in unknown))


def warnings(planned: Planned, *, cut: bool) -> Iterator[Issue]:
    """What the client asked for and does not get."""
    yield from (_unknown(name, "it was ignored", "warning") for name in planned.unknown)
    if any(name == COUNT and is_beyond(text) for name, text in planned.known):
        yield Issue(
            f"A page holds at most {MAX_COUNT} resources; follow the next link", (COUNT,), "too-costly", "warning"
        )
    if cut:
        text = f"There is more to include than the {MAX_INCLUDED} resources that a page may add; ask for smaller pages"
        yield Issue(text, ("_include",), "too-costly", "warning")


def _unknown(name: str, advice: str, severity: Severity) -> Issue:
    text = f"{printable(name)} is not a search parameter of this type here; {advice}"
    return Issue(text, (printable(name),), "not-supported", severity)
