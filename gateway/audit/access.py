"""One thing that somebody did or was refused, as it is written down at once; rendering.py makes an AuditEvent of it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from itertools import count

import msgspec

TIME_DIGITS = 14
"""Hexadecimal digits of UTC microseconds: enough until the year 4253."""

NAMED = re.compile(r"[A-Z][A-Za-z]{0,63}/[A-Za-z0-9\-.]{1,64}(?=/|\Z)", re.ASCII)


class Access(msgspec.Struct, omit_defaults=True, frozen=True):
    """Names are short because each of them is written for every request."""

    id: str
    """Begins with its time, so that ids are in order of time."""
    at: int
    """UTC microseconds since 1970."""
    org: str
    """The organisation's slug."""
    kind: str
    """One of kinds.KINDS."""
    action: str
    """C, R, U, D or E (http://hl7.org/fhir/audit-event-action)."""
    status: int
    """Of the HTTP answer; of a command 200 or 400."""
    what: str = ""
    """The address below the FHIR base, or what else was asked for."""
    query: str = ""
    client: str | None = None
    user: str | None = None
    fhir_user: str | None = None
    """The user as TYPE/ID."""
    address: str | None = None
    request: str | None = None
    """X-Request-Id."""
    touched: tuple[str, ...] = ()
    """What was given out or written: TYPE/ID, or TYPE/ID/_history/VERSION."""
    patients: tuple[str, ...] = ()
    """Whose it was, as Patient/ID."""
    purposes: tuple[str, ...] = ()
    told: str = ""
    """What else there is to say: an OAuth error, a command."""


encoder = msgspec.json.Encoder()
decoder = msgspec.json.Decoder(Access)


def encoded(access: Access) -> bytes:
    return encoder.encode(access)


def decoded(line: bytes) -> Access:
    """Raises msgspec.DecodeError."""
    return decoder.decode(line)


def numbered(random: Callable[[int], bytes] = os.urandom) -> Callable[[int], str]:
    """Makes ids of instants: unique over all processes, and in order of time."""
    process, numbers = random(6).hex(), count(1)
    return lambda at: f"{floor_of(at)}-{process}-{next(numbers):x}"


def floor_of(at: int) -> str:
    """What the ids of an instant begin with; of those before 1970 and beyond the last one, the nearest."""
    return f"{min(max(at, 0), 16**TIME_DIGITS - 1):0{TIME_DIGITS}x}"


def mentions(access: Access) -> tuple[str, ...]:
    """What an event is looked up by: the resources that it names."""
    entities = [name.partition("/_history/")[0] for name in (*access.touched, *access.patients)]
    return tuple(dict.fromkeys(name for name in (*entities, named(access.what)) if name))


def named(what: str) -> str:
    """TYPE/ID where an address begins with one."""
    found = NAMED.match(what)
    return found[0] if found is not None else ""
