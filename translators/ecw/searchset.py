"""Bundles as eCW sends them: matches, the OperationOutcomes among them, and the way to the next page."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from gateway.faults import EmrNonsense
from gateway.translation.rows import Record

PAGES = 200
"""More pages than any answer has: eCW was seen to repeat its next link."""


def entries(bundle: Any) -> list[Record]:
    """The resources of a search answer."""
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise EmrNonsense("eClinicalWorks answered a search with something that is no Bundle")
    resources = [entry.get("resource") for entry in bundle.get("entry") or () if isinstance(entry, dict)]
    return [resource for resource in resources if isinstance(resource, dict)]


def matches(bundle: Any, type: str) -> list[Record]:
    found = [resource for resource in entries(bundle) if resource.get("resourceType") == type]
    if any(not isinstance(resource.get("id"), str) for resource in found):
        raise EmrNonsense(f"eClinicalWorks sent a {type} without id")
    return found


def next_query(bundle: Any) -> tuple[tuple[str, str], ...] | None:
    """The query of the next page. Only the query is taken from the link, so it cannot lead elsewhere."""
    links = bundle.get("link") or ()
    url = next((link.get("url") for link in links if link.get("relation") == "next"), None)
    return tuple(parse_qsl(urlsplit(url).query, keep_blank_values=True)) or None if isinstance(url, str) else None
