"""A Bundle of an EMR on its way to one caller, entry by entry: what the caller may not see is left out, the rest stays.

Nothing goes out before it is known that a Bundle comes. Afterwards whatever is wrong raises, and the connection to the
client breaks off: half an answer never looks like a whole one. Memory holds one part of it at a time (splitting.py).
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import msgspec

from gateway.access.sight import Sight
from gateway.digits import decimal
from gateway.faults import EmrNonsense
from gateway.interactions.exchange import encode
from gateway.interactions.via_links import Links
from gateway.translation.splitting import Cut, Part, Splitter

T = TypeVar("T")
PACKET = 16 * 1024
LATE_S = 0.05
HELD = 1024 * 1024
"""Bytes that may come before the type of the resource is told."""
OUTCOME = "OperationOutcome"


class Head(msgspec.Struct):
    """As much of a resource as labels need."""

    resource_type: str = msgspec.field(name="resourceType")
    meta: Any = None


class Entry(msgspec.Struct):
    """As much of an entry as decides over it."""

    resource: msgspec.Raw = msgspec.Raw()


_head = msgspec.json.Decoder(Head)
_entry = msgspec.json.Decoder(Entry)
_whole = msgspec.json.Decoder(dict[str, Any], float_hook=decimal)


def decoded(decoder: msgspec.json.Decoder[T], body: bytes | msgspec.Raw) -> T:
    """Raises EmrNonsense."""
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, ArithmeticError, RecursionError):
        raise EmrNonsense("The EMR's answer is no FHIR JSON") from None


def type_of(body: bytes) -> str:
    """Of a resource; raises EmrNonsense."""
    return decoded(_head, body).resource_type


def member(part: bytes) -> tuple[str, Any]:
    """Its name and value."""
    found = decoded(_whole, b"{" + part + b"}")
    if len(found) != 1:
        raise EmrNonsense("The EMR's answer is no FHIR JSON")
    return next(iter(found.items()))


def sees(sight: Sight, asked: str | None, body: bytes | msgspec.Raw) -> bool:
    """Whether the caller sees a resource; those of the type that was searched are found, others are read."""
    head = decoded(_head, body)
    type = head.resource_type
    if type == OUTCOME:
        return True
    action = "s" if type == asked else "r"
    if sight.scoped(type, action) is None:
        return sight.admits_live({"resourceType": type, "meta": head.meta}, action)
    return sight.admits_live(decoded(_whole, body), action)


class SeenBundle:
    """Takes the bytes of the EMR and gives those for the caller."""

    def __init__(self, sight: Sight, asked: str | None, links: Links) -> None:
        """`asked` is the type that was searched; None where it was no search."""
        self._links = links
        self._sees: Callable[[msgspec.Raw], bool] = lambda body: sees(sight, asked, body)
        self._is_limited = asked is not None and sight.scoped(asked, "s") is not None
        self._may_count = sight.labels is None and not self._is_limited
        self._splitter = Splitter(array="entry")
        self._out = bytearray(b"{")
        self._is_bundle = False
        self._is_first = True
        self._opening: bytes | None = None
        """Of the entries, until there is one: no array of FHIR is empty."""
        self._is_opened = self._has_entries = False
        self._withheld = False
        self._last = 0.0
        self._total: bytes | None = None
        """Held until it is known whether it would tell of what is left out."""

    async def passed(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for piece in pieces:
            for cut in self._splitter.feed(piece):
                self._take(cut)
            if self._is_due():
                yield self._taken()
            elif not self._is_bundle and len(self._out) > HELD:
                raise EmrNonsense("The EMR's answer does not begin as a Bundle does")
        self._splitter.end()
        if not self._is_bundle:
            raise EmrNonsense("The EMR answered with something that is no Bundle")
        if self._total is not None and not self._withheld:
            self._write(self._total)
        yield self._taken() + b"}"

    def _is_due(self) -> bool:
        """An EMR that writes entry by entry is not passed on in as many small packets."""
        is_late = time.monotonic() - self._last > LATE_S
        return self._is_bundle and bool(self._out) and (is_late or len(self._out) >= PACKET)

    def _taken(self) -> bytes:
        taken, self._last = bytes(self._out), time.monotonic()
        self._out.clear()
        return taken

    def _take(self, cut: Cut) -> None:
        kind, part = cut
        match kind:
            case Part.MEMBER:
                self._member(part)
            case Part.OPENED:
                if self._is_opened:
                    raise EmrNonsense("The EMR answered with a Bundle that lists entries twice")
                self._opening, self._is_opened = part, True
            case Part.ELEMENT:
                self._element(part)
            case _:
                self._close(part)

    def _member(self, part: bytes) -> None:
        name, value = member(part)
        if name == "resourceType":
            self._is_bundle = value == "Bundle"
            if not self._is_bundle:
                raise EmrNonsense("The EMR answered with something that is no Bundle")
        if name == "entry":
            raise EmrNonsense("The EMR answered with a Bundle whose entries are no list")
        if name == "total" and not self._may_count:
            self._total = None if self._is_limited else part
            return
        links = self._links.ours(value) if name == "link" else None
        if links is None:
            self._write(self._links.addresses.to_ours(part))
        elif links:
            self._write(b'"link":' + encode(links))

    def _element(self, part: bytes) -> None:
        resource = decoded(_entry, part).resource
        if not bytes(resource) or not self._sees(resource):
            self._withheld = True
            return
        if self._opening is not None:
            self._write(self._opening)
            self._opening, self._is_first, self._has_entries = None, True, True
        self._write(self._links.addresses.to_ours(part))

    def _close(self, part: bytes) -> None:
        """The bracket, and the blanks behind it."""
        if self._has_entries:
            self._out += part

    def _write(self, part: bytes) -> None:
        self._out += part if self._is_first else b"," + part
        self._is_first = False
