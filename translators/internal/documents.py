"""The documents of the API with every leaf that it documents: what the tables read, and what is left aside, and why."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.translation import path
from gateway.translation.contract import RecordKind
from gateway.translation.rows import Record
from translators.internal.bodies import RELATIONS, SCALARS
from translators.internal.catalogue import ALLERGEN, COMMUNICATION_TYPE, DISEASE, DRUG
from translators.internal.clinical_documents import CLINICAL_KINDS
from translators.internal.entity import BILLING_TYPE, EMPLOYER, FEE_SCHEDULE, PRACTITIONER
from translators.internal.examples import ENTITIES, PATIENTS
from translators.internal.location import LOCATION
from translators.internal.office_documents import OFFICE_KINDS
from translators.internal.patient import PATIENT

_LEDGER = "a sum that the API computes from a ledger that it does not show; Crosswalk serves no Account"

NOT_READ: Mapping[str, str] = {
    "balance_0_30": _LEDGER,
    "balance_31_60": _LEDGER,
    "balance_61_90": _LEDGER,
    "balance_over_90": _LEDGER,
    "balance_total": _LEDGER,
    "estimated_balance": _LEDGER,
    "insurance_estimate": _LEDGER,
    "payment_plan_due": _LEDGER,
    "latest_vitals_date": "computed from the newest vital signs record, which is an Observation with its own date",
    "potential_duplicates[]": "a hint of one answer about other patients, no fact of this one",
    "created_at": "when the row was made; a fact of the EMR's database, not of the patient",
    "updated_at": "steers the pull (pull.py) and is meta.lastUpdated on the live face",
    "deleted_at": "is set exactly while `status` is archived, which the table maps",
    "version": "the optimistic lock of updates (push.py); meta.versionId on the live face",
}
DECISION = frozenset({"billing_account.create_new", "billing_account.note"})
"""An object of the registration desk's own shape, which CreatePatientIn has; these are the example's leaves."""
READ = frozenset({*SCALARS, *NOT_READ, *DECISION, "id", "status", "smoking_snomed", "scheduling_restricted"}) | {
    f"{name}.{leaf}" for name in RELATIONS for leaf in ("id", "name")
}
NOT_WRITTEN: Mapping[str, str] = {
    **{f"{name}_uuid": "the written form of the entity whose `id` the table maps (bodies.py)" for name in RELATIONS},
    "base_version": "the version that an update was made of (push.py)",
}
"""What only CreatePatientIn and UpdatePatientIn have."""

KINDS = (
    RecordKind(
        "Patient",
        READ | frozenset(NOT_WRITTEN),
        (PATIENT,),
        {**NOT_READ, **NOT_WRITTEN},
        {"Patient": ""},
        PATIENTS,
    ),
    RecordKind(
        "EntityRef",
        frozenset({"id", "name"}),
        (
            LOCATION,
            PRACTITIONER,
            EMPLOYER,
            BILLING_TYPE,
            FEE_SCHEDULE,
            ALLERGEN,
            DRUG,
            DISEASE,
            COMMUNICATION_TYPE,
        ),
        {},
        dict.fromkeys(("Location", "Practitioner", "Organization", "Basic", "Substance", "Medication"), ""),
        ENTITIES,
    ),
    *OFFICE_KINDS,
    *CLINICAL_KINDS,
)


def unaccounted(record: Record) -> tuple[str, ...]:
    """Leaves of a PatientOut that the contract does not have."""
    names = {_name(leaf) for leaf, value in path.leaves(record) if value is not None}
    return tuple(sorted(name for name in names if not _known(name)))


def _name(leaf: path.Concrete) -> str:
    return "".join("[]" if isinstance(part, int) else f".{part}" for part in leaf).lstrip(".")


def _known(name: str) -> bool:
    return name in READ or any(name.startswith(ignored) for ignored in NOT_READ)
