"""The operation $status of Subscription, for one and for several (backport-subscription-status).

http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-status
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from gateway.definitions.contract import Resource
from gateway.faults import Invalid
from gateway.interactions.changes import check_id, present
from gateway.interactions.exchange import Exchange, json_response
from gateway.negotiation import check_sends_resource, parse_resource, read_body
from gateway.search.query import Criterion, Query, TokenValue
from gateway.store.contract import Stored
from gateway.subscriptions.names import SUBSCRIPTION
from gateway.subscriptions.notification import QUERY, State, status_parameters

STATUSES = ("requested", "active", "error", "off")
ELSEWHERE = frozenset({"_format", "_pretty"})
MOST = 1000
Asked = dict[str, list[str]]


async def status_of_one(exchange: Exchange) -> Response:
    """GET or POST [base]/Subscription/[id]/$status"""
    exchange.require(SUBSCRIPTION, "r")
    if await _asked(exchange):
        raise Invalid("$status of one Subscription takes no parameters; the address names it", "$status")
    id = exchange.request.path_params["id"]
    stored = present(await exchange.store.read(SUBSCRIPTION, id))
    return await _answer(exchange, [stored], f"{SUBSCRIPTION}/{id}/$status")


async def status_of_several(exchange: Exchange) -> Response:
    """GET or POST [base]/Subscription/$status, with `id` and `status`, each any number of times"""
    for action in "rs":
        exchange.require(SUBSCRIPTION, action)
    asked = await _asked(exchange)
    for status in asked.get("status", ()):
        if status not in STATUSES:
            raise Invalid(f"A status is one of {', '.join(STATUSES)}", "status")
    criteria = [
        Criterion(param, "token", "", tuple(TokenValue(None, value) for value in values))
        for param, values in (("_id", asked.get("id")), ("status", asked.get("status")))
        if values
    ]
    query = Query(SUBSCRIPTION, tuple(criteria), count=MOST)
    page = await exchange.store.search(query)
    return await _answer(exchange, page.matches, f"{SUBSCRIPTION}/$status")


async def _asked(exchange: Exchange) -> Asked:
    """The parameters of the address and of a posted Parameters resource."""
    given = [(name, value) for name, value in exchange.request.query_params.multi_items() if name not in ELSEWHERE]
    body = await read_body(exchange.request)
    if body:
        given += _posted(parse_resource(body, check_sends_resource(exchange.request)))
    asked: Asked = {}
    for name, text in given:
        if name not in ("id", "status"):
            raise Invalid("$status takes the parameters `id` and `status`", "$status")
        asked.setdefault(name, []).extend(text.split(","))
    for id in asked.get("id", ()):
        check_id(id, "id")
    return asked


def _posted(sent: Resource) -> list[tuple[str, str]]:
    if sent["resourceType"] != "Parameters":
        raise Invalid("Send the parameters as a Parameters resource", "resourceType")
    found: list[tuple[str, str]] = []
    parameters: Any = sent.get("parameter", [])
    for at, parameter in enumerate(parameters if isinstance(parameters, list) else [None]):
        place = f"Parameters.parameter[{at}]"
        name = parameter.get("name") if isinstance(parameter, dict) else None
        value = next((parameter[key] for key in KEYS if key in parameter), None) if name else None
        if not isinstance(name, str) or not isinstance(value, str):
            raise Invalid("Send `id` (valueId) and `status` (valueCode)", place)
        found.append((name, value))
    return found


KEYS = ("valueId", "valueCode", "valueString")


async def _answer(exchange: Exchange, found: Sequence[Stored], path: str) -> Response:
    states = await exchange.services.subscriptions.states(exchange.realm.org, found)
    bundle = {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(states),
        "link": [{"relation": "self", "url": f"{exchange.base}/{path}"}],
        "entry": [_entry(state) for state in states],
    }
    if not states:
        del bundle["entry"]
    return json_response(bundle)


def _entry(state: State) -> dict[str, Any]:
    told = status_parameters(state, QUERY)
    return {"fullUrl": f"urn:uuid:{told['id']}", "resource": told, "search": {"mode": "match"}}
