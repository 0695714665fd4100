"""Statements built from the tables once, compiled to the SQL of one dialect and run on the raw driver connection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Dialect, Executable, Join, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import Integer

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Compiled:
    """SQL text, and the names of its parameters in the order of their places."""

    sql: str
    names: tuple[str, ...]
    constants: Mapping[str, Any]

    def bind(self, values: Mapping[str, Any]) -> Row:
        """A parameter without a value is a KeyError, never a NULL."""
        return tuple(values[name] if name in values else self.constants[name] for name in self.names)


Compile = Callable[[Executable], Compiled]


def compiled(statement: Executable, dialect: Dialect) -> Compiled:
    compiler = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
    assert isinstance(compiler, SQLCompiler)  # noqa: S101 (a DDL statement would be a mistake of ours)
    constants = {name: bind.value for bind, name in compiler.bind_names.items() if not bind.required}
    return Compiled(str(compiler), tuple(compiler.positiontup or ()), constants)


class place_of(GenericFunction[int]):  # noqa: N801 (a function of SQL)
    """Where a string holds another one, from 1; 0 when it does not."""

    type = Integer()
    inherit_cache = True
    name = "strpos"


@compiles(place_of, "sqlite")
def place_of_in_sqlite(element: place_of, compiler: SQLCompiler, **options: Any) -> str:
    return f"instr({compiler.process(element.clauses, **options)})"


KEYS = ARRAY(BigInteger).with_variant(Text(), "sqlite")
"""A list of keys as one value of a statement, however long it is: an array, or JSON where there are none."""


class each_of(GenericFunction[int]):  # noqa: N801
    """The keys of such a list, for `IN`."""

    type = BigInteger()
    inherit_cache = True


@compiles(each_of)
def each_of_an_array(element: each_of, compiler: SQLCompiler, **options: Any) -> str:
    return f"(SELECT unnest({compiler.process(element.clauses, **options)}))"


@compiles(each_of, "sqlite")
def each_of_in_sqlite(element: each_of, compiler: SQLCompiler, **options: Any) -> str:
    return f"(SELECT value FROM json_each({compiler.process(element.clauses, **options)}))"  # noqa: S608


def is_among(key: ColumnElement[int], keys: ColumnElement[Any]) -> ColumnElement[bool]:
    return key.bool_op("IN")(each_of(keys))


class in_order(Join):  # noqa: N801
    """A join whose right side is looked up for each row of its left one, whatever a planner without statistics thinks.

    SQLite keeps the order of a CROSS JOIN, with or without ON (sqlite.org/lang_select.html).
    """

    inherit_cache = True


@compiles(in_order)
def join_as_planned(element: in_order, compiler: SQLCompiler, **options: Any) -> str:
    return str(compiler.visit_join(element, **options))  # type: ignore[no-untyped-call]


@compiles(in_order, "sqlite")
def join_in_order(element: in_order, compiler: SQLCompiler, **options: Any) -> str:
    if linter := options.get("from_linter"):
        # As SQLAlchemy's own joins do: the sides belong together.
        linter.edges.update(product(element.left._from_objects, element.right._from_objects))
    left, right = (compiler.process(side, **{**options, "asfrom": True}) for side in (element.left, element.right))
    assert element.onclause is not None  # noqa: S101
    return f"{left} CROSS JOIN {right} ON {compiler.process(element.onclause)}"
