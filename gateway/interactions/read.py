"""FHIR read interaction, conditional read included (http.html#read, #cread)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from email.utils import parsedate_to_datetime

from starlette.requests import Request
from starlette.responses import Response

from gateway.interactions.changes import present
from gateway.interactions.exchange import MICROSECONDS, Exchange, resource_response, version_headers
from gateway.interactions.subset import subset_of_one
from gateway.store.contract import Stored


async def read(exchange: Exchange) -> Response:
    """GET [base]/[type]/[id]"""
    exchange.require(exchange.type, "r")
    subset = subset_of_one(exchange.request.query_params.multi_items())
    stored = present(await exchange.store.read(exchange.type, exchange.id))
    body = subset.body(exchange.services.definitions, stored.body)
    return conditional_response(exchange.request, stored, body)


def conditional_response(request: Request, stored: Stored, body: bytes) -> Response:
    """The resource, or 304 where the client has this version already (RFC 9110, 13.2.2)."""
    tags = request.headers.get("if-none-match")
    known = has_version(tags, stored.version) if tags is not None else _not_since(request, stored)
    return Response(status_code=304, headers=version_headers(stored)) if known else resource_response(stored, body)


def has_version(tags: str, version: int) -> bool:
    """Whether a list of entity tags, weak or strong, has this version; `*` has all."""
    return any(tag in ("*", str(version)) for tag in _tags(tags))


def _tags(text: str) -> Iterator[str]:
    return (part.strip().removeprefix("W/").strip('"') for part in text.split(","))


def _not_since(request: Request, stored: Stored) -> bool:
    header = request.headers.get("if-modified-since")
    if header is None:
        return False
    try:
        since = parsedate_to_datetime(header)
    except ValueError:
        return False  # a recipient ignores what is no date (RFC 9110, 13.1.3)
    aware = since if since.tzinfo else since.replace(tzinfo=UTC)
    return stored.updated // MICROSECONDS <= aware.timestamp()
