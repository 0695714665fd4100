"""Compiles a FHIRPath tree over the type tables into closures that select values from a resource.

The tables say what each step leads to, so every selection knows the datatype of its values, a choice (`value`) spreads
into one selection per type, and a step that no type has is an error at once.
"""

from __future__ import annotations

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


Selections = tuple[Selection, ...]


def stepped(select: Select, key: str) -> Select:
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


def itself(value: Any) -> list[Any]:
    return [value]


class Compiler:
    """Compiles expressions that start at one type (a resource type, or inside where() the type filtered)."""

    def __init__(self, tables: Tables, type: str) -> None:
        self._tables = tables
        self._type = type

    def compile(self, node: Node) -> Selections:
        match node:
            case Literal(value):
                return (Selection("literal", lambda _: [value]),)
            case Member(None, name) if name in (self._type, "Resource", "DomainResource"):
                return (Selection(self._type, itself),)
            case Member(of, name):
                return self._some(node, (s for start in self._start(of) for s in self._members(start, name)))
            case Index(of, number):
                return tuple(self._indexed(found, number) for found in self.compile(of))
            case Operation(operator, left, right):
                return self._operation(operator, left, right)
            case Call(of, name, argument):
                return self._call(of, name, argument)

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
        tests: dict[str, Callable[[Any, Any], bool]] = {
            "=": lambda a, b: a == b,
            "!=": lambda a, b: a != b,
            "and": lambda a, b: a is True and b is True,
        }
        holds = tests[operator]

        def compare(value: Any) -> list[Any]:
            pairs = [(a, b) for one in left for a in one.select(value) for two in right for b in two.select(value)]
            return [any(holds(a, b) for a, b in pairs)]

        return Selection("boolean", compare)

    def _call(self, of: Node | None, name: str, argument: Node | None) -> Selections:
        match name, argument:
            case (("as" | "ofType"), Member(None, type)) if of:
                return self._typed(of, type)
            case "where", Call() | Operation() if argument:
                return tuple(self._where(start, argument) for start in self._start(of))
            case "extension", Literal(url):
                extensions = self.compile(Member(of, "extension"))
                criterion = Operation("=", Member(None, "url"), Literal(url))
                return tuple(self._where(found, criterion) for found in extensions)
            case "exists", None:
                return (self._exists(self._start(of)),)
        raise UnknownSyntax(f"{self._type}: {name}({argument or ''}) is not known")

    def _where(self, start: Selection, criterion: Node) -> Selection:
        kept = Compiler(self._tables, start.type).compile(criterion)
        return replace(start, select=filtered(start.select, lambda item: [v for s in kept for v in s.select(item)]))

    def _exists(self, of: Selections) -> Selection:
        return Selection("boolean", lambda value: [any(found.select(value) for found in of)])


def type_name(node: Node) -> str:
    if not isinstance(node, Member):
        raise UnknownSyntax(f"{node} is no type name")
    return node.name
