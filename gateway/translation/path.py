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
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any

Json = Any
Concrete = tuple[str | int, ...]
"""A path without selectors, as it stands in one document."""

ABSENT = None
EMPTY: tuple[Any, ...] = (None, "", [], {})


@dataclass(frozen=True, slots=True)
class Match:
    """Selects a list element by constants; `alternatives[key]` in order of preference, None for "absent"."""

    alternatives: tuple[tuple[tuple[str, ...], tuple[Any, ...]], ...]

    def wishes(self) -> Iterator[tuple[tuple[tuple[str, ...], Any], ...]]:
        keys = [key for key, _ in self.alternatives]
        for choice in product(*(values for _, values in self.alternatives)):
            yield tuple(zip(keys, choice, strict=True))


@dataclass(frozen=True, slots=True)
class Step:
    """One property, and which of its elements."""

    name: str
    selector: int | slice | Match | None = None


_STEP = re.compile(r"(?P<name>[^.\[\]]+)(?:\[(?P<selector>[^\]]*)\])?(?:\.|$)")


@lru_cache(maxsize=4096)
def parse(path: str) -> tuple[Step, ...]:
    steps, position = [], 0
    while position < len(path):
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
    for wish in match.wishes():
        for index, item in enumerate(items):
            if all(holds(item, key, wanted) for key, wanted in wish):
                return index
    return None


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
    concrete = locate(node, steps)
    if concrete is None:
        return None
    value = at(node, concrete)
    last = steps[-1].selector
    if isinstance(last, slice):
        value = value[last] if isinstance(value, list) else None
    return None if value in EMPTY else value


def place(node: dict[str, Json], steps: tuple[Step, ...], value: Json) -> dict[str, Json]:
    """Set the value, making what is missing; answers the last list element (or object) on the way."""
    owner: dict[str, Json] = node
    for step in steps[:-1]:
        if step.selector is None:
            child = node.setdefault(step.name, {})
        else:
            child = owner = _element(node.setdefault(step.name, []), step.selector)
        node = child
    last = steps[-1]
    if last.selector is None:
        node[last.name] = value
    elif isinstance(last.selector, slice):
        node[last.name] = node.get(last.name, [])[: last.selector.start] + value
    else:
        _put_element(node.setdefault(last.name, []), last.selector, value)
    return owner


def _element(items: list[Json], selector: int | slice | Match) -> dict[str, Json]:
    if isinstance(selector, slice):
        raise ValueError("a slice can only end a path")
    if isinstance(selector, int):
        while len(items) <= selector:
            items.append({})
        found: dict[str, Json] = items[selector]
        return found
    index = pick(items, selector)
    if index is not None:
        element: dict[str, Json] = items[index]
        return element
    made: dict[str, Json] = {}
    for key, wanted in next(selector.wishes()):
        if wanted is not None:
            plant(made, key, wanted)
    items.append(made)
    return made


def _put_element(items: list[Json], selector: int | Match, value: Json) -> None:
    if isinstance(selector, Match):
        element = _element(items, selector)
        element.update(value)
    elif selector < len(items):
        items[selector] = value
    else:
        items.append(value)


def plant(node: dict[str, Json], key: tuple[str, ...], value: Json) -> None:
    """Set a constant below a new element; `coding` is the one list on such ways in FHIR."""
    for part in key[:-1]:
        child = node.setdefault(part, [{}] if part == "coding" else {})
        node = child[0] if isinstance(child, list) else child
    node.setdefault(key[-1], value)


def remove(node: Json, steps: tuple[Step, ...], having: Mapping[str, Json] | None = None) -> None:
    """Take the value away, and every element that then holds nothing but its selector's constants and `having`."""
    concrete = locate(node, steps)
    if concrete is None:
        return
    last = steps[-1].selector
    if isinstance(last, slice):
        items = at(node, concrete)
        del items[last]
    else:
        del at(node, concrete[:-1])[concrete[-1]]
    _prune(node, concrete[:-1] if not isinstance(last, slice) else concrete, steps, having or {})


def _prune(node: Json, concrete: Concrete, steps: tuple[Step, ...], having: Mapping[str, Json]) -> None:
    """Walk back up and drop what has become empty."""
    constants = {step.name: step.selector for step in steps if isinstance(step.selector, Match)}
    while concrete:
        value = at(node, concrete)
        name = concrete[-2] if isinstance(concrete[-1], int) else concrete[-1]
        match = constants.get(str(name)) if isinstance(concrete[-1], int) else None
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


def expression(concrete: Concrete, root: str = "") -> str:
    """`Patient.name[0].given[1]`."""
    text = root
    for part in concrete:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
