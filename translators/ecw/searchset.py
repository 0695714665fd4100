"""Bundles as eCW sends them: matches, the OperationOutcomes among them, and the way to the next page."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from gateway.faults import EmrNonsense
from gateway.translation.rows import Record

LISTS = ("identifier", "name", "telecom", "address", "communication", "extension")
PAGES = 200
"""More pages than any answer has: eCW was seen to repeat its next link."""


def entries(bundle: Any) -> list[Record]:
    """The resources of a search answer."""
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise EmrNonsense("eClinicalWorks answered a search with something that is no Bundle")
    listed = bundle.get("entry") or []
    if not isinstance(listed, list):
        raise EmrNonsense("eClinicalWorks answered a search with a Bundle whose entries are no list")
    resources = [entry.get("resource") for entry in listed if isinstance(entry, dict)]
    return [resource for resource in resources if isinstance(resource, dict)]


def matches(bundle: Any, type: str) -> list[Record]:
    found = [resource for resource in entries(bundle) if resource.get("resourceType") == type]
    for resource in found:
        check(resource, type)
    return found


def check(resource: Any, type: str, id: str | None = None) -> None:
    """What everything after relies on: the type, an id (the one that was asked for), lists where FHIR has lists."""
    is_expected = isinstance(resource, dict) and resource.get("resourceType") == type
    if not is_expected or not isinstance(resource.get("id"), str) or id not in (None, resource["id"]):
        raise EmrNonsense(f"eClinicalWorks answered with something else than the {type} that was asked for")
    for name in LISTS if type == "Patient" else ():
        items = resource.get(name, [])
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise EmrNonsense(f"eClinicalWorks sent a Patient whose {name} is no list of objects")


def next_query(bundle: Any) -> tuple[tuple[str, str], ...] | None:
    """The query of the next page. Only the query is taken from the link, so it cannot lead elsewhere."""
    links = [link for link in bundle.get("link") or () if isinstance(link, dict)]
    url = next((link.get("url") for link in links if link.get("relation") == "next"), None)
    return tuple(parse_qsl(urlsplit(url).query, keep_blank_values=True)) or None if isinstance(url, str) else None
