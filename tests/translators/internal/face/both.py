"""The kinds of records as both faces tell them: what staff and FHIR clients write, and what then has to be the same.

The expectations look at the FHIR resources with plain Python, not through the field tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.canonical import CANONICAL, extension_url
from tests.translators.internal.face.api import Catalogue

Resource = dict[str, Any]
Facts = Mapping[str, Any]
INBOUND = {"system": f"{CANONICAL}CodeSystem/service-request-category", "code": "inbound-referral"}
CLINICAL = "http://terminology.hl7.org/CodeSystem/{}-clinical"
VITAL_SIGNS = {"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}
LOINC = "http://loinc.org"


def extension(resource: Resource, name: str) -> Any:
    """The value of an extension of our own."""
    for each in resource.get("extension", ()):
        if each["url"] == extension_url(name):
            return next(value for key, value in each.items() if key.startswith("value"))
    return None


def first(items: Any) -> Resource:
    return items[0] if items else {}


def code_of(concept: Resource | None) -> Any:
    return first((concept or {}).get("coding")).get("code")


# --- what a resource says -----------------------------------------------------------------------------------------


def of_patient(resource: Resource) -> Facts:
    name = next(name for name in resource["name"] if name.get("use") in ("official", None))
    home = first([each for each in resource.get("address", ()) if each.get("use") == "home"])
    emails = [each["value"] for each in resource.get("telecom", ()) if each["system"] == "email"]
    return {
        "first_name": name["given"][0],
        "last_name": name["family"],
        "date_of_birth": resource.get("birthDate"),
        "city": home.get("city"),
        "email": emails[0] if emails else None,
        "deleted_at": extension(resource, "archived-at"),
    }


def of_alert(resource: Resource) -> Facts:
    statuses = {"active": ("active",), "inactive": ("disabled", "archived")}
    return {"status": statuses[resource["status"]], "note": extension(resource, "note")}


def of_allergy(resource: Resource) -> Facts:
    reaction = first(resource.get("reaction"))
    return {
        "status_is_active": code_of(resource.get("clinicalStatus")) == "active",
        "reaction": first(reaction.get("manifestation")).get("text"),
        "allergy_definition.name": resource["code"]["text"],
        "date_adverse_reaction": resource.get("lastOccurrence"),
    }


def of_communication(resource: Resource) -> Facts:
    return {"note": first(resource.get("payload")).get("contentString"), "mode": resource["medium"][0]["text"]}


def of_disease(resource: Resource) -> Facts:
    return {
        "problem_status": code_of(resource["clinicalStatus"]),
        "disease_definition.name": resource["code"]["text"],
        "date_start": resource.get("onsetDateTime"),
        "patient_note": first(resource.get("note")).get("text"),
    }


def of_medication(resource: Resource) -> Facts:
    words = {"active": "active", "completed": "completed", "stopped": "discontinued", "on-hold": "on_hold"}
    return {
        "status": words[resource["status"]],
        "dosage": first(resource.get("dosage")).get("text"),
        "patient_note": first(resource.get("note")).get("text"),
    }


def of_relationship(resource: Resource) -> Facts:
    """The RelatedPerson is who the relationship starts from, as somebody of its patient's."""
    return {
        "from_patient.id": extension(resource, "related-patient")["reference"].removeprefix("Patient/"),
        "to_patient.id": resource["patient"]["reference"].removeprefix("Patient/"),
        "note": extension(resource, "note"),
    }


def of_attribution(resource: Resource) -> Facts:
    return {
        "attribution_role": extension(resource, "attribution-role"),
        "source_note": first(resource.get("note")).get("text"),
    }


def of_vitals(resource: Resource) -> Facts:
    measured = {code_of(each["code"]): each["valueQuantity"]["value"] for each in resource.get("component", ())}
    return {"pulse": measured.get("8867-4"), "date_taken": resource["effectiveDateTime"][:10]}


# --- what is written ----------------------------------------------------------------------------------------------


def reference(patient: str) -> Resource:
    return {"reference": f"Patient/{patient}"}


def pulse(value: int) -> list[Resource]:
    quantity = {"value": value, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"}
    return [{"code": {"coding": [{"system": LOINC, "code": "8867-4"}]}, "valueQuantity": quantity}]


def clinical(kind: str, code: str) -> Resource:
    return {"coding": [{"system": CLINICAL.format(kind), "code": code}]}


@dataclass(frozen=True)
class Kind:
    """One kind of record: how each face writes it, and what both have to tell of it."""

    part: str
    type: str
    facts: Callable[[Resource], Facts]
    body: Callable[[Catalogue], dict[str, Any]]
    resource: Callable[[str, Catalogue], Resource] | None
    """As somebody writes it who knows FHIR only; None where the record means nothing without the API's extensions."""
    patches: tuple[dict[str, Any], ...] = ()
    changes: tuple[Resource, ...] = ()
    """Elements that a FHIR client gives another value."""
    subject: str = "patient"
    """The search parameter by which a FHIR client finds those of a patient."""
    archivable: bool = True


KINDS = (
    Kind(
        "alerts", "Flag", of_alert, lambda known: {"note": "Ring twice"}, None,
        patches=({"note": "Ring once"}, {"note": None}), changes=({"status": "active"}, {"status": "inactive"}),
    ),
    Kind(
        "allergies", "AllergyIntolerance", of_allergy,
        lambda known: {"allergy_definition_uuid": known.penicillin, "reaction": "Hives"},
        lambda patient, known: {
            "clinicalStatus": clinical("allergyintolerance", "active"), "code": {"text": "Latex"},
            "patient": reference(patient), "verificationStatus": {
                "coding": [{"system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification",
                            "code": "confirmed"}]},
        },
        patches=({"reaction": "Wheeze"}, {"status_is_active": False}, {"date_adverse_reaction": "2020-02-29"}),
        changes=(
            {"clinicalStatus": clinical("allergyintolerance", "inactive")},
            {"clinicalStatus": clinical("allergyintolerance", "active")},
            {"lastOccurrence": "2021-05-06"}, {"reaction": [{"manifestation": [{"text": "Rash"}]}]},
        ),
    ),
    Kind(
        "communication-logs", "Communication", of_communication,
        lambda known: {"communication_datetime": "2026-03-04T10:00:00Z", "mode": "email", "note": "Wrote"}, None,
        subject="subject", archivable=False,
    ),
    Kind(
        "diseases", "Condition", of_disease, lambda known: {"disease_definition_uuid": known.disease},
        lambda patient, known: {
            "clinicalStatus": clinical("condition", "active"), "code": {"text": "Migraine"},
            "subject": reference(patient), "onsetDateTime": "2019-04-05",
        },
        patches=({"problem_status": "resolved"}, {"patient_note": "Better"}, {"date_start": "2018-01-02"}),
        changes=({"clinicalStatus": clinical("condition", "inactive")}, {"note": [{"text": "Worse"}]}),
    ),
    Kind(
        "medications", "MedicationStatement", of_medication,
        lambda known: {"medication_definition_uuid": known.amoxicillin, "dosage": "1 daily"},
        lambda patient, known: {
            "status": "active", "medicationCodeableConcept": {"text": "Ibuprofen 200 mg"}, "subject": reference(patient)
        },
        patches=({"dosage": "2 daily"}, {"status": "discontinued"}, {"patient_note": "With food"}),
        changes=({"status": "on-hold"}, {"note": [{"text": "At night"}]}, {"dosage": [{"text": "half"}]}),
    ),
    Kind(
        "relationships", "RelatedPerson", of_relationship,
        lambda known: {"relationship_type": "sibling"}, None,
        subject="related-patient", patches=({"note": "Visits"}, {"is_guardian": True}),
    ),
    Kind(
        "referral-attributions", "ServiceRequest", of_attribution,
        lambda known: {"referral_source_uuid": known.source, "attribution_role": "assist"}, None,
        patches=({"source_note": "By phone"}, {"attribution_role": "secondary"}),
        changes=({"note": [{"text": "By post"}]},),
    ),
    Kind(
        "vital-signs", "Observation", of_vitals, lambda known: {"date_taken": "2026-03-04", "pulse": 70},
        lambda patient, known: {
            "status": "final", "category": [{"coding": [VITAL_SIGNS]}], "subject": reference(patient),
            "code": {"coding": [{"system": LOINC, "code": "85353-1"}]}, "effectiveDateTime": "2026-02-03",
            "component": pulse(64),
        },
        patches=({"pulse": 71}, {"date_taken": "2026-03-05"}), changes=({"component": pulse(80)},),
    ),
)  # fmt: skip


def told(record: Resource, name: str) -> Any:
    """A fact of an API record; `allergy_definition.name` is one of a related entity."""
    value: Any = record
    for part in name.split("."):
        value = (value or {}).get(part)
    return value


def disagreements(record: Resource, resource: Resource, facts: Facts) -> dict[str, Any]:
    """Where the two faces say different things; a tuple is a choice of words."""
    expected = {**facts, "id": resource["id"], "version": int(resource["meta"]["versionId"])}
    if "version" not in record:  # append-only
        del expected["version"]
    else:
        expected["updated_at"] = resource["meta"]["lastUpdated"]
    return {
        name: (told(record, name), value)
        for name, value in expected.items()
        if not (told(record, name) in value if isinstance(value, tuple) else same(told(record, name), value))
    }


def same(one: Any, other: Any) -> bool:
    """Instants with and without their last zeros are the same."""
    return one == other or (isinstance(one, str) and isinstance(other, str) and plain(one) == plain(other) != "")


def plain(text: str) -> str:
    return text.rstrip("Z").rstrip("0") if text.endswith("Z") else ""
