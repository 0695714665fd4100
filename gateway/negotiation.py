"""Request and response formats: what a client may send, what it asks for, and how bodies are read within limits.

FHIR R4 http.html#mime-type: `_format` overrides Accept; JSON is the one format served.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import msgspec
from starlette.requests import Request

from gateway.faults import Invalid, Malformed, NotAcceptable, TooLarge, UnsupportedMedia

FHIR_JSON = "application/fhir+json"
CONTENT_TYPE = f"{FHIR_JSON};charset=utf-8"
JSON_TYPES = frozenset({FHIR_JSON, "application/json", "text/json", "application/json+fhir"})
JSON_FORMATS = JSON_TYPES | {"json"}
ANYTHING = frozenset({"*/*", "application/*", ""})
MAX_BODY = 64 * 1024 * 1024
BODY_SECONDS = 60

_decoder = msgspec.json.Decoder(float_hook=Decimal)


def check_accepts_json(request: Request) -> None:
    """Raise NotAcceptable when the client wants none of the formats served."""
    wanted = request.query_params.get("_format")
    if wanted is not None:
        # A "+" in a query is a blank: `_format=application/fhir+json` arrives without it.
        if wanted.replace(" ", "+").partition(";")[0].strip() not in JSON_FORMATS:
            raise NotAcceptable("_format: this server answers application/fhir+json only", "_format")
        return
    accept = request.headers.get("accept", "")
    offered = {part.partition(";")[0].strip().lower() for part in accept.split(",")}
    if offered.isdisjoint(JSON_TYPES | ANYTHING):
        raise NotAcceptable("Accept: this server answers application/fhir+json only")


def check_sends_json(request: Request) -> None:
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() not in JSON_TYPES:
        raise UnsupportedMedia("Content-Type: send application/fhir+json")


async def read_body(request: Request, limit: int = MAX_BODY) -> bytes:
    """The whole body; raises TooLarge as soon as it is known to be over the limit."""
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > limit:
        raise TooLarge(f"The body is over the limit of {limit} bytes; send it in smaller Bundles")
    parts, size = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > limit:
                    raise TooLarge(f"The body is over the limit of {limit} bytes; send it in smaller Bundles")
                parts.append(part)
    except TimeoutError:
        raise Malformed(f"The body did not arrive within {BODY_SECONDS} seconds") from None
    return b"".join(parts)


def parse_resource(body: bytes) -> dict[str, Any]:
    """A resource as plain dicts, decimals as they are written. Raises Malformed, with no text of the body in it."""
    try:
        parsed = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed(f"The body is not JSON: {_place(error)}") from None
    except RecursionError:
        raise Malformed("The body is nested too deeply") from None
    if not isinstance(parsed, dict) or not isinstance(parsed.get("resourceType"), str):
        raise Malformed(
            "The body is not a FHIR resource: a JSON object with a resourceType is expected", "resourceType"
        )
    return parsed


def _place(error: Exception) -> str:
    """msgspec says what it expected and where; it quotes single characters only."""
    return str(error) if isinstance(error, msgspec.DecodeError) else "it is not UTF-8"


async def receive_resource(request: Request) -> dict[str, Any]:
    check_sends_json(request)
    return parse_resource(await read_body(request))


def match_version(header: str | None) -> int | None:
    """The version of an `If-Match: W/"3"` header; None where there is none (http.html#concurrency)."""
    if header is None:
        return None
    text = header.strip().removeprefix("W/").strip('"')
    if not text.isdigit() or len(text) > 18:
        raise Invalid('If-Match: write a version as W/"3"')
    return int(text)
