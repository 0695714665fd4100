"""The forms of comparison that a plan names, as conditions on the columns of one row.

Each is a conjunction, so that one range of one index answers it; alternatives are the plan's to make.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from sqlalchemy import ColumnElement, and_, false, true

from gateway.search.plan import TABLES
from gateway.store.compiled import place_of

Condition = ColumnElement[bool]
Bind = Callable[[str], Any]
Names = tuple[str, ...]
AXES = ("x", "y", "z")
Form = Callable[[Any, Bind, Names], Condition]


def equals(c: Any, bind: Bind, names: Names) -> Condition:
    """Every named column equals its value; a name that repeats is a list of alternatives."""
    if len(set(names)) < len(names):
        listed: Condition = getattr(c, names[0]).in_([bind(f"{names[0]}{i}") for i in range(len(names))])
        return listed
    return and_(*(getattr(c, name) == bind(name) for name in names))


def url_or_target(c: Any, bind: Bind, names: Names) -> Condition:
    local = [c.target_id == "", c.target_type == ""] if names[0] == "url" else []
    return and_(*local, equals(c, bind, names))


def listed(c: Any, bind: Bind, names: Names) -> Condition:
    """Many codes of one system."""
    codes = [bind(f"code{at}") for at, name in enumerate(names) if name == "code"]
    return and_(c.system == bind("system0"), c.code.in_(codes))


def under(c: Any, bind: Bind, names: Names) -> Condition:
    until = c.uri < bind("high") if "high" in names else true()
    return and_(c.uri >= bind("low"), until)


def starts(c: Any, bind: Bind, names: Names) -> Condition:
    until = c.folded < bind("before") if "before" in names else true()
    return and_(c.folded >= bind("folded"), until)


def unit(compare: Callable[[Any, Bind], Condition]) -> Form:
    """A comparison of numbers, and the equality of those parts of the unit that were given."""

    def compare_with_unit(c: Any, bind: Bind, names: Names) -> Condition:
        return and_(compare(c, bind), *(getattr(c, name) == bind(name) for name in ("system", "code") if name in names))

    return compare_with_unit


def between(column: Any, bind: Bind) -> Condition:
    return and_(column >= bind("low"), column < bind("high"))


def in_box(c: Any, bind: Bind) -> Condition:
    return and_(*(getattr(c, axis).between(bind(f"{axis}_from"), bind(f"{axis}_to")) for axis in AXES))


def in_sphere(c: Any, bind: Bind) -> Condition:
    x, y, z = (getattr(c, axis) - bind(axis) for axis in AXES)
    within: Condition = x * x + y * y + z * z <= bind("reach")
    return within


def plain(compare: Callable[[Any, Bind], Condition]) -> Form:
    return lambda c, bind, _names: compare(c, bind)


FORMS: dict[str, dict[str, Form]] = {
    "index_token": {"token": equals, "listed": listed, "none": lambda *_: false()},
    "index_uri": {"uri": equals, "under": under},
    "index_reference": {"target": url_or_target},
    "index_string": {
        "exact": equals,
        "starts": starts,
        "contains": plain(lambda c, b: place_of(c.folded, b("folded")) > 0),
    },
    # R4, 3.1.1.4.5: [low, high) of the row against [low, high) of the value.
    "index_date": {
        # Bounded at either end of either column, so that no index is a bad one to take.
        "within": plain(lambda c, b: and_(between(c.low, b), c.high > b("low"), c.high <= b("high"))),
        "below": plain(lambda c, b: c.low < b("low")),
        "beyond": plain(lambda c, b: c.high > b("high")),
        "gt": plain(lambda c, b: c.high > b("high")),
        "lt": plain(lambda c, b: c.low < b("low")),
        "sa": plain(lambda c, b: c.low >= b("high")),
        "eb": plain(lambda c, b: c.high <= b("low")),
        "from": plain(lambda c, b: c.low >= b("low")),
        "to": plain(lambda c, b: c.high <= b("high")),
        "overlaps": plain(lambda c, b: and_(c.low < b("high"), c.high > b("low"))),
    },
    # R4, 3.1.1.4.6: [low, high] of the row against the exact value, or for equality its precision, [low, high).
    "index_number": {
        "within": unit(lambda c, b: and_(between(c.low, b), between(c.high, b))),
        "below": unit(lambda c, b: c.low < b("low")),
        "beyond": unit(lambda c, b: c.high >= b("high")),
        "gt": unit(lambda c, b: c.high > b("exact")),
        "lt": unit(lambda c, b: c.low < b("exact")),
        "sa": unit(lambda c, b: c.low > b("exact")),
        "eb": unit(lambda c, b: c.high < b("exact")),
        "from": unit(lambda c, b: c.high >= b("exact")),
        "to": unit(lambda c, b: c.low <= b("exact")),
        "overlaps": unit(lambda c, b: and_(c.low < b("high"), c.high >= b("low"))),
    },
    "index_position": {"within": plain(lambda c, b: and_(in_box(c, b), in_sphere(c, b)))},
    # `_id`, and `_lastUpdated` and `_created`, which are one microsecond wide.
    "resource": {
        "id": equals,
        "any": lambda *_: true(),
        "within": plain(lambda c, b: and_(c.moment >= b("low"), c.moment < b("high"))),
        "below": plain(lambda c, b: c.moment < b("low")),
        "beyond": plain(lambda c, b: c.moment >= b("high")),
        "gt": plain(lambda c, b: c.moment >= b("high")),
        "lt": plain(lambda c, b: c.moment < b("low")),
        "sa": plain(lambda c, b: c.moment >= b("high")),
        "eb": plain(lambda c, b: c.moment < b("low")),
        "from": plain(lambda c, b: c.moment >= b("low")),
        "to": plain(lambda c, b: c.moment < b("high")),
        "overlaps": plain(lambda c, b: and_(c.moment >= b("low"), c.moment < b("high"))),
    },
}


def of_element(kind: str, form: Form) -> Form:
    """A form of the second part of a composite, for rows whose first part is the token too."""

    def compare(c: Any, bind: Bind, names: Names) -> Condition:
        first = [getattr(c, name) == bind(name) for name in names if name in FIRST]
        return and_(*first, form(SECOND.get(kind, itself)(c), bind, tuple(name for name in names if name not in FIRST)))

    return compare


def itself(c: Any) -> Any:
    return c


FIRST = ("first_code", "first_system")
SECOND: dict[str, Callable[[Any], Any]] = {
    "string": lambda c: SimpleNamespace(folded=c.low, exact=c.high),
    "reference": lambda c: SimpleNamespace(target_id=c.code, target_type=c.system, url=c.low),
}
"""How the columns of the composite table are to be read where a kind of value has other names for them."""
FORMS["index_composite"] = {
    f"{kind}.{name}": of_element(kind, form) for kind, table in TABLES.items() for name, form in FORMS[table].items()
}
