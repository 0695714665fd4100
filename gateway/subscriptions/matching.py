"""Whether one resource satisfies the criteria of a search, judged from its index entries without a database.

The plan is the search's own, and so are the rows; only the comparisons are said a second time here, as plain Python.
A test holds that both agree. It works for versions that are no longer indexed, and so for what was deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from gateway.definitions.contract import Definitions, Resource
from gateway.search.plan import LAST_UPDATED, TABLES, Choice, Every, Node, Probe, Test, node
from gateway.search.query import Condition
from gateway.store.param_ids import param_id
from gateway.store.rows import index_rows, local

Row = Any
Values = Sequence[tuple[str, Any]]
Holds = Callable[[Row, Values], bool]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A resource as the index would have it."""

    id: str
    updated: int
    rows: Mapping[str, Mapping[int, Sequence[Row]]]
    """Table → parameter → rows."""


def candidate(definitions: Definitions, resource: Resource, updated: int, base: str) -> Candidate:
    type, id = resource["resourceType"], resource["id"]
    rows: dict[str, dict[int, list[Row]]] = {}
    for table, found in index_rows(0, type, 0, local(definitions.index(resource), base)).items():
        names = [column.name for column in table.columns]
        of_table = rows.setdefault(table.name, {})
        for values in found:
            row = SimpleNamespace(**dict(zip(names, values, strict=True)))
            of_table.setdefault(row.param, []).append(row)
    return Candidate(id, updated, rows)


def satisfies(found: Candidate, type: str, criteria: Sequence[Condition]) -> bool:
    """All of them. What looks into other resources is not seen from here, and so does not hold."""
    return all(_holds(found, node(type, each)) for each in criteria)


def _holds(found: Candidate, node: Node) -> bool:
    match node:
        case Test():
            return _tested(found, node)
        case Every(nodes):
            return all(_holds(found, each) for each in nodes)
        case Choice(nodes):
            return any(_holds(found, each) for each in nodes)
        case _:
            return False


def _tested(found: Candidate, test: Test) -> bool:
    if test.table == "resource":
        return _of_itself(found, test) != test.negated
    rows = found.rows.get(test.table, {}).get(param_id(test.type, test.param), ())
    return _some(rows, test.table, test.probes) != test.negated


def _some(rows: Sequence[Row], table: str, probes: Iterable[Probe]) -> bool:
    if not probes:
        return bool(rows)
    return any(FORMS[table][probe.form](row, probe.values) for row in rows for probe in probes)


def _of_itself(found: Candidate, test: Test) -> bool:
    """`_id`, and `_lastUpdated`, which is one microsecond wide."""
    if test.param != LAST_UPDATED:
        return any(probe.form == "any" or found.id in dict_of_lists(probe.values)["id"] for probe in test.probes)
    instant = SimpleNamespace(low=found.updated, high=found.updated + 1)
    return any(probe.form == "any" or DATES[probe.form](instant, probe.values) for probe in test.probes)


def dict_of_lists(values: Values) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for name, value in values:
        found.setdefault(name, []).append(value)
    return found


# --- the forms of store/forms.py --------------------------------------------------------------------------------------


def equals(row: Row, values: Values) -> bool:
    """Every named column has its value; a name that repeats is a list of alternatives."""
    return all(getattr(row, name) in wanted for name, wanted in dict_of_lists(values).items())


def url_or_target(row: Row, values: Values) -> bool:
    foreign = row.target_id == row.target_type == ""
    return (values[0][0] != "url" or foreign) and equals(row, values)


def under(row: Row, values: Values) -> bool:
    wanted = dict(values)
    return bool(row.uri >= wanted["low"] and ("high" not in wanted or row.uri < wanted["high"]))


def starts(row: Row, values: Values) -> bool:
    wanted = dict(values)
    return bool(row.folded >= wanted["folded"] and ("before" not in wanted or row.folded < wanted["before"]))


def contains(row: Row, values: Values) -> bool:
    return dict(values)["folded"] in row.folded


def near(row: Row, values: Values) -> bool:
    """Within a sphere about a point; `reach` is the square of its radius."""
    wanted = dict(values)
    square: float = sum((getattr(row, axis) - wanted[axis]) ** 2 for axis in ("x", "y", "z"))
    return square <= float(wanted["reach"])


def compared(compare: Callable[[Row, Row], bool]) -> Holds:
    """A comparison of intervals; the unit, where it was given, has to be equal."""

    def holds(row: Row, values: Values) -> bool:
        wanted = dict(values)
        units = all(getattr(row, name) == wanted[name] for name in ("system", "code") if name in wanted)
        return units and compare(row, SimpleNamespace(**wanted))

    return holds


DATES: dict[str, Holds] = {
    "within": compared(lambda row, v: v.low <= row.low < v.high and row.high <= v.high),
    "below": compared(lambda row, v: row.low < v.low),
    "beyond": compared(lambda row, v: row.high > v.high),
    "gt": compared(lambda row, v: row.high > v.high),
    "lt": compared(lambda row, v: row.low < v.low),
    "sa": compared(lambda row, v: row.low >= v.high),
    "eb": compared(lambda row, v: row.high <= v.low),
    "from": compared(lambda row, v: row.low >= v.low),
    "to": compared(lambda row, v: row.high <= v.high),
    "overlaps": compared(lambda row, v: row.low < v.high and row.high > v.low),
}
NUMBERS: dict[str, Holds] = {
    "within": compared(lambda row, v: v.low <= row.low < v.high and row.high < v.high),
    "below": compared(lambda row, v: row.low < v.low),
    "beyond": compared(lambda row, v: row.high >= v.high),
    "gt": compared(lambda row, v: row.high > v.exact),
    "lt": compared(lambda row, v: row.low < v.exact),
    "sa": compared(lambda row, v: row.low > v.exact),
    "eb": compared(lambda row, v: row.high < v.exact),
    "from": compared(lambda row, v: row.high >= v.exact),
    "to": compared(lambda row, v: row.low <= v.exact),
    "overlaps": compared(lambda row, v: row.low < v.high and row.high >= v.low),
}
FORMS: dict[str, dict[str, Holds]] = {
    "index_token": {"token": equals, "listed": equals, "none": lambda *_: False},
    "index_uri": {"uri": equals, "under": under},
    "index_reference": {"target": url_or_target},
    "index_string": {"exact": equals, "starts": starts, "contains": contains},
    "index_date": DATES,
    "index_number": NUMBERS,
    "index_position": {"within": near},
}
FIRST = ("first_code", "first_system")
SECOND: dict[str, Callable[[Row], Row]] = {
    "string": lambda row: SimpleNamespace(folded=row.low, exact=row.high),
    "reference": lambda row: SimpleNamespace(target_id=row.code, target_type=row.system, url=row.low),
}
"""How a composite's columns are read where its second part is of that kind."""


def of_element(kind: str, form: Holds) -> Holds:
    """A form of the second part, for rows whose first part is the token too."""

    def holds(row: Row, values: Values) -> bool:
        first = [each for each in values if each[0] in FIRST]
        second = [each for each in values if each[0] not in FIRST]
        return equals(row, first) and form(SECOND.get(kind, lambda same: same)(row), second)

    return holds


FORMS["index_composite"] = {
    f"{kind}.{name}": of_element(kind, form)
    for kind, table in TABLES.items()
    for name, form in FORMS.get(table, {}).items()
}
