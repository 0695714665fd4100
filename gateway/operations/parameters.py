"""What a caller hands to an operation: in the address, or in a Parameters resource (R4, operations.html#executing).

Primitive values arrive as text from an address and typed from a body; operations get text either way, and resources
and other objects as they are. What the operation does not take is refused, at its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import anyio

from gateway.definitions.contract import Resource
from gateway.faults import Invalid
from gateway.interactions.exchange import Exchange
from gateway.interactions.validation import check_valid
from gateway.negotiation import check_sends_resource, parse_resource, read_body
from gateway.search.criteria import printable
from gateway.search.dates import date_range
from gateway.search.parse import storable

ELSEWHERE = frozenset({"_format", "_pretty"})
"""Answered by other parts of the gateway."""
PARAMETERS = "Parameters"
LONGEST = 9
"""Digits of a number."""


@dataclass(frozen=True, slots=True)
class Takes:
    """One input parameter of an operation."""

    name: str
    keys: tuple[str, ...]
    """Where its value may stand in Parameters.parameter; none: in addresses only."""
    many: bool = False

    @property
    def is_primitive(self) -> bool:
        return "resource" not in self.keys and "valueMeta" not in self.keys


@dataclass(frozen=True, slots=True)
class Given:
    """One value that was handed over, and where."""

    name: str
    value: Any
    place: str

    @property
    def text(self) -> str:
        return str(self.value)


class Arguments:
    """All that was handed over, each name no more often than it may be."""

    def __init__(self, given: Sequence[Given], takes: Sequence[Takes]) -> None:
        self.given = given
        many = {each.name for each in takes if each.many}
        seen: set[str] = set()
        for each in given:
            if each.name in seen and each.name not in many:
                raise Invalid(f"Give `{each.name}` once", each.place)
            seen.add(each.name)

    def one(self, name: str) -> Given | None:
        return next(iter(self.all(name)), None)

    def all(self, name: str) -> list[Given]:
        return [each for each in self.given if each.name == name]


async def received(
    exchange: Exchange, takes: Sequence[Takes], loosened: Callable[[Resource], Resource] = lambda sent: sent
) -> Arguments:
    """Those of the address and of the body; `loosened` is what of the body has to be valid."""
    given = list(of_address(exchange.request.query_params.multi_items(), takes))
    body = await read_body(exchange.request) if exchange.request.method == "POST" else b""
    if body:
        format = check_sends_resource(exchange.request)

        def read() -> list[Given]:
            sent = parse_resource(body, format)
            check_valid(exchange.services.definitions, loosened(sent))
            return list(of_body(sent, takes))

        given += await anyio.to_thread.run_sync(read)
    return Arguments(given, takes)


def of_address(params: Sequence[tuple[str, str]], takes: Sequence[Takes]) -> Iterator[Given]:
    known = {each.name for each in takes if each.is_primitive}
    for name, text in params:
        if name in ELSEWHERE:
            continue
        if name not in known or not storable(text):
            raise Invalid(advice(takes), printable(name))
        yield Given(name, text, name)


def of_body(sent: Resource, takes: Sequence[Takes]) -> Iterator[Given]:
    """A resource may stand for the Parameters that hold it, where an operation takes one."""
    if sent["resourceType"] != PARAMETERS:
        named = next((each.name for each in takes if "resource" in each.keys), None)
        if named is None:
            raise Invalid("Send the parameters as a Parameters resource", "resourceType")
        yield Given(named, sent, sent["resourceType"])
        return
    keys = {each.name: each.keys for each in takes}
    for number, parameter in enumerate(sent.get("parameter", ())):
        place = f"{PARAMETERS}.parameter[{number}]"
        key = next((key for key in keys.get(parameter["name"], ()) if key in parameter), None)
        if key is None:
            raise Invalid(advice(takes), place)
        yield Given(parameter["name"], plain(parameter[key]), f"{place}.{key}")


def plain(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value if isinstance(value, dict) else str(value)


def advice(takes: Sequence[Takes]) -> str:
    listed = ", ".join(f"{each.name} ({', '.join(each.keys)})" for each in takes if each.keys)
    return f"This operation takes {listed or 'no parameters'}; leave others out"


# --- primitive values -----------------------------------------------------------------------------------------------


def whole_number(given: Given | None, least: int, most: int, otherwise: int) -> int:
    """More than the most is the most."""
    if given is None:
        return otherwise
    text = given.text
    if not (text.isascii() and text.isdigit() and int(text[:LONGEST]) >= least):
        raise Invalid(f"Write `{given.name}` as a whole number from {least}", given.place)
    return most if len(text) > LONGEST else min(int(text), most)


def boolean(given: Given | None) -> bool:
    if given is None:
        return False
    if given.text not in ("true", "false"):
        raise Invalid(f"Write `{given.name}` as true or false", given.place)
    return given.text == "true"


def moment(given: Given | None) -> tuple[int, int] | None:
    """The range of UTC microseconds that a date or an instant covers."""
    if given is None:
        return None
    try:
        return date_range(given.text)
    except ValueError:
        raise Invalid(f"Write `{given.name}` as a date or an instant", given.place) from None
