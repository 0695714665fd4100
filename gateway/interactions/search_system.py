"""FHIR search of several types at once: the whole system (http.html#search), and compartments (compartmentdefinition).

Each type is searched by itself, with the parameters that all of them have, and one page is merged of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from starlette.responses import Response

from gateway.access.conditions import PATIENT, compartment
from gateway.faults import Forbidden, Invalid, NotFound, NotSupported
from gateway.interactions.changes import check_id
from gateway.interactions.exchange import Exchange
from gateway.interactions.merging import merged
from gateway.interactions.search_authority import value_sets
from gateway.interactions.search_type import Params, Planned, opened, page_body, plan, posted_params, url_params
from gateway.negotiation import CONTENT_TYPE
from gateway.search.criteria import Codes
from gateway.search.includes import INCLUDE, REVINCLUDE
from gateway.search.paging import PAGE
from gateway.search.query import Condition, Query
from gateway.store.contract import Page

TYPE = "_type"
EVERY = "*"


async def search_system(exchange: Exchange) -> Response:
    """GET [base]?…"""
    return await _of_system(exchange, url_params(exchange))


async def search_system_by_post(exchange: Exchange) -> Response:
    """POST [base]/_search"""
    return await _of_system(exchange, await posted_params(exchange))


async def search_compartment(exchange: Exchange) -> Response:
    """GET [base]/Patient/[id]/[type]?… and GET [base]/Patient/[id]/*"""
    return await _of_compartment(exchange, url_params(exchange))


async def search_compartment_by_post(exchange: Exchange) -> Response:
    """POST [base]/Patient/[id]/[type]/_search"""
    return await _of_compartment(exchange, await posted_params(exchange))


async def _of_system(exchange: Exchange, params: Params) -> Response:
    return await _answer(exchange, plan_system(exchange, params, await value_sets(exchange, params)))


async def _of_compartment(exchange: Exchange, params: Params) -> Response:
    id, searched = exchange.id, exchange.request.path_params["compartment"]
    codes = await value_sets(exchange, params)
    return await _answer(exchange, plan_compartment(exchange, exchange.type, id, searched, params, codes))


async def _answer(exchange: Exchange, several: Several) -> Response:
    pages = [await exchange.store.search(query) for query in several.queries]
    return Response(several.body(exchange, pages), media_type=CONTENT_TYPE)


@dataclass(frozen=True, slots=True)
class Several:
    """Searches of a type each, whose pages make one."""

    whole: Planned
    """What the answer's links repeat and its page token is bound to."""
    queries: Sequence[Query]

    def body(self, exchange: Exchange, pages: Sequence[Page]) -> bytes:
        """The searchset, of a page of each query."""
        alone = len(pages) == 1 and self.whole.query is self.queries[0]
        return page_body(exchange, self.whole, pages[0] if alone else merged(self.whole.query, pages))


def plan_system(exchange: Exchange, params: Params, codes: Mapping[str, Codes]) -> Several:
    served = exchange.services.definitions.served
    return _of_types(exchange, _types(exchange, params, served), params, codes, "")


def plan_compartment(
    exchange: Exchange, type: str, id: str, searched: str, params: Params, codes: Mapping[str, Codes]
) -> Several:
    """`searched` is a type, or * for all that are in the compartment."""
    if type not in exchange.services.definitions.served:
        raise NotFound("This server has no such resource type; GET metadata lists those it has")
    if type != PATIENT:
        raise NotSupported("This server declares the compartment of Patient only")
    check_id(id)
    members = exchange.services.definitions.patient_compartment
    path = f"{PATIENT}/{id}/{searched}"
    if searched == EVERY:
        return _of_types(exchange, _types(exchange, params, {*members, PATIENT}), params, codes, path, id)
    exchange.require(searched, "s")
    if searched not in members:
        raise NotFound(f"No {searched} is in the compartment of a Patient")
    conditions = (within(exchange, searched, id),)
    planned = plan(exchange, searched, params, codes=codes, within=conditions, path=path)
    return Several(planned, (planned.query,))


def within(exchange: Exchange, type: str, id: str) -> Condition:
    """In the compartment of a Patient, by exactly the parameters that the CompartmentDefinition names."""
    return compartment(exchange.services.definitions, type, id)


def _types(exchange: Exchange, params: Params, among: frozenset[str] | set[str]) -> list[str]:
    """Those of `_type`, or all that the caller may search."""
    served = exchange.services.definitions.served
    named = [type for name, text in params if name == TYPE for type in text.split(",")]
    for type in named:
        if type not in served or type not in among:
            raise Invalid("`_type` names a type that is not searched here.", TYPE)
        exchange.require(type, "s", TYPE)
    found = sorted(set(named) or {type for type in served & among if exchange.sight.allows(type, "s")})
    if not found:
        raise Forbidden("The token's scopes allow no search here")
    return found


def _of_types(
    exchange: Exchange,
    types: Sequence[str],
    params: Params,
    codes: Mapping[str, Codes],
    path: str,
    patient: str | None = None,
) -> Several:
    for name, _ in params:
        if name.partition(":")[0] in (INCLUDE, REVINCLUDE):
            raise NotSupported(f"`{name.partition(':')[0]}` is not supported where several types are searched.", name)
    asked = [(name, text) for name, text in params if name not in (TYPE, PAGE)]

    def plans_of(asked: Params) -> list[Planned]:
        return [
            plan(exchange, type, asked, codes=codes, within=[within(exchange, type, patient)] if patient else ())
            for type in types
        ]

    plans = plans_of(asked)
    if unknown := {name for each in plans for name in each.unknown}:
        # A parameter has to be one of every type, or is one of none.
        common = plans_of([(name, text) for name, text in asked if name not in unknown])
        plans = [replace(each, unknown=sorted(unknown)) for each in common]
    whole = _whole(exchange, types, plans, params, path)
    return Several(whole, [replace(each.query, after=whole.query.after) for each in plans])


def _whole(exchange: Exchange, types: Sequence[str], plans: Sequence[Planned], params: Params, path: str) -> Planned:
    """Every type's query in one."""
    first = plans[0]
    unknown = tuple(dict.fromkeys(name for each in plans for name in each.unknown))
    criteria = tuple(condition for each in plans for condition in each.query.criteria)
    query = replace(first.query, type=",".join(types), criteria=criteria)
    known = [(name, text) for name, text in params if name not in unknown and name != PAGE]
    return replace(first, query=opened(exchange, query, params), known=known, unknown=unknown, path=path)
