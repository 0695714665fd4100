"""Our own definitions: valid, complete, and what the code says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.canonical import CANONICAL, MARITAL_STATUS, extension_url
from gateway.definitions.own import own_definitions
from tests.gateway.definitions.strategies import DEFINITIONS
from translators.kipu.terms import MARITAL as KIPU_MARITAL
from translators.ritten.vocabulary import MARITAL as RITTEN_MARITAL

ROOT = Path(__file__).parents[3]
NAMED = re.compile(
    r"""extension_url\(["']([\w-]+)["']\)|\b_?own\(\s*"[^"]+",\s*"([\w-]+)"|\b_?related_own\("[^"]+", "([\w-]+)\""""
)
TERMS = re.compile(r"\{CANONICAL\}((?:CodeSystem|NamingSystem)/[\w-]+)")
SEARCHED = re.compile(re.escape(extension_url("")) + r"([\w-]+)")
AHEAD = {"webhook-secret"}
"""Of the interface that clients know, where the code for it is yet to come."""
Json = dict[str, Any]


def sources() -> Iterator[str]:
    for folder in ("gateway", "translators"):
        for path in (ROOT / folder).rglob("*.py"):
            yield path.read_text("utf-8")


def of_type(type: str) -> dict[str, Json]:
    return {d["id"]: d for d in own_definitions() if d["resourceType"] == type}


@pytest.mark.parametrize("definition", own_definitions(), ids=lambda d: f"{d['resourceType']}-{d['id']}")
def test_each_is_a_valid_resource_at_its_url(definition: Json) -> None:
    assert DEFINITIONS.validate(definition) == ()
    where = f"{CANONICAL}{definition['resourceType']}/{definition['id']}"
    assert definition.get("url", where) == where


def test_every_extension_of_the_code_has_a_definition_and_the_other_way_round() -> None:
    used = {name for source in sources() for found in NAMED.findall(source) for name in found if name}
    searched = {name for own in of_type("SearchParameter").values() for name in SEARCHED.findall(own["expression"])}
    assert used | searched | AHEAD == of_type("StructureDefinition").keys()


def test_every_code_system_of_the_code_has_a_definition() -> None:
    used = {name for source in sources() for name in TERMS.findall(source)}
    assert used <= {f"{d['resourceType']}/{d['id']}" for d in own_definitions()}


def patient(extension: Json) -> Json:
    profile = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient"
    return {
        "resourceType": "Patient", "meta": {"profile": [profile]}, "gender": "other", "name": [{"family": "Example"}],
        "identifier": [{"system": "https://crm.example/id", "value": "1"}], "extension": [extension],
    }  # fmt: skip


def errors(extension: Json) -> list[tuple[str, str | None]]:
    return [(issue.expression[0], issue.code) for issue in DEFINITIONS.validate(patient(extension))]


CALL = {"url": extension_url("first-contact"), "extension": [{"url": "date", "valueDateTime": "2026-01-02"}]}


def test_extensions_that_keep_their_definitions() -> None:
    assert errors(CALL) == []
    assert errors({"url": extension_url("preferred-contact-method"), "valueCode": "phone"}) == []


@pytest.mark.parametrize(
    ("extension", "expression", "code"),
    [
        ({"url": extension_url("salutation"), "valueBoolean": True}, ".valueBoolean", "structure"),
        ({"url": extension_url("preferred-contact-method"), "valueCode": "pigeon"}, ".valueCode", "code-invalid"),
        ({"url": extension_url("facility"), "valueReference": {"reference": "Patient/1"}}, ".valueReference.reference",
         "structure"),
        ({"url": extension_url("payment-method"), "extension": [{"url": "method", "valueString": "x"}]}, "",
         "structure"),
        ({**CALL, "extension": [{"url": "shoe", "valueString": "9"}]}, ".extension[0]", "structure"),
        ({**CALL, "extension": [*CALL["extension"], *CALL["extension"]]}, ".extension", "structure"),
        ({"url": extension_url("custom-field"), "extension": [{"url": "value", "valueString": "x"}]}, ".extension",
         "required"),
    ],
)  # fmt: skip
def test_extensions_that_break_their_definitions(extension: Json, expression: str, code: str) -> None:
    assert (f"Patient.extension[0]{expression}", code) in errors(extension)


@pytest.mark.parametrize(("name", "codec"), [("kipu", KIPU_MARITAL), ("ritten", RITTEN_MARITAL)])
def test_the_concept_maps_say_what_the_translators_do(name: str, codec: Any) -> None:
    groups = of_type("ConceptMap")[f"{name}-marital-status"]["group"]
    for group in groups:
        for element in group["element"]:
            (coding,) = codec.decode(element["code"])["coding"]
            assert (coding["system"], coding["code"]) == (group["target"], element["target"][0]["code"])
    assert MARITAL_STATUS in {group["target"] for group in groups}
