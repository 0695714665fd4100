"""Search by looking at every resource: slow, plain, and without a database, to compare the store's answers with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cmp_to_key
from typing import Any

from gateway.definitions.contract import Resource
from gateway.search.dates import date_range
from gateway.search.query import (
    Both,
    Chain,
    CompositeValue,
    Condition,
    Criterion,
    DateValue,
    Either,
    NumberValue,
    PositionValue,
    Query,
    ReferenceValue,
    SortKey,
    StringValue,
    TokenValue,
    UriValue,
    Value,
)
from gateway.search.text import fold


@dataclass(frozen=True)
class Known:
    """A resource, when it was last written, and when first."""

    resource: Resource
    updated: int
    created: int = 0


def search(known: Sequence[Known], query: Query) -> list[str]:
    """The ids of all matches, in order; `known` is in order of creation."""
    found = [each for each in known if all(is_true(known, each, part) for part in query.criteria)]
    if query.created is not None:
        found = [each for each in found if query.created[0] <= each.created < query.created[1]]
    for key in reversed(query.sort):
        found = sorted(found, key=cmp_to_key(lambda a, b, key=key: compare(a, b, key)))  # type: ignore[misc]
    return [each.resource["id"] for each in found][query.skip :]


def is_true(known: Sequence[Known], each: Known, condition: Condition) -> bool:
    match condition:
        case Criterion():
            return holds(each, condition)
        case Either(choices):
            return any(is_true(known, each, choice) for choice in choices)
        case Both(conditions):
            return all(is_true(known, each, part) for part in conditions)
        case Chain(param=param, reverse=reverse, then=then):
            others = [other for other in known if refers(*((other, each) if reverse else (each, other)), param)]
            return any(is_true(known, other, then) for other in others)


def refers(source: Known, target: Known, param: str) -> bool:
    return f"{target.resource['resourceType']}/{target.resource['id']}" in source.resource.get(param, ())


def holds(each: Known, criterion: Criterion) -> bool:
    if criterion.param == "_id":
        return TokenValue(None, each.resource["id"]) in criterion.values
    values = stored_values(each, criterion.param)
    if criterion.modifier == "missing":
        return (not values) == (criterion.values == (TokenValue(None, "true"),))
    found = any(fits(stored, value, criterion) for stored in values for value in criterion.values)
    return found != (criterion.modifier == "not")


def stored_values(each: Known, param: str) -> list[Any]:
    if param in ("_lastUpdated", "_created"):
        moment = each.updated if param == "_lastUpdated" else each.created
        return [(moment, moment + 1)]
    values = list(each.resource.get(param, ()))
    return [date_range(value) for value in values] if param == "date" else values


def fits(stored: Any, value: Value, criterion: Criterion) -> bool:
    match value:
        case CompositeValue(first, second):
            return fits(stored[0], first, criterion) and fits(stored[1], second, criterion)
        case TokenValue(system, code):
            return (system is None or stored[0] == system) and (code is None or stored[1] == code)
        case StringValue(text):
            return fits_text(stored, text, criterion.modifier)
        case UriValue(uri):
            return fits_uri(stored, uri, criterion.modifier)
        case ReferenceValue(url="", type=type, id=id):
            local = ":" not in stored
            return bool(local and stored.split("/")[1] == id and type in (None, stored.split("/")[0]))
        case ReferenceValue(url=url):
            return bool(stored == url)
        case DateValue(prefix, low, high):
            return fits_range(prefix, stored, (low, high))
        case NumberValue():
            number, *unit = stored if isinstance(stored, list) else [stored]
            system, code = unit or ("", "")
            same_unit = value.system in (None, system) and value.code in (None, code)
            return same_unit and fits_number(value, Decimal(number))
        case PositionValue():
            raise NotImplementedError("distances have laws of their own, in test_places.py")


def fits_uri(stored: str, uri: str, modifier: str) -> bool:
    """R4, 3.1.1.5.11: below goes on from it, segment by segment; above the other way round."""
    whole, part = (stored, uri) if modifier == "below" else (uri, stored)
    return stored == uri or (modifier != "" and whole.startswith(f"{part.rstrip('/')}/"))


def fits_text(stored: str, text: str, modifier: str) -> bool:
    if modifier == "exact":
        return stored == text
    return fold(text) in fold(stored) if modifier == "contains" else fold(stored).startswith(fold(text))


def fits_range(prefix: str, stored: tuple[int, int], value: tuple[int, int]) -> bool:
    contained = value[0] <= stored[0] and stored[1] <= value[1]
    above, below = stored[1] > value[1], stored[0] < value[0]
    return {
        "eq": contained,
        "ne": not contained,
        "gt": above,
        "lt": below,
        "ge": above or contained,
        "le": below or contained,
        "sa": stored[0] >= value[1],
        "eb": stored[1] <= value[0],
        "ap": stored[0] < value[1] and value[0] < stored[1],
    }[prefix]


def fits_number(value: NumberValue, stored: Decimal) -> bool:
    exact = (value.low + value.high) / 2
    near = value.low <= stored < value.high
    return {
        "eq": near,
        "ne": not near,
        "gt": stored > exact,
        "lt": stored < exact,
        "ge": stored >= exact,
        "le": stored <= exact,
        "sa": stored > exact,
        "eb": stored < exact,
        "ap": near,
    }[value.prefix]


def compare(a: Known, b: Known, key: SortKey) -> int:
    """Missing last, either way round."""
    left, right = sorted_by(a, key), sorted_by(b, key)
    if left is None or right is None:
        return (left is None) - (right is None)
    order = int(left > right) - int(left < right)
    return -order if key.descending else order


def sorted_by(each: Known, key: SortKey) -> Any:
    if key.param == "_id":
        return each.resource["id"].encode()
    values = [comparable(value, key.param) for value in stored_values(each, key.param)]
    return (max if key.descending else min)(values, default=None)


def comparable(stored: Any, param: str) -> Any:
    match param:
        case "date" | "_lastUpdated" | "_created":
            return stored[0]
        case "token":
            return stored[1].encode()
        case "string":
            return fold(stored).encode()
        case "quantity":
            return Decimal(stored[0])
        case "number":
            return Decimal(stored)
        case "reference":
            return b"" if ":" in stored else stored.split("/")[1].encode()
        case _:
            return stored.encode()
