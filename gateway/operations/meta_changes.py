"""FHIR operations $meta-add and $meta-delete: profiles, tags and security labels put to or taken from a resource.

https://hl7.org/fhir/R4/resource-operation-meta-add.html and resource-operation-meta-delete.html. R4 lets a server
change labels with or without a new version (Meta.tag, Meta.security). Here it is a new version, as everything that
changes the bytes of a resource is: entity tags, histories and what is pushed on rely on that. What is there already,
or is not there to be taken, changes nothing. Of the meta that is sent only the labels matter; versionId, lastUpdated
and source are not changed this way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from starlette.responses import Response

from gateway.definitions.contract import Resource
from gateway.faults import Invalid
from gateway.interactions.changes import check_id
from gateway.interactions.exchange import Exchange
from gateway.negotiation import match_version
from gateway.operations.meta import meta_response
from gateway.operations.parameters import Given, Takes, received

TAKES = (Takes("meta", ("valueMeta",)),)
CODINGS = ("security", "tag")
Meta = dict[str, Any]
Change = Callable[[Meta, Meta], Meta]


async def meta_add(exchange: Exchange) -> Response:
    """POST [base]/[type]/[id]/$meta-add"""
    return await _change(exchange, added)


async def meta_delete(exchange: Exchange) -> Response:
    """POST [base]/[type]/[id]/$meta-delete"""
    return await _change(exchange, removed)


async def _change(exchange: Exchange, change: Change) -> Response:
    exchange.require(exchange.type, "u")
    id = check_id(exchange.id)
    if_match = match_version(exchange.request.headers.get("if-match"), "If-Match")
    labels = labels_of((await received(exchange, TAKES)).one("meta"))

    def apply(resource: Resource) -> Resource:
        return with_meta(resource, change(resource.get("meta", {}), labels))

    stored = await exchange.commit(lambda changes: changes.patch(exchange.type, id, apply, if_match))
    return meta_response(stored)


def labels_of(given: Given | None) -> Meta:
    if given is None:
        raise Invalid("Send a Parameters resource with the parameter `meta`, a valueMeta", "Parameters.parameter")
    labels: Meta = {name: given.value[name] for name in ("profile", *CODINGS) if name in given.value}
    for name in CODINGS:
        for number, label in enumerate(labels.get(name, ())):
            if "code" not in label:
                raise Invalid("A label is known by system and code; give its code", f"{given.place}.{name}[{number}]")
    return labels


def added(meta: Meta, labels: Meta) -> Meta:
    """Profiles are known by their URL, tags and security labels by system and code."""
    profiles = list(dict.fromkeys((*meta.get("profile", ()), *labels.get("profile", ()))))
    return meta | {"profile": profiles} | {name: united(meta.get(name, ()), labels.get(name, ())) for name in CODINGS}


def removed(meta: Meta, labels: Meta) -> Meta:
    profiles = [url for url in meta.get("profile", ()) if url not in labels.get("profile", ())]
    return meta | {"profile": profiles} | {name: without(meta.get(name, ()), labels.get(name, ())) for name in CODINGS}


def united(codings: Iterable[Mapping[str, Any]], more: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """What is there stays as it is, in its place."""
    found = list(codings)
    known = {identity(coding) for coding in found}
    for coding in more:
        if identity(coding) not in known:
            known.add(identity(coding))
            found.append(coding)
    return found


def without(codings: Iterable[Mapping[str, Any]], taken: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    gone = {identity(coding) for coding in taken}
    return [coding for coding in codings if identity(coding) not in gone]


def identity(coding: Mapping[str, Any]) -> tuple[str | None, str | None]:
    return coding.get("system"), coding.get("code")


def with_meta(resource: Resource, meta: Meta) -> Resource:
    """An empty list is none (json.html#null)."""
    kept = {name: value for name, value in meta.items() if value != []}
    return resource | {"meta": kept}
