"""The translators under test, an account for each, and their maps with the examples that they read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeVar

import pytest

from gateway.faults import Misconfigured
from gateway.translation import path
from gateway.translation.contract import Account, Moment, RecordKind, Setting, Translator
from gateway.translation.each import Each
from gateway.translation.lens import ResourceMap
from gateway.translation.registry import TRANSLATORS, load_translator
from gateway.translation.rows import Record, Unbound, Way
from gateway.translation.view import View, Viewed

F = TypeVar("F", bound=Callable[..., Any])
POINTS: Sequence[EntryPoint] = sorted(entry_points(group=TRANSLATORS), key=lambda point: point.name)
MOMENT = Moment(datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC), "0123456789abcdef0123456789abcdef")


def _whole() -> Iterator[Translator]:
    for point in POINTS:
        try:
            yield load_translator(point)
        except Misconfigured:
            continue  # test_registered tells which and why


WHOLE: tuple[Translator, ...] = tuple(_whole())


def each_translator(test: F) -> F:
    marked: F = pytest.mark.parametrize("translator", WHOLE, ids=[translator.name for translator in WHOLE])(test)
    return marked


def account(translator: Translator) -> Account:
    return Account(
        org="demo",
        name="main",
        base_url="https://emr.example/base",
        public_url="https://gateway.example",
        settings={key: _value(key, setting) for key, setting in translator.settings.items()},
        secrets={key: setting.default or "c2VjcmV0" for key, setting in translator.secrets.items()},
        mappings={kind: {} for kind in ("payer", "program", "location", "custom-field")},
        assertion=lambda claims: "signed.by.us",
    )


def _value(key: str, setting: Setting) -> str:
    if setting.default is not None:
        return setting.default
    return setting.choices[0] if setting.choices else f"some-{key}"


@dataclass(frozen=True, eq=False)
class Reading:
    """One map of one kind of document, and the records of it in the examples.

    The laws ask for a view of it with every example that they draw; to bind its table takes longer than most of them.
    """

    translator: Translator
    kind: RecordKind
    table: Viewed
    number: int
    """Which map of its kind: several may have one type."""

    @property
    def name(self) -> str:
        return f"{self.translator.name}-{self.kind.name}-{self.number}-{self.table.type}"

    @cached_property
    def view(self) -> View:
        return self.table.bound(account(self.translator).bindings)

    @property
    def within(self) -> str:
        return self.kind.within.get(self.table.type, "")

    @cached_property
    def records(self) -> tuple[Record, ...]:
        return tuple(record for example in self.kind.examples for record in inside(example, self.within))


READINGS = tuple(
    Reading(translator, kind, table, number)
    for translator in WHOLE
    for kind in translator.kinds
    for number, table in enumerate(kind.maps)
)
EXAMPLES = tuple(
    (translator, kind, example) for translator in WHOLE for kind in translator.kinds for example in kind.examples
)


def each_reading(test: F) -> F:
    marked: F = pytest.mark.parametrize("reading", READINGS, ids=[reading.name for reading in READINGS])(test)
    return marked


def inside(document: Any, within: str) -> list[Record]:
    """The records that lie at a place such as `insurances[]` of a document."""
    found = [document]
    for step in within.split(".") if within else ():
        name = step.removesuffix("[]")
        found = [node[name] for node in found if isinstance(node, dict) and node.get(name) not in path.EMPTY]
        if step.endswith("[]"):
            found = [item for node in found if isinstance(node, list) for item in node]
    return [record for record in found if isinstance(record, dict)]


@cache
def two_way(reading: Reading) -> View:
    """The facts that go both ways: PutGet and PutPut speak of those."""
    return _limited(reading, lambda row: row.way == Way.BOTH)


@cache
def visible(reading: Reading) -> View:
    """The facts that are read: GetPut speaks of those. One that is only written goes when a PUT lacks it."""
    return _limited(reading, lambda row: Way.READ in row.way)


def _limited(reading: Reading, fits: Callable[[Unbound], bool]) -> View:
    table = reading.table
    if isinstance(table, ResourceMap):
        rows = tuple(_limited_row(row, fits) for row in table.rows if fits(row))
        table = replace(table, rows=rows)
    return table.bound(account(reading.translator).bindings)


def _limited_row(row: Unbound, fits: Callable[[Unbound], bool]) -> Unbound:
    return replace(row, fields=tuple(f for f in row.fields if fits(f))) if isinstance(row, Each) else row
