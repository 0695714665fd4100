"""Bodies of requests: which media types are taken, and how bodies are read and parsed within limits."""

from __future__ import annotations

import asyncio
import re
import zlib
from decimal import InvalidOperation
from typing import Any

import anyio
import msgspec
from starlette.requests import Request

from gateway.digits import decimal
from gateway.faults import Invalid, Malformed, TooLarge, UnsupportedMedia
from gateway.formats import CONTENT_TYPE as CONTENT_TYPE
from gateway.formats import FHIR_JSON as FHIR_JSON
from gateway.formats import FHIR_XML, MEDIA_TYPES, Format, is_our_version, media_type
from gateway.json_keys import RepeatedName, check_unique
from gateway.xml.decode import resource_from_xml

JSON_TYPES = frozenset(type for type, format in MEDIA_TYPES.items() if format is Format.JSON)
GZIP = frozenset({"gzip", "x-gzip"})
CHARSET = re.compile(r';\s*charset="?([^";\s]*)', re.IGNORECASE)
FORM = "application/x-www-form-urlencoded"
MAX_BODY = 64 * 1024 * 1024
BODY_SECONDS = 60
VERSION = re.compile(r'(?:W/)?"([1-9][0-9]{0,17})"', re.ASCII)

_decoder = msgspec.json.Decoder(float_hook=decimal)


def check_sends(request: Request, types: frozenset[str], advice: str) -> None:
    """The body is of one of the media types, in UTF-8, and compressed in no other way than gzip."""
    content_type = request.headers.get("content-type", "")
    if media_type(content_type) not in types:
        raise UnsupportedMedia(f"Content-Type: send {advice}")
    charset = CHARSET.search(content_type)
    if charset and charset[1].lower() not in ("utf-8", "utf8"):
        raise UnsupportedMedia("Content-Type: send the body in UTF-8")
    if not is_our_version(content_type):
        raise UnsupportedMedia("Content-Type: this server speaks FHIR 4.0 (http.html#version-parameter)")
    if content_encoding(request) not in ("identity", *GZIP):
        raise UnsupportedMedia("Content-Encoding: send the body as it is, or by gzip")


def check_sends_json(request: Request) -> None:
    check_sends(request, JSON_TYPES, FHIR_JSON)


def check_sends_resource(request: Request) -> Format:
    """The format of the resource in the body."""
    check_sends(request, frozenset(MEDIA_TYPES), f"{FHIR_JSON} or {FHIR_XML}")
    return MEDIA_TYPES[media_type(request.headers["content-type"])]


def content_encoding(request: Request) -> str:
    return request.headers.get("content-encoding", "identity").strip().lower()


async def read_body(request: Request, limit: int = MAX_BODY) -> bytes:
    """The whole body, unpacked; raises TooLarge as soon as it is known to be over the limit."""
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
    body = b"".join(parts)
    return await anyio.to_thread.run_sync(unpacked, body, limit) if content_encoding(request) in GZIP else body


def unpacked(body: bytes, limit: int) -> bytes:
    """What gzip packed, never more than the limit of it."""
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        found = unpacker.decompress(body, limit + 1)
    except zlib.error:
        raise Malformed("Content-Encoding: the body is not what gzip makes") from None
    if len(found) > limit:
        raise too_large(limit)
    if not unpacker.eof or unpacker.unused_data:
        raise Malformed("Content-Encoding: the body is not one whole gzip member")
    return found


def too_large(limit: int) -> TooLarge:
    return TooLarge(f"The body is over the limit of {limit} bytes; send it in smaller parts")


def parse_resource(body: bytes, format: Format = Format.JSON) -> dict[str, Any]:
    """The resource in a body, whatever its format. Raises Malformed."""
    if format is Format.JSON:
        return parse_json_resource(body)
    try:
        return resource_from_xml(body)
    except RecursionError:
        raise Malformed("The body is nested too deeply") from None


def parse_json_resource(body: bytes) -> dict[str, Any]:
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
