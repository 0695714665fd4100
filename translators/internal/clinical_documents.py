"""The clinical documents with every leaf of the contract: what the tables read, and what is left aside, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.translation.contract import RecordKind
from gateway.translation.lens import ResourceMap
from gateway.translation.rows import Record
from translators.internal.allergy import ALLERGY
from translators.internal.clinical_examples import ALLERGIES, DISEASES, MEDICATIONS, VITAL_SIGNS
from translators.internal.disease import DISEASE
from translators.internal.medication import MEDICATION
from translators.internal.vitals import VITALS
from translators.internal.vitals_values import VITAL_OF

_STORED: Mapping[str, str] = {
    "created_at": "when the row was made; a fact of the store, not of the record",
    "updated_at": "when the row was last written; meta.lastUpdated of the resource",
    "version": "the optimistic lock of updates; meta.versionId of the resource",
    "base_version": "the version that an update was made of, no fact of the record",
}
_WARNED: Mapping[str, str] = {
    "interaction_warnings[]": "computed from the patient's other records for the answer to a create",
}
_JUDGED: Mapping[str, str] = {
    "abnormal_flags[]": "computed from the values that the table maps (vitals_flags.py)",
    "is_procedure_blocking": "computed from the values that the table maps (vitals_flags.py)",
    "created_by": "the number of an account of the API; a Provenance tells who wrote a version",
}
_WRITTEN = "the written form of the entity whose `id` the table maps"


def _kind(
    name: str,
    table: ResourceMap,
    leaves: str,
    entities: Sequence[str],
    ignored: Mapping[str, str],
    examples: tuple[Record, ...],
) -> RecordKind:
    read = {"id", "deleted_at", *leaves.split()} | {f"{one}.{leaf}" for one in entities for leaf in ("id", "name")}
    aside = {**_STORED, **ignored, **{f"{one}_uuid": _WRITTEN for one in entities if one != "patient"}}
    documented = read | set(aside) | {leaf for example in examples for leaf in _warnings(example)}
    return RecordKind(name, frozenset(documented), (table,), aside, {table.type: ""}, examples)


def _warnings(example: Record) -> set[str]:
    """The contract says of flags that they are objects, and names no member of theirs."""
    return {f"abnormal_flags[].{leaf}" for flag in example.get("abnormal_flags", ()) for leaf in flag}


CLINICAL_KINDS = (
    _kind(
        "Allergy",
        ALLERGY,
        "status_is_active reaction snomed_reaction severity date_adverse_reaction",
        ("patient", "allergy_definition"),
        _WARNED,
        ALLERGIES,
    ),
    _kind(
        "Disease",
        DISEASE,
        "problem_status function_status snomed_problem_type date_start date_stop patient_note",
        ("patient", "disease_definition"),
        {},
        DISEASES,
    ),
    _kind(
        "Medication",
        MEDICATION,
        "med_descript rx_cui status discontinuation_reason dosage frequency route date_start date_stop is_cpoe"
        " patient_note",
        ("patient", "medication_definition", "provider"),
        _WARNED,
        MEDICATIONS,
    ),
    _kind(
        "VitalSigns",
        VITALS,
        " ".join({vital.key for vital in VITAL_OF.values()})
        + " date_taken time_taken weight_code has_followup_plan note",
        ("patient", "provider"),
        _JUDGED,
        VITAL_SIGNS,
    ),
)
