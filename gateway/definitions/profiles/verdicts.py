"""The quick answer of profiles: whether a value certainly keeps one (the theory is in validation/verdicts.py).

What nodes say most often — how often an element occurs, what is in it, which type a choice has, which extension stands
under which url — is compiled into yes or no. All else asks the check of the node and takes a finding for a no.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gateway.definitions.profiles.elements import Compiler
from gateway.definitions.profiles.nodes import Node
from gateway.definitions.profiles.slices import extension_url_of

Holds = Callable[[Any], bool]
BY_URL = ["value:url"]


def holding(compiler: Compiler, node: Node) -> Holds | None:
    """Of one value; None where the profile has nothing to say of it."""
    checks = tuple(compiler.own(node))
    children = tuple(occurring(compiler, node))
    if not checks and not children:
        return None

    def holds(value: Any) -> bool:
        for check in checks:
            if check(value):
                return False
        if value.__class__ is not dict:
            return True  # a choice may hold a primitive, which has no elements
        for child in children:  # noqa: SIM110 - a generator costs twice as much
            if not child(value):
                return False
        return True

    return holds


def occurring(compiler: Compiler, node: Node) -> Iterator[Holds]:
    """What the object around them has to hold for each of the children."""
    for child in node.children.values():
        check = compiler.occurrences(child)
        if check is None:
            continue
        if not child.choice and not child.slices:
            yield plain(child, holding(compiler, child))
        elif child.choice and not child.slices and child.types and child.max != 0:
            yield choice(child, holding(compiler, child), check)
        elif slices := extensions(compiler, child):
            yield by_url(child, slices, holding(compiler, child))
        else:
            yield lambda value, check=check: not check(value)  # type: ignore[misc]


def plain(node: Node, inside: Holds | None) -> Holds:
    name, few, many, twin = node.name, node.min, node.max, f"_{node.name}"

    def holds(parent: Any) -> bool:
        value = parent.get(name)
        if value is None:
            return not few and twin not in parent
        values = value if value.__class__ is list else (value,)
        if len(values) < few or (many is not None and len(values) > many):
            return False
        if inside:
            for item in values:
                if item is None or not inside(item):
                    return False
        return True

    return holds


def choice(node: Node, inside: Holds | None, check: Callable[[Any], object]) -> Holds:
    """The type has seen to it that one of the names is there at most."""
    keys = tuple(node.name + type.code[0].upper() + type.code[1:] for type in node.types)

    def holds(parent: Any) -> bool:
        for key in keys:
            value = parent.get(key)
            if value is not None:
                return inside is None or inside(value)
        return not check(parent)

    return holds


Extensions = dict[str, tuple[int, int | None, Holds | None]]
"""Url → how often the extension of a slice has to be there and may be, and what has to hold of each."""


def extensions(compiler: Compiler, node: Node) -> Extensions | None:
    """The slices, where urls alone tell them apart; None where they do not."""
    found: Extensions = {}
    for slice in node.slices.values():
        url = extension_url_of(slice)
        if url is None or url in found:
            return None
        found[url] = (slice.min, slice.max, holding(compiler, slice))
    return found if node.slicing.get("by") == BY_URL and node.slicing.get("rules") != "closed" else None


def by_url(node: Node, slices: Extensions, inside: Holds | None) -> Holds:
    name, few, many = node.name, node.min, node.max
    needed = tuple((url, least) for url, (least, _, _) in slices.items() if least)

    def holds(parent: Any) -> bool:
        values = parent.get(name, ())
        if len(values) < few or (many is not None and len(values) > many):
            return False
        met: dict[str, int] = {}
        for value in values:
            if inside and not inside(value):
                return False
            url = value["url"]
            if url in slices:
                _, most, within = slices[url]
                met[url] = met.get(url, 0) + 1
                if (most is not None and met[url] > most) or (within and not within(value)):
                    return False
        return all(met.get(url, 0) >= least for url, least in needed) if needed else True

    return holds
