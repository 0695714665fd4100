"""A patient of the staff app with a record of every kind, and one sound request of every operation of the API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.translators.internal.face.api import Api, Catalogue

Made = dict[str, Any]
PATIENT, DEFINITION = "{patient_uuid}", "{definition_uuid}"
PARTS = {
    "alert": "alerts",
    "allergy": "allergies",
    "communication": "communication-logs",
    "disease": "diseases",
    "medication": "medications",
    "relationship": "relationships",
    "attribution": "referral-attributions",
    "vitals": "vital-signs",
}
"""The kinds of records that a patient has, and where they are."""


@dataclass(frozen=True)
class Request:
    """One operation, asked for something that is there."""

    method: str
    template: str
    """The operation's path."""
    path: str
    body: Any = None
    query: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        return self.method, self.template

    @property
    def writes(self) -> bool:
        return self.method != "GET" and not self.template.endswith("check-duplicates")

    @property
    def about_a_patient(self) -> bool:
        return PATIENT in self.template


@dataclass(frozen=True)
class Chart:
    """What staff have made of it: the answers to the requests that made them."""

    catalogue: Catalogue
    patient: Made
    relative: Made
    former: Made
    """Who is archived."""
    alert_definition: Made
    field_definition: Made
    tag_definition: Made
    alert: Made
    allergy: Made
    communication: Made
    disease: Made
    medication: Made
    relationship: Made
    attribution: Made
    vitals: Made

    def ids(self) -> dict[str, list[str]]:
        """What is there, by the name of the parameter or member that asks for it."""
        known = self.catalogue
        records = {f"{kind}_uuid": [getattr(self, kind)["id"]] for kind in PARTS}
        definitions = {f"{kind}_definition_uuid": [self.definition(kind)["id"]] for kind in ("alert", "field", "tag")}
        return {
            **records,
            **definitions,
            "patient_uuid": [self.patient["id"]],
            "to_patient_uuid": [self.relative["id"]],
            "responsible_party_uuid": [self.relative["id"]],
            "referring_patient_uuid": [self.relative["id"]],
            "allergy_definition_uuid": [known.penicillin],
            "medication_definition_uuid": [known.amoxicillin],
            "disease_definition_uuid": [known.disease],
            "communication_type_uuid": [known.communication_type],
            "primary_provider_uuid": [known.provider],
            "provider_uuid": [known.provider, known.hygienist],
            "location_uuid": [known.clinic, known.branch],
            "employer_uuid": [known.employer],
            "referral_source_uuid": [known.source],
            "billing_type_uuid": [known.billing_type],
            "fee_schedule_uuid": [known.fee_schedule],
        }

    def requests(self) -> Iterator[Request]:
        """In an order in which all of them succeed: what is archived is not asked for afterwards."""
        yield from self._patients()
        yield from self._records()
        yield from self._definitions()
        yield from self._archiving()

    def _patients(self) -> Iterator[Request]:
        whole, id = f"/patients/{PATIENT}", self.patient["id"]
        yield Request("GET", "/patients", "/patients")
        yield Request("GET", "/patients/cursor", "/patients/cursor")
        yield Request("GET", "/patients/search", "/patients/search", query={"q": "Hal"})
        yield Request("GET", "/patients/counts/by-location", "/patients/counts/by-location")
        who = {"last_name": "Halloway", "date_of_birth": "1990-04-17"}
        yield Request("POST", "/patients/check-duplicates", "/patients/check-duplicates", who)
        yield Request("POST", "/patients", "/patients", {"first_name": "Ida", "last_name": "Marsh"})
        rows = [{"first_name": "Bo", "last_name": "Fenn"}]
        yield Request("POST", "/patients/bulk", "/patients/bulk", {"rows": rows})
        yield Request("GET", whole, f"/patients/{id}")
        yield Request("PATCH", whole, f"/patients/{id}", {"base_version": self.patient["version"], "city": "Ellery"})
        for part in ("family", "guardians", "dependents", "medical-summary", "field-values", "field-values/form"):
            yield Request("GET", f"{whole}/{part}", f"/patients/{id}/{part}")
        fields = [{"field_definition_uuid": self.field_definition["id"], "value": "Oboe"}]
        yield Request("PUT", f"{whole}/field-values", f"/patients/{id}/field-values", {"fields": fields})

    def _records(self) -> Iterator[Request]:
        for part, body in self.bodies().items():
            place = f"/patients/{PATIENT}/{part}"
            path = place.replace(PATIENT, self.patient["id"])
            yield Request("GET", place, path)
            yield Request("POST", place, path, body)
        vitals = self._of("vital-signs", "{vitals_uuid}")
        yield Request("GET", *vitals)
        yield Request("PATCH", *vitals, {"base_version": self.vitals["version"], "pulse": 71})
        yield self._patch("alerts", "{alert_uuid}", self.alert, note="Ask again")
        yield self._patch("allergies", "{allergy_uuid}", self.allergy, reaction="Wheeze")
        yield self._patch("diseases", "{disease_uuid}", self.disease, patient_note="Better")
        yield self._patch("medications", "{medication_uuid}", self.medication, dosage="2 daily")
        yield self._patch("relationships", "{relationship_uuid}", self.relationship, note="Calls weekly")
        yield self._patch("referral-attributions", "{attribution_uuid}", self.attribution, source_note="By phone")

    def bodies(self) -> dict[str, Made]:
        """What makes a record of each kind."""
        known = self.catalogue
        return {
            "alerts": {"alert_definition_uuid": self.alert_definition["id"], "alert_scope": "family"},
            "allergies": {"allergy_definition_uuid": known.penicillin, "severity": "mild"},
            "communication-logs": {"communication_datetime": "2026-03-04T10:00:00Z", "mode": "phone", "note": "Rang"},
            "diseases": {"disease_definition_uuid": known.disease},
            "medications": {"medication_definition_uuid": known.amoxicillin, "dosage": "1 daily"},
            "relationships": {"to_patient_uuid": self.relative["id"], "relationship_type": "other_family"},
            "referral-attributions": {"referral_source_uuid": known.source, "attribution_role": "assist"},
            "vital-signs": {"date_taken": "2026-03-04", "pulse": 70},
        }

    def _definitions(self) -> Iterator[Request]:
        bodies: dict[str, Made] = {"alert": {}, "field": {"field_type": "text"}, "tag": {}}
        for kind, more in bodies.items():
            place, made = f"/patient-{kind}-definitions", self.definition(kind)
            one = (f"{place}/{DEFINITION}", f"{place}/{made['id']}")
            yield Request("GET", place, place)
            yield Request("POST", place, place, {"name": f"Another {kind}", **more})
            yield Request("GET", *one)
            yield Request("PATCH", *one, {"base_version": made["version"], "description": "Changed"})

    def definition(self, kind: str) -> Made:
        return {"alert": self.alert_definition, "field": self.field_definition, "tag": self.tag_definition}[kind]

    def _archiving(self) -> Iterator[Request]:
        alerts = f"/patients/{PATIENT}/alerts"
        yield Request("POST", *self._of("alerts", "{alert_uuid}", "/disable"), {"base_version": 2})
        yield Request("POST", *self._of("alerts", "{alert_uuid}", "/archive"))
        dismissed = {"alert_uuids": [self.alert["id"]]}
        yield Request(
            "POST", f"{alerts}/bulk-dismiss", f"/patients/{self.patient['id']}/alerts/bulk-dismiss", dismissed
        )
        yield Request("POST", *self._of("allergies", "{allergy_uuid}", "/archive"))
        yield Request("POST", *self._of("diseases", "{disease_uuid}", "/archive"))
        yield Request("POST", *self._of("medications", "{medication_uuid}", "/archive"))
        yield Request("POST", *self._of("relationships", "{relationship_uuid}", "/archive"))
        yield Request("POST", *self._of("vital-signs", "{vitals_uuid}", "/archive"))
        attribution = self._of("referral-attributions", "{attribution_uuid}", "/archive")
        yield Request("POST", *attribution, query={"base_version": 2})
        for kind in ("alert", "field", "tag"):
            place = f"/patient-{kind}-definitions"
            one = (f"{place}/{DEFINITION}/archive", f"{place}/{self.definition(kind)['id']}/archive")
            yield Request("POST", *one, {"base_version": 2})
        yield from self._lifecycle()

    def _lifecycle(self) -> Iterator[Request]:
        """Of the relative, whose version nothing before has changed."""
        whole, path = f"/patients/{PATIENT}", f"/patients/{self.relative['id']}"
        moved = {"base_version": self.relative["version"], "new_status": "inactive"}
        yield Request("POST", f"{whole}/transition-status", f"{path}/transition-status", moved)
        yield Request("POST", f"{whole}/archive", f"{path}/archive")
        yield Request("POST", f"{whole}/restore", f"/patients/{self.former['id']}/restore")

    def _patch(self, part: str, name: str, made: Made, **more: Any) -> Request:
        return Request("PATCH", *self._of(part, name), {"base_version": made["version"], **more})

    def _of(self, part: str, name: str, operation: str = "") -> tuple[str, str]:
        """The operation's path, and the address of the record of this chart."""
        made: Made = getattr(self, next(kind for kind, place in PARTS.items() if place == part))
        place = f"/patients/{PATIENT}/{part}/{name}{operation}"
        return place, place.replace(PATIENT, self.patient["id"]).replace(name, made["id"])


async def charted(api: Api, catalogue: Catalogue) -> Chart:
    """A new chart, made over the API."""
    patient, relative = await api.patient(), await api.patient("Corin")
    former = await api.post(f"/patients/{(await api.patient('Ida'))['id']}/archive", None, 200)
    definitions = {
        "alert_definition": await api.post("/patient-alert-definitions", {"name": "Fall risk"}),
        "field_definition": await api.post("/patient-field-definitions", {"name": "Instrument", "field_type": "text"}),
        "tag_definition": await api.post("/patient-tag-definitions", {"name": "Newsletter"}),
    }
    unmade: dict[str, Made] = {kind: {} for kind in PARTS}
    bodies = Chart(catalogue, patient, relative, former, **definitions, **unmade).bodies()
    place = f"/patients/{patient['id']}"
    made = {name: await api.post(f"{place}/{part}", bodies[part]) for name, part in PARTS.items()}
    return Chart(catalogue, patient, relative, former, **definitions, **made)
