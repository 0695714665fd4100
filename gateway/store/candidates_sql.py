"""Candidates for a match, found along the search index: never by reading all resources of a type.

A block is a probe that leads to few resources and others that hold of each of them as well. The first is followed no
further than a reach, so that a common name costs no more than a rare one; whether the reach was enough is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, false, or_, select, true
from sqlalchemy.sql.elements import ColumnElement

from gateway.search.text import INDEXED_LENGTH, after_prefix, fold
from gateway.store.contract import Stored
from gateway.store.limits_sql import EVERYTHING, Limits, within
from gateway.store.param_ids import param_id
from gateway.store.statements import STORED, stored
from gateway.store.tables import DATE, RESOURCE, STRING, TOKEN

REACH = 2000
MOST = 500
Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Codes:
    """A token with one of the codes, of the system if one is given."""

    param: str
    codes: tuple[str, ...]
    system: str | None = None

    table = TOKEN

    def holds(self, c: Any) -> Condition:
        code: Condition = c.code.in_(self.codes)
        return code if self.system is None else and_(code, c.system == self.system)


@dataclass(frozen=True, slots=True)
class Prefixes:
    """A string that starts with one of the texts, case and accents ignored."""

    param: str
    texts: tuple[str, ...]

    table = STRING

    def holds(self, c: Any) -> Condition:
        return or_(*(starts(c.folded, fold(text)[:INDEXED_LENGTH]) for text in self.texts))


@dataclass(frozen=True, slots=True)
class Days:
    """A date within one of the ranges [low, high)."""

    param: str
    ranges: tuple[tuple[int, int], ...]

    table = DATE

    def holds(self, c: Any) -> Condition:
        return or_(*(and_(c.low >= low, c.low < high, c.high <= high) for low, high in self.ranges))


Probe = Codes | Prefixes | Days


@dataclass(frozen=True, slots=True)
class Block:
    """All probes hold of one resource; the first is the one that leads to it."""

    first: Probe
    others: tuple[Probe, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidates:
    """`complete` unless a reach or the limit left something out."""

    found: Sequence[Stored]
    complete: bool


def candidates(
    connection: Connection, org: int, type: str, blocks: Iterable[Block], limits: Limits = EVERYTHING
) -> Candidates:
    """Those that most blocks find come first, and are kept where there are too many."""
    times: Counter[int] = Counter()
    complete = True
    for block in blocks:
        keys, whole = _keys(connection, org, type, block, limits)
        times.update(keys)
        complete = complete and whole
    kept = sorted(times, key=lambda key: (-times[key], key))[:MOST]
    c = RESOURCE.c
    statement = select(*(c[name] for name in STORED)).where(c.key.in_(kept), c.org == org, c.deleted == 0)
    rows = [stored(tuple(row)) for row in connection.execute(statement)] if kept else []
    return Candidates(rows, complete and len(times) <= MOST)


def by_ids(connection: Connection, org: int, type: str, ids: Iterable[str]) -> list[Stored]:
    c, wanted = RESOURCE.c, sorted(ids)[:MOST]
    found = [c.org == org, c.type == type, c.deleted == 0, c.id.in_(wanted)]
    statement = select(*(c[name] for name in STORED)).where(*found)
    return [stored(tuple(row)) for row in connection.execute(statement)] if wanted else []


def _keys(connection: Connection, org: int, type: str, block: Block, limits: Limits) -> tuple[list[int], bool]:
    table = block.first.table.alias("first")
    seen = within(limits, org, lambda _: false(), table.c.key)
    reached = select(table.c.key).where(*_rows(table, org, type, block.first), *seen).limit(REACH + 1)
    keys = list(dict.fromkeys(connection.execute(reached, limits.values(org)).scalars()))
    whole = len(keys) <= REACH
    for probe in block.others:
        keys = _narrowed(connection, org, type, probe, keys)
    return keys, whole


def _narrowed(connection: Connection, org: int, type: str, probe: Probe, keys: Sequence[int]) -> list[int]:
    if not keys:
        return []
    row = probe.table.alias("other")
    also = select(row.c.key).where(*_rows(row, org, type, probe), row.c.key.in_(keys)).distinct()
    return list(connection.execute(also).scalars())


def _rows(row: Any, org: int, type: str, probe: Probe) -> list[Condition]:
    return [row.c.org == org, row.c.param == param_id(type, probe.param), probe.holds(row.c)]


def starts(column: Any, text: str) -> Condition:
    after = after_prefix(text)
    return and_(column >= text, column < after if after is not None else true())
