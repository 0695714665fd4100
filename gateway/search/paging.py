"""The token of a next page: where the page before ended, sealed.

It holds values that resources are sorted by, names and birth dates among them, and it stands in URLs: so it is
encrypted, not only signed (AES-SIV, RFC 5297, which needs no randomness). It opens only for the organisation, the
caller and the query that it was made for; it grants nothing, the search it continues is authorised anew.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from gateway.faults import Invalid
from gateway.search.query import Both, Chain, CompositeValue, Condition, Criterion, DateValue, Either, Query, Value

PAGE = "_page"
"""The name of the URL parameter that carries the token."""
LONGEST = 8192


def encode(key: bytes, org: int, query: Query, after: tuple[Any, ...], *, caller: str = "") -> str:
    sealed = cipher(key).encrypt(msgspec.json.encode(after), [binding(org, query, caller)])
    return urlsafe_b64encode(sealed).decode().rstrip("=")


def decode(key: bytes, org: int, query: Query, token: str, *, caller: str = "") -> tuple[Any, ...]:
    """What goes into Query.after; Invalid unless encode() made it for the same organisation, query and caller."""
    try:
        if len(token) > LONGEST or not token.isascii():
            raise ValueError(token)
        sealed = urlsafe_b64decode(token + "=" * (-len(token) % 4))
        opened = cipher(key).decrypt(sealed, [binding(org, query, caller)])
    except (InvalidTag, ValueError):
        raise Invalid("This page link is not valid for this search; start from the first page.", PAGE) from None
    return msgspec.json.decode(opened, type=tuple[Any, ...])


def cipher(key: bytes) -> AESSIV:
    return AESSIV(hmac.digest(key, b"crosswalk page token", "sha512"))


def binding(org: int, query: Query, caller: str) -> bytes:
    """Names the search; page size and total may change from page to page."""
    criteria = tuple(map(timeless, query.criteria))
    whole = replace(query, criteria=criteria, after=None, skip=0, count=0, want_total=False, readable=None)
    return hashlib.sha256(repr((org, caller, whole)).encode()).digest()


def timeless(condition: Condition) -> Condition:
    """The range of `ap` widens while time goes by, evenly, so that its middle stays."""
    match condition:
        case Criterion(values=values):
            return replace(condition, values=tuple(map(middle, values)))
        case Chain(then=then):
            return replace(condition, then=timeless(then))
        case Either(choices):
            return Either(tuple(map(timeless, choices)))
        case Both(conditions):
            return Both(tuple(map(timeless, conditions)))


def middle(value: Value) -> Value:
    if isinstance(value, CompositeValue):
        return replace(value, second=middle(value.second))
    if isinstance(value, DateValue) and value.prefix == "ap":
        return DateValue("ap", value.low + value.high, value.low + value.high)
    return value
