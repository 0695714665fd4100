"""Paths into JSON, for both sides of a mapping: `name.first`, `given[0]`, `telecom[system=phone,use=|home].value`.

A step is a property, optionally with a selector in brackets:

    given[0]            the element at that index
    given[1:]           the elements from that index on, as a list
    name[use=official]  the first element whose `use` is `official`
    name[use=official|usual|]   alternatives in order of preference; an empty one means "has no `use`"
    location[physicalType.coding.code=bu]   a constant deeper down; in lists on the way, any element will do
    telecom[rank:=1|]   `:=` writes the constant as JSON instead of as a string

Reading takes the first alternative that some element fits; placing into a list where none fits appends an element
made of the first alternatives. `$name` in a constant is bound when a map is bound to a connection.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product
from typing import Any

Json = Any
Concrete = tuple[str | int, ...]
"""A path without selectors, as it stands in one document."""

EMPTY: tuple[Any, ...] = (None, "", [], {})


@dataclass(frozen=True, slots=True)
class Match:
    """Selects a list element by constants; `alternatives[key]` in order of preference, None for "absent"."""

    alternatives: tuple[tuple[tuple[str, ...], tuple[Any, ...]], ...]
    wishes: tuple[tuple[tuple[tuple[str, ...], Any], ...], ...] = field(init=False, repr=False, compare=False)
    """Every choice of one constant per key, the most preferred first."""

    def __post_init__(self) -> None:
        keys = [key for key, _ in self.alternatives]
        choices = product(*(values for _, values in self.alternatives))
        object.__setattr__(self, "wishes", tuple(tuple(zip(keys, choice, strict=True)) for choice in choices))

    def is_open(self) -> bool:
        """Whether a connection still has to give one of the constants."""
        return any(isinstance(v, str) and v[:1] == "$" for _, values in self.alternatives for v in values)


@dataclass(frozen=True, slots=True)
class Step:
    """One property, and which of its elements."""

    name: str
    selector: int | slice | Match | None = None


_STEP = re.compile(r"(?P<name>[^.\[\]]+)(?:\[(?P<selector>[^\]]*)\])?(?:\.|$)")


@lru_cache(maxsize=4096)
def parse(path: str) -> tuple[Step, ...]:
    steps, position = [], 0
    while position < len(path) or path.endswith("."):
        found = _STEP.match(path, position)
        if found is None:
            raise ValueError(f"not a path: {path!r} at {position}")
        steps.append(Step(found["name"], _selector(found["selector"])))
        position = found.end()
    return tuple(steps)


def _selector(text: str | None) -> int | slice | Match | None:
    if text is None:
        return None
    if text.isdigit():
        return int(text)
    if text.endswith(":") and text[:-1].isdigit():
        return slice(int(text[:-1]), None)
    return Match(tuple(_alternatives(part) for part in text.split(",")))


def _alternatives(text: str) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    key, sign, values = text.partition("=")
    if not sign or not key.strip(":"):
        raise ValueError(f"not a selector: {text!r}")
    literal = key.endswith(":")
    parsed = tuple((json.loads(value) if literal else value) if value else None for value in values.split("|"))
    return tuple(key.rstrip(":").split(".")), parsed


def bind(steps: tuple[Step, ...], constants: Mapping[str, str]) -> tuple[Step, ...]:
    """Put the connection's own constants where the path says `$name`."""
    if not any(isinstance(step.selector, Match) and step.selector.is_open() for step in steps):
        return steps

    def bound(selector: int | slice | Match | None) -> int | slice | Match | None:
        if not isinstance(selector, Match):
            return selector
        return Match(
            tuple(
                (key, tuple(constants[v[1:]] if isinstance(v, str) and v[:1] == "$" else v for v in values))
                for key, values in selector.alternatives
            )
        )

    return tuple(Step(step.name, bound(step.selector)) for step in steps)


def holds(node: Json, key: tuple[str, ...], wanted: Any) -> bool:
    """Whether the constant stands at `key`; None means that nothing stands there."""
    if isinstance(node, list):
        if wanted is None:
            return all(holds(item, key, None) for item in node)
        return any(holds(item, key, wanted) for item in node)
    if not key:
        return bool(node == wanted)
    if not isinstance(node, dict) or key[0] not in node:
        return wanted is None
    return holds(node[key[0]], key[1:], wanted)


def pick(items: list[Json], match: Match) -> int | None:
    """The index of the element that fits the most preferred alternatives."""
    for wish in match.wishes:
        for index, item in enumerate(items):
            if isinstance(item, dict) and _fits(item, wish):
                return index
    return None


def _fits(item: Json, wish: tuple[tuple[tuple[str, ...], Any], ...]) -> bool:
    for key, wanted in wish:
        if len(key) == 1 and isinstance(item, dict) and not isinstance(found := item.get(key[0]), list):
            if found != wanted:
                return False
        elif not holds(item, key, wanted):
            return False
    return True


def locate(node: Json, steps: tuple[Step, ...]) -> Concrete | None:
    """Where the path leads in this document; None where it leads nowhere. A trailing slice is left to the caller."""
    concrete: list[str | int] = []
    for step in steps:
        if not isinstance(node, dict) or step.name not in node:
            return None
        node = node[step.name]
        concrete.append(step.name)
        index = _index(node, step.selector)
        if index == -1:
            return None
        if index is not None:
            node = node[index]
            concrete.append(index)
    return tuple(concrete)


def _index(node: Json, selector: int | slice | Match | None) -> int | None:
    """The list index that a selector means, None where it selects nothing smaller, -1 where it fits nothing."""
    if selector is None or isinstance(selector, slice):
        return None
    if not isinstance(node, list):
        return -1
    if isinstance(selector, int):
        return selector if selector < len(node) else -1
    found = pick(node, selector)
    return -1 if found is None else found


def at(node: Json, concrete: Concrete) -> Json:
    for part in concrete:
        node = node[part]
    return node


def get(node: Json, steps: tuple[Step, ...]) -> Json:
    """The value, or None; empty strings, lists and objects count as none."""
    for step in steps:
        node = node.get(step.name) if isinstance(node, dict) else None
        if node is None:
            return None
        if isinstance(step.selector, slice):
            node = node[step.selector] if isinstance(node, list) else None
        elif step.selector is not None:
            index = _index(node, step.selector)
            node = None if index == -1 else node[index]
    return None if node in EMPTY else node


def has_gap(node: Json, steps: tuple[Step, ...]) -> bool:
    """Whether the path means a position in a list behind one that nothing stands at: JSON lists have no holes."""
    if not any(isinstance(step.selector, int | slice) for step in steps):
        return False
    for step in steps:
        child = node.get(step.name) if isinstance(node, dict) else None
        first = step.selector.start if isinstance(step.selector, slice) else step.selector
        if isinstance(first, int) and first > (len(child) if isinstance(child, list) else 0):
            return True
        if step.selector is not None:
            # What is no list is replaced by one: nothing that it holds stands in the way or fills a place.
            index = _index(child, step.selector)
            child = child[index] if isinstance(child, list) and index not in (None, -1) else None
        node = child
    return False


def place(node: dict[str, Json], steps: tuple[Step, ...], value: Json) -> dict[str, Json]:
    """Set the value, making what is missing or null; answers the last list element on the way, or the root.

    There must be no gap in front of it.
    """
    owner: dict[str, Json] = node
    for step in steps[:-1]:
        if step.selector is None:
            node = _dict_at(node, step.name)
        else:
            node = owner = _element(_list_at(node, step.name), step.selector)
    last = steps[-1]
    if last.selector is None:
        node[last.name] = value
    elif isinstance(last.selector, slice):
        node[last.name] = _list_at(node, last.name)[: last.selector.start] + value
    else:
        owner = _put_element(_list_at(node, last.name), last.selector, value, owner)
    return owner


def _dict_at(node: dict[str, Json], name: str) -> dict[str, Json]:
    if not isinstance(node.get(name), dict):
        node[name] = {}
    found: dict[str, Json] = node[name]
    return found


def _list_at(node: dict[str, Json], name: str) -> list[Json]:
    if not isinstance(node.get(name), list):
        node[name] = []
    found: list[Json] = node[name]
    return found


def _element(items: list[Json], selector: int | slice | Match) -> dict[str, Json]:
    if isinstance(selector, slice):
        raise ValueError("a slice can only end a path")
    if isinstance(selector, int):
        if selector == len(items) or not isinstance(items[selector], dict):
            items[selector : selector + 1] = [{}]
        found: dict[str, Json] = items[selector]
        return found
    index = pick(items, selector)
    if index is not None and isinstance(items[index], dict):
        element: dict[str, Json] = items[index]
        return element
    made: dict[str, Json] = {}
    for key, wanted in selector.wishes[0]:
        if wanted is not None:
            plant(made, key, wanted)
    items.append(made)
    return made


def _put_element(items: list[Json], selector: int | Match, value: Json, owner: dict[str, Json]) -> dict[str, Json]:
    if isinstance(selector, Match):
        element = _element(items, selector)
        element.update(value)
        return element
    items[selector : selector + 1] = [value]
    return value if isinstance(value, dict) else owner


def plant(node: dict[str, Json], key: tuple[str, ...], value: Json) -> None:
    """Set a constant below a new element; `coding` is the one list on such ways in FHIR."""
    for part in key[:-1]:
        if node.get(part) in EMPTY:
            node[part] = [{}] if part == "coding" else {}
        node = node[part][0] if isinstance(node[part], list) else node[part]
    node.setdefault(key[-1], copied(value))


def copied(value: Json) -> Json:
    """A deep copy of JSON; several times faster than copy.deepcopy."""
    if isinstance(value, dict):
        return {name: copied(child) for name, child in value.items()}
    if isinstance(value, list):
        return [copied(child) for child in value]
    return value


def remove(node: Json, steps: tuple[Step, ...], having: Mapping[str, Json] | None = None) -> None:
    """Take the value away, and every element that then holds nothing but its selector's constants and `having`.

    What stands behind a removed position goes with it: it would move into a place that means something else.
    """
    concrete = locate(node, steps)
    if concrete is None:
        return
    last = steps[-1].selector
    if isinstance(last, slice):
        del at(node, concrete)[last]
    elif isinstance(last, int):
        del at(node, concrete[:-1])[last:]
        concrete = concrete[:-1]
    else:
        del at(node, concrete[:-1])[concrete[-1]]
        concrete = concrete[:-1]
    _prune(node, concrete, _matches(steps), having or {})


def _matches(steps: tuple[Step, ...]) -> dict[int, Match]:
    """How long the concrete path is at each element that constants select."""
    found, depth = {}, 0
    for step in steps:
        depth += 1 if step.selector is None or isinstance(step.selector, slice) else 2
        if isinstance(step.selector, Match):
            found[depth] = step.selector
    return found


def _prune(node: Json, concrete: Concrete, matches: Mapping[int, Match], having: Mapping[str, Json]) -> None:
    """Walk back up and drop what has become empty."""
    while concrete:
        value, match = at(node, concrete), matches.get(len(concrete))
        if value not in EMPTY and not (match and _only_constants(value, match, having)):
            return
        del at(node, concrete[:-1])[concrete[-1]]
        concrete = concrete[:-1]


def _only_constants(element: Json, match: Match, having: Mapping[str, Json]) -> bool:
    wish: dict[str, Json] = {}
    for name, value in having.items():
        plant(wish, tuple(name.split(".")), value)
    for key, values in match.alternatives:
        present = next((value for value in values if value is not None and holds(element, key, value)), None)
        if present is not None:
            plant(wish, key, present)
    return dict(leaves(element)).items() <= dict(leaves(wish)).items()


def covers(node: Json, steps: tuple[Step, ...], leaf: Concrete) -> bool:
    """Whether the path leads to this leaf of the document or to something above it; no selector means every element."""
    position = 0
    for step in steps:
        if position >= len(leaf) or leaf[position] != step.name:
            return False
        node, position = node[step.name], position + 1
        if isinstance(node, list) and position < len(leaf):
            index = leaf[position]
            if not isinstance(index, int) or not _selects(step.selector, index, node[index]):
                return False
            node, position = node[index], position + 1
    return True


def _selects(selector: int | slice | Match | None, index: int, element: Json) -> bool:
    if isinstance(selector, Match):
        return all(any(holds(element, key, value) for value in values) for key, values in selector.alternatives)
    if isinstance(selector, slice):
        return bool(index >= selector.start)
    return selector is None or selector == index


def leaves(node: Json, above: Concrete = ()) -> Iterator[tuple[Concrete, Json]]:
    """Every primitive of a document with its place."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield from leaves(value, (*above, name))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from leaves(value, (*above, index))
    else:
        yield above, node


def holding(
    node: Json, constants: tuple[tuple[tuple[str, ...], tuple[Any, ...]], ...], below: Concrete = ()
) -> set[Concrete]:
    """The leaves below a place that are one of the constants."""
    if not constants:
        return set()
    wanted = [((*key, *names(leaf)), value) for key, ws in constants for w in ws for leaf, value in leaves(w)]
    found = leaves(at(node, below))
    return {(*below, *leaf) for leaf, value in found if (names(leaf), value) in wanted}


def names(concrete: Concrete) -> tuple[str, ...]:
    return tuple(part for part in concrete if isinstance(part, str))


def expression(concrete: Concrete, root: str = "") -> str:
    """`Patient.name[0].given[1]`."""
    text = root
    for part in concrete:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
