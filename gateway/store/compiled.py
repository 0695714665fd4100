"""Statements built from the tables once, compiled to the SQL of one dialect and run on the raw driver connection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Dialect, Executable
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
