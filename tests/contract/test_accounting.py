"""Each leaf that a vendor documents is mapped or ignored with a reason; each row is exercised by an example."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.translation import path
from gateway.translation.field import BoundField
from gateway.translation.lens import Lens
from gateway.translation.row import Row
from gateway.translation.rows import Record
from tests.contract.plugins import EXAMPLES, READINGS, WHOLE, Reading, each_reading

KINDS = [
    pytest.param(translator, kind, id=f"{translator.name}-{kind.name}")
    for translator in WHOLE
    for kind in translator.kinds
]
SHOWN = [pytest.param(kind, example, id=f"{translator.name}-{kind.name}") for translator, kind, example in EXAMPLES]


def plain(name: str) -> str:
    """A vendor path with `[]` for every selector."""
    return re.sub(r"\[[^\]]*\]", "[]", name)


def mapped(reading: Reading) -> set[str]:
    prefix = f"{reading.within}." if reading.within else ""
    return {plain(f"{prefix}{name}") for name in reading.view.vendor_paths()}


def all_mapped(translator: Any, kind: Any) -> set[str]:
    return {
        name
        for reading in READINGS
        if (reading.translator, reading.kind) == (translator, kind)
        for name in mapped(reading)
    }


def covers(name: str, leaf: str) -> bool:
    """A row may take a whole list or object."""
    return leaf == name or leaf.startswith((f"{name}[", f"{name}."))


def same_table(reading: Reading) -> list[Reading]:
    """The same map in other kinds of document: a request may lack what the answer has."""
    return [other for other in READINGS if other.table is reading.table]


def leaf_name(leaf: path.Concrete) -> str:
    return re.sub(r"\[\d+\]", "[]", path.expression(leaf))


@pytest.mark.parametrize(("translator", "kind"), KINDS)
def test_every_leaf_is_mapped_or_ignored(translator: Any, kind: Any) -> None:
    names = {*all_mapped(translator, kind), *kind.ignored}
    assert sorted(leaf for leaf in kind.leaves if not any(covers(name, leaf) for name in names)) == []


@pytest.mark.parametrize(("translator", "kind"), KINDS)
def test_no_leaf_is_both(translator: Any, kind: Any) -> None:
    names = all_mapped(translator, kind)
    assert sorted(leaf for leaf in kind.ignored if any(covers(name, leaf) for name in names)) == []


@pytest.mark.parametrize(("translator", "kind"), KINDS)
def test_only_documented_leaves_are_ignored(translator: Any, kind: Any) -> None:
    assert sorted(name for name in kind.ignored if not any(covers(name, leaf) for leaf in kind.leaves)) == []


@each_reading
def test_only_documented_leaves_are_mapped(reading: Reading) -> None:
    stray = mapped(reading)
    for other in same_table(reading):
        if other.within == reading.within:
            stray = {name for name in stray if not any(covers(name, leaf) for leaf in other.kind.leaves)}
    assert sorted(stray) == []


@pytest.mark.parametrize(("translator", "kind"), KINDS)
def test_every_reason_says_something(translator: Any, kind: Any) -> None:
    assert [leaf for leaf, reason in kind.ignored.items() if len(reason.split()) < 3] == []


@pytest.mark.parametrize(("kind", "example"), SHOWN)
def test_examples_hold_documented_leaves_only(kind: Any, example: Record) -> None:
    stray = set()
    for leaf, value in path.leaves(example):
        name = leaf_name(leaf)
        is_empty_parent = value is None and any(known.startswith((f"{name}.", f"{name}[")) for known in kind.leaves)
        if name not in kind.leaves and not is_empty_parent:
            stray.add(name)
    assert sorted(stray) == []


@each_reading
def test_every_row_is_exercised_by_an_example(reading: Reading) -> None:
    records = [record for other in same_table(reading) for record in other.records]
    shown = {leaf_name(leaf) for record in records for leaf, value in path.leaves(record) if value not in path.EMPTY}
    view = reading.view
    names = (
        {name for row in view.rows for name in _idle(row, records)}
        if isinstance(view, Lens)
        else set(view.vendor_paths())
    )
    assert sorted(name for name in names if not any(covers(plain(name), leaf) for leaf in shown)) == []


def _idle(row: Row, records: list[Record]) -> Iterator[str]:
    """Which selectors are met is known of plain rows only; the others are judged by their leaves."""
    if not isinstance(row, BoundField):
        yield from row.vendor_paths()
    elif all(row.vendor_value(record) is None for record in records):
        yield f"{row.name}, as selected" if "[" in row.name else row.name
