"""What the sandbox checks in a written Patient, and the codes that it answers with (Error Code Reference Guide)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

Document = dict[str, Any]

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
ECW = "http://eclinicalworks.com/supportingInfo/"
OID = "urn:oid:2.16.840.1.113883.4.391."
MARITAL = "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus"
ELEMENTS = frozenset(
    {
        "resourceType", "id", "meta", "active", "identifier", "name", "telecom", "address", "gender", "birthDate",
        "maritalStatus", "communication", "extension", "deceasedBoolean", "deceasedDateTime",
    }
)  # fmt: skip
STATES = frozenset(
    re.findall(
        "..",
        "AKALARAZCACOCTDCDEFLGAHIIAIDILINKSKYLAMAMDMEMIMNMOMSMTNCNDNENHNJNMNVNYOHOKORPAPRRISCSDTNTXUTVAVTWAWIWVWY",
    )
)
KEYS = {
    1: "SUCCESS", 2: "FAILURE", 100: "INVALID_PATIENT", 107: "INVALID_FACILITY", 108: "UNSUPPORTED_CHARACTERS",
    102: "UNSUPPORTED_CODING_SYSTEM", 103: "UNKNOWN_MAPPING_ERROR", 117: "INVALID_PATIENT_GENDER",
    118: "INVALID_PATIENT_NAME", 119: "INVALID_PATIENT_DOB", 120: "INVALID_CODING_ELEMENT",
    132: "NOT_FOUND_OR_INVALID_EXTENSION_IN_PATIENT_RESOURCE", 151: "INVALID_EXTENSION", 165: "INVALID_ID",
    202: "INVALID_PATIENT_ALREADY_EXIST", 203: "UNSUPPORTED_PATIENT_DATA", 207: "PATIENT_NOT_FOUND",
    109: "MAX_SIZE_LIMIT_EXCEEDED", 201: "INVALID_MULTIPLE_PATIENT_FOUND", 605: "INVALID_IDENTIFIER_ELEMENT",
}  # fmt: skip
LONGEST = 2000
SPECIAL = re.compile(r"[<>^\x00-\x1f\x7f]")


def code_for(patient: Document, locations: Mapping[str, Any], kept: frozenset[str], today: date) -> int:
    """The first objection, or 1. `kept` are elements that the stored patient has: they may come back unchanged."""
    return next(_objections(patient, locations, kept, today), 1)


def _objections(patient: Document, locations: Mapping[str, Any], kept: frozenset[str], today: date) -> Iterator[int]:
    if f"{US_CORE}patient" not in patient.get("meta", {}).get("profile", ()):
        yield 2
    if not patient.keys() <= ELEMENTS | kept:
        yield 203
    yield from _demographics(patient, today)
    yield from _contacts(patient)
    yield from _codes(patient)
    yield from _extensions(patient.get("extension", []), locations)
    texts = list(_texts([value for name, value in patient.items() if name not in ("meta", "text", "extension")]))
    if any(SPECIAL.search(text) for text in texts):
        yield 108
    if any(len(text) > LONGEST for text in texts):
        yield 109


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def _demographics(patient: Document, today: date) -> Iterator[int]:
    usual = [name for name in patient.get("name", ()) if name.get("use") == "usual"]
    if len(usual) != 1 or not usual[0].get("family") or not usual[0].get("given") or "text" in usual[0]:
        yield 118
    if not _is_past_date(patient.get("birthDate"), today):
        yield 119
    if patient.get("gender") not in ("male", "female", "other", "unknown"):
        yield 117
    mine = [item for item in patient.get("identifier", ()) if str(item.get("system", "")).startswith(OID)]
    if not all(item.get("use") and item.get("value") for item in mine):
        yield 605


def _is_past_date(value: Any, today: date) -> bool:
    try:
        return len(value) == 10 and date(1850, 1, 1) < date.fromisoformat(value) <= today
    except (TypeError, ValueError):
        return False


def _contacts(patient: Document) -> Iterator[int]:
    for telecom in patient.get("telecom", ()):
        is_phone = telecom.get("system") == "phone"
        if telecom.get("system") not in ("phone", "email") or "use" not in telecom:
            yield 203
        if is_phone and not re.fullmatch(r"\d{3}-\d{3}-\d{4}", telecom.get("value", "")):
            yield 203
    for address in patient.get("address", ()):
        if address.get("state", "KS") not in STATES:
            yield 203
        if not re.fullmatch(r"\d{5}(-\d{4})?", address.get("postalCode", "00000")):
            yield 203


def _codes(patient: Document) -> Iterator[int]:
    for coding in patient.get("maritalStatus", {}).get("coding", ()):
        if coding.get("system") not in (MARITAL, "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"):
            yield 102
    for communication in patient.get("communication", ()):
        if not all(c.get("system") and c.get("code") for c in communication.get("language", {}).get("coding", [{}])):
            yield 120


def _extensions(extensions: list[Document], locations: Mapping[str, Any]) -> Iterator[int]:
    known = {f"{US_CORE}{name}" for name in ("race", "ethnicity", "birthsex")} | {f"{ECW}defaultFacility"}
    if not {item.get("url") for item in extensions} <= known:
        yield 151
    facility = [item for item in extensions if item.get("url") == f"{ECW}defaultFacility"]
    if not facility:
        return
    reference = facility[0].get("valueReference", {}).get("reference", "") if len(facility) == 1 else ""
    if not reference.startswith("Location/"):
        yield 132
    if locations.get(reference.removeprefix("Location/"), {}).get("status") != "active":
        yield 107


def same_person(one: Document, other: Document) -> bool:
    return one.get("birthDate") == other.get("birthDate") and _spoken(one) == _spoken(other)


def _spoken(patient: Document) -> tuple[str, str]:
    name: Document = next((name for name in patient.get("name", ()) if name.get("use") == "usual"), {})
    return str(name.get("family")).casefold(), str((name.get("given") or [""])[0]).casefold()
