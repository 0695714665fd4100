"""RelatedPerson: one of a patient's relationships, joined with the contact or patient that it names.

Ritten has a word for what somebody is to the patient and three flags. The word becomes the first concept of
`relationship`, each flag that is set one of its own: emergency contact (v2-0131 C), guarantor (v3-RoleClass GUAR) and
guardian (v3-RoleCode GUARD). Concepts of flags have no text, so that they are told from a word that says the same.
"""

from __future__ import annotations

from typing import Any

from gateway.translation.codec import DATE, TEXT, Codec, Coded, Unreadable, codes, concept
from gateway.translation.lens import Interaction, ResourceMap
from gateway.translation.rows import Bindings, Each, Field, Pair, Record, Resource, Way
from translators.ritten.address import ADDRESS
from translators.ritten.gone import ACTIVE
from translators.ritten.vocabulary import WORDS

ROLE_CODE = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
ROLE_CLASS = "http://terminology.hl7.org/CodeSystem/v3-RoleClass"
CONTACT_ROLE = "http://terminology.hl7.org/CodeSystem/v2-0131"
EXTENSION = "http://hl7.org/fhir/StructureDefinition/contactpoint-extension"
FLAGS = {
    "isEmergencyContact": {"system": CONTACT_ROLE, "code": "C", "display": "Emergency Contact"},
    "isGuarantor": {"system": ROLE_CLASS, "code": "GUAR", "display": "guarantor"},
    "isGuardian": {"system": ROLE_CODE, "code": "GUARD", "display": "guardian"},
}
_ROLES = """MTH Mother; FTH Father; PRN Parent; STPMTH Stepmother; STPFTH Stepfather; STPPRN Stepparent; SPS Spouse;
HUSB Husband; WIFE Wife; FMRSPS Ex-Spouse; DOMPART Domestic Partner; SIGOTHR Significant Other; SIGOTHR Partner;
SIB Sibling; BRO Brother; SIS Sister; CHILD Child; SONC Son; DAUC Daughter; STPCHLD Stepchild; GRPRN Grandparent;
GRMTH Grandmother; GRFTH Grandfather; GRNDCHILD Grandchild; AUNT Aunt; UNCLE Uncle; COUSN Cousin; NIECE Niece;
NEPHEW Nephew; FAMMEMB Family Member; FAMMEMB Relative; FRND Friend; ROOM Roommate; NBOR Neighbor;
GUARD Guardian; GUARD Legal Guardian; POWATT Power of Attorney"""
_TERMS = tuple(tuple(entry.split(maxsplit=1)) for entry in _ROLES.split(";"))
_CONCEPT = concept(
    (
        *(Coded(term, ROLE_CODE, code, term.lower()) for code, term in _TERMS),
        Coded("Employer", CONTACT_ROLE, "E", "Employer"),
        Coded("Other", CONTACT_ROLE, "O", "Other"),
        Coded("Unknown", CONTACT_ROLE, "U", "Unknown"),
    )
)
_SPELT = {str(term).casefold(): str(term) for term in _CONCEPT.values}


def _relation(word: Any) -> dict[str, Any]:
    """Clinics choose the words, so their case does not matter; the text is as received."""
    spelt = _SPELT.get(word.strip().casefold(), word.strip()) if isinstance(word, str) else word
    return {**_CONCEPT.decode(spelt), "text": word}


def _word(value: Any) -> str:
    """The word as it was received, while it still means what is coded."""
    text = value.get("text") if isinstance(value, dict) else None
    if isinstance(text, str) and text.strip() and _relation(text).get("coding") == value.get("coding"):
        return text
    return str(_CONCEPT.encode(value))


RELATION = Codec(_relation, _word, "text", _CONCEPT.values)
"""Where two words mean one code, the first of the table is the way back of a concept without text."""


def _read_relationship(record: Record, resource: Resource, bindings: Bindings) -> None:
    found = [RELATION.decode(record["type"])] if record.get("type") else []
    for name, coding in FLAGS.items():
        flag = record.get(name)
        if not isinstance(flag, bool | None):
            raise Unreadable("expected a type, and flags that are true or false")
        if flag:
            found.append({"coding": [dict(coding)]})
    if found:
        resource["relationship"] = found


def _write_relationship(resource: Resource, record: Record, bindings: Bindings) -> None:
    flags = {str(coding["code"]): name for name, coding in FLAGS.items()}
    for each in resource.get("relationship", ()):
        code = next((coding.get("code") for coding in each.get("coding", ())), None)
        if "text" in each or code not in flags:
            record.setdefault("type", RELATION.encode(each))
        else:
            record[flags[code]] = True


def _read_rank(record: Record, resource: Resource, bindings: Bindings) -> None:
    if record.get("isPrimary") is True:
        resource["rank"] = 1


def _not_written(resource: Resource, record: Record, bindings: Bindings) -> None:
    """Only the EMR sets this."""


SYSTEM = codes({"PHONE": "phone", "EMAIL": "email", "FAX": "fax"})
USE = codes({"HOME": "home", "WORK": "work", "MOBILE": "mobile", "PERSONAL": "home"}, back={"home": "HOME"})
TELECOM = (
    Field("system", "system", SYSTEM, way=Way.READ),
    Field("use", "use", USE, way=Way.READ),
    Field("value", "value", TEXT, way=Way.READ),
    Field("valueExt", f"extension[url={EXTENSION}].valueString", TEXT, way=Way.READ),
    Pair(("isPrimary",), ("rank",), _read_rank, _not_written, way=Way.READ),
)
RELATED = ResourceMap(
    "RelatedPerson",
    frozenset({Interaction.READ, Interaction.SEARCH}),
    (
        Field("id", "identifier[system=$id].value", way=Way.READ),
        ACTIVE,
        Pair(("type", *FLAGS), ("relationship",), _read_relationship, _write_relationship, way=Way.READ),
        Field("person.first", "name[use=official].given[0]", way=Way.READ),
        Field("person.middle", "name[use=official].given[1:]", WORDS, way=Way.READ),
        Field("person.last", "name[use=official].family", way=Way.READ),
        Field("person.dob", "birthDate", DATE, way=Way.READ),
        Each("person.contactPoints", "telecom", TELECOM, way=Way.READ),
        *(Field(f"person.address.{row.vendor}", f"address[0].{row.fhir}", row.codec, way=Way.READ) for row in ADDRESS),
    ),
    search={"_id": "id", "patient": "id"},
    silent={"patient": "the relationship stands in the patient's own record"},
)
