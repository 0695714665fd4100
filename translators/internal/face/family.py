"""Family, as the API means it: the patients for whom the same party answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.translation.face import Asked, Kept, Operation, Records, Search, literal
from translators.internal.face.lifecycle import is_archived
from translators.internal.face.patient_facts import briefs, facts
from translators.internal.face.patient_lists import IN_USE
from translators.internal.face.subrecord import patient
from translators.internal.schema.patient import PatientBriefOut

PART = 200


def family_of(records: Records, of: Kept) -> Iterator[Kept]:
    """The guarantor, who is the patient where there is no other, and all others who have that one; not the patient."""
    guarantor = (facts(of.resource).get("responsible_party") or {}).get("id") or of.id
    if guarantor != of.id and (found := records.read("Patient", guarantor)) and not is_archived(found.resource):
        yield found
    for each in _guaranteed(records, guarantor):
        if each.id not in (of.id, guarantor):
            yield each


def _guaranteed(records: Records, guarantor: str) -> Iterator[Kept]:
    params = (*IN_USE, ("responsible-party", literal(f"Patient/{guarantor}")))
    skip = 0
    while True:
        found = records.search(Search("Patient", params, (), ("family", "given"), count=PART, skip=skip)).kept
        yield from found
        if len(found) < PART:
            return
        skip += PART


def members(asked: Asked, records: Records) -> Any:
    return briefs(family_of(records, patient(records, asked.path["patient_uuid"])))


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GET",
        "/patients/{patient_uuid}/family",
        "get_patients_patient_uuid_family",
        "List family members",
        "patients",
        members,
        description="The guarantor and all others who have the same one, without the patient. Who has no guarantor is "
        "taken for one: of such a patient, those whom he or she answers for are listed.",
        answer=list[PatientBriefOut],
        refusals={404: "There is no such patient."},
    ),
)
