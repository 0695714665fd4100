"""The part of FHIRPath that names elements, for FHIRPath Patch (fhirpatch.html): from a path to places in a resource.

    Patient.name.where(use = 'official' and family = 'Doe').given[0]
    Observation.value.ofType(Quantity).unit
    Patient.birthDate.extension('http://…').first()

Member access, indexes, where() with equalities, first(), last(), ofType() and extension(). Anything else is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from gateway.faults import Invalid
from gateway.xml.shapes import UNKNOWN, Kind, Shape, Slot, resource_shape, shape_of

LONGEST = 2048
TOKEN = re.compile(
    r"\s*(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*)|`(?P<quoted>[^`]{1,64})`|'(?P<string>(?:[^'\\]|\\.)*)'"
    r"|(?P<number>[0-9]{1,18}(?:\.[0-9]{1,18})?)|@(?P<date>[0-9TZ:+.\-]{1,40})|(?P<sign>[.\[\]()=]))",
    re.ASCII,
)
ESCAPE = re.compile(r"\\(.)", re.DOTALL)
ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}
Token = tuple[str, str]
Places = list["Place"]
Step = Callable[[Places], Places]


@dataclass(frozen=True, slots=True)
class Place:
    """One element: the keys that lead to it from the root, and what it is."""

    keys: tuple[str | int, ...]
    value: Any
    slot: Slot
    choice: str | None = None
    """The name of the choice element whose key this is."""

    @property
    def shape(self) -> Shape:
        if self.slot.kind is Kind.RESOURCE and isinstance(self.value, dict):
            return resource_shape(str(self.value.get("resourceType")))
        return shape_of(self.slot.type) if self.slot.kind is Kind.COMPLEX else UNKNOWN


@dataclass(frozen=True, slots=True)
class Path:
    """A path, ready to be looked for."""

    steps: tuple[Step, ...]
    last: str | None
    """The member that the path ends with, where it ends with one."""

    def find(self, resource: dict[str, Any]) -> Places:
        return self._run(resource, self.steps)

    def find_parent(self, resource: dict[str, Any]) -> Places:
        return self._run(resource, self.steps[:-1])

    def _run(self, resource: dict[str, Any], steps: tuple[Step, ...]) -> Places:
        places = [Place((), resource, Slot(Kind.RESOURCE, "", False, 0))]
        for step in steps:
            places = step(places)
        return places


def parse(text: Any, type: str, place: str) -> Path:
    """Raises Invalid. `type` is that of the resource, which the path may begin with."""
    if not isinstance(text, str) or len(text) > LONGEST:
        raise Invalid("Name an element by a FHIRPath", place)
    return _Parser(list(_tokens(text, place)), type, place).path()


def _tokens(text: str, place: str) -> Iterator[Token]:
    at = 0
    while text[at:].strip():
        found = TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            raise Invalid(f"This is not a FHIRPath that names an element, from character {at + 1}", place)
        yield found.lastgroup, found[found.lastgroup]
        at = found.end()


class _Parser:
    """Recursive descent over the tokens of one path."""

    def __init__(self, tokens: list[Token], type: str, place: str) -> None:
        self.tokens = tokens
        self.type = type
        self.place = place
        self.at = 0

    def path(self) -> Path:
        steps: list[Step] = []
        last: str | None = None
        if self.peek()[1] == self.type:
            self.take("name")
        elif self.tokens:
            last = self.member(steps)
        while self.at < len(self.tokens):
            if self.peek() == ("sign", "["):
                steps.append(at_index(self.index()))
                last = None
            else:
                self.sign(".")
                last = self.member(steps)
        return Path(tuple(steps), last)

    def member(self, steps: list[Step]) -> str | None:
        name = self.name()
        if self.peek() == ("sign", "("):
            steps.append(self.function(name))
            return None
        steps.append(child(name))
        return name

    def function(self, name: str) -> Step:
        self.sign("(")
        step = self.arguments(name)
        self.sign(")")
        return step

    def arguments(self, name: str) -> Step:
        if name == "where":
            return where(self.equalities())
        if name == "first":
            return at_index(0)
        if name == "last":
            return last
        if name in ("ofType", "as"):
            return of_type(self.name())
        if name == "extension":
            return with_url(self.take("string"))
        raise Invalid("Use where, first, last, ofType and extension; no other function is supported", self.place)

    def equalities(self) -> list[tuple[list[str], Any]]:
        found = [self.equality()]
        while self.peek() == ("name", "and"):
            self.at += 1
            found.append(self.equality())
        return found

    def equality(self) -> tuple[list[str], Any]:
        names = [self.name()]
        while self.peek() == ("sign", "."):
            self.at += 1
            names.append(self.name())
        self.sign("=")
        return names, self.literal()

    def literal(self) -> Any:
        kind, text = self.peek()
        self.at += 1
        if kind == "string":
            return unescaped(text)
        if kind == "number":
            return Decimal(text)
        if kind == "name" and text in ("true", "false"):
            return text == "true"
        if kind == "date":
            return text.removesuffix("T")
        raise self.wrong()

    def index(self) -> int:
        self.sign("[")
        text = self.take("number")
        self.sign("]")
        if not text.isdigit():
            raise self.wrong()
        return int(text)

    def name(self) -> str:
        return self.take("quoted") if self.peek()[0] == "quoted" else self.take("name")

    def peek(self) -> Token:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("", "")

    def take(self, kind: str) -> str:
        if self.peek()[0] != kind:
            raise self.wrong()
        self.at += 1
        text = self.tokens[self.at - 1][1]
        return unescaped(text) if kind == "string" else text

    def sign(self, text: str) -> None:
        if self.peek() != ("sign", text):
            raise self.wrong()
        self.at += 1

    def wrong(self) -> Invalid:
        return Invalid(f"This is not a FHIRPath that names an element, at its part {self.at + 1}", self.place)


def unescaped(text: str) -> str:
    return ESCAPE.sub(lambda found: ESCAPED.get(found[1], found[1]), text)


def child(name: str) -> Step:
    return lambda places: [found for place in places for found in children(place, name)]


def children(place: Place, name: str) -> Iterator[Place]:
    """The elements of that name below a place; `value` finds valueString too."""
    if place.slot.kind is Kind.PRIMITIVE:
        # Its id and extensions stand beside the value, where no key of the value leads.
        raise Invalid("What is below a primitive value cannot be named here; replace the element around it", name)
    if not isinstance(place.value, dict):
        return
    keys = place.shape.choices.get(name)
    for key in keys or (name,):
        slot = place.shape.slots.get(key)
        if slot is not None and (key in place.value or f"_{key}" in place.value):
            yield from _items(place, key, slot, name if keys else None)


def _items(place: Place, key: str, slot: Slot, choice: str | None) -> Iterator[Place]:
    value = place.value.get(key)
    if not slot.many:
        yield Place((*place.keys, key), value, slot, choice)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield Place((*place.keys, key, index), item, slot, choice)


def at_index(index: int) -> Step:
    return lambda places: places[index : index + 1]


def last(places: Places) -> Places:
    return places[-1:]


def of_type(name: str) -> Step:
    return lambda places: [place for place in places if place.slot.type == name]


def with_url(url: str) -> Step:
    def step(places: Places) -> Places:
        extensions = child("extension")(places)
        return [place for place in extensions if isinstance(place.value, dict) and place.value.get("url") == url]

    return step


def where(equalities: list[tuple[list[str], Any]]) -> Step:
    def holds(place: Place) -> bool:
        return all(literal in values(place, names) for names, literal in equalities)

    return lambda places: [place for place in places if holds(place)]


def values(place: Place, names: list[str]) -> list[Any]:
    places = [place]
    for name in names:
        places = child(name)(places)
    return [found.value for found in places]
