"""Validation before a write: every issue of a resource, told at its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import anyio
from starlette.requests import Request

from gateway.definitions.contract import NONE, Definitions, Demanded, Resource
from gateway.faults import Invalid, Issue
from gateway.negotiation import check_sends_resource, parse_resource, read_body

ASIDE = 64 * 1024
"""Bodies beyond this many bytes are parsed and checked in a thread, so that other requests need not wait."""


async def receive_valid(request: Request, definitions: Definitions, fits: Callable[[Resource], None]) -> Resource:
    """The resource in the body; `fits` raises when it is not the one that the URL speaks of."""
    format = check_sends_resource(request)
    body = await read_body(request)

    def checked() -> Resource:
        resource = parse_resource(body, format)
        fits(resource)
        check_valid(definitions, resource)
        return resource

    return checked() if len(body) <= ASIDE else await anyio.to_thread.run_sync(checked)


def check_valid(definitions: Definitions, resource: Resource, demanded: Demanded = NONE) -> None:
    """Raises Invalid with all issues."""
    if issues := definitions.validate(resource, demanded):
        raise Invalid(issues)


def check_entry(definitions: Definitions, type: object, index: int, entry: object) -> None:
    """The same for one entry of a Bundle, its request and fullUrl included; the issues name `Bundle.entry[index]`."""
    if issues := definitions.validate({"resourceType": "Bundle", "type": type, "entry": [entry]}):
        raise Invalid(tuple(moved(issue, index) for issue in issues))


def check_shell(definitions: Definitions, bundle: Resource) -> None:
    """What a Bundle says outside its entries, and what it says of them taken together."""
    check_valid(definitions, {name: value for name, value in bundle.items() if name != "entry"})
    if bundle.get("entry") == []:
        raise Invalid("Leave the element out instead of sending an empty array", "Bundle.entry")
    check_full_urls(bundle.get("entry"))


def check_full_urls(entries: object) -> None:
    """bdl-7, over entries whose own shapes are yet to be looked at; names both of two that share a fullUrl."""
    seen: dict[tuple[str, str | None], str] = {}
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        url = entry.get("fullUrl") if isinstance(entry, dict) else None
        if isinstance(url, str):
            place = f"Bundle.entry[{index}]"
            other = seen.setdefault((url, version_of(entry.get("resource"))), place)
            if other != place:
                text = "Two entries have the same fullUrl; give each one of its own, or other versions of it (bdl-7)"
                raise Invalid((Issue(text, (other, place), "invariant"),))


def version_of(resource: object) -> str | None:
    meta = resource.get("meta") if isinstance(resource, dict) else None
    version = meta.get("versionId") if isinstance(meta, dict) else None
    return version if isinstance(version, str) else None


def moved(issue: Issue, index: int) -> Issue:
    """From the Bundle of one entry to the Bundle that it came in."""
    here, there = "Bundle.entry[0]", f"Bundle.entry[{index}]"
    places = (there + place.removeprefix(here) if place.startswith(here) else place for place in issue.expression)
    return replace(issue, expression=tuple(places))
