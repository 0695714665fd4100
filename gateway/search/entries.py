"""The rows of the search index: what one resource says for one search parameter.

`definitions` extracts them from a resource, `store` writes them, `search` queries them. Every entry names its
search parameter by code (`birthdate`); the resource type is known from the resource.
Dates are UTC microseconds since 1970, as the half-open range [low, high) that the precision of the value covers.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class TokenEntry:
    """Coding, Identifier, ContactPoint, code, boolean: `system` is "" where there is none."""

    param: str
    system: str
    code: str


@dataclass(frozen=True, slots=True)
class StringEntry:
    """The text as it stands; the store folds case and accents for comparison."""

    param: str
    text: str


@dataclass(frozen=True, slots=True)
class DateEntry:
    """A date, dateTime, instant, Period or Timing."""

    param: str
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class ReferenceEntry:
    """A reference: to `type`/`id` in this store, or else to an absolute `url`; `type` and `id` are "" then."""

    param: str
    type: str
    id: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class NumberEntry:
    """A number or quantity: the range [low, high) that its written precision covers, and its unit where it has one."""

    param: str
    low: Decimal
    high: Decimal
    system: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class UriEntry:
    """A uri, url or canonical."""

    param: str
    uri: str


@dataclass(frozen=True, slots=True)
class PositionEntry:
    """A place, in degrees."""

    param: str
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class CompositeEntry:
    """Two values of one element; their own `param` means nothing."""

    param: str
    first: TokenEntry
    second: TokenEntry | StringEntry | DateEntry | ReferenceEntry | NumberEntry


Entry = TokenEntry | StringEntry | DateEntry | ReferenceEntry | NumberEntry | UriEntry | PositionEntry | CompositeEntry
