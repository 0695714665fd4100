"""A search narrowed to what its caller may see: the matches, the far end of every chain, and what includes add.

Sorting, totals and counts follow by themselves, since what is not seen is not found.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from gateway.access.conditions import all_of
from gateway.access.sight import Sight
from gateway.search.includes import EVERY
from gateway.search.query import NEVER, Both, Chain, Condition, Either, Include, Query
from gateway.store.limits_sql import Limits


def restrict(query: Query, sight: Sight) -> Query:
    """A pure function: the same query for the same sight, whatever was restricted before."""
    if sight.unlimited:
        return query
    own = sight.limit(query.type, "s")
    criteria = [narrowed(each, sight) for each in query.criteria]
    limited = (*criteria, *parts(own))
    if not query.includes:
        return replace(query, criteria=limited)
    return replace(
        query, criteria=limited, readable=readable(sight), limits=tuple(_limits(query, sight)), labels=sight.labels
    )


def narrowed(condition: Condition, sight: Sight) -> Condition:
    match condition:
        case Chain(source, _, target, reverse, then):
            far = sight.limit(source if reverse else target, "s")
            return replace(condition, then=all_of((narrowed(then, sight), *parts(far))) or then)
        case Either(choices):
            return Either(tuple(narrowed(each, sight) for each in choices))
        case Both(conditions):
            return Both(tuple(narrowed(each, sight) for each in conditions))
        case _:
            return condition


def parts(limit: Condition | None) -> tuple[Condition, ...]:
    """What holds together, each by itself: the store looks for the part that finds the fewest."""
    if limit is None:
        return ()
    return limit.conditions if isinstance(limit, Both) else (limit,)


def readable(sight: Sight) -> frozenset[str] | None:
    """The types that includes may add; None for all."""
    served = sight.definitions.served
    allowed = frozenset(type for type in served if sight.allows(type, "r"))
    return None if allowed == served else allowed


def limits_of(sight: Sight, types: Iterable[str], action: str) -> Limits:
    """For statements that go through resources of several types."""
    if sight.unlimited:
        return Limits()
    named = tuple(sorted(set(types)))
    reaches = ((type, sight.reach(type, action)) for type in named)
    return Limits(named, tuple(Query(type, (reach,)) for type, reach in reaches if reach is not None), sight.labels)


def _limits(query: Query, sight: Sight) -> Iterable[tuple[str, Condition]]:
    for type in sorted(reached(query, sight)):
        reach = sight.reach(type, "r")
        if reach is not None and reach != NEVER:
            yield type, reach


def reached(query: Query, sight: Sight) -> frozenset[str]:
    """The types that includes may lead to."""
    return frozenset[str]().union(*(_reached(include, sight) for include in query.includes))


def _reached(include: Include, sight: Sight) -> frozenset[str]:
    served = sight.definitions.served
    if include.reverse:
        return served & {include.source}
    if include.target is not None:
        return served & {include.target}
    parameter = (
        None if include.param == EVERY else sight.definitions.search_parameters(include.source).get(include.param)
    )
    return served.intersection(parameter.targets) if parameter is not None and parameter.targets else served
