"""The tables say what R4 4.0.1 says, and their grammar is read in full."""

from __future__ import annotations

import pytest

from gateway.definitions.tables import Element, ElementType, Tables, element

TABLES = Tables()


def elements(name: str) -> dict[str, Element]:
    return {element.name: element for element in TABLES.elements(name)}


def test_there_are_all_resource_types_of_r4() -> None:
    assert len(TABLES.resource_types) == 146
    assert {"Patient", "Parameters", "SubstanceSourceMaterial"} <= TABLES.resource_types
    assert "SubscriptionStatus" not in TABLES.resource_types


def test_what_is_served_is_r4() -> None:
    assert TABLES.served <= TABLES.resource_types
    assert not {"Bundle", "Parameters", "OperationOutcome"} & TABLES.served


@pytest.mark.parametrize("type", sorted(TABLES.resource_types))
def test_every_line_leads_to_a_known_type(type: str) -> None:
    waiting, seen = [type], {type}
    while waiting:
        for child in TABLES.elements(waiting.pop()):
            assert child.types, child.path
            codes = {t.code for t in child.types if t.code not in TABLES.primitives} - seen
            assert all(TABLES.is_type(code.split(".")[0]) for code in codes), child.path
            seen |= codes
            waiting += codes


def test_a_choice_has_one_name_per_type() -> None:
    assert [name for name, _ in elements("Patient")["deceased"].names()] == ["deceasedBoolean", "deceasedDateTime"]


def test_a_constrained_quantity_keeps_its_name_in_a_choice() -> None:
    names = dict(elements("Dosage.doseAndRate")["dose"].names())
    assert names["doseQuantity"] == ElementType("SimpleQuantity", suffix="Quantity")


def test_content_defined_elsewhere() -> None:
    assert elements("Questionnaire.item")["item"].types[0].code == "Questionnaire.item"


def test_inherited_elements() -> None:
    assert {"id", "meta", "text", "contained", "extension"} <= elements("Patient").keys()
    assert "modifierExtension" in elements("Patient.contact")
    assert "modifierExtension" not in elements("Timing.repeat")
    assert "comparator" not in elements("SimpleQuantity")
    assert "value" in elements("Age")


def test_nothing_that_later_versions_or_products_added() -> None:
    assert "project" not in elements("Meta")
    assert "url" not in elements("Binary")
    assert "recruitment" not in elements("ResearchStudy")


def test_only_required_bindings_bind() -> None:
    assert elements("Patient")["gender"].value_set.endswith("/administrative-gender")
    assert elements("Patient")["maritalStatus"].value_set == ""


def test_codes_of_a_required_value_set() -> None:
    codes = TABLES.codes["http://hl7.org/fhir/ValueSet/administrative-gender"]
    assert codes == {"http://hl7.org/fhir/administrative-gender": ["male", "female", "other", "unknown"]}
    assert "http://hl7.org/fhir/ValueSet/mimetypes" not in TABLES.codes


def test_a_line_outside_the_grammar_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"Patient\.x"):
        element("Patient.x", "sometimes string")
    with pytest.raises(ValueError, match=r"Patient\.x"):
        element("Patient.x", "0..1 string or so")


def test_search_parameters_are_inherited() -> None:
    found = TABLES.search_parameters("Patient")
    assert {"_id", "_tag", "_text", "birthdate", "race"} <= found.keys()
    assert found["general-practitioner"].targets == ("Organization", "Practitioner", "PractitionerRole")
    assert TABLES.search_parameters("Bundle").keys() & {"_text", "_tag"} == {"_tag"}


def test_merged_search_parameters_are_split_by_type() -> None:
    expression = TABLES.search_parameters("CarePlan")["patient"].expression
    assert expression == "CarePlan.subject.where(resolve() is Patient)"


def test_the_patient_compartment() -> None:
    assert TABLES.patient_compartment["Observation"] == ("performer", "subject")
    assert "Organization" not in TABLES.patient_compartment
    for type, codes in TABLES.patient_compartment.items():
        assert set(codes) <= TABLES.search_parameters(type).keys(), type
