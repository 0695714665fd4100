"""Encounter: one element of a patient's `programs`, with the discharge that belongs to it.

Nothing is written: admissions and discharges happen in Ritten's own screens.
"""

from __future__ import annotations

from gateway.canonical import extension_url
from gateway.translation.codec import Unreadable
from gateway.translation.lens import Interaction, ResourceMap
from gateway.translation.rows import Bindings, Field, Pair, Record, Resource, Way
from translators.ritten.care_levels import LEVEL
from translators.ritten.gone import REMOVED
from translators.ritten.stays import PLACE
from translators.ritten.vocabulary import CLASS, DISCHARGE_TYPE, UNKNOWN_CLASS, WHEN, reference

ADMITTER = {
    "coding": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType",
            "code": "ADM",
            "display": "admitter",
        }
    ]
}
PRACTITIONER = reference("Practitioner")
STAY = reference("Encounter")
TRANSFERRED_FROM, TRANSFERRED_TO = extension_url("transferred-from"), extension_url("transferred-to")
PLANNED_END = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Encounter.plannedEndDate"


def _read_status(record: Record, resource: Resource, bindings: Bindings) -> None:
    admitted, discharged = (isinstance(record.get(name), str) for name in ("admitDate", "dischargeDate"))
    if record.get(REMOVED) is True:
        resource["status"] = "entered-in-error"
        return
    resource["status"] = "finished" if discharged else "in-progress" if admitted else "planned"


def _read_program(record: Record, resource: Resource, bindings: Bindings) -> None:
    """The CRM's word where the connection's program table has this program's id or name, else Ritten's name."""
    program = record["program"] if isinstance(record.get("program"), dict) else {}
    id, name = program.get("id"), program.get("programName")
    if not isinstance(id, str | None) or not isinstance(name, str | None):
        raise Unreadable("expected the id and the name of a program")
    words = {theirs: ours for ours, theirs in bindings.tables.get("program", {}).items()}
    if text := words.get(id or "") or words.get(name or "") or name:
        resource["serviceType"] = {"text": text}


def _read_admitter(record: Record, resource: Resource, bindings: Bindings) -> None:
    if user := record.get("admittedByUserId"):
        person = {"reference": PRACTITIONER.decode(user)}
        resource["participant"] = [{"type": [ADMITTER], "individual": person}]


def _not_written(resource: Resource, record: Record, bindings: Bindings) -> None:
    """Only the EMR sets this."""


ENCOUNTER = ResourceMap(
    "Encounter",
    frozenset({Interaction.READ, Interaction.SEARCH}),
    (
        Field("id", "identifier[system=$id].value", way=Way.READ),
        Pair(("admitDate", "dischargeDate", REMOVED), ("status",), _read_status, _not_written, way=Way.READ),
        Field("levelOfCare", "class", CLASS, way=Way.READ),
        Field("levelOfCare", "type[0]", LEVEL, way=Way.READ),
        Pair(("program.id", "program.programName"), ("serviceType",), _read_program, _not_written, way=Way.READ),
        Field("admitDate", "period.start", WHEN, way=Way.READ),
        Field("dischargeDate", "period.end", WHEN, way=Way.READ),
        Field("estimatedDischargeDate", f"extension[url={PLANNED_END}].valueDateTime", WHEN, way=Way.READ),
        Field(PLACE, "location[0].location.reference", reference("Location"), way=Way.READ),
        Pair(("admittedByUserId",), ("participant[0]",), _read_admitter, _not_written, way=Way.READ),
        Field(
            "dischargeTypeId",
            "hospitalization.dischargeDisposition.coding[0].code",
            way=Way.READ,
            having={"system": DISCHARGE_TYPE},
        ),
        Field("latestClinicalDischarge.name", "hospitalization.dischargeDisposition.text", way=Way.READ),
        Field("transferredFrom", f"extension[url={TRANSFERRED_FROM}].valueReference.reference", STAY, way=Way.READ),
        Field("transferredTo", f"extension[url={TRANSFERRED_TO}].valueReference.reference", STAY, way=Way.READ),
    ),
    constants={"class": UNKNOWN_CLASS},
    search={"_id": "id", "patient": "id"},
)
