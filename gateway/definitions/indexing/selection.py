"""Compiles a FHIRPath tree over the type tables into closures that select values from a resource.

The tables say what each step leads to, so every selection knows the datatype of its values, a choice (`value`) spreads
into one selection per type, and a step that no type has is an error at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from gateway.definitions.indexing.fhirpath import Call, Index, Literal, Member, Node, Operation, UnknownSyntax
from gateway.definitions.indexing.references import type_of_reference
from gateway.definitions.tables import ElementType, Tables

Select = Callable[[Any], list[Any]]


@dataclass(frozen=True, slots=True)
class Selection:
    """Values of one datatype. `first` is the key of the resource that has to be there for any to be found."""

    type: str
    """The datatype, or the path whose content the values are."""
    select: Select
    first: str = ""
    value_set: str = ""
    named: str = ""
    """The type as expressions name it: SimpleQuantity is a Quantity."""
    constant: str | bool | None = None
    """The one value, where it is the same of every resource."""


Selections = tuple[Selection, ...]
LITERAL = "literal"
"""The type of a text that an expression gives."""


def itself(value: Any) -> list[Any]:
    return [value]


def first_step(key: str) -> Select:
    """The same as `stepped`, of one value: where most expressions begin."""

    def step(value: Any) -> list[Any]:
        inner = value.get(key) if isinstance(value, dict) else None
        if isinstance(inner, list):
            return [entry for entry in inner if entry is not None]
        return [] if inner is None else [inner]

    return step


def stepped(select: Select, key: str) -> Select:
    if select is itself:
        return first_step(key)

    def step(value: Any) -> list[Any]:
        found: list[Any] = []
        for item in select(value):
            inner = item.get(key) if isinstance(item, dict) else None
            if isinstance(inner, list):
                found += [entry for entry in inner if entry is not None]
            elif inner is not None:
                found.append(inner)
        return found

    return step


def filtered(select: Select, keep: Select) -> Select:
    """Those for which the criterion selects true."""
    return lambda value: [item for item in select(value) if True in keep(item)]


def with_member(select: Select, key: str, wanted: str | bool) -> Select:
    """Those that have it under a key: the criterion that picks an extension, of which a resource may have many."""
    return lambda value: [item for item in select(value) if isinstance(item, dict) and item.get(key) == wanted]


def holds(criterion: Selections) -> Callable[[Any], bool]:
    if len(criterion) == 1:
        [only] = criterion
        return lambda value: True in only.select(value)
    return lambda value: any(True in found.select(value) for found in criterion)


def chosen(criterion: Callable[[Any], bool], then: Select, otherwise: Select) -> Select:
    return lambda value: then(value) if criterion(value) else otherwise(value)


def replaced(select: Select, pattern: re.Pattern[str], text: str) -> Select:
    return lambda value: [pattern.sub(lambda _: text, item) for item in select(value) if isinstance(item, str)]


class Compiler:
    """Compiles expressions that start at one type (a resource type, or inside where() the type filtered)."""

    def __init__(self, tables: Tables, type: str) -> None:
        self._tables = tables
        self._type = type

    def compile(self, node: Node) -> Selections:
        match node:
            case Literal(value):
                return (Selection(LITERAL, lambda _: [value], constant=value),)
            case Member(None, name) if name in (self._type, "Resource", "DomainResource"):
                return (Selection(self._type, itself),)
            case Member(of, name):
                return self._some(node, (s for start in self._start(of) for s in self._members(start, name)))
            case Index(of, number):
                return tuple(self._indexed(found, number) for found in self.compile(of))
            case Operation(operator, left, right):
                return self._operation(operator, left, right)
            case Call(of, name, argument, further):
                return self._call(of, name, argument, further)

    def _start(self, of: Node | None) -> Selections:
        return self.compile(of) if of else (Selection(self._type, itself),)

    def _some(self, node: Node, found: Iterable[Selection]) -> Selections:
        selections = tuple(found)
        if not selections:
            raise UnknownSyntax(f"{self._type}: no type has what {node} asks for")
        return selections

    def _members(self, start: Selection, name: str) -> Iterable[Selection]:
        if start.type in self._tables.primitives:
            return
        for element in self._tables.elements(start.type):
            for key, type in element.names():
                if name in (element.name, key):
                    yield self._member(start, key, type, element.value_set)

    def _member(self, start: Selection, key: str, type: ElementType, value_set: str) -> Selection:
        return Selection(type.code, stepped(start.select, key), start.first or key, value_set, type.suffix)

    def _indexed(self, found: Selection, number: int) -> Selection:
        return replace(found, select=lambda value: found.select(value)[number : number + 1])

    def _operation(self, operator: str, left: Node, right: Node) -> Selections:
        if operator == "|":
            return self.compile(left) + self.compile(right)
        if operator == "as":
            return self._typed(left, type_name(right))
        if operator == "is":
            return self._resolved(left, type_name(right))
        return (self._compared(operator, self.compile(left), self.compile(right)),)

    def _typed(self, of: Node, name: str) -> Selections:
        return self._some(of, (found for found in self.compile(of) if found.named == name))

    def _resolved(self, of: Node, name: str) -> Selections:
        if of != Call(None, "resolve", None):
            raise UnknownSyntax("only resolve() can be asked what it is")
        return (Selection("boolean", lambda value: [type_of_reference(value) == name]),)

    def _compared(self, operator: str, left: Selections, right: Selections) -> Selection:
        """Any two values for which it holds; an empty side makes `and` false, as empty is not true."""
        if operator in ("and", "or"):
            one, other = holds(left), holds(right)
            if operator == "and":
                return Selection("boolean", lambda value: [one(value) and other(value)])
            return Selection("boolean", lambda value: [one(value) or other(value)])
        equal = operator == "="
        if equal and len(left) == 1 and len(right) == 1 and right[0].constant is not None:
            select, constant = left[0].select, right[0].constant
            return Selection("boolean", lambda value: [constant in select(value)])

        def compare(value: Any) -> list[Any]:
            others = [b for two in right for b in two.select(value)]
            return [any((a == b) is equal for each in left for a in each.select(value) for b in others)]

        return Selection("boolean", compare)

    def _call(self, of: Node | None, name: str, argument: Node | None, further: tuple[Node, ...]) -> Selections:
        match name, argument, further:
            case (("as" | "ofType"), Member(None, type), ()) if of:
                return self._typed(of, type)
            case "where", Call() | Operation(), () if argument:
                return tuple(self._where(start, argument) for start in self._start(of))
            case "extension", Literal(url), ():
                extensions = self.compile(Member(of, "extension"))
                criterion = Operation("=", Member(None, "url"), Literal(url))
                return tuple(self._where(found, criterion) for found in extensions)
            case "exists", None, ():
                return (self._exists(self._start(of)),)
            case "not", None, () if of:
                return (self._negated(self.compile(of)),)
            case "iif", criterion, (then, *otherwise) if criterion and of is None and len(otherwise) < 2:
                return (self._chosen(criterion, then, *otherwise),)
            case "replaceMatches", Literal(str(regex)), (Literal(str(text)),) if of:
                return tuple(self._replaced(found, regex, text) for found in self.compile(of))
        raise UnknownSyntax(f"{self._type}: {name}({argument or ''}) is not known")

    def _negated(self, of: Selections) -> Selection:
        """Of nothing there is no opposite."""
        return Selection(
            "boolean", lambda value: [not v for found in of for v in found.select(value) if isinstance(v, bool)]
        )

    def _chosen(self, criterion: Node, *ways: Node) -> Selection:
        """Both ways have to lead to one type, so that what is chosen has it."""
        selections = [found for way in ways for found in self.compile(way)]
        types = {found.type for found in selections}
        known = types - {LITERAL} or {LITERAL}
        if len(selections) > len(ways) or len(known) > 1:
            raise UnknownSyntax(f"{self._type}: iif() has to lead to values of one type, not of {sorted(types)}")
        selects = [found.select for found in selections]
        otherwise = selects[1] if len(selects) > 1 else lambda _: []
        return Selection(known.pop(), chosen(holds(self.compile(criterion)), selects[0], otherwise))

    def _replaced(self, found: Selection, regex: str, text: str) -> Selection:
        if found.type not in self._tables.primitives or "$" in text or "\\" in text:
            raise UnknownSyntax(f"{self._type}: replaceMatches() is for text, and puts in no part of what it finds")
        return Selection("string", replaced(found.select, re.compile(regex), text), found.first)

    def _where(self, start: Selection, criterion: Node) -> Selection:
        if (member := self._single_member(start, criterion)) is not None:
            return replace(start, select=with_member(start.select, *member))
        kept = Compiler(self._tables, start.type).compile(criterion)
        return replace(start, select=filtered(start.select, lambda item: [v for s in kept for v in s.select(item)]))

    def _single_member(self, start: Selection, criterion: Node) -> tuple[str, str | bool] | None:
        match criterion:
            case Operation("=", Member(None, name), Literal(value)) if start.type not in self._tables.primitives:
                named = [element for element in self._tables.elements(start.type) if element.name == name]
                if len(named) == 1 and not named[0].many and not named[0].is_choice:
                    return name, value
        return None

    def _exists(self, of: Selections) -> Selection:
        return Selection("boolean", lambda value: [any(found.select(value) for found in of)])


def type_name(node: Node) -> str:
    if not isinstance(node, Member):
        raise UnknownSyntax(f"{node} is no type name")
    return node.name
