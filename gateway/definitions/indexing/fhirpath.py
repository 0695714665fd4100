"""Parses the part of FHIRPath that search parameters use, R4's and ours (http://hl7.org/fhirpath/N1/#grammar).

expression = disjunction { "|" disjunction }
disjunction = conjunction { "or" conjunction }
conjunction = comparison { "and" comparison }
comparison = path [ ( "=" | "!=" ) path | ( "as" | "is" ) NAME ]
path       = term { "." NAME [ arguments ] | "[" NUMBER "]" }
term       = "(" expression ")" | STRING | "true" | "false" | NAME [ arguments ]
arguments  = "(" [ expression { "," expression } ] ")"
"""

from __future__ import annotations

import re
from dataclasses import dataclass

TOKEN = re.compile(r"\s*(?:(?P<name>[A-Za-z_]\w*)|'(?P<string>[^']*)'|(?P<number>\d+)|(?P<symbol>!=|[|(),.=\[\]]))")


class UnknownSyntax(ValueError):
    """The expression uses FHIRPath that this server does not know."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A string or boolean."""

    value: str | bool


@dataclass(frozen=True, slots=True)
class Member:
    """`of.name`; `of` is None at the start of a path."""

    of: Node | None
    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """`of.name(argument, further…)`."""

    of: Node | None
    name: str
    argument: Node | None
    further: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Index:
    """`of[number]`."""

    of: Node
    number: int


@dataclass(frozen=True, slots=True)
class Operation:
    """`left | right`, `or`, `and`, `=`, `!=`; `as` and `is` with a type name."""

    operator: str
    left: Node
    right: Node


Node = Literal | Member | Call | Index | Operation


def parse(expression: str) -> Node:
    parser = Parser(expression)
    node = parser.expression()
    if parser.peek():
        raise parser.error()
    return node


def tokens_of(text: str) -> list[re.Match[str]]:
    found, position = [], 0
    while position < len(text.rstrip()):
        token = TOKEN.match(text, position)
        if token is None:
            raise UnknownSyntax(f"{text!r}: nothing known at position {position}")
        found.append(token)
        position = token.end()
    return found


class Parser:
    """Recursive descent, one method per rule of the grammar above."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens_of(text)
        self._next = 0

    def peek(self) -> str:
        return self._tokens[self._next][0].strip() if self._next < len(self._tokens) else ""

    def error(self) -> UnknownSyntax:
        return UnknownSyntax(f"{self._text!r}: {self.peek() or 'the end'} is not understood here")

    def take(self, *wanted: str) -> str | None:
        """The next token, when it is one of those."""
        if self.peek() not in wanted:
            return None
        self._next += 1
        return self._tokens[self._next - 1][0].strip()

    def expect(self, symbol: str) -> None:
        if not self.take(symbol):
            raise self.error()

    def part(self, group: str) -> str | None:
        """The next token's text, when it is a name, string or number."""
        if self._next == len(self._tokens) or self._tokens[self._next][group] is None:
            return None
        self._next += 1
        return self._tokens[self._next - 1][group]

    def name(self) -> str:
        found = self.part("name")
        if found is None:
            raise self.error()
        return found

    def expression(self) -> Node:
        node = self.disjunction()
        while operator := self.take("|"):
            node = Operation(operator, node, self.disjunction())
        return node

    def disjunction(self) -> Node:
        node = self.conjunction()
        while operator := self.take("or"):
            node = Operation(operator, node, self.conjunction())
        return node

    def conjunction(self) -> Node:
        node = self.comparison()
        while operator := self.take("and"):
            node = Operation(operator, node, self.comparison())
        return node

    def comparison(self) -> Node:
        node = self.path()
        if operator := self.take("=", "!="):
            return Operation(operator, node, self.path())
        if operator := self.take("as", "is"):
            return Operation(operator, node, Member(None, self.name()))
        return node

    def path(self) -> Node:
        node = self.term()
        while symbol := self.take(".", "["):
            node = self.index(node) if symbol == "[" else self.member(node)
        return node

    def index(self, of: Node) -> Node:
        number = self.part("number")
        self.expect("]")
        if number is None:
            raise self.error()
        return Index(of, int(number))

    def term(self) -> Node:
        if self.take("("):
            node = self.expression()
            self.expect(")")
            return node
        if (text := self.part("string")) is not None:
            return Literal(text)
        if truth := self.take("true", "false"):
            return Literal(truth == "true")
        return self.member(None)

    def member(self, of: Node | None) -> Node:
        name = self.name()
        if not self.take("("):
            return Member(of, name)
        argument, *further = [None] if self.peek() == ")" else self.arguments()
        self.expect(")")
        return Call(of, name, argument, tuple(filter(None, further)))

    def arguments(self) -> list[Node]:
        found = [self.expression()]
        while self.take(","):
            found.append(self.expression())
        return found
