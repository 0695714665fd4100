"""FHIR operation $meta: the profiles, tags and security labels of a resource, a type or the whole system.

https://hl7.org/fhir/R4/resource-operation-meta.html. Of a resource, one of its older versions included, it is the
meta that a read would show, without the resource; of a type and of the system, the labels that are in use.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from gateway.access.seen import SeenConnection
from gateway.faults import Forbidden, NotFound, TooLarge
from gateway.interactions.changes import present
from gateway.interactions.exchange import Exchange, json_response, version_headers
from gateway.operations.parameters import received
from gateway.store import document
from gateway.store.contract import Stored
from gateway.store.labels_sql import Labels

MOST_LABELS = 1000
VERSION_DIGITS = 18


async def meta_of_system(exchange: Exchange) -> Response:
    """GET or POST [base]/$meta"""
    await received(exchange, ())
    return await _in_use(exchange, searchable_types(exchange, None))


async def meta_of_type(exchange: Exchange) -> Response:
    """GET or POST [base]/[type]/$meta"""
    types = searchable_types(exchange, exchange.type)
    await received(exchange, ())
    return await _in_use(exchange, types)


async def meta_of_instance(exchange: Exchange) -> Response:
    """GET or POST [base]/[type]/[id]/$meta"""
    exchange.require(exchange.type, "r")
    await received(exchange, ())
    return meta_response(present(await exchange.store.read(exchange.type, exchange.id)))


async def meta_of_version(exchange: Exchange) -> Response:
    """GET or POST [base]/[type]/[id]/_history/[vid]/$meta"""
    exchange.require(exchange.type, "r")
    await received(exchange, ())
    version = exchange.request.path_params["vid"]
    if not (version.isascii() and version.isdigit() and len(version) <= VERSION_DIGITS):
        raise NotFound("There is no such version of this resource")
    return meta_response(present(await exchange.store.vread(exchange.type, exchange.id, int(version))))


def meta_response(stored: Stored) -> Response:
    return json_response(returned(meta_of(stored)), 200, version_headers(stored))


def meta_of(stored: Stored) -> dict[str, Any]:
    meta: dict[str, Any] = document.decode(stored.body)["meta"]
    return meta


def returned(meta: dict[str, Any]) -> dict[str, Any]:
    """A datatype is returned within Parameters (operations.html#response)."""
    parameter: dict[str, Any] = {"name": "return"}
    return {"resourceType": "Parameters", "parameter": [parameter | ({"valueMeta": meta} if meta else {})]}


def searchable_types(exchange: Exchange, type: str | None) -> tuple[str, ...]:
    """Which labels are in use is what searches by them would tell."""
    if type is not None:
        exchange.require(type, "s")
        if not exchange.sight.looks_into(type):
            raise Forbidden("The labels of all of these are for administrators; ask for those of one resource")
        return (type,)
    types = tuple(filter(exchange.sight.looks_into, sorted(exchange.services.definitions.served)))
    if not types:
        raise Forbidden("The token's scopes do not allow this: it needs the `s` of some type")
    return types


async def _in_use(exchange: Exchange, types: Sequence[str]) -> Response:
    return json_response(returned(await exchange.store.within(lambda seen: meta_in_use(seen, types))))


def meta_in_use(seen: SeenConnection, types: Sequence[str]) -> dict[str, Any]:
    labels = seen.labels(types, MOST_LABELS + 1)
    if max(len(labels.profiles), len(labels.security), len(labels.tags)) > MOST_LABELS:
        raise TooLarge(f"More than {MOST_LABELS} labels of one kind are in use; ask for the $meta of one type")
    return meta_from(labels)


def meta_from(labels: Labels) -> dict[str, Any]:
    parts: dict[str, Any] = {
        "profile": list(labels.profiles),
        "security": [coding(system, code) for system, code in labels.security],
        "tag": [coding(system, code) for system, code in labels.tags],
    }
    return {name: part for name, part in parts.items() if part}


def coding(system: str, code: str) -> dict[str, str]:
    return {"system": system, "code": code} if system else {"code": code}
