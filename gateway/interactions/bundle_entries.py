"""The entries of a transaction or batch Bundle as requests: what each asks for, checked before anything is done.

FHIR R4 http.html#transaction and bundle.html#request.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from gateway.definitions.contract import Resource
from gateway.faults import Invalid, NotSupported
from gateway.interactions.changes import check_id
from gateway.interactions.patch import JSON_PATCH, Patch
from gateway.interactions.references import Link, references
from gateway.negotiation import match_version, parse_json
from gateway.search.dates import date_range

ACTIONS = {"POST": "c", "PUT": "u", "PATCH": "u", "DELETE": "d", "GET": "r", "HEAD": "r"}
READING = frozenset({"GET", "HEAD"})
BY_CRITERIA = frozenset({"PUT", "PATCH", "DELETE"})
CARRYING = frozenset({"POST", "PUT"})
MAX_ENTRIES = 10_000
TARGET = re.compile(
    r"/?(?:(?P<type>[A-Za-z]+)(?:/(?P<id>[^/?#_$][^/?#]*)(?:/(?P<compartment>[A-Z][A-Za-z]+|\*)(?=\?|\Z))?)?"
    r"(?P<history>/_history(?:/(?P<vid>[^/?#]+))?)?"
    r"(?:/\$(?P<operation>[a-z-]+))?|(?P<system>_history)|\$(?P<of_system>[a-z-]+))?"
    r"(?:\?(?P<query>[^#]*))?",
    re.ASCII,
)
OPERATIONS = frozenset({"everything", "meta"})
"""Those that an entry can call: they change nothing."""
VERSION = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Target:
    """What an entry's `request.url` names. `type` None: the system, its history or $meta; `id` None: the whole type."""

    type: str | None
    id: str | None
    history: bool
    version: int | None
    query: str
    operation: str | None = None
    compartment: str | None = None
    """The type that is searched in the compartment of `type`/`id`, or * for all."""

    @property
    def is_of_several(self) -> bool:
        """A search of the system, or of a compartment."""
        alone = self.type is None and self.operation is None and not self.history
        return alone or self.compartment is not None


@dataclass(frozen=True, slots=True)
class Entry:
    """One request of a Bundle. `id` None: criteria in its url, a whole type, or (create) an id yet to be chosen."""

    index: int
    method: str
    target: Target
    resource: Resource | None
    patch: Patch | None
    full_url: str | None
    if_match: int | None
    if_none_match: str | None
    if_modified_since: int | None
    """UTC microseconds."""
    if_none_exist: str | None
    links: tuple[Link, ...]
    """The references in its resource that a transaction has to make literal."""

    @property
    def type(self) -> str:
        return self.target.type or ""

    @property
    def id(self) -> str | None:
        return self.target.id

    @property
    def criteria(self) -> str | None:
        """Of a conditional update, patch or delete."""
        return self.target.query if self.method in BY_CRITERIA and self.id is None else None

    @property
    def place(self) -> str:
        return f"Bundle.entry[{self.index}]"

    @property
    def needs(self) -> list[tuple[str, str]]:
        """(type, action) of each scope that it takes; operations, and what is of several types, see to their own."""
        if self.target.type is None or self.target.operation is not None or self.target.is_of_several:
            return []
        if self.method in READING:
            return [(self.type, "s" if self.id is None else "r")]
        needed = [(self.type, ACTIONS[self.method])]
        return needed if self.criteria is None else [*needed, (self.type, "s")]

    @property
    def params(self) -> list[tuple[str, str]]:
        return parse_qsl(self.target.query, keep_blank_values=True)

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
    at = f"{place}.request"
    target = _target(_text(request, "url", at), base, f"{at}.url")
    _check_shape(method, target, entry.get("resource"), place)
    resource = entry["resource"] if method in CARRYING else None
    patch = _patch(entry.get("resource"), f"{place}.resource") if method == "PATCH" else None
    return Entry(
        index=index,
        method=method,
        target=target,
        resource=resource,
        patch=patch,
        full_url=_text(entry, "fullUrl", place),
        if_match=match_version(_text(request, "ifMatch", at), f"{at}.ifMatch"),
        if_none_match=_if_none_match(method, request, at),
        if_modified_since=_since(method, request, at),
        if_none_exist=_condition(method, request, at),
        links=_links(patch.document if patch else resource, f"{place}.resource"),
    )


def _target(url: str | None, base: str, place: str) -> Target:
    below = url.removeprefix(base) if url and url.startswith((f"{base}/", f"{base}?")) else url
    found = TARGET.fullmatch(below) if below else None
    if found is None:
        raise NotSupported("url is [type], [type]/[id], their _history, or [type]?criteria, below this base", place)
    id, version = found["id"], found["vid"]
    if version is not None and (id is None or not VERSION.fullmatch(version)):
        raise Invalid("A version is a whole number behind [type]/[id]/_history/", place)
    return Target(
        type=found["type"],
        id=None if id is None else check_id(id, place),
        history=bool(found["history"] or found["system"]),
        version=None if version is None else int(version),
        query=found["query"] or "",
        operation=found["operation"] or found["of_system"],
        compartment=found["compartment"],
    )


def is_called(target: Target) -> bool:
    if target.operation == "everything":
        return target.type == "Patient" and target.id is not None and not target.history
    return target.operation in OPERATIONS and (target.version is not None or not target.history)


def _check_shape(method: str, target: Target, resource: Any, place: str) -> None:
    url = f"{place}.request.url"
    if target.operation is not None and (method not in READING or not is_called(target)):
        raise NotSupported("An entry gets [type]/[id]/$meta or Patient/[id]/$everything; call others alone", url)
    if method not in READING and target.history:
        raise NotSupported(f"A {method} does not go to a history", url)
    if method not in READING and target.is_of_several:
        raise NotSupported(f"A {method} goes to [type] or [type]/[id]", url)
    if method == "POST" and target.id is not None:
        raise Invalid("A POST goes to the type; use PUT for a known id", url)
    if method in BY_CRITERIA and target.id is None and not target.query:
        raise Invalid(f"A {method} needs an id or criteria in its url", url)
    if target.query and (method == "POST" or (method in BY_CRITERIA and target.id is not None)):
        raise NotSupported(f"This {method} takes no criteria in its url", url)
    if method in CARRYING:
        _check_resource(method, target, resource, place)


def _check_resource(method: str, target: Target, resource: Any, place: str) -> None:
    if not isinstance(resource, dict):
        raise Invalid(f"A {method} entry has a resource", f"{place}.resource")
    if resource.get("resourceType") != target.type:
        raise Invalid("The resource is not of the type in request.url", f"{place}.resource.resourceType")
    if method == "PUT" and target.id is not None and resource.get("id") != target.id:
        raise Invalid("The resource's id is not the id in request.url", f"{place}.resource.id")


def _patch(resource: Any, place: str) -> Patch:
    """http.html#patch: in Bundles a JSON Patch is a Binary."""
    if not isinstance(resource, dict) or resource.get("resourceType") not in ("Binary", "Parameters"):
        raise Invalid("A PATCH entry has a Parameters resource, or a JSON Patch in a Binary", place)
    if resource["resourceType"] == "Parameters":
        return Patch(resource)
    data = resource.get("data")
    if resource.get("contentType") != JSON_PATCH or not isinstance(data, str):
        raise NotSupported(f"The Binary of a PATCH has the contentType {JSON_PATCH}, and data", f"{place}.contentType")
    try:
        return Patch(parse_json(binascii.a2b_base64(data)))
    except (binascii.Error, ValueError):
        raise Invalid("Send the patch in base64", f"{place}.data") from None


def _if_none_match(method: str, request: dict[str, Any], place: str) -> str | None:
    tags = _text(request, "ifNoneMatch", place)
    if tags is not None and method not in READING and not (method == "PUT" and tags.strip() == "*"):
        raise NotSupported("ifNoneMatch goes with GET, or as * with PUT", f"{place}.ifNoneMatch")
    return tags


def _since(method: str, request: dict[str, Any], place: str) -> int | None:
    text = _text(request, "ifModifiedSince", place)
    if text is None:
        return None
    if method not in READING:
        raise NotSupported("ifModifiedSince goes with GET", f"{place}.ifModifiedSince")
    try:
        return date_range(text)[0]
    except ValueError:
        raise Invalid("ifModifiedSince is an instant", f"{place}.ifModifiedSince") from None


def _condition(method: str, request: dict[str, Any], place: str) -> str | None:
    criteria = _text(request, "ifNoneExist", place)
    if criteria is not None and method != "POST":
        raise NotSupported("ifNoneExist goes with POST", f"{place}.ifNoneExist")
    return criteria


def _links(resource: Any, place: str) -> tuple[Link, ...]:
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
                raise same_identity(other, entry)


def same_identity(one: Entry, other: Entry) -> Invalid:
    return Invalid("Two entries act on the same identity", one.place, other.place)


def _names(entry: Entry) -> set[str]:
    names = {entry.full_url} if entry.full_url and entry.method in ("POST", "PUT") else set()
    if entry.method in BY_CRITERIA:
        names.add(f"{entry.type}/{entry.id}" if entry.id is not None else f"{entry.type}?{entry.criteria}")
    return names
