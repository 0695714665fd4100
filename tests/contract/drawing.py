"""Records like a vendor's examples, with values drawn anew: of the kind that the codec names, missing, or nonsense."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from hypothesis import strategies as st

from gateway.translation import path
from gateway.translation.codec import Codec
from gateway.translation.each import BoundEach
from gateway.translation.field import BoundField
from gateway.translation.lens import Lens
from gateway.translation.path import Concrete, Step
from gateway.translation.row import Row
from gateway.translation.rows import Record
from gateway.translation.view import View
from tests.contract.plugins import Reading

WORDS = st.text("abcXYZ äß'-.09", min_size=1, max_size=8).map(str.strip).filter(bool)
KINDS: Mapping[str, st.SearchStrategy[Any]] = {
    "text": WORDS,
    "date": st.dates().map(str),
    "instant": st.datetimes().map(lambda moment: f"{moment.isoformat(timespec='milliseconds')}Z"),
    "boolean": st.booleans(),
    "integer": st.integers(0, 10**6),
    "code": WORDS,
    "email": st.from_regex(r"[a-z]{1,8}@[a-z]{1,8}\.example", fullmatch=True),
}
MISSING: Any = object()
WHETHER = st.booleans()
ODD = st.sampled_from([MISSING, MISSING, None, "", "?", 7, True, [], {}, "0000-00-00", ["x"], {"x": "y"}])


@st.composite
def records(draw: st.DrawFn, reading: Reading) -> Record:
    """An example with some of its leaves drawn anew."""
    record, places = _choices(reading)[draw(st.integers(0, len(reading.records) - 1))]
    return _changed(record, {place: draw(values) for place, values in places.items() if draw(WHETHER)})


@cache
def _choices(reading: Reading) -> tuple[tuple[Record, Mapping[Concrete, st.SearchStrategy[Any]]], ...]:
    """Made once: Hypothesis looks through every strategy that it has not seen before."""
    return tuple((record, dict(_drawable(reading.view, record))) for record in reading.records)


def _drawable(view: View, record: Record) -> Iterator[tuple[Concrete, st.SearchStrategy[Any]]]:
    """Places in the record, and what to draw for them; a leaf without codec keeps its value or goes."""
    if not isinstance(view, Lens):
        for leaf, value in path.leaves(record):
            if leaf[0] not in ("resourceType", "id") and leaf[-1] not in ("url", "system", "reference"):
                yield leaf, WORDS if isinstance(value, str) else st.just(value)
        return
    for row in view.rows:
        yield from _of_row(row, record, ())


def _of_row(row: Row, record: Any, above: Concrete) -> Iterator[tuple[Concrete, st.SearchStrategy[Any]]]:
    if isinstance(row, BoundField):
        if where := _place(record, row.vendor):
            yield (*above, *where), st.one_of(_values(row.codec), _values(row.codec), ODD)
    elif isinstance(row, BoundEach):
        where = path.locate(record, row.vendor)
        for index, item in enumerate(path.at(record, where) or []) if where else ():
            for inner in row.rows:
                yield from _of_row(inner, item, (*above, *(where or ()), index))
    else:
        names = set(row.vendor_paths())
        for leaf, value in path.leaves(record):
            if re.sub(r"\[\d+\]", "[]", path.expression(leaf)) in names:
                yield (*above, *leaf), st.one_of(st.just(value), ODD)


def _place(record: Any, steps: tuple[Step, ...]) -> Concrete | None:
    """Where a value stands, or could stand beside others."""
    if where := path.locate(record, steps):
        return where
    parent = path.locate(record, steps[:-1]) if len(steps) > 1 else ()
    if parent is None or steps[-1].selector is not None or not isinstance(path.at(record, parent), dict):
        return None
    return (*parent, steps[-1].name)


def _values(codec: Codec) -> st.SearchStrategy[Any]:
    drawn = KINDS.get(codec.kind, WORDS)
    return st.one_of(st.sampled_from(codec.values), drawn) if codec.values else drawn


def _changed(record: Record, drawn: Mapping[Concrete, Any]) -> Record:
    changed: Record = path.copied(record)
    for where, value in drawn.items():
        owner = _owner(changed, where)
        if isinstance(owner, dict) and value is MISSING:
            owner.pop(where[-1], None)
        elif owner is not None and value is not MISSING:
            owner[where[-1]] = path.copied(value)
    return changed


def _owner(document: Any, where: Concrete) -> Any:
    """What holds a place; None when another change has taken it away."""
    for part in where[:-1]:
        if isinstance(document, dict):
            document = document.get(part)
        elif isinstance(document, list) and isinstance(part, int) and part < len(document):
            document = document[part]
        else:
            return None
    fits = isinstance(document, dict) or (isinstance(document, list) and isinstance(where[-1], int))
    return document if fits and (isinstance(document, dict) or where[-1] in range(len(document))) else None
