"""Reads the tables under profiles/ (their grammar: build.py). Each type's table is read when it is first asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, reduce
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any

import msgspec

from gateway.definitions.contract import Component, SearchParameter
from gateway.definitions.expansion import ValueSets
from gateway.definitions.own_parameters import ByType, own_parameters
from gateway.definitions.profiles.nodes import Profile, read_profile
from gateway.definitions.profiles.table_of import profile_table

LINE = re.compile(
    r"(?P<min>\d+)\.\.(?P<max>\d+|\*) (?:(?P<marks>[?!Σ]+) )?(?P<types>[^;]*?)"
    r"(?:; (?P<strength>\w+) (?P<value_set>\S+))?"
)
TYPE = re.compile(r"(?P<code>[\w#.]+)(?:\((?P<names>[^)]*)\))?")

LANGUAGES = "http://hl7.org/fhir/ValueSet/languages"
"""Preferred, with all-languages as what it must not go beyond: required, as far as the form of a tag goes."""


@dataclass(frozen=True, slots=True)
class ElementType:
    """One of the types that an element may have."""

    code: str
    """A datatype; or the path whose children the element has (`Patient.contact`)."""
    targets: tuple[str, ...] = ()
    """What a Reference or canonical may point to; empty for anything."""
    suffix: str = ""
    """How the type ends the name of a choice: `Quantity` in `valueQuantity`."""


@dataclass(frozen=True, slots=True)
class Element:
    """One line of a table."""

    path: str
    min: int
    max: int | None
    types: tuple[ElementType, ...]
    value_set: str = ""
    """The value set of a required binding."""
    marks: str = ""
    """`?!` where it modifies the meaning of others, `Σ` where it belongs to the summary."""

    @property
    def name(self) -> str:
        return self.path.rsplit(".", 1)[1].removesuffix("[x]")

    @property
    def is_choice(self) -> bool:
        return self.path.endswith("[x]")

    @property
    def many(self) -> bool:
        return self.max is None or self.max > 1

    def names(self) -> Iterator[tuple[str, ElementType]]:
        """The JSON names under which the element can appear, each with its type."""
        for type in self.types:
            yield (self.name + type.suffix[:1].upper() + type.suffix[1:] if self.is_choice else self.name), type


def element_type(text: str, path: str) -> ElementType:
    found = TYPE.fullmatch(text)
    if found is None:
        raise ValueError(f"{path}: {text!r} is not a type of the table grammar")
    code, names = found["code"], tuple(filter(None, (found["names"] or "").split("|")))
    if code in ("BackboneElement", "Element"):
        return ElementType(path, suffix=code)
    if code == "Quantity" and names:
        return ElementType(names[0], suffix=code)
    return ElementType(code.removeprefix("#"), () if "Resource" in names else names, code)


def element(path: str, line: str) -> Element:
    found = LINE.fullmatch(line)
    if found is None:
        raise ValueError(f"{path}: {line!r} is not a line of the table grammar")
    return Element(
        path=path,
        min=int(found["min"]),
        max=None if found["max"] == "*" else int(found["max"]),
        types=tuple(element_type(text, path) for text in found["types"].split(" | ")),
        value_set=found["value_set"] if found["strength"] == "required" or found["value_set"] == LANGUAGES else "",
        marks=found["marks"] or "",
    )


class Tables:
    """The definition tables of one folder."""

    def __init__(self, folder: Traversable | None = None) -> None:
        self._folder = folder or files("profiles")
        self._lines: dict[str, dict[str, str]] = {}
        self._elements: dict[str, tuple[Element, ...]] = {}
        self._search_parameters: dict[str, Mapping[str, SearchParameter]] = {}

    def _read(self, *path: str) -> Any:
        return msgspec.json.decode(self._at(*path).read_bytes())

    def _at(self, *path: str) -> Traversable:
        """Step by step, because a namespace package in Python 3.11 takes one name at a time."""
        return reduce(lambda place, name: place / name, path, self._folder)

    @cached_property
    def served(self) -> frozenset[str]:
        return frozenset(self._read("served-types.json"))

    @cached_property
    def _folders(self) -> dict[str, str]:
        """Type → the folder that its table is in."""
        return {
            file.name.removesuffix(".json"): folder
            for folder in ("resources", "datatypes")
            for file in self._at("r4", folder).iterdir()
        }

    @cached_property
    def resource_types(self) -> frozenset[str]:
        names = {name for name, folder in self._folders.items() if folder == "resources"}
        return frozenset(names - {"Resource", "DomainResource"})

    @cached_property
    def primitives(self) -> Mapping[str, str]:
        """Primitive type → its regular expression in R4; "" for xhtml."""
        table: dict[str, list[str]] = self._read("r4", "primitives.json")
        return {name: (rest[0] if rest else "") for name, (_, *rest) in table.items()}

    @cached_property
    def codes(self) -> Mapping[str, Mapping[str, list[str]]]:
        """Value set → system → codes, for the required bindings that can be listed."""
        table: dict[str, dict[str, list[str]]] = self._read("r4", "required-codes.json")
        return table

    @cached_property
    def patient_compartment(self) -> Mapping[str, tuple[str, ...]]:
        table: dict[str, list[str]] = self._read("r4", "compartment-patient.json")
        return {type: tuple(parameters) for type, parameters in table.items()}

    @cached_property
    def profiles(self) -> tuple[Profile, ...]:
        """Those of US Core, and ours (profiles/crosswalk/), whose definitions are compiled as they stand."""
        folder = self._at("us-core", "profiles")
        tables = [self._read("us-core", "profiles", file.name) for file in folder.iterdir()]
        ours = [profile_table(own, {}) for own in self._own_of("StructureDefinition")]
        return tuple(read_profile(table) for table in [*tables, *ours])

    def _own_of(self, type: str) -> Iterator[dict[str, Any]]:
        for file in self._at("crosswalk").iterdir():
            if file.name.startswith(f"{type}-"):
                yield self._read("crosswalk", file.name)

    @cached_property
    def profile_codes(self) -> Mapping[str, Mapping[str, list[str]]]:
        """What profiles bind to, besides `codes`."""
        table: dict[str, dict[str, list[str]]] = self._read("us-core", "codes.json")
        ours = ValueSets(self._own_of("ValueSet"), self._own_of("CodeSystem"))
        return {**self.codes, **table, **ours.all_expanded()}

    def search_parameters(self, type: str) -> Mapping[str, SearchParameter]:
        """By code, those of Resource and DomainResource included."""
        if type not in self._search_parameters:
            parent = self.parent(type)
            inherited = self.search_parameters(parent) if parent else {}
            self._search_parameters[type] = MappingProxyType({**inherited, **self._own_parameters.get(type, {})})
        return self._search_parameters[type]

    @cached_property
    def _own_parameters(self) -> ByType:
        """Type → code → search parameter, without what is inherited."""
        published = self._published_parameters
        ours = own_parameters(self._own_of("SearchParameter"), self.resource_types, published)
        return {type: {**published.get(type, {}), **ours.get(type, {})} for type in {*published, *ours}}

    @cached_property
    def _published_parameters(self) -> ByType:
        """Those of R4 and of US Core."""
        found: dict[str, dict[str, SearchParameter]] = {}
        lines = self._read("r4", "search-parameters.json") | self._read("us-core", "search-parameters.json")
        for key, line in lines.items():
            type, code = key.split(".", 1)
            found.setdefault(type, {})[code] = SearchParameter(
                code,
                line["type"],
                line["url"],
                line.get("expression", ""),
                tuple(line.get("targets", ())),
                tuple(Component(*part) for part in line.get("components", ())),
            )
        return found

    def is_type(self, name: str) -> bool:
        return name in self._folders

    def parent(self, name: str) -> str:
        """The type that `name` extends; `name` may be a path (`Patient.contact`)."""
        text = self._table(name)[name]
        return text.rsplit(" ", 1)[-1] if "." in name else text

    def elements(self, name: str) -> tuple[Element, ...]:
        """All elements of a type or of the content of a path, the inherited ones first."""
        if name not in self._elements:
            own = {e.name: e for e in self._own(name)}
            parent = self.parent(name)
            inherited = (e for e in self.elements(parent) if e.name not in own) if parent else ()
            self._elements[name] = (*inherited, *(e for e in own.values() if e.max != 0))
        return self._elements[name]

    def _own(self, name: str) -> Iterator[Element]:
        for path, line in self._table(name).items():
            if path.rpartition(".")[0] == name:
                yield element(path, line)

    def _table(self, name: str) -> dict[str, str]:
        type = name.split(".")[0]
        if type not in self._lines:
            self._lines[type] = self._read("r4", self._folders[type], f"{type}.json")
        return self._lines[type]
