"""What the entries of a Bundle are in the audit trail: each an event of its own, whatever the Bundle as a whole is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from gateway.audit.noting import Part
from gateway.definitions.contract import Resource
from gateway.faults import Fault
from gateway.interactions.transaction import Outcome
from gateway.outcome import answer_for
from gateway.store.contract import Stored

WRITING = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
HISTORIES = {0: "history-system", 1: "history-type", 2: "history-instance"}
SEARCHES = {0: "search-system", 2: "read"}
"""By how many parts of an address stand before `_history`, or in all; any other is a search of a type."""
PLACE = re.compile(r"Bundle\.entry\[([0-9]+)\]")


def part_of(base: str, index: int, raw: Any, status: int, touched: Iterable[Stored] = ()) -> Part:
    """An entry as it was sent, whether or not anything could be made of it."""
    request = raw.get("request") if isinstance(raw, dict) else None
    request = request if isinstance(request, dict) else {}
    what, _, query = _text(request, "url").removeprefix(base).lstrip("/").partition("?")
    kind = kind_of(_text(request, "method"), what)
    given = query or _text(request, "ifNoneExist")
    return Part(kind, status, what, given, tuple(touched), f"Bundle.entry[{index}]")


def kind_of(method: str, what: str) -> str:
    """One of audit.kinds.KINDS."""
    if method in WRITING:
        return WRITING[method]
    names = [name for name in what.split("/") if name]
    if method not in ("GET", "HEAD") or "$" in what:
        return "operation"
    if "_history" not in names:
        return SEARCHES.get(len(names), "search-type")
    before = names.index("_history")
    return "vread" if before + 1 < len(names) else HISTORIES.get(before, "history-instance")


def carried_out(base: str, entries: Sequence[Any], outcomes: Sequence[Outcome]) -> Iterator[Part]:
    """Every entry of a transaction."""
    for index, outcome in enumerate(outcomes):
        about = outcome.given if outcome.stored is None else (outcome.stored,)
        yield part_of(base, index, entries[index], int(outcome.status[:3]), about)


def refused(base: str, bundle: Resource, fault: Fault) -> Iterator[Part]:
    """The entries that a transaction failed for; none of the others was carried out."""
    entries = bundle.get("entry")
    places = (place for issue in fault.issues for place in issue.expression)
    named = dict.fromkeys(int(found[1]) for place in places if (found := PLACE.match(place)))
    for index in named:
        if isinstance(entries, list) and index < len(entries):
            yield part_of(base, index, entries[index], answer_for(fault).status)


def _text(request: dict[str, Any], name: str) -> str:
    value = request.get(name)
    return value if isinstance(value, str) else ""
