"""A profile's table as a tree: one node per element, its slices and the elements within it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Facts = Mapping[str, Any]
TYPE = re.compile(r"(?P<code>\w+)(?:\((?P<names>[^)]*)\))?")
SEGMENT = re.compile(r"(?P<name>[^.:]+?)(?P<choice>\[x\])?(?::(?P<slice>[^.]+))?")
BY_URL = {"by": ["value:url"], "rules": "open"}


@dataclass(frozen=True, slots=True)
class TypeOf:
    """A type that the profile leaves to an element."""

    code: str
    names: tuple[str, ...] = ()
    """What a Reference may point to, or the definition that an Extension is of."""


@dataclass(slots=True)
class Node:
    """One element of a profile, or one slice of it."""

    name: str
    choice: bool = False
    facts: Facts = field(default_factory=dict)
    children: dict[str, Node] = field(default_factory=dict)
    slices: dict[str, Node] = field(default_factory=dict)

    @property
    def min(self) -> int:
        return int(self.facts.get("min", 0))

    @property
    def max(self) -> int | None:
        most = self.facts.get("max", "*")
        return None if most == "*" else int(most)

    @property
    def types(self) -> tuple[TypeOf, ...]:
        return tuple(type_of(text) for text in self.facts.get("types", ()))

    @property
    def slicing(self) -> Facts:
        slicing: Facts = self.facts.get("slicing", BY_URL if self.slices else {})
        return slicing

    def at(self, path: str) -> Node | None:
        """The node that a discriminator's path leads to."""
        if path == "$this":
            return self
        node: Node | None = self
        for step in path.split("."):
            node = node.children.get(step) if node else None
        return node


@dataclass(frozen=True, slots=True)
class Profile:
    """One profile, read."""

    url: str
    type: str
    version: str
    base: str
    contexts: tuple[str, ...]
    root: Node
    must_support: tuple[str, ...]
    """The elements that a system has to be able to handle; an instance without them is no less valid."""


def type_of(text: str) -> TypeOf:
    found = TYPE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a type of the profile tables")
    return TypeOf(found["code"], tuple(filter(None, (found["names"] or "").split("|"))))


def read_profile(table: Mapping[str, Facts]) -> Profile:
    (url, header), *lines = table.items()
    root = Node(header["type"])
    for id, facts in lines:
        node = root
        for segment in id.split(".")[1:]:
            node = descend(node, segment)
        node.facts = facts
    return Profile(
        url=url,
        type=header["type"],
        version=header.get("version", ""),
        base=header.get("base", ""),
        contexts=tuple(header.get("contexts", ())),
        root=root,
        must_support=tuple(id for id, facts in lines if facts.get("must-support")),
    )


def descend(node: Node, segment: str) -> Node:
    found = SEGMENT.fullmatch(segment)
    if found is None:
        raise ValueError(f"{segment!r} is no part of an element id")
    child = node.children.setdefault(found["name"], Node(found["name"], choice=bool(found["choice"])))
    if found["slice"] is None:
        return child
    return child.slices.setdefault(found["slice"], Node(found["name"], choice=child.choice))
