"""The live face of one EMR as a FHIR base of its own, no store between.

Requests pass through to an EMR that speaks FHIR itself (via_passing.py); of others the translator makes resources.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlencode

import anyio
from starlette.requests import Request
from starlette.responses import Response

from gateway import __released__, __version__
from gateway.faults import Forbidden, MethodNotAllowed, NotFound, NotSupported
from gateway.formats import CONTENT_TYPE, FHIR_JSON, FHIR_XML, wanted
from gateway.interactions.exchange import Exchange, encode, json_response
from gateway.interactions.search_type import posted_params, url_params
from gateway.interactions.via_links import Params
from gateway.interactions.via_passing import Refused, Road, asked_params
from gateway.interactions.via_statement import passed_statement
from gateway.sync.statements import fetched
from gateway.translation.contract import Found, Translator
from gateway.translation.lens import Interaction
from gateway.translation.passing import Passing

PARAMETER_TYPES = {"_id": "token", "identifier": "token", "gender": "token", "birthdate": "date", "date": "date"}


async def via_read(exchange: Exchange) -> Response:
    """GET [base]/via/[connection]/[type]/[id]"""
    if (road := await _road(exchange)) is not None:
        return await _passed(exchange, road.read(exchange.type, exchange.id, asked_params(url_params(exchange))))
    wanted(exchange.request)
    _require(exchange, "r")
    translator = await _declaring(exchange, Interaction.READ)
    type, id = exchange.type, exchange.id
    resource = await _live(exchange, lambda account: translator.read(account, type, id))
    if not exchange.sight.admits_live(resource, "r"):
        raise NotFound("There is no resource with this type and id")
    return json_response(resource)


async def via_search(exchange: Exchange) -> Response:
    """GET [base]/via/[connection]/[type]?…"""
    return await _searched(exchange, url_params(exchange))


async def via_search_by_post(exchange: Exchange) -> Response:
    """POST [base]/via/[connection]/[type]/_search"""
    return await _searched(exchange, await posted_params(exchange))


async def via_operation(exchange: Exchange) -> Response:
    """GET [base]/via/[connection]/[type]/[id]/$[operation]"""
    road, operation = await _road(exchange), exchange.request.path_params["operation"]
    if road is None:
        raise NotSupported("Operations do not go through this connection; ask the store", "operation")
    params = asked_params(url_params(exchange))
    return await _passed(exchange, road.operate(exchange.type, exchange.id, operation, params))


async def via_page(exchange: Exchange) -> Response:
    """GET [base]/via/[connection]?…: a page of an answer, where the EMR has its pages there"""
    if (road := await _road(exchange)) is None:
        raise NotFound("There is nothing at this address; GET metadata tells what there is")
    return await _passed(exchange, road.turn(asked_params(url_params(exchange))))


async def _road(exchange: Exchange) -> Road | None:
    """None for a connection whose answers are made by its translator."""
    _refuse_patients(exchange)
    request_id = exchange.request.scope["request_id"]
    live = await exchange.services.sync.runners.live(exchange.realm, _connection(exchange), request_id)
    runner, translator, account = live
    return Road(exchange, runner, translator, translator, account) if isinstance(translator, Passing) else None


async def _passed(exchange: Exchange, answer: Awaitable[Response]) -> Response:
    try:
        return await answer
    except Refused as refused:
        return refused.response()


async def _searched(exchange: Exchange, params: Params) -> Response:
    params = asked_params(params)
    if (road := await _road(exchange)) is not None:
        return await _passed(exchange, road.search(exchange.type, params))
    _require(exchange, "s")
    translator = await _declaring(exchange, Interaction.SEARCH)
    type = exchange.type
    found: Found = await _live(exchange, lambda account: translator.search(account, type, params))
    found = seen_part(exchange, found)
    return json_response(searchset(f"{exchange.base}/via/{_connection(exchange)}", type, params, found))


def seen_part(exchange: Exchange, found: Found) -> Found:
    """What the caller sees of the EMR's answer; where that is not all, its total would tell of the rest."""
    type, sight = exchange.type, exchange.sight
    seen = tuple(
        each for each in found.resources if sight.admits_live(each, "s" if each["resourceType"] == type else "r")
    )
    if len(seen) == len(found.resources) and sight.limit(type, "s") in (None, sight.open_by_labels):
        return found
    return replace(found, resources=seen, total=None)


def searchset(base: str, type: str, params: Params, found: Found) -> dict[str, Any]:
    """The EMR's answer as a Bundle whose links lead to us."""
    links = [{"relation": "self", "url": f"{base}/{type}?{urlencode(params)}".rstrip("?")}]
    if found.next is not None:
        links.append({"relation": "next", "url": f"{base}/{type}?{found.next}"})
    entries: list[dict[str, Any]] = [
        {
            "fullUrl": f"{base}/{resource['resourceType']}/{resource['id']}",
            "resource": resource,
            "search": {"mode": "match" if resource["resourceType"] == type else "include"},
        }
        for resource in found.resources
    ]
    entries += [{"resource": outcome, "search": {"mode": "outcome"}} for outcome in found.issues]
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "link": links}
    if found.total is not None:
        bundle["total"] = found.total
    if entries:
        bundle["entry"] = entries
    return bundle


async def via_capabilities(request: Request) -> Response:
    """GET [base]/via/[connection]/metadata, open to all"""
    wanted(request)
    services = request.app.state.services
    realm = await anyio.to_thread.run_sync(services.auth.realm, request.path_params["org"])
    connection = request.path_params["connection"]
    runner, translator, account = await services.sync.runners.live(realm, connection, request.scope["request_id"])
    if isinstance(translator, Passing):
        theirs = await services.sync.runners.statements.of(account, partial(fetched, runner, translator))
        return Response(passed_statement(theirs, translator, account, realm), media_type=CONTENT_TYPE)
    statement = live_statement(translator, f"{realm.fhir_base}/via/{connection}")
    return Response(encode(statement), media_type=CONTENT_TYPE)


def live_statement(translator: Translator, url: str) -> dict[str, Any]:
    """What the translator declares as readable, and nothing else."""
    resources = [_resource(type, map) for type, map in sorted(translator.maps.items())]
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": __released__,
        "kind": "instance",
        "software": {"name": "Crosswalk", "version": __version__},
        "implementation": {"description": f"{translator.title}, live", "url": url},
        "fhirVersion": "4.0.1",
        "format": [FHIR_JSON, FHIR_XML],
        "rest": [{"mode": "server", "resource": [resource for resource in resources if resource["interaction"]]}],
    }


def _resource(type: str, map: Any) -> dict[str, Any]:
    readable = [i for i in (Interaction.READ, Interaction.SEARCH) if i in map.interactions]
    resource: dict[str, Any] = {"type": type, "interaction": [{"code": i.value} for i in readable]}
    if map.search:
        resource["searchParam"] = [_search_param(name, map.search) for name in sorted(map.search)]
    return resource


def _search_param(name: str, search: Mapping[str, str]) -> dict[str, str]:
    return {"name": name, "type": PARAMETER_TYPES.get(name, "string")}


def _require(exchange: Exchange, action: str) -> None:
    exchange.require(exchange.type, action)
    _refuse_patients(exchange)


def _refuse_patients(exchange: Exchange) -> None:
    """Patients have other ids at the EMR than here: a compartment of ours says nothing of its records."""
    if exchange.sight.is_held_to_patient:
        raise Forbidden("The live face of an EMR serves no patient launches; ask the store")


async def _declaring(exchange: Exchange, interaction: Interaction) -> Translator:
    """The translator, if it declares this type and interaction."""
    translator = await exchange.services.sync.runners.translator(exchange.realm, _connection(exchange))
    map = translator.maps.get(exchange.type)
    if map is None:
        raise NotFound(f"{translator.title} has no {exchange.type} here; GET metadata lists what it has")
    if interaction not in map.interactions:
        raise MethodNotAllowed(f"{translator.title} has no {interaction.value} of {exchange.type}")
    return translator


async def _live(exchange: Exchange, flow: Any) -> Any:
    request_id = exchange.request.scope["request_id"]
    return await exchange.services.sync.runners.run(
        exchange.realm, _connection(exchange), lambda _, account: flow(account), request_id
    )


def _connection(exchange: Exchange) -> str:
    connection: str = exchange.request.path_params["connection"]
    return connection
