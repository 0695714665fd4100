"""How KIPU's server checks a request: the signature over what has arrived, the clock, the body's digest, the app_id.

Written from the documentation of the APIAuth scheme: the canonical string is made of the header values as received,
so empty ones stand for headers that are absent.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from starlette.requests import Request

SKEW = timedelta(seconds=900)
ACCEPT = re.compile(r"application/vnd\.kipusystems\+json; ?version=([34])")
AUTHORIZATION = re.compile(r"(APIAuth(?:-HMAC-SHA256)?) ([^\s:]+):([A-Za-z0-9+/]+=*)")
SCHEMES: Mapping[str, tuple[str, str]] = {"3": ("APIAuth", "sha1"), "4": ("APIAuth-HMAC-SHA256", "sha256")}


class Refusal(Exception):
    """An error answer of KIPU's."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True, slots=True)
class Credentials:
    """The triple of one KIPU API client."""

    access_id: str
    secret_key: str
    app_id: str


def check(request: Request, body: bytes, credentials: Credentials, now: datetime) -> None:
    version = ACCEPT.fullmatch(request.headers.get("accept", ""))
    if version is None:
        raise Refusal(404, "unsupported format")
    found = AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    scheme, digest = SCHEMES[version[1]]
    if found is None or found[1] != scheme or found[2] != credentials.access_id:
        raise Refusal(401, "signature missing or incorrect")
    date = request.headers.get("date") or request.headers.get("x-auth-date", "")
    _check_clock(date, now)
    _check_body(request, body)
    signed = (request.headers.get("content-type", ""), request.headers.get("content-md5", ""), target(request), date)
    expected = hmac.digest(credentials.secret_key.encode(), ",".join(signed).encode(), digest)
    if not hmac.compare_digest(expected, _decoded(found[3])):
        raise Refusal(401, "signature missing or incorrect")


def target(request: Request) -> str:
    """Path and query as they came."""
    raw = request.scope.get("raw_path") or request.scope["path"].encode()
    query = request.scope.get("query_string", b"")
    path = bytes(raw).partition(b"?")[0]
    return (path + b"?" + query if query else path).decode("latin-1")


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""


def _check_clock(date: str, now: datetime) -> None:
    try:
        sent = parsedate_to_datetime(date)
    except ValueError as error:
        raise Refusal(401, "signature missing or incorrect") from error
    if not date.endswith("GMT") or abs(now - sent.replace(tzinfo=UTC)) > SKEW:
        raise Refusal(401, "signature missing or incorrect")


def _check_body(request: Request, body: bytes) -> None:
    if request.method not in {"POST", "PATCH"}:
        return
    digest = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
    if not request.headers.get("content-type") or request.headers.get("content-md5") != digest:
        raise Refusal(401, "signature missing or incorrect")
