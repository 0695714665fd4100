"""A patient's chart as the store has it, and which writes belong to which patient."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from gateway.definitions.contract import Resource
from gateway.search.query import Criterion, Query, ReferenceValue
from gateway.store import document
from gateway.store.contract import Transaction
from gateway.translation.contract import Chart

PATIENT_ELEMENTS = ("patient", "subject", "beneficiary")
CHART_TYPES = (
    "AllergyIntolerance",
    "CarePlan",
    "CareTeam",
    "Communication",
    "Condition",
    "Consent",
    "Coverage",
    "DocumentReference",
    "Encounter",
    "Flag",
    "Immunization",
    "MedicationRequest",
    "MedicationStatement",
    "Observation",
    "Procedure",
    "QuestionnaireResponse",
    "RelatedPerson",
    "ServiceRequest",
)
"""What of a patient's compartment a CRM sends: an EMR takes it, or the Task says that it does not."""
MAX_OF_TYPE = 1000
MAX_REFERENCED = 200
DEPTH = 2
"""A Coverage names its payor, an Encounter its Location, and that the Location around it."""


def patient_of(type: str, id: str, body: bytes) -> str | None:
    """The id of the patient that a version is about; None for a deletion, which says nothing."""
    if type == "Patient":
        return id
    resource = document.decode(body) if body else {}
    for element in PATIENT_ELEMENTS:
        reference = (resource.get(element) or {}).get("reference", "")
        if reference.startswith("Patient/"):
            return str(reference.removeprefix("Patient/"))
    return None


def load_chart(transaction: Transaction, patient_id: str) -> Chart | None:
    """None when the patient is not there or was deleted."""
    stored = transaction.read("Patient", patient_id)
    if stored is None or stored.deleted:
        return None
    patient = document.decode(stored.body)
    resources = {type: tuple(_of_patient(transaction, type, patient_id)) for type in CHART_TYPES}
    everything = [patient, *(resource for group in resources.values() for resource in group)]
    return Chart(patient, resources, _referenced(transaction, everything))


def _of_patient(transaction: Transaction, type: str, patient_id: str) -> Iterator[Resource]:
    criterion = Criterion("patient", "reference", "", (ReferenceValue("Patient", patient_id),))
    query = Query(type, (criterion,), count=MAX_OF_TYPE, want_total=False)
    for stored in transaction.search(query).matches:
        yield document.decode(stored.body)


def _referenced(transaction: Transaction, resources: Sequence[Resource]) -> dict[str, Resource]:
    found: dict[str, Resource] = {}
    frontier: Sequence[Resource] = resources
    for _ in range(DEPTH):
        wanted = [r for r in _references(frontier) if r not in found and not r.startswith("Patient/")]
        read = {reference: _read(transaction, reference) for reference in dict.fromkeys(wanted[:MAX_REFERENCED])}
        new = {reference: resource for reference, resource in read.items() if resource is not None}
        found |= new
        frontier = list(new.values())
    return found


def patients_named(chart: Chart) -> frozenset[str]:
    """The ids of other patients that the chart refers to."""
    everything = [chart.patient, *(resource for group in chart.resources.values() for resource in group)]
    prefix, own = "Patient/", f"Patient/{chart.patient['id']}"
    named = (reference for reference in _references(everything) if reference.startswith(prefix) and reference != own)
    return frozenset(reference.removeprefix(prefix) for reference in named)


def _read(transaction: Transaction, reference: str) -> Resource | None:
    type, _, id = reference.partition("/")
    stored = transaction.read(type, id)
    return None if stored is None or stored.deleted else document.decode(stored.body)


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        reference = node.get("reference")
        if isinstance(reference, str) and reference.count("/") == 1:
            yield reference
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for item in node:
            yield from _references(item)


def digest(chart: Chart, account_stamp: str) -> str:
    """Equal for charts that a push would carry over equally; `account_stamp` stands for settings and mappings."""
    parts = [chart.patient, *(r for group in chart.resources.values() for r in group), *chart.referenced.values()]
    hashed = hashlib.sha256(account_stamp.encode())
    for resource in parts:
        hashed.update(document.encode({name: value for name, value in resource.items() if name != "meta"}))
    return hashed.hexdigest()
