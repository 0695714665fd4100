"""Writes the compact definition tables under profiles/ from the published FHIR packages.

    python -m gateway.definitions.build PACKAGE_DIR [US_CORE_DIR] [--into profiles]

PACKAGE_DIR is the unpacked npm package `hl7.fhir.r4.examples` 4.0.1 (CC0), which holds every base definition of
FHIR R4, or any other folder with one definition a file (`StructureDefinition-Patient.json`); US_CORE_DIR the same of
US Core 6.1.0. Facts are taken, prose is not.

What it writes:

    r4/resources/TYPE.json         one table per resource type, Resource and DomainResource included
    r4/datatypes/TYPE.json         one table per complex datatype
    r4/primitives.json             "TYPE": ["PARENT", "REGULAR EXPRESSION"]
    r4/required-codes.json         "VALUE SET": {"SYSTEM": ["CODE", ...]} for each value set with a required binding
    r4/search-parameters.json      "TYPE.CODE": {"type", "url", "expression"?, "targets"?}
    r4/compartment-patient.json    "TYPE": ["SEARCH PARAMETER", ...]
    us-core/search-parameters.json what US Core adds to the above, in the same form
    us-core/profiles/NAME.json     one table per profile and extension (their grammar: profiles/table_of.py)
    us-core/codes.json             the value sets that those bind to and that a list can hold, like required-codes.json

A type's table starts with `"TYPE": "PARENT"` and has one line per element that the parent does not have already, in the
order of the specification:

    "PATH": "MIN..MAX [?!][Σ] TYPES[; STRENGTH VALUESET]"

`?!` marks a modifier and `Σ` a part of the summary, as in the specification's own tables. TYPES are joined by ` | `.
A type is a name (`code`), a name with what it may point to or is constrained by (`Reference(Group|Patient)`,
`Quantity(SimpleQuantity)`), or `#PATH` for the content of an element defined elsewhere (Questionnaire.item.item).

Two corrections to the published snapshots: `Resource.id` is of type id, which R4 publishes as string; and value sets
are named without their version. Search parameters that R4 merges over several types are split, so that each line is
about one type. Left out: search parameters of extensions and genetics profiles and of examples, and the codes of value
sets that no list can hold (mimetypes, currencies, ucum-units, the LOINC answer list LL379-9).
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from gateway.definitions.expansion import ValueSets
from gateway.definitions.profiles.table_of import profile_table

Json = dict[str, Any]

STRUCTURES = "http://hl7.org/fhir/StructureDefinition/"
INHERITED = {"Resource", "DomainResource", "Element", "BackboneElement"}
CONSTRAINED = {"SimpleQuantity", "MoneyQuantity"}
"""The two profiles that the datatypes page of R4 lists among the datatypes."""
TYPE_EXTENSION = STRUCTURES + "structuredefinition-fhir-type"
REGEX_EXTENSION = STRUCTURES + "regex"
NOT_R4_PARAMETERS = re.compile(r"^(example|filter$)|-extensions?-|-genetic-")


def read_all(folder: Path, type: str) -> list[Json]:
    paths = sorted(folder.glob(f"{type}-*.json"))
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


def is_base_definition(definition: Json) -> bool:
    name = definition["url"].removeprefix(STRUCTURES)
    if definition["kind"] == "logical" or definition["url"] == name:
        return False
    return name in CONSTRAINED or definition.get("derivation") != "constraint"


def type_code(type: Json, element: Json) -> str:
    """System.String and its like stand for primitives of their own; the real name is in an extension."""
    if element["base"]["path"] == "Resource.id":
        return "id"
    if not type["code"].startswith("http://hl7.org/fhirpath/"):
        return str(type["code"])
    named = [e["valueUrl"] for e in type.get("extension", ()) if e["url"] == TYPE_EXTENSION]
    return str(named[0]) if named else "string"


def type_text(type: Json, element: Json) -> str:
    code = type_code(type, element)
    targets = type.get("targetProfile", []) + type.get("profile", [])
    names = sorted(target.removeprefix(STRUCTURES) for target in targets)
    return f"{code}({'|'.join(names)})" if names else code


def element_text(element: Json) -> str:
    marks = ("?!" if element.get("isModifier") else "") + ("Σ" if element.get("isSummary") else "")
    if "contentReference" in element:
        types = element["contentReference"]
    else:
        types = " | ".join(type_text(type, element) for type in element.get("type", ()))
    text = " ".join(filter(None, (f"{element['min']}..{element['max']}", marks, types)))
    binding = element.get("binding", {})
    return f"{text}; {binding['strength']} {value_set(binding)}" if "valueSet" in binding else text


def value_set(binding: Json) -> str:
    return str(binding["valueSet"].split("|")[0])


def table_of(definition: Json) -> dict[str, str]:
    name = definition["url"].removeprefix(STRUCTURES)
    parent = definition.get("baseDefinition", "").removeprefix(STRUCTURES)
    table = {name: parent}
    for element in definition["snapshot"]["element"][1:]:
        if element["base"]["path"].split(".")[0] in INHERITED - {name} or inherited(element, parent, name):
            continue
        table[re.sub(r"^\w+", name, element["path"])] = element_text(element)
    return table


def inherited(element: Json, parent: str, name: str) -> bool:
    """Age has all of Quantity unchanged; SimpleQuantity forbids one element, which has to be said."""
    return element["base"]["path"].startswith(f"{parent}.") and not (name in CONSTRAINED and element["max"] == "0")


def primitive_of(definition: Json) -> list[str]:
    value = next(e for e in definition["snapshot"]["element"] if e["id"].endswith(".value"))
    found = [x["valueString"] for t in value["type"] for x in t.get("extension", ()) if x["url"] == REGEX_EXTENSION]
    return [definition["baseDefinition"].removeprefix(STRUCTURES), *found]


def parts_of(expression: str) -> Iterator[tuple[str, str]]:
    """The alternatives of an expression, each with the resource type that it starts from ("" for any)."""
    for part in re.split(r"\s*\|\s*", expression):
        start = re.match(r"\(?([A-Z]\w*)", part)
        yield (start[1] if start else ""), part.strip()


def components_of(parameter: Json, kinds: Mapping[str, str]) -> list[list[str]]:
    """Kind and expression of each part of a composite of a token and something else; others are not searched.

    R4 writes the name of a datatype wrong in one place, and in another takes two parts for each other.
    """
    parts = parameter.get("component", ())
    found = [[kinds[part["definition"]], part["expression"].replace("DateTime", "dateTime")] for part in parts]
    if parameter["id"] == "DocumentReference-relationship":
        found = [[found[1][0], found[0][1]], [found[0][0], found[1][1]]]
    return found if len(found) == 2 and found[0][0] == "token" else []


def parameter_lines(parameter: Json, kinds: Mapping[str, str]) -> Iterator[tuple[str, Json]]:
    components = components_of(parameter, kinds)
    for type in parameter["base"]:
        parts = [part for start, part in parts_of(parameter.get("expression") or "") if start in (type, "")]
        line = {"type": parameter["type"], "url": parameter["url"]}
        if any(parts):
            line["expression"] = " | ".join(parts)
        if parameter.get("target"):
            line["targets"] = sorted(parameter["target"])
        if components:
            line["components"] = components
        yield f"{type}.{parameter['code']}", line


def parameter_table(parameters: Iterable[Json], besides: Mapping[str, Json]) -> dict[str, Json]:
    chosen = [p for p in parameters if p.get("base") and not NOT_R4_PARAMETERS.search(p["id"])]
    kinds = {parameter["url"]: parameter["type"] for parameter in chosen}
    lines = {key: line for parameter in chosen for key, line in parameter_lines(parameter, kinds)}
    return {
        key: line
        for key, line in sorted(lines.items())
        if key not in besides and f"Resource.{line_code(key)}" not in besides
    }


def line_code(key: str) -> str:
    return key.split(".", 1)[1]


def required_value_sets(definitions: Iterable[Json]) -> set[str]:
    elements = [e for d in definitions for e in d["snapshot"]["element"]]
    bindings = [e["binding"] for e in elements if "binding" in e]
    return {value_set(b) for b in bindings if b["strength"] == "required" and "valueSet" in b}


def compartment_table(definition: Json) -> dict[str, list[str]]:
    return {entry["code"]: sorted(entry["param"]) for entry in definition["resource"] if entry.get("param")}


def write(path: Path, table: Mapping[str, Any]) -> None:
    """One line per entry, so that a difference between two versions reads as a list of facts."""
    lines = ",\n".join(f"{json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in table.items())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


def build_structures(definitions: Iterable[Json], into: Path) -> None:
    primitives: dict[str, list[str]] = {}
    for definition in definitions:
        name = definition["url"].removeprefix(STRUCTURES)
        if definition["kind"] == "primitive-type":
            primitives[name] = primitive_of(definition)
        else:
            folder = "resources" if definition["kind"] == "resource" else "datatypes"
            write(into / folder / f"{name}.json", table_of(definition))
    write(into / "primitives.json", dict(sorted(primitives.items())))


def build(package: Path, us_core: Path | None, into: Path) -> None:
    definitions = [d for d in read_all(package, "StructureDefinition") if is_base_definition(d)]
    build_structures(definitions, into / "r4")
    value_sets = ValueSets(read_all(package, "ValueSet"), read_all(package, "CodeSystem"))
    codes = {url: value_sets.expand(url) for url in sorted(required_value_sets(definitions))}
    write(into / "r4" / "required-codes.json", {url: found for url, found in codes.items() if found is not None})
    parameters = parameter_table(read_all(package, "SearchParameter"), {})
    write(into / "r4" / "search-parameters.json", parameters)
    compartment = json.loads((package / "CompartmentDefinition-patient.json").read_text(encoding="utf-8"))
    write(into / "r4" / "compartment-patient.json", compartment_table(compartment))
    if us_core:
        extra = parameter_table(read_all(us_core, "SearchParameter"), parameters)
        write(into / "us-core" / "search-parameters.json", extra)
        build_profiles(definitions, value_sets, us_core, into / "us-core")


def build_profiles(r4: Iterable[Json], value_sets: ValueSets, package: Path, into: Path) -> None:
    own = [d for d in r4 if d.get("derivation") != "constraint"]
    elements = {element["id"]: element for definition in own for element in definition["snapshot"]["element"]}
    bound: set[str] = set()
    for definition in read_all(package, "StructureDefinition"):
        table = profile_table(definition, elements)
        write(into / "profiles" / f"{definition['id']}.json", table)
        bound |= {facts["binding"][1] for facts in table.values() if "binding" in facts}
    both = value_sets.with_more(read_all(package, "ValueSet"), read_all(package, "CodeSystem"))
    codes = {url: both.expand(url) for url in sorted(bound)}
    write(into / "codes.json", {url: found for url, found in codes.items() if found is not None})


def main() -> None:
    arguments = argparse.ArgumentParser(description="Write the definition tables under profiles/.")
    arguments.add_argument("package", type=Path)
    arguments.add_argument("us_core", type=Path, nargs="?")
    arguments.add_argument("--into", type=Path, default=Path("profiles"))
    chosen = arguments.parse_args()
    build(chosen.package, chosen.us_core, chosen.into)


if __name__ == "__main__":
    main()
