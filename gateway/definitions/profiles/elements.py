"""What a profile demands of one element: how often it occurs, of which types, and what is in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.definitions.profiles.nodes import Node
from gateway.definitions.profiles.rules import RULES, Rule
from gateway.definitions.profiles.slices import Belongs, FitsProfile, belongs_to
from gateway.definitions.profiles.values import Codes, among, fits_pattern, only_text
from gateway.definitions.validation.findings import FINE, Code, Finding, Findings, one, placed
from gateway.definitions.validation.references import RELATIVE

Object = dict[str, Any]
Inside = Callable[[Any], Findings]
Item = tuple[str, str, Any]
"""The step that leads to it, its type where the element is a choice, and its value."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the compilation of a profile asks of all the others."""

    codes: Mapping[str, Codes]
    primitives: frozenset[str]
    type_named: Callable[[str], str | None]
    """The resource type of a profile or type; None where it is unknown."""
    fits: FitsProfile


@dataclass(frozen=True, slots=True)
class Compiler:
    """Makes checks of the nodes of one profile."""

    profile: str
    around: Surroundings
    advises: bool
    """Whether what is no error, as an extensible binding, is looked at too."""

    def contents(self, node: Node) -> Inside | None:
        """The check of one value: None where the profile has nothing to say of it."""
        return joined([*self.own(node), *self._children(node)])

    def own(self, node: Node) -> Iterator[Inside]:
        """What is said of the value itself, the elements within it aside."""
        yield from self._values(node)
        for key in node.facts.get("rules", ()):
            if key in RULES and (self.advises or RULES[key].severity == "error"):
                yield self._rule(RULES[key])

    def _children(self, node: Node) -> Iterator[Inside]:
        for child in node.children.values():
            if check := self.occurrences(child):
                yield check

    def _values(self, node: Node) -> Iterator[Inside]:
        facts = node.facts
        if "fixed" in facts:
            yield self._holding(lambda value: bool(value == facts["fixed"]), "Send the value that the profile fixes")
        if "pattern" in facts:
            wanted = facts["pattern"]
            yield self._holding(lambda value: fits_pattern(value, wanted), f"Send what the profile sets{seen(wanted)}")
        targets = [type for type in node.types if type.code == "Reference" and type.names]
        if targets and all(type.code == "Reference" for type in node.types):
            yield from self._targets([name for type in targets for name in type.names])
        strength, value_set = facts.get("binding", ("", ""))
        if value_set in self.around.codes and (strength == "required" or self.advises):
            yield self._binding(strength, value_set)

    def _holding(self, holds: Callable[[Any], bool], advice: str, code: Code = "value") -> Inside:
        text = self._told(advice)
        return lambda value: FINE if holds(value) else one(text, code)

    def _binding(self, strength: str, value_set: str) -> Inside:
        listed, text = among(self.around.codes[value_set]), self._told(f"Use a code of the value set {value_set}")
        if strength == "required":
            return lambda value: FINE if listed(value) else one(text, "code-invalid")
        return lambda value: (
            FINE if listed(value) or only_text(value) else [Finding(text, "code-invalid", [], "warning")]
        )

    def _targets(self, names: Sequence[str]) -> Iterator[Inside]:
        types = {self.around.type_named(name) for name in names}
        if None in types or "Resource" in types:
            return
        advice = self._told(f"Refer to one of: {', '.join(sorted(filter(None, types)))}")

        def check(value: Any) -> Findings:
            found = RELATIVE.fullmatch(value.get("reference") or "") if value.__class__ is dict else None
            return FINE if found is None or found["type"] in types else one(advice, "structure", ".reference")

        yield check

    def _rule(self, rule: Rule) -> Inside:
        advice = self._told(rule.advice)
        steps = [f".{rule.at}"] if rule.at else []
        return lambda value: FINE if rule.holds(value) else [Finding(advice, "invariant", [*steps], rule.severity)]

    def occurrences(self, node: Node) -> Inside | None:
        """The check of all that stands under one name of an object."""
        if not node.choice and not node.slices:
            return self._plain(node)
        if node.name == "extension" and not any(slice.min for slice in node.slices.values()) and not node.min:
            return self._absent_or(node, self._sliced(node))
        return self._sliced(node)

    def _absent_or(self, node: Node, check: Inside | None) -> Inside | None:
        """Where nothing is required, an object without the element needs no look."""
        name, twin = node.name, f"_{node.name}"
        return check and (lambda parent: check(parent) if name in parent or twin in parent else FINE)

    def _sliced(self, node: Node) -> Inside | None:
        checks = [self._cardinality(node), *self._types(node), self._each(node), self._slices(node)]
        found = [check for check in checks if check]
        if not found:
            return None
        items = choices_of(node.name, self.around.primitives) if node.choice else values_of(node.name)

        def check(parent: Any) -> Findings:
            if parent.__class__ is not dict:
                return FINE  # a choice may hold a primitive, which has no elements
            here = items(parent)
            wrong: list[Finding] = []
            for one_check in found:
                wrong += one_check(here)
            return wrong

        return check

    def _plain(self, node: Node) -> Inside | None:
        """The same for the many elements without choice and slices, whose paths are built when something is wrong."""
        counted, inside, items, name = self._cardinality(node), self.contents(node), values_of(node.name), node.name
        if not counted and not inside:
            return None
        few, many, twin = node.min, node.max, f"_{node.name}"

        def check(parent: Any) -> Findings:
            if parent.__class__ is not dict:
                return FINE
            value = parent.get(name)
            if value is None and twin not in parent:
                return counted(()) if counted and few else FINE
            values = value if value.__class__ is list else (value,)
            fits = few <= len(values) and (many is None or len(values) <= many)
            if fits and (not inside or not any(item is not None and inside(item) for item in values)):
                return FINE
            here = items(parent)
            return [*(counted(here) if counted else FINE), *(within(inside)(here) if inside else FINE)]

        return check

    def _cardinality(self, node: Node) -> Callable[[Sequence[Item]], Findings] | None:
        least, most, step = node.min, node.max, f".{node.name}"
        if not least and most is None:
            return None
        few = self._told("Add this element" if least < 2 else f"Send at least {least} of this element")
        many = self._told(f"Send at most {most} of this element" if most else "Remove this element")

        def check(items: Sequence[Item]) -> Findings:
            if len(items) < least:
                return one(few, "required", step)
            return one(many, "structure", step) if most is not None and len(items) > most else FINE

        return check

    def _types(self, node: Node) -> Iterator[Callable[[Sequence[Item]], Findings]]:
        allowed = {type.code for type in node.types}
        if not node.choice or not allowed:
            return
        advice = self._told(f"Use one of the types: {', '.join(sorted(allowed))}")

        def check(items: Sequence[Item]) -> Findings:
            return [Finding(advice, "structure", [step]) for step, type, _ in items if type not in allowed]

        yield check

    def _each(self, node: Node) -> Callable[[Sequence[Item]], Findings] | None:
        inside = self.contents(node)
        return within(inside) if inside else None

    def _slices(self, node: Node) -> Callable[[Sequence[Item]], Findings] | None:
        if not node.slices:
            return None
        slicing, around = node.slicing, self.around
        parts = [
            (belongs_to(slice, slicing.get("by", []), around.codes, around.fits), *self._slice(name, slice))
            for name, slice in node.slices.items()
        ]
        stray = self._told("Remove this: the profile takes no others here") if slicing.get("rules") == "closed" else ""
        return lambda items: sliced(items, parts, stray)

    def _slice(self, name: str, slice: Node) -> tuple[Inside | None, Callable[[Sequence[Item]], Findings] | None]:
        counted = Compiler(f"{self.profile}, slice {name}", self.around, self.advises)._cardinality(slice)
        return self.contents(slice), counted

    def _told(self, advice: str) -> str:
        return f"{advice} ({self.profile})"


Part = tuple[Belongs, Inside | None, Callable[[Sequence[Item]], Findings] | None]


def sliced(items: Sequence[Item], parts: Sequence[Part], stray: str) -> Findings:
    wrong: list[Finding] = []
    left = list(items)
    for belongs, inside, counted in parts:
        here = [item for item in items if belongs(item[1], item[2])]
        left = [item for item in left if item not in here] if stray else left
        wrong += counted(here) if counted else FINE
        wrong += within(inside)(here) if inside else FINE
    return [*wrong, *(Finding(stray, "structure", [step]) for step, _, _ in left)] if stray else wrong


def within(inside: Inside) -> Callable[[Sequence[Item]], Findings]:
    def check(items: Sequence[Item]) -> Findings:
        wrong: list[Finding] = []
        for step, _, value in items:
            if value is not None and (found := inside(value)):
                wrong += placed(found, step)
        return wrong

    return check


def joined(checks: Sequence[Inside]) -> Inside | None:
    if len(checks) < 2:
        return checks[0] if checks else None

    def check(value: Any) -> Findings:
        wrong: list[Finding] = []
        for inside in checks:
            wrong += inside(value)
        return wrong

    return check


def values_of(name: str) -> Callable[[Any], Sequence[Item]]:
    twin, step = f"_{name}", f".{name}"

    def items(parent: Any) -> Sequence[Item]:
        value = parent.get(name)
        if value is None:
            return [(step, "", None)] if twin in parent else ()
        if value.__class__ is list:
            return [(f"{step}[{number}]", "", item) for number, item in enumerate(value)]
        return ((step, "", value),)

    return items


def choices_of(name: str, primitives: frozenset[str]) -> Callable[[Any], Sequence[Item]]:
    start = len(name)

    def items(parent: Any) -> Sequence[Item]:
        found: dict[str, Item] = {}
        for key in parent:
            bare = key.lstrip("_")
            if bare.startswith(name) and bare[start : start + 1].isupper():
                suffix = bare[start:]
                lower = suffix[0].lower() + suffix[1:]
                found[bare] = (f".{bare}", lower if lower in primitives else suffix, parent.get(bare))
        return tuple(found.values())

    return items


def seen(pattern: Any) -> str:
    """The code of a pattern, which is no patient's data but the profile's."""
    codings = pattern.get("coding", [pattern]) if isinstance(pattern, dict) else []
    codes = [f"{coding.get('system')}|{coding['code']}" for coding in codings if "code" in coding]
    return f": {', '.join(codes)}" if codes else ""
