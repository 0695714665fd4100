"""What `_include` and `_revinclude` add to the matches of a page: round by round, each resource once, up to a limit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, bindparam, or_, select

from gateway.search.plan import Node, node
from gateway.search.query import Include, Query
from gateway.store.compiled import Row
from gateway.store.contract import Stored
from gateway.store.node_sql import NodeShape, holds, node_shape, node_values, unindexed
from gateway.store.param_ids import param_id
from gateway.store.statements import STORED, stored
from gateway.store.tables import REFERENCE, RESOURCE

MAX_INCLUDED = 1000
MAX_ROUNDS = 8
EVERY = "*"


@dataclass(frozen=True, slots=True)
class RoundShape:
    """All that decides the SQL of one step: from some resources, over references, to others."""

    reverse: bool
    keys: int
    params: int
    """How many parameters lead to any type; 0 where none does."""
    every: bool
    """Whether every parameter leads to any type."""
    targeted: tuple[bool, ...]
    """Of what leads to a type of its own: whether that is one parameter, rather than every one."""
    readable: int | None
    """How many types may be found; None for all."""
    limits: tuple[NodeShape, ...] = ()
    """What has to hold of resources of some types."""


Rows = Callable[[RoundShape, Mapping[str, Any]], Sequence[Row]]


class Inclusion:
    """The includes of one page; `rows` runs a statement."""

    def __init__(self, query: Query, org: int, matches: Sequence[Stored], rows: Rows) -> None:
        self.query = query
        self.org = org
        self.rows = rows
        self.seen = {match.key for match in matches}
        self.found: list[Stored] = []
        self.cut = False
        """Whether the limit left something out."""
        self.limits: list[tuple[str, Node]] = [(type, node(type, limit)) for type, limit in query.limits]

    def run(self, matches: Sequence[Stored]) -> list[Stored]:
        frontier, includes = matches, self.query.includes
        for _ in range(MAX_ROUNDS):
            if not (frontier and includes) or self.cut:
                break
            frontier = self.round(frontier, includes)
            includes = tuple(include for include in includes if include.iterate)
        else:
            self.cut = self.cut or bool(frontier and includes)
        return self.found

    def round(self, frontier: Sequence[Stored], includes: Sequence[Include]) -> list[Stored]:
        new: list[Stored] = []
        for type in sorted({each.type for each in frontier}):
            keys = [each.key for each in frontier if each.type == type]
            forward = [each for each in includes if not each.reverse and each.source == type]
            back = [each for each in includes if each.reverse and each.target in (None, type)]
            for chosen, reverse in ((forward, False), (back, True)):
                if chosen:
                    new += self.step(chosen, keys, reverse=reverse)
        return new

    def step(self, includes: Sequence[Include], keys: Sequence[int], *, reverse: bool) -> list[Stored]:
        shape, values = self.bound(includes, keys, reverse=reverse)
        room = MAX_INCLUDED - len(self.found)
        limit, after = room + len(self.seen) + 1, 0
        fresh: list[Stored] = []
        while len(fresh) <= room:
            found = list(map(stored, self.rows(shape, values | {"org": self.org, "limit": limit, "after": after})))
            fresh += [each for each in found if each.key not in self.seen and self.is_open(each)]
            if len(found) < limit:
                break
            after = found[-1].key
        self.cut = self.cut or len(fresh) > room
        self.seen.update(each.key for each in fresh[:room])
        self.found += fresh[:room]
        return fresh[:room]

    def is_open(self, one: Stored) -> bool:
        """Looked at here, before the limit of the page: most have no labels, and the others are few."""
        return self.query.labels is None or self.query.labels.admits(one.body)

    def bound(
        self, includes: Sequence[Include], keys: Sequence[int], *, reverse: bool
    ) -> tuple[RoundShape, dict[str, Any]]:
        """Lists are filled up to a power of two by repeating their last value, so that shapes stay few."""
        free = [each for each in includes if each.target is None or reverse]
        params = filled([param_id(each.source, each.param) for each in free if each.param != EVERY])
        every = any(each.param == EVERY for each in free)
        targeted = [each for each in includes if each.target is not None and not reverse]
        readable = None if self.query.readable is None else filled(sorted(self.query.readable) or [""])
        listed = filled(keys)
        shape = RoundShape(
            reverse,
            len(listed),
            len(params),
            every,
            tuple(each.param != EVERY for each in targeted),
            None if readable is None else len(readable),
            tuple(node_shape(node) for _, node in self.limits),
        )
        values = numbered("key", listed) | numbered("param", params) | numbered("type", readable or ())
        values |= numbered("own_type", [each.target for each in targeted])
        values |= numbered("limited", [type for type, _ in self.limits])
        for at, (_, limit) in enumerate(self.limits):
            values |= node_values(limit, f"z{at}")
        return shape, values | numbered("own", [param_id(each.source, each.param) for each in targeted])


def numbered(name: str, values: Iterable[Any]) -> dict[str, Any]:
    return {f"{name}{at}": value for at, value in enumerate(values)}


def filled(values: Sequence[Any]) -> list[Any]:
    size = 1 << (len(values) - 1).bit_length() if values else 0
    return [*values, *[values[-1]] * (size - len(values))] if values else []


def binds(name: str, size: int) -> list[Any]:
    return [bindparam(f"{name}{at}") for at in range(size)]


def statement(shape: RoundShape) -> Select[Any]:
    """The resources that one step leads to, in order of creation."""
    body = RESOURCE.alias("b")
    found = [body.c.key.in_(referring(shape) if shape.reverse else referred(shape))]
    return (
        select(*(body.c[name] for name in STORED))
        .where(*found, unindexed(body.c.org) == bindparam("org"), body.c.key > bindparam("after"))
        .where(*readable(shape, body.c.type), *within_limits(shape, body))
        .order_by(body.c.key)
        .limit(bindparam("limit"))
    )


def readable(shape: RoundShape, type: Any) -> list[Any]:
    return [] if shape.readable is None else [unindexed_text(type).in_(binds("type", shape.readable))]


def within_limits(shape: RoundShape, body: Any) -> list[Any]:
    return [
        or_(unindexed_text(body.c.type) != bindparam(f"limited{at}"), holds(limit, f"z{at}", body))
        for at, limit in enumerate(shape.limits)
    ]


def unindexed_text(column: Any) -> Any:
    """Types are checked, not looked up: the key has found the row."""
    return column.concat("")


def referred(shape: RoundShape) -> Select[Any]:
    row, target = REFERENCE.alias("i"), RESOURCE.alias("t")
    choices: list[Any] = [row.c.param.in_(binds("param", shape.params))] if shape.params else []
    for at, one in enumerate(shape.targeted):
        own = [row.c.param == bindparam(f"own{at}")] if one else []
        choices.append(and_(row.c.target_type == bindparam(f"own_type{at}"), *own))
    chosen = [] if shape.every else [or_(*choices)]
    same = and_(target.c.org == row.c.org, target.c.type == row.c.target_type, target.c.id == row.c.target_id)
    within = [row.c.org == bindparam("org"), row.c.key.in_(binds("key", shape.keys))]
    return select(target.c.key).select_from(row.join(target, same)).where(*within, *chosen, target.c.deleted == 0)


def referring(shape: RoundShape) -> Select[Any]:
    row, target = REFERENCE.alias("i"), RESOURCE.alias("t")
    same = and_(row.c.org == target.c.org, row.c.target_id == target.c.id, row.c.target_type == target.c.type)
    within = [row.c.org == bindparam("org"), row.c.param.in_(binds("param", shape.params))]
    chosen = [unindexed(target.c.org) == bindparam("org"), target.c.key.in_(binds("key", shape.keys))]
    return select(row.c.key).select_from(target.join(row, same)).where(*within, *chosen)
