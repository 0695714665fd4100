"""Validation before a write: every issue of a resource, told at its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import anyio
from starlette.requests import Request

from gateway.definitions.contract import Definitions, Resource
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


def check_valid(definitions: Definitions, resource: Resource) -> None:
    """Raises Invalid with all issues."""
    if issues := definitions.validate(resource):
        raise Invalid(issues)


def check_entry(definitions: Definitions, type: object, index: int, entry: object) -> None:
    """The same for one entry of a Bundle, its request and fullUrl included; the issues name `Bundle.entry[index]`."""
    if issues := definitions.validate({"resourceType": "Bundle", "type": type, "entry": [entry]}):
        raise Invalid(tuple(moved(issue, index) for issue in issues))


def check_shell(definitions: Definitions, bundle: Resource) -> None:
    """What a Bundle says outside its entries."""
    check_valid(definitions, {name: value for name, value in bundle.items() if name != "entry"})


def moved(issue: Issue, index: int) -> Issue:
    """From the Bundle of one entry to the Bundle that it came in."""
    here, there = "Bundle.entry[0]", f"Bundle.entry[{index}]"
    return replace(issue, expression=tuple(there + place.removeprefix(here) for place in issue.expression))
