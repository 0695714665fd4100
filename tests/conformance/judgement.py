"""Whether a resource is what a search asked for, judged by the client: the rules of the public test kits.

Nothing of the server's own search stands here, so that the two can disagree.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

Resource = dict[str, Any]
Span = tuple[datetime, datetime]
DAY = timedelta(days=1)
BEGINNING, END = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
NAME_PARTS = ("text", "family", "given", "prefix", "suffix")
ADDRESS_PARTS = ("text", "city", "state", "postalCode", "country")
TIME = re.compile(r"T([0-9]{2}:[0-9]{2})(:[0-9]{2})?(?:\.([0-9]+))?")
PREFIXED = re.compile(r"(?:(eq|ne|gt|ge|lt|le|sa|eb|ap))?(.*)")


def found(node: Any, path: str) -> Iterator[Any]:
    """All that is at a path like `name.given`, lists taken apart."""
    if isinstance(node, list):
        for item in node:
            yield from found(item, path)
    elif not path:
        yield node
    elif isinstance(node, dict):
        name, _, rest = path.partition(".")
        if name in node:
            yield from found(node[name], rest)


def matches(kind: str, path: str, resource: Resource, wanted: str) -> bool:
    """Whether the resource has, at the path, one of the values that were asked for."""
    return any(matches_one(kind, value, each) for value in found(resource, path) for each in parts_of(wanted))


def parts_of(text: str) -> list[str]:
    """A comma is "or" unless a backslash stands before it."""
    return [part.replace("\\,", ",") for part in re.split(r"(?<!\\),", text)]


def matches_one(kind: str, value: Any, wanted: str) -> bool:
    if kind in ("date", "Period"):
        prefix, text = PREFIXED.fullmatch(wanted).groups()  # type: ignore[union-attr]
        return compares(prefix or "eq", span_of(value), span(text))
    return bool(JUDGES[kind](value, wanted))


def _starts(texts: Iterator[Any], wanted: str) -> bool:
    return any(str(text).lower().startswith(wanted.lower()) for text in texts)


def _of_parts(value: Resource, names: tuple[str, ...], wanted: str) -> bool:
    return any(_starts(found(value, name), wanted) for name in names)


def _identifier(value: Resource, wanted: str) -> bool:
    return wanted in (value.get("value"), f"{value.get('system', '')}|{value.get('value')}")


def _coding(value: Resource, wanted: str) -> bool:
    system, bar, code = wanted.rpartition("|")
    return str(value.get("code", "")).lower() == code.lower() and (not bar or value.get("system") == system)


def _reference(value: Resource, wanted: str) -> bool:
    """An id, Type/id and an absolute address name the same resource."""
    reference: str = value.get("reference", "")
    return reference == wanted or reference.endswith(f"/{wanted}") or wanted.endswith(f"/{reference}")


JUDGES: dict[str, Any] = {
    "id": lambda value, wanted: value == wanted,
    "code": lambda value, wanted: value.lower() == wanted.rpartition("|")[2].lower(),
    "string": lambda value, wanted: _starts(iter([value]), wanted),
    "HumanName": lambda value, wanted: _of_parts(value, NAME_PARTS, wanted),
    "Address": lambda value, wanted: _of_parts(value, ADDRESS_PARTS, wanted),
    "Identifier": _identifier,
    "Coding": _coding,
    "CodeableConcept": lambda value, wanted: any(_coding(coding, wanted) for coding in value.get("coding", ())),
    "Reference": _reference,
}


# --- dates: every written one is the span of time that it may mean (search.html#date) ---------------------------------


def span(text: str) -> Span:
    """From the first moment to the first one after."""
    if "T" in text:
        return _span_of_time(text)
    year, month, day = (int(part) for part in (*text.split("-"), "0", "0")[:3])
    start = datetime(year, month or 1, day or 1, tzinfo=UTC)
    days = 1 if day else calendar.monthrange(year, month)[1] if month else 365 + calendar.isleap(year)
    return start, start + days * DAY


def _span_of_time(text: str) -> Span:
    start = datetime.fromisoformat(text.replace("Z", "+00:00"))
    start = start if start.tzinfo else start.replace(tzinfo=UTC)
    _, seconds, fraction = TIME.search(text).groups()  # type: ignore[union-attr]
    if fraction:
        return start, start + timedelta(seconds=10.0 ** -min(len(fraction), 6))
    return start, start + timedelta(seconds=1 if seconds else 60)


def span_of(value: Any) -> Span:
    """Of a date or a Period; a bound that is missing is open."""
    if isinstance(value, str):
        return span(value)
    start = span(value["start"])[0] if "start" in value else BEGINNING
    return start, span(value["end"])[1] if "end" in value else END


def compares(prefix: str, target: Span, search: Span) -> bool:
    """search.html#prefix, over half-open spans; `ap` asks for what overlaps."""
    (low, high), (start, end) = target, search
    is_equal = start <= low and high <= end
    return {
        "eq": is_equal,
        "ne": not is_equal,
        "gt": high > end,
        "ge": high > end or is_equal,
        "lt": low < start,
        "le": low < start or is_equal,
        "sa": low >= end,
        "eb": high <= start,
        "ap": low < end and start < high,
    }[prefix]
