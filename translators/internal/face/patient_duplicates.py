"""Signs that two records are about one person; any one of them is worth a look before another record is made.

Telephone and social security numbers are compared by their digits, with or without the United States' country code;
the rest in any case. Archived patients are not told, as in every list: many of them are duplicates put aside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.canonical import SSN
from gateway.translation.face import Asked, Kept, Params, Records, Search, literal
from gateway.translation.rows import Record, Resource
from translators.internal.face.patient_facts import brief, facts
from translators.internal.face.patient_lists import IN_USE
from translators.internal.face.patient_words import digits_of
from translators.internal.schema.patient import CheckDuplicatesIn

MOST = 100
"""Candidates that are looked at."""
COUNTRY = "1"


def check(asked: Asked, records: Records) -> Any:
    body: CheckDuplicatesIn = asked.body
    found = duplicates(records, body.model_dump(mode="json"))
    return {"items": found, "total": len(found)}


def duplicates(records: Records, person: Mapping[str, Any]) -> list[Record]:
    """Those who have something in common with the person of a body, the most alike first."""
    candidates = tuple(_searches(person))
    if not candidates:
        return []
    found = records.search(Search("Patient", IN_USE, (candidates,), ("family", "given"), count=MOST))
    rows = [row for each in found.kept if (row := _row(each, person))["signals"]]
    return sorted(rows, key=lambda row: -len(row["signals"]))


def _searches(person: Mapping[str, Any]) -> Iterator[Params]:
    """May find more than is meant: what is a prefix to a search is compared as a whole afterwards."""
    last, born, email = person.get("last_name"), person.get("date_of_birth"), person.get("email")
    if last and born:
        yield ("family", literal(last)), ("birthdate", born)
    if email:
        yield (("email-text", literal(email)),)
    if mobiles := _spellings(person.get("mobile_phone")):
        yield (("mobile-number", ",".join(sorted(mobiles))),)
    if numbers := _securities(person.get("social_security_number")):
        yield (("identifier", ",".join(f"{SSN}|{number}" for number in numbers)),)


def _row(kept: Kept, person: Mapping[str, Any]) -> Record:
    return brief(kept.id, facts(kept.resource)) | {"signals": list(_signals(kept.resource, person))}


def _signals(resource: Resource, person: Mapping[str, Any]) -> Iterator[str]:
    last, born = _plain(person.get("last_name")), person.get("date_of_birth")
    if last and born and born == resource.get("birthDate") and last in _families(resource):
        yield "last_name_and_date_of_birth"
    if _plain(person.get("email")) in _contacts(resource, "email"):
        yield "email"
    if _spellings(person.get("mobile_phone")) & {digits_of(each) for each in _contacts(resource, "phone", "mobile")}:
        yield "mobile_phone"
    if _securities(person.get("social_security_number")) and _security(person) in _known_securities(resource):
        yield "social_security_number"


def _plain(text: Any) -> str:
    return str(text or "").strip().casefold()


def _families(resource: Resource) -> set[str]:
    """Former names too."""
    return {_plain(name.get("family")) for name in resource.get("name", ())} - {""}


def _contacts(resource: Resource, system: str, use: str | None = None) -> set[str]:
    points = (each for each in resource.get("telecom", ()) if each.get("system") == system)
    return {_plain(each.get("value")) for each in points if use in (None, each.get("use"))} - {""}


def _spellings(phone: Any) -> set[str]:
    digits = digits_of(str(phone or ""))
    if not digits:
        return set()
    national = digits.removeprefix(COUNTRY) if len(digits) == len("15550104477") else digits
    return {national, f"{COUNTRY}{national}"} if len(national) == len("5550104477") else {digits}


def _security(person: Mapping[str, Any]) -> str:
    return digits_of(str(person.get("social_security_number") or ""))


def _securities(number: Any) -> tuple[str, ...]:
    """As people write it: the nine digits, and with hyphens."""
    digits = digits_of(str(number or ""))
    hyphened = f"{digits[:3]}-{digits[3:5]}-{digits[5:]}"
    return tuple(dict.fromkeys((digits, hyphened))) if len(digits) == len("900551234") else ()


def _known_securities(resource: Resource) -> set[str]:
    numbers = (each.get("value") for each in resource.get("identifier", ()) if each.get("system") == SSN)
    return {digits_of(number) for number in numbers if number}
