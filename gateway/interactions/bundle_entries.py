"""The entries of a transaction or batch Bundle as requests: what each asks for, checked before anything is done.

FHIR R4 http.html#transaction and bundle.html#request.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from gateway.definitions.contract import Resource
from gateway.faults import Invalid, NotSupported
from gateway.interactions.changes import check_id
from gateway.interactions.references import Link, references
from gateway.negotiation import match_version

ACTIONS = {"POST": "c", "PUT": "u", "DELETE": "d", "GET": "r"}
MAX_ENTRIES = 10_000
TARGET = re.compile(r"/?(?P<type>[A-Za-z]+)(?:/(?P<id>[^/?#]*))?(?:\?(?P<query>[^#]*))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Entry:
    """One request of a Bundle. `id` None: the whole type (create, search)."""

    index: int
    method: str
    type: str
    id: str | None
    query: str
    resource: Resource | None
    full_url: str | None
    if_match: int | None
    if_none_exist: str | None
    links: tuple[Link, ...]
    """The references in its resource that a transaction has to make literal."""

    @property
    def place(self) -> str:
        return f"Bundle.entry[{self.index}]"

    @property
    def action(self) -> str:
        return "s" if self.method == "GET" and self.id is None else ACTIONS[self.method]

    @property
    def params(self) -> list[tuple[str, str]]:
        return parse_qsl(self.query, keep_blank_values=True)

    @property
    def conditions(self) -> list[tuple[Link, str, str]]:
        """Its conditional references, each with the type and the criteria."""
        return [(link, *condition) for link in self.links if (condition := link.condition)]


def entries_of(bundle: Resource) -> list[Any]:
    entries = bundle.get("entry", [])
    if not isinstance(entries, list):
        raise Invalid("entry is a list", "Bundle.entry")
    if len(entries) > MAX_ENTRIES:
        raise Invalid(f"More than {MAX_ENTRIES} entries; split the Bundle", "Bundle.entry")
    return entries


def read_entry(index: int, entry: Any, base: str) -> Entry:
    """Raises Invalid or NotSupported, naming the place below `Bundle.entry[index]`."""
    place = f"Bundle.entry[{index}]"
    request = entry.get("request") if isinstance(entry, dict) else None
    if not isinstance(request, dict):
        raise Invalid("Each entry of a transaction or batch has a request", f"{place}.request")
    method = request.get("method")
    if not isinstance(method, str) or method not in ACTIONS:
        raise NotSupported(f"method is one of {', '.join(ACTIONS)}", f"{place}.request.method")
    type, id, query = _target(_text(request, "url", f"{place}.request"), base, f"{place}.request.url")
    _check_shape(method, type, id, query, entry.get("resource"), place)
    resource = entry["resource"] if method in ("POST", "PUT") else None
    return Entry(
        index=index,
        method=method,
        type=type,
        id=id,
        query=query,
        resource=resource,
        full_url=_text(entry, "fullUrl", place),
        if_match=match_version(_text(request, "ifMatch", f"{place}.request"), f"{place}.request.ifMatch"),
        if_none_exist=_condition(method, request, f"{place}.request"),
        links=_links(resource, f"{place}.resource"),
    )


def _target(url: str | None, base: str, place: str) -> tuple[str, str | None, str]:
    found = TARGET.fullmatch((url or "").removeprefix(f"{base}/"))
    if found is None:
        raise NotSupported("url is [type], [type]/[id] or [type]?criteria below this base", place)
    id = found["id"]
    return found["type"], None if id is None else check_id(id, place), found["query"] or ""


def _check_shape(method: str, type: str, id: str | None, query: str, resource: Any, place: str) -> None:
    if method == "POST" and id is not None:
        raise Invalid("A POST goes to the type; use PUT for a known id", f"{place}.request.url")
    if method in ("PUT", "DELETE") and id is None:
        raise NotSupported(f"A {method} needs an id in its url", f"{place}.request.url")
    if method != "GET" and query:
        raise NotSupported(f"A {method} takes no criteria in its url", f"{place}.request.url")
    if method in ("POST", "PUT"):
        _check_resource(method, type, id, resource, place)


def _check_resource(method: str, type: str, id: str | None, resource: Any, place: str) -> None:
    if not isinstance(resource, dict):
        raise Invalid(f"A {method} entry has a resource", f"{place}.resource")
    if resource.get("resourceType") != type:
        raise Invalid("The resource is not of the type in request.url", f"{place}.resource.resourceType")
    if method == "PUT" and resource.get("id") != id:
        raise Invalid("The resource's id is not the id in request.url", f"{place}.resource.id")


def _condition(method: str, request: dict[str, Any], place: str) -> str | None:
    criteria = _text(request, "ifNoneExist", place)
    if criteria is not None and method != "POST":
        raise NotSupported("ifNoneExist goes with POST", f"{place}.ifNoneExist")
    return criteria


def _links(resource: Resource | None, place: str) -> tuple[Link, ...]:
    """Called before the resource is validated: what is nested too deeply for that has no links here."""
    try:
        return tuple(link for link in references(resource, place) if link.condition or link.is_placeholder)
    except RecursionError:
        return ()


def _text(container: dict[str, Any], name: str, place: str) -> str | None:
    value = container.get(name)
    if value is not None and not isinstance(value, str):
        raise Invalid("A string is expected", f"{place}.{name}")
    return value


def check_identities(entries: list[Entry]) -> None:
    """No two entries may act on the same identity, or carry the same fullUrl (http.html#trules, bdl-7)."""
    seen: dict[str, Entry] = {}
    for entry in entries:
        for name in _names(entry):
            other = seen.setdefault(name, entry)
            if other is not entry:
                raise Invalid("Two entries act on the same identity", other.place, entry.place)


def _names(entry: Entry) -> set[str]:
    names = {entry.full_url} if entry.full_url and entry.method in ("POST", "PUT") else set()
    if entry.id is not None and entry.method in ("PUT", "DELETE"):
        names.add(f"{entry.type}/{entry.id}")
    return names
