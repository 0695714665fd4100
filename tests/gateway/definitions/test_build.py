"""The generator, over a package of five definitions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gateway.definitions.build import build

SD = "http://hl7.org/fhir/StructureDefinition/"
VS = "http://example.org/ValueSet/"


def line(path: str, origin: str, types: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"id": path, "path": path, "min": 0, "max": "1", "base": {"path": origin}, "type": types} | more


THING = {
    "resourceType": "StructureDefinition", "url": SD + "Thing", "kind": "resource", "derivation": "specialization",
    "baseDefinition": SD + "DomainResource",
    "snapshot": {"element": [
        line("Thing", "Thing", []),
        line("Thing.id", "Resource.id", [{"code": "id"}]),
        line("Thing.state", "Thing.state", [{"code": "code"}], min=1, isModifier=True, isSummary=True,
             binding={"strength": "required", "valueSet": VS + "states|4.0.1"}),
        line("Thing.size", "Thing.size", [{"code": "Quantity", "profile": [SD + "SimpleQuantity"]}]),
        line("Thing.owner[x]", "Thing.owner[x]", [{"code": "string"}, {"code": "Reference",
             "targetProfile": [SD + "Patient", SD + "Group"]}], max="*"),
        line("Thing.part", "Thing.part", [{"code": "BackboneElement"}], max="*"),
        {k: v for k, v in line("Thing.part.part", "Thing.part.part", [], contentReference="#Thing.part").items()
         if k != "type"},
    ]},
}  # fmt: skip
PACKAGE = {
    "StructureDefinition-Thing": THING,
    "StructureDefinition-narrow": THING | {"url": SD + "narrow", "derivation": "constraint"},
    "ValueSet-states": {"url": VS + "states", "compose": {"include": [{"system": "http://example.org/cs"}]}},
    "CodeSystem-states": {
        "url": "http://example.org/cs",
        "content": "complete",
        "concept": [{"code": "on", "concept": [{"code": "dimmed"}]}, {"code": "off"}],
    },
    "SearchParameter-owner": {
        "id": "x-owner", "code": "owner", "type": "reference", "url": "http://example.org/owner", "target": ["Patient"],
        "base": ["Thing", "Other"], "expression": "Other.owner | (Thing.owner as Reference)",
    },
    "SearchParameter-example": {"id": "example", "code": "x", "base": ["Thing"], "type": "token", "url": "x"},
    "CompartmentDefinition-patient": {"resource": [{"code": "Thing", "param": ["owner"]}, {"code": "Other"}]},
}  # fmt: skip


def built(folder: Path) -> Path:
    package = folder / "package"
    package.mkdir()
    for name, definition in PACKAGE.items():
        (package / f"{name}.json").write_text(json.dumps(definition), encoding="utf-8")
    build(package, None, folder / "profiles")
    return folder / "profiles" / "r4"


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_tables(tmp_path: Path) -> None:
    r4 = built(tmp_path)
    assert read(r4 / "resources" / "Thing.json") == {
        "Thing": "DomainResource",
        "Thing.state": "1..1 ?!Σ code; required http://example.org/ValueSet/states",
        "Thing.size": "0..1 Quantity(SimpleQuantity)",
        "Thing.owner[x]": "0..* string | Reference(Group|Patient)",
        "Thing.part": "0..* BackboneElement",
        "Thing.part.part": "0..1 #Thing.part",
    }
    assert [path.name for path in (r4 / "resources").iterdir()] == ["Thing.json"]


def test_codes_of_required_bindings(tmp_path: Path) -> None:
    codes = read(built(tmp_path) / "required-codes.json")
    assert codes == {VS + "states": {"http://example.org/cs": ["on", "dimmed", "off"]}}


def test_search_parameters_are_split_and_examples_left_out(tmp_path: Path) -> None:
    lines = read(built(tmp_path) / "search-parameters.json")
    assert lines.keys() == {"Other.owner", "Thing.owner"}
    assert lines["Thing.owner"] == {
        "type": "reference",
        "url": "http://example.org/owner",
        "expression": "(Thing.owner as Reference)",
        "targets": ["Patient"],
    }


def test_compartment(tmp_path: Path) -> None:
    assert read(built(tmp_path) / "compartment-patient.json") == {"Thing": ["owner"]}


def test_one_line_per_fact(tmp_path: Path) -> None:
    text = (built(tmp_path) / "resources" / "Thing.json").read_text(encoding="utf-8")
    assert len(text.splitlines()) == 6 + 2
