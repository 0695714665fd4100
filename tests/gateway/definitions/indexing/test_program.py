"""What resources say for their search parameters."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from gateway.canonical import extension_url
from gateway.definitions.contract import SearchParameter
from gateway.definitions.dates import EARLIEST, LATEST
from gateway.definitions.indexing.fhirpath import UnknownSyntax
from gateway.definitions.indexing.program import EXTRACTORS, Program, nothing
from gateway.definitions.tables import Tables
from gateway.search.entries import (
    CompositeEntry,
    DateEntry,
    Entry,
    NumberEntry,
    PositionEntry,
    ReferenceEntry,
    StringEntry,
    TokenEntry,
    UriEntry,
)

TABLES = Tables()
DAY = 86_400_000_000
UCUM = "http://unitsofmeasure.org"


def indexed(type: str, param: str, **elements: Any) -> list[Entry]:
    program = Program(TABLES, type, [TABLES.search_parameters(type)[param]])
    return program.run({"resourceType": type, **elements})


@pytest.mark.parametrize("type", sorted(TABLES.resource_types))
def test_every_expression_of_r4_and_us_core_compiles(type: str) -> None:
    Program(TABLES, type, TABLES.search_parameters(type).values())


@pytest.mark.parametrize("type", sorted(TABLES.served))
def test_every_searchable_parameter_has_steps(type: str) -> None:
    for parameter in TABLES.search_parameters(type).values():
        steps = Program(TABLES, type, [parameter])._steps
        known = parameter.code in ("_id", "_lastUpdated")
        assert bool(steps) == bool(parameter.expression and not known), parameter
        assert not steps or any(step.extract is not nothing for step in steps), parameter


@pytest.mark.parametrize(
    "expression",
    [
        "Patient.nickname",
        "Patient.name.first()",
        "Patient.name.where(x)",
        "Patient.gender as Quantity",
        "Patient.name +",
        "iif(Patient.active)",
        "iif(Patient.active, 'a', 'b', 'c')",
        "iif(Patient.active, Patient.gender, Patient.birthDate)",
        "iif(Patient.active, Patient.name)",
        "Patient.iif(active, 'a')",
        "Patient.name.replaceMatches('a', 'b')",
        "Patient.gender.replaceMatches('(a)', '$1')",
        "Patient.gender.replaceMatches('a')",
        "Patient.name.where(use = 'usual', 'x')",
        "not()",
    ],
)
def test_what_is_not_understood_is_an_error(expression: str) -> None:
    with pytest.raises(UnknownSyntax):
        Program(TABLES, "Patient", [SearchParameter("x", "token", "urn:x", expression)])


def test_what_cannot_be_searched_as_its_kind_is_an_error() -> None:
    with pytest.raises(UnknownSyntax, match="HumanName cannot be searched as quantity"):
        Program(TABLES, "Patient", [SearchParameter("x", "quantity", "urn:x", "Patient.name")])


def test_kinds_are_those_of_the_specification() -> None:
    assert EXTRACTORS.keys() == {"token", "string", "date", "reference", "number", "quantity", "uri", "special"}


CASES: list[tuple[str, str, dict[str, Any], list[Entry]]] = [
    # places, and names as they sound
    ("Location", "near", {"position": {"longitude": Decimal("-83.69"), "latitude": 42}},
     [PositionEntry("near", 42.0, -83.69)]),
    ("Location", "near", {"position": {"longitude": 200, "latitude": 42}}, []),
    ("Patient", "phonetic", {"name": [{"family": "Smyth", "given": ["Jon"]}]},
     [StringEntry("phonetic", "JN SNT "), StringEntry("phonetic", "SNT ")]),
    ("Organization", "phonetic", {"name": "Knight's Clinic"},
     [StringEntry("phonetic", "NTS CLNC "), StringEntry("phonetic", "CLNC ")]),
    # tokens
    ("Patient", "gender", {"gender": "male"},
     [TokenEntry("gender", "http://hl7.org/fhir/administrative-gender", "male")]),
    ("Patient", "active", {"active": False}, [TokenEntry("active", "", "false")]),
    ("Patient", "identifier", {"identifier": [{"system": "urn:x", "value": "1"}, {"value": "2"}]},
     [TokenEntry("identifier", "urn:x", "1"), TokenEntry("identifier", "", "2")]),
    ("Patient", "phone", {"telecom": [{"system": "phone", "value": "1"}, {"system": "email", "value": "a"}]},
     [TokenEntry("phone", "", "1")]),
    ("Patient", "telecom", {"telecom": [{"system": "phone", "value": "1"}, {"system": "email", "value": "a"}]},
     [TokenEntry("telecom", "", "1"), TokenEntry("telecom", "", "a")]),
    ("Patient", "_tag", {"meta": {"tag": [{"system": "s", "code": "c"}]}}, [TokenEntry("_tag", "s", "c")]),
    ("Patient", "deceased", {}, [TokenEntry("deceased", "", "false")]),
    ("Patient", "deceased", {"deceasedBoolean": False}, [TokenEntry("deceased", "", "false")]),
    ("Patient", "deceased", {"deceasedBoolean": True}, [TokenEntry("deceased", "", "true")]),
    ("Patient", "deceased", {"deceasedDateTime": "2024"}, [TokenEntry("deceased", "", "true")]),
    ("Observation", "code", {"code": {"coding": [{"system": "s", "code": "a"}, {"code": "b"}], "text": "x"}},
     [TokenEntry("code", "s", "a"), TokenEntry("code", "", "b"), StringEntry("code:text", "x")]),
    ("Patient", "identifier", {"identifier": [{"type": {"coding": [{"code": "MR"}], "text": "t"}, "value": "1"}]},
     [TokenEntry("identifier", "", "1"), StringEntry("identifier:text", "t"),
      TokenEntry("identifier:of-type", "", "MR|1")]),
    ("Observation", "component-code-value-quantity",
     {"component": [{"code": {"coding": [{"code": "a"}]}, "valueQuantity": {"value": 5, "code": "mg"}},
                    {"code": {"coding": [{"code": "b"}]}, "valueString": "x"}]},
     [CompositeEntry("component-code-value-quantity", TokenEntry("", "", "a"),
                     NumberEntry("", Decimal("4.5"), Decimal("5.5"), "", "mg"))]),
    ("DocumentReference", "relationship",
     {"relatesTo": [{"code": "replaces", "target": {"reference": "DocumentReference/1"}}]},
     [CompositeEntry("relationship",
                     TokenEntry("", "http://hl7.org/fhir/document-relationship-type", "replaces"),
                     ReferenceEntry("", "DocumentReference", "1"))]),
    ("Observation", "combo-code",
     {"code": {"coding": [{"code": "a"}]}, "component": [{"code": {"coding": [{"code": "b"}]}}]},
     [TokenEntry("combo-code", "", "a"), TokenEntry("combo-code", "", "b")]),
    ("Observation", "value-concept", {"valueCodeableConcept": {"coding": [{"code": "a"}]}},
     [TokenEntry("value-concept", "", "a")]),
    ("Encounter", "class", {"class": {"system": "s", "code": "IMP"}}, [TokenEntry("class", "s", "IMP")]),
    # ours: expressions that choose and change
    ("Patient", "lifecycle", {"active": True}, [TokenEntry("lifecycle", "", "active")]),
    ("Patient", "lifecycle", {"deceasedDateTime": "2024", "active": False}, [TokenEntry("lifecycle", "", "deceased")]),
    ("Patient", "lifecycle", {"extension": [{"url": extension_url("patient-status"), "valueCode": "archived"}],
                              "active": False}, [TokenEntry("lifecycle", "", "archived")]),
    ("Patient", "lifecycle", {}, []),
    ("Patient", "phone-number", {"telecom": [{"system": "phone", "value": "+1 (785) 555-0100"},
                                             {"system": "fax", "value": "1"}, {"system": "phone", "value": "none"}]},
     [StringEntry("phone-number", "17855550100")]),
    ("Patient", "mobile-number", {"telecom": [{"system": "phone", "value": "1"},
                                              {"system": "phone", "use": "mobile", "value": "2-3"}]},
     [StringEntry("mobile-number", "23")]),
    ("Patient", "email-text", {"telecom": [{"system": "email", "value": "A@b"}, {"system": "phone", "value": "1"}]},
     [StringEntry("email-text", "A@b")]),
    ("RelatedPerson", "related-patient",
     {"extension": [{"url": extension_url("related-patient"), "valueReference": {"reference": "Patient/1"}}]},
     [ReferenceEntry("related-patient", "Patient", "1")]),
    ("Communication", "note-text", {"payload": [{"contentString": "a"}, {"contentReference": {"reference": "X/1"}}]},
     [StringEntry("note-text", "a")]),
    ("Flag", "archived-at", {"extension": [{"url": extension_url("archived-at"), "valueDateTime": "1970"}]},
     [DateEntry("archived-at", 0, 365 * DAY)]),
    # US Core
    ("Patient", "race", {"extension": [
        {"url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race", "extension": [
            {"url": "ombCategory", "valueCoding": {"system": "s", "code": "2106-3"}},
            {"url": "text", "valueString": "x"}]},
        {"url": "urn:other", "extension": [{"url": "ombCategory", "valueCoding": {"code": "no"}}]}]},
     [TokenEntry("race", "s", "2106-3")]),
    ("Encounter", "discharge-disposition",
     {"hospitalization": {"dischargeDisposition": {"coding": [{"code": "home"}]}}},
     [TokenEntry("discharge-disposition", "", "home")]),
    ("Condition", "asserted-date", {"extension": [
        {"url": "http://hl7.org/fhir/StructureDefinition/condition-assertedDate", "valueDateTime": "1970"}]},
     [DateEntry("asserted-date", 0, 365 * DAY)]),
    # strings
    ("Patient", "name", {"name": [{"family": "A", "given": ["B", "C"], "prefix": ["D"], "period": {"start": "2000"}}]},
     [StringEntry("name", text) for text in "ABCD"]),
    ("Patient", "given", {"name": [{"given": ["B", None]}, {"given": ["C"]}]},
     [StringEntry("given", "B"), StringEntry("given", "C")]),
    ("Patient", "address", {"address": [{"line": ["A"], "city": "B", "postalCode": "C", "use": "home"}]},
     [StringEntry("address", text) for text in "ABC"]),
    ("Observation", "value-string", {"valueString": "a"}, [StringEntry("value-string", "a")]),
    ("Observation", "value-string", {"valueCodeableConcept": {"text": "a"}}, [StringEntry("value-string", "a")]),
    ("InsurancePlan", "name", {"name": "a", "alias": ["b"]}, [StringEntry("name", "a"), StringEntry("name", "b")]),
    # dates
    ("Patient", "birthdate", {"birthDate": "1970-01-02"}, [DateEntry("birthdate", DAY, 2 * DAY)]),
    ("Encounter", "date", {"period": {"start": "1970-01-02", "end": "1970-01-02"}}, [DateEntry("date", DAY, 2 * DAY)]),
    ("Encounter", "date", {"period": {"start": "1970-01-02"}}, [DateEntry("date", DAY, LATEST)]),
    ("Encounter", "date", {"period": {"end": "1970-01-01"}}, [DateEntry("date", EARLIEST, DAY)]),
    ("Encounter", "date", {"period": {"start": "1970-01-03", "end": "1970-01-01"}}, []),
    ("Observation", "date", {"effectiveInstant": "1970-01-01T00:00:01Z"}, [DateEntry("date", 1_000_000, 2_000_000)]),
    ("Observation", "date", {"effectiveTiming": {"event": ["1970-01-03", "1970-01-02"]}},
     [DateEntry("date", DAY, 3 * DAY)]),
    ("Observation", "date", {"effectiveTiming": {"repeat": {"boundsPeriod": {"start": "1970-01-02"}}}},
     [DateEntry("date", DAY, LATEST)]),
    ("Condition", "onset-date", {"onsetString": "long ago"}, []),
    ("Procedure", "date", {"performedString": "long ago"}, []),
    # references
    ("Observation", "subject", {"subject": {"reference": "Patient/1"}}, [ReferenceEntry("subject", "Patient", "1")]),
    ("Observation", "subject", {"subject": {"reference": "Patient/1/_history/2"}},
     [ReferenceEntry("subject", "Patient", "1")]),
    ("Observation", "subject", {"subject": {"reference": "http://x/Patient/1"}},
     [ReferenceEntry("subject", "", "", "http://x/Patient/1")]),
    ("Observation", "subject", {"subject": {"reference": "#p"}}, []),
    ("Observation", "subject", {"subject": {"identifier": {"value": "1"}}},
     [TokenEntry("subject:identifier", "", "1")]),
    ("Observation", "patient", {"subject": {"reference": "Patient/1"}}, [ReferenceEntry("patient", "Patient", "1")]),
    ("Observation", "patient", {"subject": {"reference": "Group/1"}}, []),
    ("Observation", "patient", {"subject": {"reference": "http://x/Patient/1"}},
     [ReferenceEntry("patient", "", "", "http://x/Patient/1")]),
    ("Observation", "patient", {"subject": {"reference": "urn:uuid:1", "type": "Patient"}},
     [ReferenceEntry("patient", "", "", "urn:uuid:1")]),
    ("Appointment", "location",
     {"participant": [{"actor": {"reference": "Location/1"}}, {"actor": {"reference": "Patient/1"}}]},
     [ReferenceEntry("location", "Location", "1")]),
    ("QuestionnaireResponse", "questionnaire", {"questionnaire": "http://x/q|2"},
     [ReferenceEntry("questionnaire", "", "", "http://x/q|2"), ReferenceEntry("questionnaire", "", "", "http://x/q")]),
    ("MedicationRequest", "medication", {"medicationReference": {"reference": "Medication/1"}},
     [ReferenceEntry("medication", "Medication", "1")]),
    # numbers and quantities
    ("RiskAssessment", "probability", {"prediction": [{"probabilityDecimal": Decimal("0.50")}]},
     [NumberEntry("probability", Decimal("0.495"), Decimal("0.505"))]),
    ("MolecularSequence", "window-start", {"referenceSeq": {"windowStart": 100}},
     [NumberEntry("window-start", Decimal("99.5"), Decimal("100.5"))]),
    ("Observation", "value-quantity",
     {"valueQuantity": {"value": Decimal("-1.00"), "unit": "mmHg", "system": UCUM, "code": "mm[Hg]"}},
     [NumberEntry("value-quantity", Decimal("-1.005"), Decimal("-0.995"), UCUM, "mm[Hg]"),
      NumberEntry("value-quantity", Decimal("-1.005"), Decimal("-0.995"), "", "mmHg")]),
    ("Observation", "value-quantity", {"valueQuantity": {"value": Decimal("1E+2")}},
     [NumberEntry("value-quantity", Decimal(50), Decimal(150))]),
    ("Observation", "combo-value-quantity", {"component": [{"valueQuantity": {"value": 1, "unit": "mg"}}]},
     [NumberEntry("combo-value-quantity", Decimal("0.5"), Decimal("1.5"), "", "mg")]),
    ("ChargeItem", "price-override", {"priceOverride": {"value": 5, "currency": "USD"}},
     [NumberEntry("price-override", Decimal("4.5"), Decimal("5.5"), "urn:iso:std:iso:4217", "USD")]),
    ("Condition", "onset-age", {"onsetAge": {"value": 5, "system": UCUM, "code": "a"}},
     [NumberEntry("onset-age", Decimal("4.5"), Decimal("5.5"), UCUM, "a")]),
    ("Condition", "onset-age", {"onsetRange": {"low": {"value": 5}, "high": {"value": 7}}},
     [NumberEntry("onset-age", Decimal("4.5"), Decimal("7.5"))]),
    # uris
    ("Questionnaire", "url", {"url": "http://x/q"}, [UriEntry("url", "http://x/q")]),
    ("Patient", "_profile", {"meta": {"profile": ["http://x/p|1"]}},
     [UriEntry("_profile", "http://x/p|1"), UriEntry("_profile", "http://x/p")]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("type", "param", "elements", "entries"), CASES, ids=[f"{n}-{c[0]}-{c[1]}" for n, c in enumerate(CASES)]
)
def test_entries(type: str, param: str, elements: dict[str, Any], entries: list[Entry]) -> None:
    assert indexed(type, param, **elements) == entries


def test_the_store_knows_id_and_last_update_itself() -> None:
    program = Program(TABLES, "Patient", TABLES.search_parameters("Patient").values())
    found = program.run({"resourceType": "Patient", "id": "x", "meta": {"lastUpdated": "2024-01-01T00:00:00Z"}})
    assert {entry.param for entry in found} == {"deceased"}


def test_the_same_entry_comes_once() -> None:
    assert len(indexed("Patient", "given", name=[{"given": ["A"]}, {"given": ["A"]}])) == 1
