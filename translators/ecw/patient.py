"""Patient: passes as it is. What eCW calls its own is the key, the medical record number and the default facility."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.canonical import MARITAL_STATUS, RACE_AND_ETHNICITY, US_CORE, extension_url
from gateway.translation.contract import RecordKind
from gateway.translation.lens import Interaction
from gateway.translation.passthrough import PassThrough, key_only
from gateway.translation.rows import Record
from translators.ecw.capabilities import CAPABILITIES
from translators.ecw.spelling import spelling

DEFAULT_FACILITY = "http://eclinicalworks.com/supportingInfo/defaultFacility"
ASSIGNER = "urn:oid:2.16.840.1.113883.4.391."
"""Identifier systems of eCW practices and applications start so."""


def owned(record: Record) -> Mapping[str, str]:
    """The key, and the medical record number: the identifier of type MR or of use `secondary`."""
    number = next((item["value"] for item in record.get("identifier", ()) if _is_record_number(item)), None)
    return {**key_only(record), **({"mr": number} if number else {})}


def _is_record_number(identifier: Record) -> bool:
    codes = [coding.get("code") for coding in identifier.get("type", {}).get("coding", ())]
    return "value" in identifier and ("MR" in codes if codes else identifier.get("use") == "secondary")


PATHS = (
    "active", "birthDate", "gender", "deceasedBoolean", "deceasedDateTime",
    "identifier[].use", "identifier[].system", "identifier[].value",
    "identifier[].type.coding[].system", "identifier[].type.coding[].code",
    "name[].use", "name[].text", "name[].family", "name[].given[]",
    "telecom[].system", "telecom[].value", "telecom[].use",
    "address[].use", "address[].line[]", "address[].city", "address[].state", "address[].postalCode",
    "address[].country",
    "maritalStatus.coding[].system", "maritalStatus.coding[].code", "maritalStatus.coding[].display",
    "maritalStatus.text",
    "communication[].language.coding[].system", "communication[].language.coding[].code",
    "communication[].language.coding[].display", "communication[].language.text", "communication[].preferred",
    "extension[].url", "extension[].valueCode", "extension[].valueReference.reference", "extension[].extension[].url",
    "extension[].extension[].valueString", "extension[].extension[].valueCoding.system",
    "extension[].extension[].valueCoding.code", "extension[].extension[].valueCoding.display",
)  # fmt: skip

PATIENT = PassThrough(
    "Patient",
    CAPABILITIES["Patient"].reading | {Interaction.CREATE, Interaction.UPDATE},
    search={name: name for name in CAPABILITIES["Patient"].search},
    paths=(*PATHS, "id"),
    extensions={DEFAULT_FACILITY: extension_url("facility")},
    owned=owned,
    spelling=spelling,
    choices=("deceased", "multipleBirth"),
)

ABOUT_THE_COPY = {
    "resourceType": "the same in every document of the type",
    "meta.versionId": "tells of the copy in the EMR; the store counts its own versions",
    "meta.lastUpdated": "tells of the copy in the EMR; the store has its own time",
    "meta.profile[]": "what the resource claims in the EMR; the store's copy may say more than that profile",
    "text.status": "the narrative tells of the copy in the EMR; the merged resource may say more",
    "text.div": "the narrative tells of the copy in the EMR; the merged resource may say more",
}

EXAMPLES: tuple[Record, ...] = (
    {
        "resourceType": "Patient",
        "id": "FFBJCDq7Hm2xW0sVb1nRk5TzYcLpJ8uE3dGf6aQiOe4",
        "meta": {"versionId": "1", "lastUpdated": "2026-02-03T09:00:00Z", "profile": [f"{US_CORE}us-core-patient"]},
        "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">Rowan Tester</div>'},
        "active": True,
        "identifier": [
            {"use": "usual", "system": f"{ASSIGNER}326070", "value": "crm-1001"},
            {"use": "secondary", "system": f"{ASSIGNER}326070.2", "value": "40017"},
        ],
        "name": [{"use": "usual", "text": "Tester, Rowan", "family": "Tester", "given": ["Rowan", "Lee"]}],
        "telecom": [
            {"system": "phone", "value": "913-555-0142", "use": "home"},
            {"system": "email", "value": "rowan@example.com", "use": "home"},
        ],
        "gender": "female",
        "birthDate": "1990-04-17",
        "deceasedBoolean": False,
        "address": [
            {"use": "home", "line": ["12 Elm St", "Apt 4"], "city": "Lawrence", "state": "KS", "postalCode": "66044",
             "country": "US"},
        ],
        "maritalStatus": {
            "coding": [{"system": MARITAL_STATUS, "code": "M", "display": "Married"}], "text": "Married",
        },
        "communication": [
            {
                "language": {
                    "coding": [{"system": "urn:ietf:bcp:47", "code": "en", "display": "English"}], "text": "English",
                },
                "preferred": True,
            },
        ],
        "extension": [
            {
                "url": f"{US_CORE}us-core-race",
                "extension": [
                    {
                        "url": "ombCategory",
                        "valueCoding": {"system": RACE_AND_ETHNICITY, "code": "2106-3", "display": "White"},
                    },
                    {"url": "text", "valueString": "White"},
                ],
            },
            {"url": f"{US_CORE}us-core-birthsex", "valueCode": "F"},
            {"url": DEFAULT_FACILITY, "valueReference": {"reference": "Location/FFBJCDLoc1.main_street-2"}},
        ],
    },
    {
        "resourceType": "Patient",
        "id": "FFBJCDa1B.c2D_e3F-g4H",
        "identifier": [
            {
                "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]},
                "system": f"{ASSIGNER}326070.2",
                "value": "40018",
            },
        ],
        "name": [{"use": "usual", "family": "Sample", "given": ["Kim"]}],
        "gender": "unknown",
        "birthDate": "1971-12-30",
        "deceasedDateTime": "2026-01-05",
    },
    {"resourceType": "Patient", "id": "FFBJCDz9", "name": [{"family": "Bare"}], "birthDate": "2001-01-01"},
)  # fmt: skip

KIND = RecordKind("Patient", frozenset({*PATHS, "id", *ABOUT_THE_COPY}), (PATIENT,), ABOUT_THE_COPY, examples=EXAMPLES)
