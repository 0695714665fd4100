"""Allergy: the field table of the API's patient allergies, as AllergyIntolerance.

R4 wants a manifestation where there is a reaction (AllergyIntolerance.reaction.manifestation, 1..*): a severity alone
stands beside an unknown one. The date of the adverse reaction is `lastOccurrence`, which needs no reaction; what others
wrote as the onset of their reaction is read as well.
"""

from __future__ import annotations

from typing import Any

from gateway.canonical import extension_url
from gateway.translation.codec import Codec, Unreadable
from gateway.translation.lens import ResourceMap
from gateway.translation.path import get, parse
from gateway.translation.rows import Bindings, Field, Pair, Record, Resource
from translators.internal.facts import DELETED_AT, ID, related
from translators.internal.vocabulary import DATA_ABSENT_REASON, SNOMED
from translators.internal.wording import ABSENT, catalogued, code_of, coding_in, date_of, day_in, text_of, words

CLINICAL = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
SEVERITY = extension_url("allergy-severity")
SEVERITIES = frozenset({"mild", "moderate", "severe"})
_MANIFESTATION = "reaction[0].manifestation[0]"
_STATED = parse(f"extension[url={SEVERITY}].valueString")


def _from_active(value: Any) -> dict[str, Any]:
    if not isinstance(value, bool):
        raise Unreadable("expected true or false")
    code, display = ("active", "Active") if value else ("inactive", "Inactive")
    return {"coding": [{"system": CLINICAL, "code": code, "display": display}]}


def _to_active(concept: Any) -> bool:
    code = coding_in(concept, CLINICAL)
    if code not in ("active", "inactive", "resolved"):
        raise Unreadable("expected a clinical status")
    return code == "active"


ACTIVE = Codec(_from_active, _to_active, "boolean")
"""Resolved is no longer active; what is not active goes back as inactive."""


def _read_reaction(record: Record, resource: Resource, bindings: Bindings) -> None:
    said, code, severity = (text_of(record.get(name)) for name in ("reaction", "snomed_reaction", "severity"))
    graded = severity if severity in SEVERITIES else None
    if severity and not graded:
        resource["extension"] = [{"url": SEVERITY, "valueString": severity}]
    if not (said or code or graded):
        return
    manifestation: dict[str, Any] = {"text": said} if said else {}
    if code:
        manifestation["coding"] = [{"system": SNOMED, "code": code_of(code)}]
    reaction: dict[str, Any] = {"manifestation": [manifestation or {"coding": [dict(ABSENT)]}]}
    resource["reaction"] = [reaction | ({"severity": graded} if graded else {})]


def _write_reaction(resource: Resource, record: Record, bindings: Bindings) -> None:
    reaction: Resource = next(iter(resource.get("reaction", ())), {})
    manifestation: Resource = next(iter(reaction.get("manifestation", ())), {})
    told = {
        "reaction": words(manifestation),
        "snomed_reaction": coding_in(manifestation, SNOMED),
        "severity": reaction.get("severity") or get(resource, _STATED),
    }
    if told["reaction"] == told["snomed_reaction"]:
        told["reaction"] = manifestation.get("text")
    record.update({name: value for name, value in told.items() if value})


REACTION = Pair(
    ("reaction", "snomed_reaction", "severity"),
    (
        f"{_MANIFESTATION}.text",
        f"{_MANIFESTATION}.coding[system={SNOMED}]",
        f"{_MANIFESTATION}.coding[system={DATA_ABSENT_REASON}]",
        "reaction[0].severity",
        f"extension[url={SEVERITY}]",
    ),
    _read_reaction,
    _write_reaction,
)
"""A severity in other words than R4's three stands in an extension."""


def _read_date(record: Record, resource: Resource, bindings: Bindings) -> None:
    if day := date_of(record.get("date_adverse_reaction")):
        resource["lastOccurrence"] = day


def _write_date(resource: Resource, record: Record, bindings: Bindings) -> None:
    onset = get(resource, parse("reaction[0].onset"))
    if day := day_in(resource.get("lastOccurrence")) or day_in(onset):
        record["date_adverse_reaction"] = day


LAST_OCCURRENCE = Pair(("date_adverse_reaction",), ("lastOccurrence", "reaction[0].onset"), _read_date, _write_date)

ALLERGY = ResourceMap(
    "AllergyIntolerance",
    frozenset(),
    (
        ID,
        *related("patient", "patient", "Patient"),
        catalogued("allergy_definition", "Substance", extension_url("allergy-definition")),
        Field("status_is_active", "clinicalStatus", ACTIVE),
        REACTION,
        LAST_OCCURRENCE,
        DELETED_AT,
    ),
    silent={
        "clinicalStatus.coding.display": "repeats its code",
        "clinicalStatus.text": "repeats its code",
        "reaction.manifestation.coding.display": "repeats its code",
    },
)
