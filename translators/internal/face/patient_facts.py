"""A patient of the store in the API's terms.

What a resource does not say, or says in a way that the API has no word for, is null and never an error: FHIR clients
write patients without a name, with one in a single string, or with half a birth date.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gateway.canonical import IDENTIFIER_TYPE
from gateway.faults import Forbidden
from gateway.translation.face import Kept, Params, Records, Search, literal
from gateway.translation.rows import Record, Resource
from translators.internal.face.archiving import HIDDEN
from translators.internal.face.bindings import FACE
from translators.internal.face.clinical import NEWEST, VITAL_SIGNS
from translators.internal.face.lifecycle import stands_as
from translators.internal.face.references import Relation, name_of, named
from translators.internal.face.subrecord import known_by_the_store, record_of
from translators.internal.patient import PATIENT
from translators.internal.schema.patient import PatientBriefOut, PatientOut
from translators.internal.vocabulary import LOINC, SNOMED

LENS = PATIENT.bound(FACE)
GUARANTOR = Relation("responsible_party", "Patient", "Guarantor")
RELATIONS = (
    Relation("primary_provider", "Practitioner", "Provider"),
    Relation("secondary_provider", "Practitioner", "Provider"),
    Relation("location", "Location", "Location"),
    Relation("employer", "Organization", "Employer"),
    GUARANTOR,
    Relation("billing_type", "Basic", "Billing type", "billing-type"),
    Relation("fee_schedule", "Basic", "Fee schedule", "fee-schedule"),
)
TOBACCO = (("code", f"{LOINC}|72166-2"), ("status:not", "entered-in-error,cancelled"), HIDDEN)
RESTRICTED = "inactive"
"""The status in which nobody is given an appointment. The API knows a balance as another reason; there is none here."""


def facts(resource: Resource) -> Record:
    """What the resource itself says."""
    record = LENS.told(resource)
    first, last = names(resource, record)
    status = stands_as(resource, record)
    held = status == RESTRICTED or bool(record.get("scheduling_restricted"))
    return record | {
        "first_name": first,
        "last_name": last,
        "status": status,
        "chart_number": record.get("chart_number") or foreign_chart_number(resource),
        "scheduling_restricted": held,
    }


def names(resource: Resource, record: Record) -> tuple[str, str]:
    """Which part of a name in one string is the family's is not guessed: it stands as the last name, whole."""
    first, last = record.get("first_name") or "", record.get("last_name") or ""
    return (first, last) if first or last else ("", name_of(resource) or "")


def foreign_chart_number(resource: Resource) -> str | None:
    """That of an EMR or a CRM, for those whom the staff have given none."""
    numbers = (each.get("value") for each in resource.get("identifier", ()) if _is_chart_number(each))
    return next((number for number in numbers if number), None)


def _is_chart_number(identifier: Resource) -> bool:
    codings = identifier.get("type", {}).get("coding", ())
    return any(each.get("system") == IDENTIFIER_TYPE and each.get("code") == "PI" for each in codings)


def briefs(kept: Iterable[Kept]) -> list[Record]:
    """Rows to choose from."""
    return [brief(each.id, facts(each.resource)) for each in kept]


def brief(id: str, record: Record) -> Record:
    return {name: record.get(name) for name in PatientBriefOut.model_fields} | {"id": id}


def outs(records: Records, kept: Sequence[Kept]) -> list[Record]:
    """The patients of a page. What stands in their Observations is told by `out` alone: it takes a search for each."""
    told = [facts(each.resource) for each in kept]
    named(records, told, RELATIONS)
    return [_whole(each, record) for each, record in zip(kept, told, strict=True)]


def out(records: Records, kept: Kept) -> Record:
    """One patient, with what their newest Observations say."""
    [record] = outs(records, [kept])
    smoking = record["smoking_snomed"] or _smoking(records, kept)
    return record | {"latest_vitals_date": _vitals_date(records, kept), "smoking_snomed": smoking}


def _whole(kept: Kept, record: Record) -> Record:
    whole = record | known_by_the_store(kept)
    return {name: whole.get(name) for name in PatientOut.model_fields}


def _vitals_date(records: Records, kept: Kept) -> str | None:
    found = _newest(records, kept, VITAL_SIGNS.only)
    return None if found is None else record_of(VITAL_SIGNS, found).get("date_taken")


def _smoking(records: Records, kept: Kept) -> str | None:
    found = _newest(records, kept, TOBACCO)
    concept = {} if found is None else found.resource.get("valueCodeableConcept", {})
    return next((each.get("code") for each in concept.get("coding", ()) if each.get("system") == SNOMED), None)


def _newest(records: Records, kept: Kept, which: Params) -> Kept | None:
    """None for a caller who may not look into Observations: the patient is theirs to see all the same."""
    search = Search("Observation", (*which, ("patient", literal(kept.reference))), sort=NEWEST, count=1)
    try:
        return next(iter(records.search(search).kept), None)
    except Forbidden:
        return None
