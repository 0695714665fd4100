"""Relationship: the field table of `PatientRelationshipOut`, which leads from one patient to another.

`parent` means that the first patient is a parent of the second, and `is_guardian` that the first is the legal guardian
of the second. A RelatedPerson is the person who is a parent of `patient`. So `patient` is the second, and the first is
the RelatedPerson, whose own chart the extension `related-patient` names. Whoever asks for the related persons of a
child finds its parents and guardians, as FHIR means it, whether they are patients or not.
"""

from __future__ import annotations

from typing import Any

from gateway.canonical import CANONICAL, extension_url
from gateway.translation.codec import INSTANT, Coded, Unreadable, concept
from gateway.translation.lens import Interaction, ResourceMap
from gateway.translation.path import get, parse
from gateway.translation.rows import Bindings, Field, Pair, Record, Resource
from translators.internal.facts import ID, own, related, related_own

ROLE_CODE = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
ROLE_CLASS = "http://terminology.hl7.org/CodeSystem/v3-RoleClass"
PATIENT_RELATIONSHIP = f"{CANONICAL}CodeSystem/patient-relationship"
LEGAL_GUARDIAN = extension_url("legal-guardian")
ARCHIVED_AT = extension_url("archived-at")
GUARDIAN, MERGE, CLONE = "guardian", "merge", "clone"

_SPOUSES = dict.fromkeys(("HUSB", "WIFE"), "spouse")
_PARENTS = dict.fromkeys(("MTH", "FTH", "NPRN", "NMTH", "NFTH", "ADOPTP", "ADOPTM", "ADOPTF"), "parent")
_CHILDREN = dict.fromkeys(("SON", "DAU", "SONC", "DAUC", "NCHILD", "SONADOPT", "DAUADOPT", "CHLDADOPT"), "child")
_SIBLINGS = dict.fromkeys(("BRO", "SIS", "NSIB", "NBRO", "NSIS", "HSIB", "HBRO", "HSIS", "STPSIB"), "sibling")
_GRANDPARENTS = dict.fromkeys(("GRMTH", "GRFTH", "MGRMTH", "MGRFTH", "PGRMTH", "PGRFTH"), "grandparent")
_GRANDCHILDREN = dict.fromkeys(("GRNDSON", "GRNDDAU"), "grandchild")
_STEPPARENTS = dict.fromkeys(("STPMTH", "STPFTH"), "stepparent")
_STEPCHILDREN = dict.fromkeys(("STPSON", "STPDAU"), "stepchild")
_FOSTERED = dict.fromkeys(("SONFOST", "DAUFOST"), "foster_child")
_OTHERS = dict.fromkeys(("EXT", "AUNT", "UNCLE", "COUSN", "NIENEPH", "NEPHEW", "NIECE", "INLAW"), "other_family")

KINSHIP = concept(
    (
        Coded("spouse", ROLE_CODE, "SPS", "spouse"),
        Coded("life_partner", ROLE_CODE, "DOMPART", "domestic partner"),
        Coded("parent", ROLE_CODE, "PRN", "parent"),
        Coded("child", ROLE_CODE, "CHILD", "child"),
        Coded("sibling", ROLE_CODE, "SIB", "sibling"),
        Coded(GUARDIAN, ROLE_CODE, "GUARD", "guardian"),
        Coded("grandparent", ROLE_CODE, "GRPRN", "grandparent"),
        Coded("grandchild", ROLE_CODE, "GRNDCHILD", "grandchild"),
        Coded("stepparent", ROLE_CODE, "STPPRN", "step parent"),
        Coded("stepchild", ROLE_CODE, "STPCHLD", "step child"),
        Coded("foster_child", ROLE_CODE, "CHLDFOST", "foster child"),
        Coded("caregiver", ROLE_CLASS, "CAREGIVER", "caregiver"),
        Coded("other_family", ROLE_CODE, "FAMMEMB", "family member"),
        Coded(MERGE, PATIENT_RELATIONSHIP, "merge", "Merge"),
        Coded(CLONE, PATIENT_RELATIONSHIP, "clone", "Clone"),
    ),
    back={"SIGOTHR": "life_partner"}
    | _SPOUSES
    | _PARENTS
    | _CHILDREN
    | _SIBLINGS
    | _GRANDPARENTS
    | _GRANDCHILDREN
    | _STEPPARENTS
    | _STEPCHILDREN
    | _FOSTERED
    | _OTHERS,
    free_text=False,
)

_EXACT = parse(f"extension[url={LEGAL_GUARDIAN}].valueBoolean")
_ARCHIVED_AT = parse(f"extension[url={ARCHIVED_AT}].valueDateTime")


def _read_kinship(record: Record, resource: Resource, bindings: Bindings) -> None:
    kinship, is_guardian = record.get("relationship_type"), record.get("is_guardian")
    if not isinstance(is_guardian or False, bool):
        raise Unreadable("expected true or false")
    concepts = [] if not kinship else [KINSHIP.decode(kinship)]
    if is_guardian and kinship != GUARDIAN:
        concepts.append(KINSHIP.decode(GUARDIAN))
    if concepts:
        resource["relationship"] = concepts
    if is_guardian is False:
        resource["extension"] = [{"url": LEGAL_GUARDIAN, "valueBoolean": False}]


def _write_kinship(resource: Resource, record: Record, bindings: Bindings) -> None:
    concepts = resource.get("relationship") or []
    guardians = [each for each in concepts if _is_guardian(each)]
    others = [each for each in concepts if each not in guardians]
    named = next((term for each in (*others, *guardians) if (term := _term(each))), None)
    if named is not None:
        record["relationship_type"] = named
    exact = get(resource, _EXACT)
    if isinstance(exact, bool) or guardians:
        record["is_guardian"] = exact if isinstance(exact, bool) else True


def _is_guardian(concept: Any) -> bool:
    return any(
        coding.get("code") == "GUARD" and coding.get("system") in (ROLE_CODE, None)
        for coding in concept.get("coding", ())
    )


def _term(concept: Resource) -> str | None:
    try:
        return str(KINSHIP.encode(concept))
    except Unreadable:
        return None


TYPE = Pair(
    ("relationship_type", "is_guardian"),
    ("relationship", f"extension[url={LEGAL_GUARDIAN}]"),
    _read_kinship,
    _write_kinship,
)
"""A legal guardian has the code GUARD beside the kinship; that somebody is none is told apart from silence."""


def _read_archived(record: Record, resource: Resource, bindings: Bindings) -> None:
    moment = record.get("deleted_at")
    if moment:
        resource["active"] = False
        resource["extension"] = [{"url": ARCHIVED_AT, "valueDateTime": INSTANT.decode(moment)}]


def _write_archived(resource: Resource, record: Record, bindings: Bindings) -> None:
    moment = get(resource, _ARCHIVED_AT)
    if moment is not None:
        record["deleted_at"] = INSTANT.encode(moment)


ARCHIVED = Pair(("deleted_at",), ("active", f"extension[url={ARCHIVED_AT}]"), _read_archived, _write_archived)

RELATIONSHIP = ResourceMap(
    "RelatedPerson",
    frozenset({Interaction.READ, Interaction.CREATE, Interaction.UPDATE}),
    (
        ID,
        *related_own("from_patient", "related-patient", "Patient"),
        Field("from_patient_name", "name[0].text"),
        *related("to_patient", "patient", "Patient"),
        TYPE,
        own("note", "note", "valueString"),
        ARCHIVED,
    ),
    constants={"active": True},
    silent={"relationship.coding.display": "repeats its code"},
)
