"""Illegal inputs, each with the place and the kind of its one issue; and the legal neighbour of many of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.gateway.definitions.strategies import DEFINITIONS

URL = "https://example.org/extension"
NOTE = {"url": URL, "valueString": "x"}
OBSERVATION = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
CONDITION = {"resourceType": "Condition", "subject": {"reference": "Patient/1"}}
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
VERIFIED = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
QUESTIONNAIRE = {"resourceType": "Questionnaire", "status": "draft"}
ORGANIZATION = {"resourceType": "Organization", "id": "o", "name": "x"}


def patient(**elements: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", **elements}


ILLEGAL: list[tuple[dict[str, Any], str, str]] = [
    # shape
    (patient(nickname="x"), "Patient.nickname", "structure"),
    (patient(name=[{"familyName": "x"}]), "Patient.name[0].familyName", "structure"),
    (patient(**{"first name": "x"}), "Patient", "structure"),
    (patient(name={"family": "x"}), "Patient.name", "structure"),
    (patient(name=["x"]), "Patient.name[0]", "structure"),
    (patient(name=[{"family": "x"}, None]), "Patient.name[1]", "structure"),
    (patient(birthDate=["2000"]), "Patient.birthDate", "structure"),
    (patient(birthDate={"value": "2000"}), "Patient.birthDate", "structure"),
    (patient(birthDate=None), "Patient.birthDate", "structure"),
    (patient(maritalStatus=[{"text": "x"}]), "Patient.maritalStatus", "structure"),
    (patient(maritalStatus="x"), "Patient.maritalStatus", "structure"),
    (patient(maritalStatus={}), "Patient.maritalStatus", "structure"),
    (patient(name=[]), "Patient.name", "structure"),
    (patient(name=[{}]), "Patient.name[0]", "structure"),
    (patient(name=[{"given": []}]), "Patient.name[0].given", "structure"),
    (patient(_name=[NOTE]), "Patient._name", "structure"),
    (patient(fhir_comments=["x"]), "Patient", "structure"),
    (patient(deceasedBoolean=True, deceasedDateTime="2024"), "Patient.deceasedBoolean", "structure"),
    (patient(deceasedBoolean=True, _deceasedDateTime={"extension": [NOTE]}), "Patient.deceasedBoolean", "structure"),
    (patient(deceased=True), "Patient.deceased", "structure"),
    (patient(deceasedString="x"), "Patient.deceasedString", "structure"),
    (patient(maritalStatus={"id": "x"}), "Patient.maritalStatus", "invariant"),
    # what has to be there
    (patient(communication=[{"preferred": True}]), "Patient.communication[0].language", "required"),
    (patient(link=[{"type": "seealso"}]), "Patient.link[0].other", "required"),
    (patient(extension=[{"valueString": "x"}]), "Patient.extension[0].url", "required"),
    ({"resourceType": "Observation", "status": "final"}, "Observation.code", "required"),
    ({"resourceType": "Immunization", "status": "completed", "vaccineCode": {"text": "x"},
      "patient": {"reference": "Patient/1"}}, "Immunization.occurrence", "required"),
    # formats
    (patient(active="true"), "Patient.active", "value"),
    (patient(active=1), "Patient.active", "value"),
    (patient(birthDate="2023-02-29"), "Patient.birthDate", "value"),
    (patient(birthDate="29/02/2024"), "Patient.birthDate", "value"),
    (patient(birthDate="2024-02-28T00:00:00Z"), "Patient.birthDate", "value"),
    (patient(birthDate=20240228), "Patient.birthDate", "value"),
    (patient(birthDate=""), "Patient.birthDate", "value"),
    (patient(deceasedDateTime="2024-02-28T10:00:00"), "Patient.deceasedDateTime", "value"),
    (patient(meta={"lastUpdated": "2024-02-28"}), "Patient.meta.lastUpdated", "value"),
    (patient(id="a/b"), "Patient.id", "value"),
    (patient(id="x" * 65), "Patient.id", "value"),
    (patient(id=1), "Patient.id", "value"),
    (patient(name=[{"family": ""}]), "Patient.name[0].family", "value"),
    (patient(name=[{"family": 1}]), "Patient.name[0].family", "value"),
    (patient(name=[{"family": "a\x00b"}]), "Patient.name[0].family", "value"),
    (patient(name=[{"family": "a\ud800b"}]), "Patient.name[0].family", "value"),
    (patient(name=[{"family": "x" * (1024 * 1024 + 1)}]), "Patient.name[0].family", "value"),
    (patient(name=[{"given": ["a", ""]}]), "Patient.name[0].given[1]", "value"),
    (patient(language=" en"), "Patient.language", "value"),
    (patient(implicitRules="http://a b"), "Patient.implicitRules", "value"),
    (patient(multipleBirthInteger=Decimal("1.0")), "Patient.multipleBirthInteger", "value"),
    (patient(multipleBirthInteger=True), "Patient.multipleBirthInteger", "value"),
    (patient(multipleBirthInteger=2**31), "Patient.multipleBirthInteger", "value"),
    (patient(telecom=[{"system": "phone", "rank": 0}]), "Patient.telecom[0].rank", "value"),
    (patient(photo=[{"contentType": "image/png", "size": -1}]), "Patient.photo[0].size", "value"),
    (patient(photo=[{"contentType": "image/png", "data": "abc"}]), "Patient.photo[0].data", "value"),
    (patient(photo=[{"contentType": "image/png", "data": "=="}]), "Patient.photo[0].data", "value"),
    (patient(extension=[{"url": URL, "valueOid": "urn:oid:3.1"}]), "Patient.extension[0].valueOid", "value"),
    (patient(extension=[{"url": URL, "valueUuid": "urn:uuid:1"}]), "Patient.extension[0].valueUuid", "value"),
    (patient(extension=[{"url": URL, "valueTime": "25:00:00"}]), "Patient.extension[0].valueTime", "value"),
    (patient(extension=[{"url": URL, "valueDecimal": "1.0"}]), "Patient.extension[0].valueDecimal", "value"),
    (patient(extension=[{"url": URL, "valueDecimal": Decimal("1e999999999")}]),
     "Patient.extension[0].valueDecimal", "value"),
    (patient(text={"status": "generated", "div": "<p>x</p>"}), "Patient.text.div", "invariant"),
    # required bindings
    (patient(gender="M"), "Patient.gender", "code-invalid"),
    (patient(name=[{"use": "legal"}]), "Patient.name[0].use", "code-invalid"),
    ({**OBSERVATION, "status": "done"}, "Observation.status", "code-invalid"),
    ({**CONDITION, "clinicalStatus": {"text": "active"}}, "Condition.clinicalStatus.coding", "code-invalid"),
    ({**CONDITION, "clinicalStatus": {"coding": [{"code": "active"}]}},
     "Condition.clinicalStatus.coding", "code-invalid"),
    # references
    (patient(managingOrganization={"reference": "Practitioner/1"}),
     "Patient.managingOrganization.reference", "structure"),
    (patient(managingOrganization={"reference": "organization/1"}), "Patient.managingOrganization.reference", "value"),
    (patient(managingOrganization={"reference": "some clinic"}), "Patient.managingOrganization.reference", "value"),
    (patient(managingOrganization={"type": "Patient", "display": "x"}),
     "Patient.managingOrganization.type", "structure"),
    (patient(managingOrganization={"reference": "urn:uuid:1", "type": "Group"}),
     "Patient.managingOrganization.type", "structure"),
    (patient(link=[{"other": {"reference": "Patient/1", "type": "RelatedPerson"}, "type": "refer"}]),
     "Patient.link[0].other.type", "structure"),
    (patient(managingOrganization={"reference": "#o"}), "Patient.managingOrganization.reference", "invariant"),
    (patient(extension=[{"url": URL, "valueReference": {"reference": "Nothing/1"}}]),
     "Patient.extension[0].valueReference.reference", "structure"),
    # extensions
    (patient(extension=[{"url": URL}]), "Patient.extension[0]", "invariant"),
    (patient(extension=[{**NOTE, "extension": [NOTE]}]), "Patient.extension[0]", "invariant"),
    (patient(extension=[{**NOTE, "valueCode": "x"}]), "Patient.extension[0].valueCode", "structure"),
    (patient(birthDate="2000", _birthDate=[NOTE]), "Patient.birthDate", "structure"),
    (patient(_birthDate={"value": "x"}), "Patient.birthDate.value", "structure"),
    (patient(_birthDate={"extension": [{"url": URL}]}), "Patient.birthDate.extension[0]", "invariant"),
    (patient(name=[{"given": ["a", None]}]), "Patient.name[0].given[1]", "structure"),
    (patient(name=[{"given": [None], "_given": [None]}]), "Patient.name[0].given[0]", "structure"),
    (patient(name=[{"given": ["a"], "_given": [None, {"extension": [NOTE]}]}]), "Patient.name[0].given", "structure"),
    (patient(name=[{"_given": [None]}]), "Patient.name[0].given", "structure"),
    # contained
    (patient(contained=[{"resourceType": "Organization", "name": "x"}]), "Patient.contained[0].id", "required"),
    (patient(contained=[{"id": "o", "name": "x"}]), "Patient.contained[0].resourceType", "structure"),
    (patient(contained=[{**ORGANIZATION, "resourceType": "Clinic"}]), "Patient.contained[0].resourceType", "structure"),
    (patient(contained=[{**ORGANIZATION, "gender": "male"}]), "Patient.contained[0].gender", "structure"),
    (patient(contained=[{**ORGANIZATION, "contained": []}]), "Patient.contained[0].contained", "structure"),
    (patient(contained=[{**ORGANIZATION, "meta": {"versionId": "1"}}]),
     "Patient.contained[0].meta.versionId", "invariant"),
    (patient(contained=[ORGANIZATION, ORGANIZATION]), "Patient.contained[1].id", "invariant"),
    (patient(contained=["x"]), "Patient.contained[0]", "structure"),
    # resources within resources
    ({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": patient(gender="M")}]},
     "Bundle.entry[0].resource.gender", "code-invalid"),
    ({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": {"id": "x"}}]},
     "Bundle.entry[0].resource.resourceType", "structure"),
    ({"resourceType": "Parameters", "parameter": [{"name": "x", "resource": patient(active="true")}]},
     "Parameters.parameter[0].resource.active", "value"),
    ({"resourceType": "Patients"}, "Resource.resourceType", "structure"),
    ({"id": "x"}, "Resource.resourceType", "structure"),
    # content defined elsewhere
    ({**QUESTIONNAIRE, "item": [{"linkId": "1", "type": "group", "item": [{"linkId": "2", "type": "word"}]}]},
     "Questionnaire.item[0].item[0].type", "code-invalid"),
    # invariants
    (patient(contact=[{"gender": "male"}]), "Patient.contact[0]", "invariant"),
    (patient(name=[{"period": {"start": "2024-02", "end": "2024-01"}}]), "Patient.name[0].period", "invariant"),
    (patient(telecom=[{"value": "x"}]), "Patient.telecom[0].system", "invariant"),
    (patient(photo=[{"data": "AAAA"}]), "Patient.photo[0]", "invariant"),
    ({**OBSERVATION, "valueQuantity": {"value": 1, "code": "mg"}}, "Observation.valueQuantity.system", "invariant"),
    ({**OBSERVATION, "valueInteger": 1, "dataAbsentReason": {"text": "x"}},
     "Observation.dataAbsentReason", "invariant"),
    ({**OBSERVATION, "referenceRange": [{"low": {"value": 1, "comparator": "<"}}]},
     "Observation.referenceRange[0].low.comparator", "structure"),
    ({**OBSERVATION, "referenceRange": [{"age": {"low": {"value": 2}, "high": {"value": 1}}, "text": "x"}]},
     "Observation.referenceRange[0].age", "invariant"),
    ({**OBSERVATION, "effectiveTiming": {"repeat": {"period": 1}}}, "Observation.effectiveTiming.repeat", "invariant"),
    ({"resourceType": "Organization", "active": True}, "Organization", "invariant"),
    ({**ORGANIZATION, "address": [{"use": "home", "city": "x"}]}, "Organization.address", "invariant"),
    ({**CONDITION, "abatementDateTime": "2024", "clinicalStatus": {"coding": [{"system": CLINICAL, "code": "active"}]}},
     "Condition.clinicalStatus", "invariant"),
    ({**CONDITION, "clinicalStatus": {"coding": [{"system": CLINICAL, "code": "active"}]},
      "verificationStatus": {"coding": [{"system": VERIFIED, "code": "entered-in-error"}]}},
     "Condition.clinicalStatus", "invariant"),
    ({"resourceType": "AllergyIntolerance", "patient": {"reference": "Patient/1"}},
     "AllergyIntolerance.clinicalStatus", "invariant"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("resource", "expression", "code"), ILLEGAL, ids=[f"{n}-{e}" for n, (_, e, _) in enumerate(ILLEGAL)]
)
def test_illegal(resource: dict[str, Any], expression: str, code: str) -> None:
    issues = DEFINITIONS.validate(resource)
    assert [(issue.expression, issue.code) for issue in issues] == [((expression,), code)]
    assert issues[0].severity == "error"


LEGAL: list[dict[str, Any]] = [
    patient(),
    patient(birthDate="2024-02-29", deceasedDateTime="2024-02-29T10:00:00.5+01:00"),
    patient(_birthDate={"extension": [NOTE]}),
    patient(birthDate="2000", _birthDate={"id": "x"}),
    patient(name=[{"given": ["a", None], "_given": [None, {"extension": [NOTE]}]}]),
    patient(name=[{"given": ["a", "b"], "_given": [{"extension": [NOTE]}]}]),
    patient(name=[{"_given": [{"extension": [NOTE]}]}]),
    patient(name=[{"family": "a\u00a0b\nc"}]),
    patient(extension=[{"url": URL, "extension": [NOTE, {"url": URL, "_valueCode": {"extension": [NOTE]}}]}]),
    patient(extension=[{"url": URL, "valueDecimal": Decimal("-0.00")}, {"url": URL, "valueDecimal": 1}]),
    patient(photo=[{"contentType": "image/png", "data": "AA AA\nAA=="}]),
    patient(contained=[ORGANIZATION], managingOrganization={"reference": "#o"}),
    patient(contained=[{**ORGANIZATION, "partOf": {"reference": "#"}}]),
    patient(managingOrganization={"reference": "https://example.org/anything"}),
    patient(managingOrganization={"reference": "Organization?identifier=x|1"}),
    patient(managingOrganization={"reference": "Organization/1/_history/2", "type": "Organization"}),
    patient(managingOrganization={"identifier": {"value": "x"}, "display": "x"}),
    patient(name=[{"period": {"start": "2024-01-31", "end": "2024-01"}}]),
    patient(text={"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'}),
    {**CONDITION,
     "clinicalStatus": {"coding": [{"code": "9", "system": "urn:x"}, {"system": CLINICAL, "code": "active"}]}},
    {**OBSERVATION, "component": [{"code": {"text": "x"}, "valueQuantity": {"value": Decimal("1.50"), "unit": "mg"}}]},
    {**QUESTIONNAIRE, "item": [{"linkId": "1", "type": "group", "item": [{"linkId": "2", "type": "string"}]}]},
]  # fmt: skip


@pytest.mark.parametrize("resource", LEGAL)
def test_legal(resource: dict[str, Any]) -> None:
    assert DEFINITIONS.validate(resource) == ()


def test_several_issues_come_together() -> None:
    issues = DEFINITIONS.validate(patient(active="true", gender="M", name=[{"family": 1, "use": "x"}]))
    assert {issue.expression[0] for issue in issues} == {
        "Patient.active", "Patient.gender", "Patient.name[0].family", "Patient.name[0].use",
    }  # fmt: skip


def nested(depth: int) -> dict[str, Any]:
    extension: dict[str, Any] = NOTE
    for _ in range(depth):
        extension = {"url": URL, "extension": [extension]}
    return patient(extension=[extension])


def test_depth_has_a_limit() -> None:
    assert DEFINITIONS.validate(nested(50)) == ()
    issues = DEFINITIONS.validate(nested(20_000))
    assert [issue.code for issue in issues] == ["structure"]
    assert "64" in issues[0].diagnostics


def test_rubbish_is_not_listed_for_ever() -> None:
    assert len(DEFINITIONS.validate(patient(name=[{"family": 1}] * 5000))) == 100
