"""The entries of a transaction or batch Bundle as requests: what each asks for, checked before anything is done.

FHIR R4 http.html#transaction and bundle.html#request.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from gateway.definitions.contract import Resource
from gateway.faults import Invalid, NotSupported
from gateway.interactions.changes import check_id
from gateway.negotiation import match_version

ACTIONS = {"POST": "c", "PUT": "u", "DELETE": "d", "GET": "r"}
ORDER = {"DELETE": 0, "POST": 1, "PUT": 2, "GET": 3}
"""The order in which a transaction's entries take effect (http.html#trules)."""
MAX_ENTRIES = 10_000


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

    @property
    def place(self) -> str:
        return f"Bundle.entry[{self.index}]"

    @property
    def action(self) -> str:
        return "s" if self.method == "GET" and self.id is None else ACTIONS[self.method]

    @property
    def params(self) -> list[tuple[str, str]]:
        return parse_qsl(self.query, keep_blank_values=True)


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
    method, url = request.get("method"), request.get("url")
    if not isinstance(method, str) or method not in ACTIONS:
        raise NotSupported(f"method is one of {', '.join(ACTIONS)}", f"{place}.request.method")
    type, id, query = _target(url, base, f"{place}.request.url")
    resource = entry.get("resource")
    _check_shape(method, type, id, resource, place)
    return Entry(
        index=index,
        method=method,
        type=type,
        id=id,
        query=query,
        resource=resource if method in ("POST", "PUT") else None,
        full_url=_text(entry.get("fullUrl"), f"{place}.fullUrl"),
        if_match=match_version(_text(request.get("ifMatch"), f"{place}.request.ifMatch")),
        if_none_exist=_text(request.get("ifNoneExist"), f"{place}.request.ifNoneExist"),
    )


def _target(url: Any, base: str, place: str) -> tuple[str, str | None, str]:
    text = _text(url, place) or ""
    parts = urlsplit(text.removeprefix(f"{base}/"))
    steps = parts.path.removeprefix("/").split("/")
    if parts.scheme or parts.netloc or not steps[0] or len(steps) > 2 or "$" in parts.path:
        raise NotSupported("url is [type], [type]/[id] or [type]?criteria below this base", place)
    return steps[0], check_id(steps[1], place) if len(steps) == 2 else None, parts.query


def _check_shape(method: str, type: str, id: str | None, resource: Any, place: str) -> None:
    if method in ("POST", "PUT"):
        if not isinstance(resource, dict):
            raise Invalid(f"A {method} entry has a resource", f"{place}.resource")
        if resource.get("resourceType") != type:
            raise Invalid("The resource is not of the type in request.url", f"{place}.resource.resourceType")
    if method == "POST" and id is not None:
        raise Invalid("A POST goes to the type; use PUT for a known id", f"{place}.request.url")
    if method == "PUT" and id is not None and resource.get("id") != id:
        raise Invalid("The resource's id is not the id in request.url", f"{place}.resource.id")
    if method in ("PUT", "DELETE") and id is None:
        raise NotSupported(f"A {method} needs an id in its url", f"{place}.request.url")


def _text(value: Any, place: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise Invalid("A string is expected", place)
    return value


def check_identities(entries: list[Entry]) -> None:
    """No two entries may act on the same identity, or carry the same fullUrl (http.html#trules, bdl-7)."""
    seen: dict[str, Entry] = {}
    for entry in entries:
        names = {entry.full_url} if entry.full_url and entry.method in ("POST", "PUT") else set()
        if entry.id is not None and entry.method in ("PUT", "DELETE"):
            names.add(f"{entry.type}/{entry.id}")
        for name in names:
            other = seen.setdefault(name, entry)
            if other is not entry:
                raise Invalid("Two entries act on the same identity", other.place, entry.place)
