"""A Binary of an EMR on its way to one caller: its data is passed on piece by piece, in FHIR's form or as it is.

In FHIR's form all that decides whether the caller may see it has to come before the data. As it is (another media type
was asked for) it tells nothing of itself, so that it is for those whose scopes leave out no Binary; and it never runs
as a page of ours.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from starlette.requests import Request

from gateway.access.sight import Sight
from gateway.faults import EmrNonsense, Forbidden, Invalid, NotAcceptable, NotFound
from gateway.formats import media_type, wanted
from gateway.interactions.via_bundle import member, sees, type_of
from gateway.translation.addresses import Addresses
from gateway.translation.splitting import Cut, Part, Splitter
from gateway.translation.streamed import Streamed

BINARY = "Binary"
ACCEPT = re.compile(r"[A-Za-z0-9!#$&^_.+*/\-,;=\" ]{1,256}", re.ASCII)
DECIDING = frozenset({"resourceType", "id", "meta", "securityContext", "contentType"})
HARMLESS = {
    "Content-Disposition": "attachment",
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
}


def check_raw(request: Request, sight: Sight) -> str | None:
    """What to ask for where the client wants something else than a resource; None where it wants one."""
    try:
        wanted(request)
    except NotAcceptable:
        if "_format" in request.query_params:
            raise
        if not sight.allows_all(BINARY, "r"):
            raise Forbidden("As it is, a Binary is for tokens that may read every Binary; ask for FHIR JSON") from None
        accept = ",".join(request.headers.getlist("accept"))
        if not ACCEPT.fullmatch(accept):
            raise Invalid("Accept: name a few media types", "Accept") from None
        return accept
    return None


def raw_headers(answer: Streamed, accept: str) -> dict[str, str]:
    """Raises EmrNonsense where something else came than what was asked for."""
    type = media_type(answer.headers.get("content-type", ""))
    ranges = {media_type(part) for part in accept.split(",")}
    if type not in ranges and f"{type.partition('/')[0]}/*" not in ranges and "*/*" not in ranges:
        raise EmrNonsense("The EMR answered with another media type than was asked for")
    return dict(HARMLESS)


class SeenBinary:
    """Takes the bytes of the EMR and gives those for the caller."""

    def __init__(self, sight: Sight, addresses: Addresses) -> None:
        self._sight = sight
        self._addresses = addresses
        self._splitter = Splitter(text="data")
        self._out = bytearray(b"{")
        self._is_first = True
        self._deciding: list[bytes] = []
        self._is_decided = False
        self._in_data = False

    async def passed(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for piece in pieces:
            for cut in self._splitter.feed(piece):
                self._take(cut)
            if self._is_decided and self._out:
                yield self._taken()
        self._splitter.end()
        self._decide()
        yield self._taken() + b"}"

    def _taken(self) -> bytes:
        taken = bytes(self._out)
        self._out.clear()
        return taken

    def _take(self, cut: Cut) -> None:
        kind, part = cut
        if kind is Part.TEXT:
            self._decide()
            self._write(part, is_new=not self._in_data)
            self._in_data = True
            return
        name, _ = member(part)
        if self._is_decided and name in DECIDING:
            raise EmrNonsense("The EMR tells what a Binary is only behind its data")
        self._deciding.append(part)
        self._write(self._addresses.to_ours(part), is_new=True)

    def _write(self, part: bytes, *, is_new: bool) -> None:
        self._out += b"," + part if is_new and not self._is_first else part
        self._is_first = False

    def _decide(self) -> None:
        """Raises NotFound where the caller does not see it."""
        if self._is_decided:
            return
        resource = b"{" + b",".join(self._deciding) + b"}"
        if type_of(resource) != BINARY:
            raise EmrNonsense("The EMR answered the reading of a Binary with something else")
        if not sees(self._sight, None, resource):
            raise NotFound("There is no resource with this type and id")
        self._is_decided = True
