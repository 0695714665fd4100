"""Our own search parameters are compiled, told and searched like R4's; a file that cannot be one stops the start."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.definitions.indexing.fhirpath import UnknownSyntax
from gateway.definitions.indexing.program import Program, nothing
from gateway.definitions.own import own_definitions
from gateway.definitions.own_parameters import own_parameters
from gateway.definitions.tables import Tables
from gateway.faults import Misconfigured
from gateway.interactions.capabilities import is_searchable
from tests.gateway.definitions.strategies import DEFINITIONS

TABLES = Tables()
OURS = [own for own in own_definitions() if own["resourceType"] == "SearchParameter"]
SHOE: dict[str, Any] = {
    "resourceType": "SearchParameter", "id": "shoe", "url": "urn:shoe", "code": "shoe", "base": ["Patient"],
    "type": "string", "expression": "Patient.name.text",
}  # fmt: skip


@pytest.mark.parametrize("own", OURS, ids=lambda own: str(own["id"]))
def test_each_is_compiled_for_all_its_types(own: dict[str, Any]) -> None:
    for type in own["base"]:
        parameter = DEFINITIONS.search_parameters(type)[own["code"]]
        assert (parameter.url, parameter.kind) == (own["url"], own["type"])
        assert is_searchable(parameter)
        assert any(step.extract is not nothing for step in Program(TABLES, type, [parameter])._steps)


@pytest.mark.parametrize("own", OURS, ids=lambda own: str(own["id"]))
def test_each_is_called_as_it_is_searched_by(own: dict[str, Any]) -> None:
    assert own["id"] == own["code"]
    assert set(own["base"]) <= DEFINITIONS.served
    assert (own["type"] == "reference") == bool(own.get("target"))


@pytest.mark.parametrize(
    ("changed", "element"),
    [
        ({"base": ["Patient", "Shoe"]}, "base"),
        ({"base": []}, "base"),
        ({"type": "composite"}, "type"),
        ({"type": "sound"}, "type"),
        ({"type": None}, "type"),
        ({"expression": None}, "expression"),
        ({"code": "birthdate"}, "code"),
        ({"base": ["Patient", "Patient"]}, "code"),
    ],
)
def test_what_cannot_be_one_stops_the_start_and_names_the_file(changed: dict[str, Any], element: str) -> None:
    with pytest.raises(Misconfigured, match=r"profiles/crosswalk/SearchParameter-shoe\.json") as refused:
        own_parameters([{**SHOE, **changed}], TABLES.resource_types, {"Patient": TABLES.search_parameters("Patient")})
    assert refused.value.issues[0].expression == (f"SearchParameter.{element}",)


def test_an_expression_that_is_not_understood_names_the_parameter() -> None:
    [parameter] = own_parameters(
        [{**SHOE, "expression": "Patient.shoe"}], TABLES.resource_types, {}
    )["Patient"].values()  # fmt: skip
    with pytest.raises(UnknownSyntax, match=r"urn:shoe: .*shoe"):
        Program(TABLES, "Patient", [parameter])
