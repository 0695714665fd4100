"""Plain words for numbers and states."""

from __future__ import annotations

from datetime import UTC, datetime

UNITS = ((86_400, "day"), (3600, "hour"), (60, "minute"))
STATES = {
    "ok": "OK",
    "pulling": "Pulling",
    "queued": "Queued",
    "failing": "Failing",
    "unready": "Not ready",
    "new": "Not pulled yet",
}


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def duration(seconds: int) -> str:
    """The two largest units that matter: "2 hours 5 minutes"."""
    words = []
    for size, noun in UNITS:
        number, seconds = divmod(seconds, size)
        if number:
            words.append(counted(number, noun))
    return " ".join(words[:2]) or "less than a minute"


def ago(seconds: int | None) -> str:
    return "never" if seconds is None else f"{duration(seconds)} ago"


def instant(microseconds: int) -> str:
    return f"{datetime.fromtimestamp(microseconds / 1_000_000, UTC):%Y-%m-%d %H:%M:%S}"


def machine_instant(microseconds: int) -> str:
    """For <time datetime>."""
    return f"{datetime.fromtimestamp(microseconds / 1_000_000, UTC):%Y-%m-%dT%H:%M:%SZ}"
