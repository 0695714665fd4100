"""The record of one patient, page by page: the patient, the members of its compartment, and what those refer to.

A page continues behind the key of the last resource before it, the stages following one another, so nothing comes
twice and what is written meanwhile moves nothing. Members are found along the reference index. What they refer to
is read from their content: references in extensions and addresses of attachments are in no index.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from gateway.store import document
from gateway.store.contract import Stored
from gateway.store.limits_sql import EVERYTHING, Limits, within
from gateway.store.param_ids import param_id
from gateway.store.rows import OWN
from gateway.store.statements import STORED, stored
from gateway.store.tables import DATE, REFERENCE, RESOURCE

PATIENT = "Patient"
MEMBERS, LINKED = 0, 1
"""Stages of the pages; the patient stands at the head of the first."""
CHUNK = 500
MAX_LINKED = 5000
MAX_ROUNDS = 8
LINKS = frozenset({"reference", "url"})
COLUMNS = [RESOURCE.c[name] for name in STORED]

Named = tuple[str, str]
"""(type, search parameter), or (type, id)"""
Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class RecordQuery:
    """Whose record, and what of it; instants are UTC microseconds. Types and parameters are those that may be read."""

    patient: str
    base: str
    members: tuple[Named, ...]
    """The parameters that put a resource into the compartment."""
    linked: frozenset[str]
    """The types that a record may refer to without their being in a compartment."""
    types: frozenset[str] | None = None
    """Of what is given out; None for all."""
    since: int | None = None
    starts: int | None = None
    ends: int | None = None
    begin_dates: tuple[Named, ...] = ()
    end_dates: tuple[Named, ...] = ()
    count: int = 1000
    after: tuple[int, int] | None = None
    """(stage, key) of the last resource of the page before."""
    limits: Limits = EVERYTHING
    """What has to hold of members and of what they refer to."""


@dataclass(frozen=True, slots=True)
class RecordPage:
    """`patient` is there whether the page shows it or not."""

    patient: Stored | None
    matches: Sequence[Stored] = ()
    linked: Sequence[Stored] = ()
    total: int = 0
    """Matches of all pages."""
    after: tuple[int, int] | None = None
    cut: bool = False
    """Whether the record refers to more than is followed."""


def record_page(connection: Connection, org: int, query: RecordQuery) -> RecordPage:
    patient = current(connection, org, PATIENT, query.patient)
    if patient is None or patient.deleted:
        return RecordPage(patient)
    return _Record(connection, org, query, patient).page()


def current(connection: Connection, org: int, type: str, id: str) -> Stored | None:
    """The current version of one resource, a deleted one included."""
    c = RESOURCE.c
    row = connection.execute(select(*COLUMNS).where(c.org == org, c.type == type, c.id == id)).first()
    return stored(tuple(row)) if row is not None else None


@dataclass(slots=True)
class _Record:
    connection: Connection
    org: int
    query: RecordQuery
    patient: Stored
    cut: bool = field(default=False)

    def page(self) -> RecordPage:
        total = self._total()
        if not self.query.count:
            return RecordPage(self.patient, total=total)
        found = self._matches()
        matches, room = found[: self.query.count], self.query.count - len(found)
        if room < 0:
            last = 0 if matches[-1].key == self.patient.key else matches[-1].key
            return RecordPage(self.patient, matches, (), total, (MEMBERS, last))
        linked = self._linked()
        shown = linked[:room]
        key = shown[-1].key if shown else 0
        after = (LINKED, key) if len(linked) > room else None
        return RecordPage(self.patient, matches, shown, total, after, self.cut)

    # --- the patient and the members of the compartment -----------------------------------------------------------

    def _matches(self) -> list[Stored]:
        """One more than the page holds, where there is one."""
        after, count = self.query.after, self.query.count
        if after is not None and after[0] == LINKED:
            return []
        head = [self.patient] if after is None and self._is_shown(self.patient) else []
        conditions = [*self._in_compartment(), *self._is_asked_for()]
        return head + self._rows(conditions, after[1] if after else 0, count + 1 - len(head))

    def _total(self) -> int:
        counted = select(func.count()).select_from(RESOURCE).where(*self._in_compartment(), *self._is_asked_for())
        return int(self.connection.execute(counted, self._bound()).scalar_one()) + self._is_shown(self.patient)

    def _is_shown(self, one: Stored) -> bool:
        types, since = self.query.types, self.query.since
        return (types is None or one.type in types) and (since is None or one.updated >= since)

    def _is_asked_for(self) -> Iterator[Condition]:
        if self.query.types is not None:
            yield RESOURCE.c.type.in_(sorted(self.query.types))
        if self.query.since is not None:
            yield RESOURCE.c.updated >= self.query.since

    def _in_compartment(self) -> Iterator[Condition]:
        row, params = REFERENCE.c, [param_id(*named) for named in self.query.members]
        refers = and_(row.org == self.org, row.param.in_(params), row.target_type == PATIENT)
        keys = select(row.key).where(refers, row.target_id == self.query.patient)
        yield and_(RESOURCE.c.org == self.org, RESOURCE.c.deleted == 0, RESOURCE.c.key != self.patient.key)
        yield RESOURCE.c.key.in_(keys)
        yield from self._is_seen()
        if self.query.ends is not None:
            yield self._dated(self.query.begin_dates, DATE.c.low < self.query.ends)
        if self.query.starts is not None:
            yield self._dated(self.query.end_dates, DATE.c.high > self.query.starts)

    def _dated(self, params: Iterable[Named], holds: Condition) -> Condition:
        """One of the dates is so, or there is none."""
        ids = [param_id(*named) for named in params]
        dates = select(DATE.c.key).where(DATE.c.org == self.org, DATE.c.key == RESOURCE.c.key, DATE.c.param.in_(ids))
        return or_(~dates.exists(), dates.where(holds).exists())

    def _rows(self, conditions: Sequence[Condition], after: int, limit: int) -> list[Stored]:
        statement = select(*COLUMNS).where(*conditions, RESOURCE.c.key > after).order_by(RESOURCE.c.key).limit(limit)
        return [stored(tuple(row)) for row in self.connection.execute(statement, self._bound())]

    def _is_seen(self) -> Iterator[Condition]:
        yield from within(self.query.limits, self.org, lambda type: RESOURCE.c.type != type, RESOURCE.c.key)

    def _bound(self) -> dict[str, Any]:
        return self.query.limits.values(self.org)

    # --- what they refer to ---------------------------------------------------------------------------------------

    def _linked(self) -> list[Stored]:
        """In order of creation, those of this and all later pages."""
        wanted = self.query.linked & self.query.types if self.query.types is not None else self.query.linked
        if not wanted:
            return []
        after = self.query.after
        behind = after[1] if after is not None and after[0] == LINKED else 0
        shown = [each for each in self._reached() if each.key > behind and self._is_shown(each)]
        return sorted(shown, key=lambda each: each.key)

    def _reached(self) -> list[Stored]:
        """What the record refers to, and what that refers to in its turn: a room's building, a role's practitioner."""
        found: list[Stored] = []
        seen: set[Named] = set()
        frontier = self._references(self._bodies())
        for _ in range(MAX_ROUNDS):
            fresh = self._read(frontier - seen)
            seen |= frontier
            found += fresh
            frontier = self._references(each.body for each in fresh) - seen
            if not frontier or len(found) >= MAX_LINKED:
                break
        self.cut = len(found) > MAX_LINKED or bool(frontier)
        return found[:MAX_LINKED]

    def _bodies(self) -> Iterator[bytes]:
        """Of the whole record, whatever of it is asked for: it is what the linked resources support."""
        yield self.patient.body
        conditions, after = list(self._in_compartment()), 0
        while rows := self._rows(conditions, after, CHUNK):
            yield from (each.body for each in rows)
            after = rows[-1].key

    def _references(self, bodies: Iterable[bytes]) -> set[Named]:
        return {
            target
            for body in bodies
            for target in targets(document.decode(body), self.query.base)
            if target[0] in self.query.linked
        }

    def _read(self, named: Iterable[Named]) -> list[Stored]:
        """Those that are there, in order of their names; what speaks of another patient is left out."""
        found: list[Stored] = []
        listed = sorted(named)
        for type in sorted({type for type, _ in listed}):
            ids = [id for of, id in listed if of == type]
            for start in range(0, len(ids), CHUNK):
                some = RESOURCE.c.id.in_(ids[start : start + CHUNK])
                found += self._rows([*self._live(type), some, *self._is_seen()], 0, CHUNK)
        return [each for each in found if not self._speaks_of_another(each)]

    def _live(self, type: str) -> tuple[Condition, ...]:
        return RESOURCE.c.org == self.org, RESOURCE.c.type == type, RESOURCE.c.deleted == 0

    def _speaks_of_another(self, one: Stored) -> bool:
        patients = {id for type, id in targets(document.decode(one.body), self.query.base) if type == PATIENT}
        return bool(patients - {self.query.patient})


def targets(node: Any, base: str) -> Iterator[Named]:
    """The resources of this store that references and addresses below `node` name."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name in LINKS and isinstance(value, str):
                if found := OWN.fullmatch(value.removeprefix(f"{base}/")):
                    yield found["type"], found["id"]
            elif value.__class__ in (dict, list):
                yield from targets(value, base)
    elif isinstance(node, list):
        for item in node:
            yield from targets(item, base)
