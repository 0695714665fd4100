"""The tests of a plan as SQL, two ways round: `keys`, all that satisfy one, and `holds`, whether one candidate does.

A leap over a reference goes from what is tested at its far end to the near one in `keys`, and from the candidate
to the far end in `holds`; each step either way is a range of one index. Parameters of the statement are named after
the place of their node in the plan: `t1_param`, and in a leap of it `t1x0_param`.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, bindparam, literal_column, not_, or_, select, union_all
from sqlalchemy.sql.elements import UnaryExpression
from sqlalchemy.sql.operators import custom_op

from gateway.search.plan import CREATED, ID, LAST_UPDATED, Every, Leap, Node, Test
from gateway.store.compiled import in_order
from gateway.store.forms import FORMS, Bind, Condition, Names
from gateway.store.param_ids import param_id
from gateway.store.tables import REFERENCE, RESOURCE, table_of

Expression = ColumnElement[Any]
COLUMNS = {ID: "id", LAST_UPDATED: "updated", CREATED: "created"}
"""What is no entry of the index, but a column of the resource itself."""


@dataclass(frozen=True, slots=True)
class TestShape:
    """A test without its values."""

    __test__ = False

    table: str
    probes: tuple[tuple[str, Names], ...]
    negated: bool
    column: str = ""
    """Where the table is the resource's: which of its columns is compared."""


@dataclass(frozen=True, slots=True)
class LeapShape:
    """A leap without its parameter and types."""

    reverse: bool
    then: NodeShape


@dataclass(frozen=True, slots=True)
class ChoiceShape:
    """The shapes of what there is to choose from."""

    nodes: tuple[NodeShape, ...]


@dataclass(frozen=True, slots=True)
class EveryShape:
    """The shapes of what has to hold together."""

    nodes: tuple[NodeShape, ...]


NodeShape = TestShape | LeapShape | ChoiceShape | EveryShape


def node_shape(node: Node) -> NodeShape:
    if isinstance(node, Test):
        probes = tuple((probe.form, probe.names) for probe in node.probes)
        return TestShape(node.table, probes, node.negated, COLUMNS[node.param] if node.table == RESOURCE.name else "")
    if isinstance(node, Leap):
        return LeapShape(node.reverse, node_shape(node.then))
    shapes = tuple(map(node_shape, node.nodes))
    return EveryShape(shapes) if isinstance(node, Every) else ChoiceShape(shapes)


def node_values(node: Node, place: str) -> dict[str, Any]:
    """What the statement binds for a node."""
    if isinstance(node, Test):
        return test_values(node, place)
    if isinstance(node, Leap):
        own = {f"t{place}_param": param_id(node.source, node.param), f"t{place}_target": node.target}
        return own | node_values(node.then, f"{place}x0")
    found: dict[str, Any] = {}
    for at, choice in enumerate(node.nodes):
        found |= node_values(choice, f"{place}x{at}")
    return found


def test_values(test: Test, place: str) -> dict[str, Any]:
    values: dict[str, Any] = {f"t{place}_param": param_id(test.type, test.param), f"t{place}_type": test.type}
    for at, probe in enumerate(test.probes):
        repeated = len(set(probe.names)) < len(probe.names)
        for position, (name, value) in enumerate(probe.values):
            values[f"t{place}_{at}_{name}{position if repeated else ''}"] = value
    return values


def binder(prefix: str) -> Bind:
    return lambda name: bindparam(f"{prefix}_{name}")


def unindexed(column: Expression) -> Expression:
    """The column so written that no index on it is considered; the check itself remains."""
    return UnaryExpression(column, operator=custom_op("+"), type_=column.type)


def alternatives(test: TestShape, place: str, columns: Any) -> list[Condition]:
    forms = FORMS[test.table]
    return [forms[form](columns, binder(f"t{place}_{at}"), names) for at, (form, names) in enumerate(test.probes)]


def scope(test: TestShape, place: str, row: FromClause) -> list[Condition]:
    """The rows that a test looks among."""
    if test.table == RESOURCE.name:
        return live(place, row)
    return [row.c.org == bindparam("org"), row.c.param == bindparam(f"t{place}_param")]


def as_compared(column: Expression) -> Any:
    """The forms of comparison know the resource's columns by these names."""
    return SimpleNamespace(id=column, moment=column)


def live(place: str, resource: FromClause) -> list[Condition]:
    return [
        resource.c.org == bindparam("org"),
        resource.c.type == bindparam(f"t{place}_type"),
        resource.c.deleted == 0,
    ]


# --- all that satisfy -----------------------------------------------------------------------------------------------


def keys(node: NodeShape, place: str) -> Any:
    """The keys of all resources that satisfy a node, some more than once."""
    if isinstance(node, TestShape):
        return keys_of_test(node, place)
    if isinstance(node, LeapShape):
        return keys_over_reference(node, place)
    if isinstance(node, EveryShape):
        return keys_of_every(node, place)
    return together([select(keys(each, f"{place}x{at}").subquery().c.key) for at, each in enumerate(node.nodes)])


def keys_of_test(test: TestShape, place: str) -> Any:
    if test.negated:
        resource = RESOURCE.alias(f"n{place}")
        return select(resource.c.key).where(*live(place, resource), holds(test, place, resource))
    row = table_of(test.table).alias(f"d{place}")
    around = scope(test, place, row)
    columns = as_compared(row.c[test.column]) if test.column else row.c
    parts = [select(row.c.key).where(*around, condition) for condition in alternatives(test, place, columns)]
    return together(parts) if parts else select(row.c.key).where(*around)


def keys_of_every(every: EveryShape, place: str) -> Select[Any]:
    """Those of the part that is likely to find the fewest, as far as the others hold."""
    first = next((at for at, each in enumerate(every.nodes) if is_narrow(each)), 0)
    inner, resource = keys(every.nodes[first], f"{place}x{first}").subquery(f"a{place}"), RESOURCE.alias(f"v{place}")
    others = [holds(each, f"{place}x{at}", resource) for at, each in enumerate(every.nodes) if at != first]
    path = in_order(inner, resource, resource.c.key == inner.c.key)
    return select(resource.c.key).select_from(path).where(unindexed(resource.c.org) == bindparam("org"), *others)


def is_narrow(node: NodeShape) -> bool:
    """As plan.is_narrowing."""
    if isinstance(node, TestShape):
        return not node.negated
    if isinstance(node, LeapShape):
        return True
    return (any if isinstance(node, EveryShape) else all)(map(is_narrow, node.nodes))


def together(parts: list[Select[Any]]) -> Any:
    return parts[0] if len(parts) == 1 else union_all(*parts)


def keys_over_reference(leap: LeapShape, place: str) -> Select[Any]:
    inner = keys(leap.then, f"{place}x0").subquery(f"k{place}")
    link, resource = REFERENCE.alias(f"l{place}"), RESOURCE.alias(f"e{place}")
    mine = [link.c.org == bindparam("org"), link.c.param == bindparam(f"t{place}_param")]
    typed = link.c.target_type == bindparam(f"t{place}_target")
    if leap.reverse:
        near = [resource.c.org == link.c.org, resource.c.type == link.c.target_type, resource.c.id == link.c.target_id]
        links = in_order(inner, link, and_(link.c.key == inner.c.key, *mine))
        path = in_order(links, resource, and_(*near))
        return select(resource.c.key).select_from(path).where(typed, resource.c.deleted == 0)
    found = in_order(inner, resource, resource.c.key == inner.c.key)
    path = in_order(found, link, and_(link.c.target_id == resource.c.id, *mine))
    return select(link.c.key).select_from(path).where(typed, unindexed(resource.c.org) == bindparam("org"))


# --- whether one satisfies -----------------------------------------------------------------------------------------


def holds(node: NodeShape, place: str, resource: FromClause, *, in_order_of: str = "") -> Condition:
    """Whether one candidate satisfies a node; `in_order_of`: the column by whose index the candidates are read."""
    if isinstance(node, TestShape):
        found = test_holds(node, place, resource, in_order_of)
        return fails(node, place, found) if node.negated else found
    if isinstance(node, LeapShape):
        return leap_holds(node, place, resource)
    if isinstance(node, EveryShape):
        return and_(*(holds(each, f"{place}x{at}", resource) for at, each in enumerate(node.nodes)))
    return or_(*(holds(each, f"{place}x{at}", resource) for at, each in enumerate(node.nodes)))


def test_holds(test: TestShape, place: str, resource: FromClause, in_order_of: str) -> Condition:
    if test.table == RESOURCE.name:
        # A range of changes is worth reading by its index only where that is the order asked for.
        own = resource.c[test.column]
        compared = own if test.column in ("id", in_order_of) else unindexed(own)
        found: Condition = or_(*alternatives(test, place, as_compared(compared))).self_group()
        return found
    row = table_of(test.table).alias(f"i{place}")
    choices = alternatives(test, place, row.c)
    mine = row.c.key == resource.c.key
    return asked_of_each(*scope(test, place, row), mine, *([or_(*choices)] if choices else []))


def fails(test: TestShape, place: str, found: Condition) -> Condition:
    """Where no resource has a value for the parameter, as with labels most often, one look tells it of all."""
    if test.table == RESOURCE.name:
        return not_(found)
    row = table_of(test.table).alias(f"o{place}")
    return not_(and_(select(literal_column("1")).where(*scope(test, place, row)).exists(), found))


def leap_holds(leap: LeapShape, place: str, candidate: FromClause) -> Condition:
    link, far = REFERENCE.alias(f"l{place}"), RESOURCE.alias(f"f{place}")
    mine = [link.c.org == bindparam("org"), link.c.param == bindparam(f"t{place}_param")]
    typed = link.c.target_type == bindparam(f"t{place}_target")
    then = holds(leap.then, f"{place}x0", far)
    if leap.reverse:
        ends = [link.c.target_id == candidate.c.id, far.c.key == link.c.key]
    else:
        ends = [
            link.c.key == candidate.c.key,
            far.c.org == link.c.org,
            far.c.type == link.c.target_type,
            far.c.id == link.c.target_id,
            far.c.deleted == 0,
        ]
    return asked_of_each(*mine, typed, *ends, then)


def asked_of_each(*conditions: Condition) -> Condition:
    """EXISTS, of one candidate at a time: PostgreSQL makes no join of a subquery that has an OFFSET."""
    return select(literal_column("1")).where(*conditions).offset(literal_column("0")).exists()
