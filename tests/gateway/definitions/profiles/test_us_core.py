"""The profiles of US Core: instances that keep them, and each of these without one required part."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.definitions.profiles.nodes import Node
from gateway.definitions.profiles.rules import RULES
from gateway.definitions.tables import Tables
from tests.gateway.definitions.profiles.instances import (
    INSTANCES,
    PATIENT,
    TERMS,
    TEXT,
    US_CORE,
    WHITE,
    concept,
    measured,
    race,
)
from tests.gateway.definitions.strategies import DEFINITIONS

PROFILES = {profile.url: profile for profile in Tables().profiles}
EXAMPLES = Path(__file__).parents[5] / "shared" / "definitions" / "us-core-6.1.0" / "example"
Json = dict[str, Any]
decode = msgspec.json.Decoder(float_hook=Decimal).decode


def errors(resource: Json) -> list[tuple[str, str | None]]:
    return [(issue.expression[0], issue.code) for issue in DEFINITIONS.validate(resource)]


@pytest.mark.parametrize("name", INSTANCES)
def test_an_instance_with_all_that_is_required(name: str) -> None:
    assert errors(INSTANCES[name]) == []


def required(node: Node, value: Any, steps: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of what the profile requires and the value has."""
    for child in node.children.values():
        name = next((key for key in value if key == child.name or (child.choice and key.startswith(child.name))), None)
        if name is None:
            continue
        if child.min:
            yield (*steps, name)
        inner = value[name] if isinstance(value[name], list) else [value[name]]
        for number, item in enumerate(inner):
            if isinstance(item, dict):
                place = (number,) if isinstance(value[name], list) else ()
                yield from required(child, item, (*steps, name, *place))


def without(resource: Json, steps: tuple[Any, ...]) -> Json:
    changed = deepcopy(resource)
    place = changed
    for step in steps[:-1]:
        place = place[step]
    del place[steps[-1]]
    place.pop(f"_{steps[-1]}", None)
    return changed


def broken(resource: Json) -> Iterator[tuple[tuple[Any, ...], Json]]:
    for claim in resource["meta"]["profile"]:
        if claim in PROFILES and PROFILES[claim].type == resource["resourceType"]:
            for steps in required(PROFILES[claim].root, resource):
                yield steps, without(resource, steps)


@pytest.mark.parametrize("name", INSTANCES)
def test_an_instance_without_a_required_part(name: str) -> None:
    for steps, changed in broken(INSTANCES[name]):
        assert errors(changed), steps


def test_what_the_patient_profile_requires_is_told_at_its_place() -> None:
    patient = INSTANCES["us-core-patient"]
    found = {errors(changed)[0] for _, changed in broken(patient)}
    assert found == {
        ("Patient.identifier", "required"),
        ("Patient.identifier[0].system", "required"),
        ("Patient.identifier[0].value", "required"),
        ("Patient.name", "required"),
        ("Patient.telecom[0].system", "invariant"),  # cpt-2 of R4 asks for it before the profile does
        ("Patient.telecom[0].value", "required"),
        ("Patient.gender", "required"),
    }


def changed(instance: str, /, **elements: Any) -> Json:
    return {**INSTANCES[instance], **elements}


PRESSURE = INSTANCES["us-core-blood-pressure"]
NAPRAPATH = {"system": "http://hl7.org/fhir/sid/us-npi", "value": "1234567890"}
BROKEN: list[tuple[Json, str, str]] = [
    (changed("us-core-patient", name=[{"text": "Ada"}]), "Patient.name[0]", "invariant"),
    (changed("us-core-patient", extension=[race(WHITE)]), "Patient.extension[0].extension", "required"),
    (
        changed("us-core-patient", extension=[race({**WHITE, "valueCoding": {"code": "x"}}, TEXT)]),
        "Patient.extension[0].extension[0].valueCoding",
        "code-invalid",
    ),
    (
        changed("us-core-patient", extension=[race({"url": "ombCategory", "valueString": "White"}, TEXT)]),
        "Patient.extension[0].extension[0].valueString",
        "structure",
    ),
    (changed("us-core-patient", extension=[race(TEXT), race(TEXT)]), "Patient.extension", "structure"),
    (
        changed("us-core-patient", extension=[{"url": f"{US_CORE}us-core-race", "valueString": "x"}]),
        "Patient.extension[0].extension",
        "required",
    ),
    (
        changed("us-core-patient", extension=[{"url": f"{US_CORE}us-core-birthsex", "valueCode": "X"}]),
        "Patient.extension[0].valueCode",
        "code-invalid",
    ),
    (
        changed("us-core-location", extension=[{"url": f"{US_CORE}us-core-birthsex", "valueCode": "F"}]),
        "Location.extension[0]",
        "structure",
    ),
    (changed("us-core-practitioner", identifier=[NAPRAPATH]), "Practitioner.identifier[0].value", "invariant"),
    (changed("us-core-practitionerrole", telecom=[]), "PractitionerRole.telecom", "structure"),
    (
        changed("us-core-coverage", payor=[PATIENT, {"reference": "Device/1"}]),
        "Coverage.payor[1].reference",
        "structure",
    ),
    (
        changed("us-core-servicerequest", subject={"reference": "Group/1"}),
        "ServiceRequest.subject.reference",
        "structure",
    ),
    (
        changed("us-core-condition-problems-health-concerns", category=[concept(f"{TERMS}condition-category", "x")]),
        "Condition.category",
        "required",
    ),
    ({**PRESSURE, "category": [{"text": "vital signs"}]}, "Observation.category", "required"),
    ({**PRESSURE, "code": concept("http://loinc.org", "8480-6")}, "Observation.code", "value"),
    ({**PRESSURE, "component": [measured("8480-6", 120)]}, "Observation.component", "required"),
    (
        {**PRESSURE, "component": [measured("8480-6", 120), measured("8480-6", 120), measured("8462-4", 80)]},
        "Observation.component",
        "structure",
    ),
    (
        {**PRESSURE, "component": [{"code": concept("http://loinc.org", "8480-6")}, measured("8462-4", 80)]},
        "Observation.component[0].value",
        "invariant",
    ),
    ({**PRESSURE, "effectiveDateTime": "2026"}, "Observation.effectiveDateTime", "invariant"),
    ({"resourceType": "Patient", "meta": PRESSURE["meta"]}, "Patient.meta.profile", "structure"),
]


@pytest.mark.parametrize(("resource", "expression", "code"), BROKEN)
def test_broken(resource: Json, expression: str, code: str) -> None:
    assert (expression, code) in errors(resource)


def test_a_unit_that_the_slice_fixes() -> None:
    component = measured("8480-6", 120)
    component["valueQuantity"]["code"] = "kPa"
    found = errors({**PRESSURE, "component": [component, measured("8462-4", 80)]})
    assert found == [("Observation.component[0].valueQuantity.code", "value")]


def test_what_is_declined_is_a_race_category() -> None:
    asked = {"url": "ombCategory", "valueCoding": {"system": f"{TERMS}v3-NullFlavor", "code": "ASKU"}}
    assert errors(changed("us-core-patient", extension=[race(asked, TEXT)])) == []


def test_nothing_is_asked_of_a_resource_that_claims_nothing() -> None:
    assert errors({"resourceType": "Patient", "extension": [race(WHITE)]}) == []


def test_a_claim_inside_of_a_bundle_is_checked_there() -> None:
    patient = {"resourceType": "Patient", "meta": {"profile": [f"{US_CORE}us-core-patient"]}}
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": patient}]}
    assert ("Bundle.entry[0].resource.gender", "required") in errors(bundle)


def test_a_profile_can_be_demanded_without_a_claim() -> None:
    demanded = {"Patient": (f"{US_CORE}us-core-patient",)}
    found = DEFINITIONS.validate({"resourceType": "Patient", "gender": "male"}, demanded)
    assert {issue.expression[0] for issue in found} == {"Patient.identifier", "Patient.name"}
    assert DEFINITIONS.validate({"resourceType": "Location"}, demanded) == ()


class TestAdvice:
    def test_an_unknown_claim_is_told_and_no_error(self) -> None:
        patient = {
            "resourceType": "Patient",
            "meta": {"profile": ["https://example.org/p", f"{US_CORE}us-core-patient|9"]},
        }
        assert errors(patient) == []
        places = [i.expression[0] for i in DEFINITIONS.examine(patient) if i.code == "not-found"]
        assert places == ["Patient.meta.profile[0]", "Patient.meta.profile[1]"]

    def test_an_extensible_binding_is_advice(self) -> None:
        patient = changed("us-core-patient", address=[{"state": "open"}])
        assert errors(patient) == []
        (found,) = [i for i in DEFINITIONS.examine(patient) if i.code == "code-invalid"]
        assert (found.severity, found.expression) == ("warning", ("Patient.address[0].state",))

    def test_a_narrative_is_advised(self) -> None:
        issues = DEFINITIONS.examine({"resourceType": "Patient", "active": True})
        assert [(i.severity, i.expression) for i in issues] == [("warning", ("Patient.text",))]


def test_every_rule_of_a_profile_of_a_served_type_is_written() -> None:
    served = [profile for profile in PROFILES.values() if profile.type in DEFINITIONS.served | {"Extension"}]
    assert {key for profile in served for key in rules_of(profile.root)} <= RULES.keys()


def rules_of(node: Node) -> Iterator[str]:
    yield from node.facts.get("rules", ())
    for child in (*node.children.values(), *node.slices.values()):
        yield from rules_of(child)


def test_must_support_is_known_and_asks_for_nothing() -> None:
    assert "Patient.birthDate" in PROFILES[f"{US_CORE}us-core-patient"].must_support
    assert "birthDate" not in INSTANCES["us-core-patient"]


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the examples of US Core are not at hand")
def test_the_published_examples_and_what_they_require() -> None:
    examples = {path.name: decode(path.read_bytes()) for path in sorted(EXAMPLES.glob("*.json"))}
    assert {name: errors(example) for name, example in examples.items() if errors(example)} == {}
    claiming = [example for example in examples.values() if example.get("meta", {}).get("profile")]
    pairs = [(example, steps, changed) for example in claiming for steps, changed in broken(example)]
    assert len(pairs) > 300
    assert [(example["id"], steps) for example, steps, changed in pairs if not errors(changed)] == []
