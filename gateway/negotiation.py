"""Request and response formats: what a client may send, what it asks for, and how bodies are read within limits.

FHIR R4 http.html#mime-type: `_format` overrides Accept; JSON is the one format served.
"""

from __future__ import annotations

import asyncio
import re
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec
from starlette.requests import Request

from gateway.faults import Invalid, Malformed, NotAcceptable, TooLarge, UnsupportedMedia
from gateway.json_keys import RepeatedName, check_unique

FHIR_JSON = "application/fhir+json"
CONTENT_TYPE = f"{FHIR_JSON};charset=utf-8"
JSON_TYPES = frozenset({FHIR_JSON, "application/json", "text/json", "application/json+fhir"})
JSON_FORMATS = JSON_TYPES | {"json"}
ANYTHING = frozenset({"*/*", "application/*", ""})
FORM = "application/x-www-form-urlencoded"
MAX_BODY = 64 * 1024 * 1024
BODY_SECONDS = 60
VERSION = re.compile(r'(?:W/)?"([1-9][0-9]{0,17})"', re.ASCII)

_decoder = msgspec.json.Decoder(float_hook=Decimal)


def check_accepts_json(request: Request) -> None:
    """Raise NotAcceptable when the client wants none of the formats served."""
    if b"_format" in request.scope["query_string"] and (wanted := request.query_params.get("_format")) is not None:
        # A "+" in a query is a blank: `_format=application/fhir+json` arrives without it.
        if media_type(wanted.replace(" ", "+")) not in JSON_FORMATS:
            raise NotAcceptable("_format: this server answers application/fhir+json only", "_format")
        return
    accept = ",".join(request.headers.getlist("accept"))
    if accept not in ANYTHING and JSON_TYPES.isdisjoint(acceptable(accept)) and ANYTHING.isdisjoint(acceptable(accept)):
        raise NotAcceptable("Accept: this server answers application/fhir+json only")


def media_type(text: str) -> str:
    """Without its parameters."""
    return text.partition(";")[0].strip().lower()


def acceptable(accept: str) -> set[str]:
    """The media ranges of an Accept header but those of weight 0 (RFC 9110, 12.5.1)."""
    return {media_type(part) for part in accept.split(",") if not re.search(r";\s*q=0(\.0*)?\s*(;|$)", part)}


def check_sends(request: Request, types: frozenset[str], advice: str) -> None:
    """The body is of one of the media types, in UTF-8 and not compressed."""
    content_type = request.headers.get("content-type", "")
    if media_type(content_type) not in types:
        raise UnsupportedMedia(f"Content-Type: send {advice}")
    charset = re.search(r';\s*charset="?([^";\s]*)', content_type, re.IGNORECASE)
    if charset and charset[1].lower() not in ("utf-8", "utf8"):
        raise UnsupportedMedia("Content-Type: send the body in UTF-8")
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise UnsupportedMedia("Content-Encoding: send the body as it is, not compressed")


def check_sends_json(request: Request) -> None:
    check_sends(request, JSON_TYPES, FHIR_JSON)


async def read_body(request: Request, limit: int = MAX_BODY) -> bytes:
    """The whole body; raises TooLarge as soon as it is known to be over the limit."""
    declared = request.headers.get("content-length", "0")
    if declared.isascii() and declared.isdigit() and int(declared[:20]) > limit:
        raise too_large(limit)
    parts, size = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > limit:
                    raise too_large(limit)
                parts.append(part)
    except TimeoutError:
        raise Malformed(f"The body did not arrive within {BODY_SECONDS} seconds") from None
    return b"".join(parts)


def too_large(limit: int) -> TooLarge:
    return TooLarge(f"The body is over the limit of {limit} bytes; send it in smaller parts")


def parse_resource(body: bytes) -> dict[str, Any]:
    """A resource as plain dicts, decimals as they are written. Raises Malformed, with no text of the body in it."""
    parsed = parse_json(body)
    if not isinstance(parsed, dict) or not isinstance(parsed.get("resourceType"), str):
        raise Malformed(
            "The body is not a FHIR resource: a JSON object with a resourceType is expected", "resourceType"
        )
    return parsed


def parse_json(body: bytes) -> Any:
    if body.startswith(b"\xef\xbb\xbf"):
        raise Malformed("The body starts with a byte order mark; send plain UTF-8")
    try:
        parsed = _decoder.decode(body)
        check_unique(body, parsed)
    except RepeatedName as repeated:
        named = f" `{repeated.name}`" if repeated.name else ""
        raise Malformed(f"An object of the body has a property{named} twice; send it once") from None
    except UnicodeDecodeError:
        raise Malformed("The body is not JSON: it is not UTF-8") from None
    except InvalidOperation:
        raise Malformed("The body holds a number that is too large to be one") from None
    except RecursionError:
        raise Malformed("The body is nested too deeply") from None
    except msgspec.DecodeError as error:
        # msgspec says what it expected and where; it quotes single characters only.
        raise Malformed(f"The body is not JSON: {error}") from None
    return parsed


def match_version(header: str | None, *expression: str) -> int | None:
    """The version of an `If-Match: W/"3"` header; None where there is none (http.html#concurrency)."""
    if header is None:
        return None
    found = VERSION.fullmatch(header.strip())
    if found is None:
        raise Invalid('If-Match: write a version as W/"3"', *expression)
    return int(found[1])
