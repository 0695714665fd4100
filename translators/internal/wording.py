"""Rows of the clinical tables: what something is (an entry of a catalogue, words, a code), and facts that are flags.

The API names what an allergy or a disease is by an entry of a catalogue, `{id, name}`; R4 has words and codes there.
The words are the name, the entry is an extension. A resource of somebody who knows no catalogue has words or codes
only, and what a patient is allergic to must not be hidden for that: it is shown with an id made of its name, under
which no entry is to be found (docs/decisions/2611-allergies-without-a-catalogue.md).
"""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID, uuid5

from gateway.translation import path
from gateway.translation.codec import DATE, Codec, Unreadable
from gateway.translation.path import EMPTY, get, parse
from gateway.translation.rows import Bindings, Pair, Record, Resource
from translators.internal.vocabulary import DATA_ABSENT_REASON, SNOMED, reference

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ABSENT = {"system": DATA_ABSENT_REASON, "code": "unknown", "display": "Unknown"}
"""For elements that R4 demands and the API does not know."""
_NAMES = UUID("5b2c9d5a-6f0e-5b59-9d4e-0f6f6e2f7c1d")
CODE = re.compile(r"[^\s\x00-\x1f]+( [^\s\x00-\x1f]+)*", re.ASCII)


def text_of(value: Any) -> str | None:
    if value in EMPTY:
        return None
    if not isinstance(value, str):
        raise Unreadable("expected text")
    return value


def code_of(value: Any) -> str | None:
    """A code as R4 can hold one (https://hl7.org/fhir/R4/datatypes.html#code)."""
    code = text_of(value)
    if code is not None and not CODE.fullmatch(code):
        raise Unreadable("expected a code without leading, trailing or doubled spaces")
    return code


def words(concept: Any) -> str | None:
    """What a CodeableConcept says to a person; an unknown value says nothing."""
    if not isinstance(concept, dict):
        return None
    codings = [coding for coding in concept.get("coding", ()) if coding.get("system") != DATA_ABSENT_REASON]
    displays = [coding.get("display") for coding in codings] + [coding.get("code") for coding in codings]
    return concept.get("text") or next((display for display in displays if display), None)


def coding_in(concept: Any, system: str) -> str | None:
    """The code of one system in a CodeableConcept."""
    return next((coding["code"] for coding in _codings(concept, system) if coding.get("code")), None)


def coding_words(concept: Any, system: str) -> str | None:
    """The same, or where a coding of the system has no code, its name."""
    return coding_in(concept, system) or next((c["display"] for c in _codings(concept, system) if "display" in c), None)


def _codings(concept: Any, system: str) -> list[dict[str, Any]]:
    codings = concept.get("coding", ()) if isinstance(concept, dict) else ()
    return [coding for coding in codings if coding.get("system") == system]


def _from_words(term: Any) -> dict[str, Any]:
    if not (text := text_of(term)):
        raise Unreadable("expected text")
    return {"text": text}


def _to_words(concept: Any) -> str:
    if not (said := words(concept)):
        raise Unreadable("expected a concept with words")
    return said


TERM = Codec(_from_words, _to_words)
"""Words ↔ CodeableConcept; one that has codes only is told by their names."""


def _from_snomed(code: Any) -> dict[str, Any]:
    if not (known := code_of(code)):
        raise Unreadable("expected a code")
    return {"system": SNOMED, "code": known}


def _to_snomed(coding: Any) -> str:
    code = coding.get("code") if isinstance(coding, dict) and coding.get("system") == SNOMED else None
    if not code:
        raise Unreadable("expected a Coding of SNOMED CT")
    return str(code)


SNOMED_CODING = Codec(_from_snomed, _to_snomed)


def day_of(value: Any) -> str:
    """The day of an R4 date or dateTime, as its writer's calendar had it; a month or a year is no day."""
    return str(DATE.encode(value[:10] if isinstance(value, str) else value))


DAY = Codec(DATE.decode, day_of, "date")


def day_in(value: Any) -> str | None:
    """The same where there may be none."""
    try:
        return None if value is None else day_of(value)
    except Unreadable:
        return None


def date_of(value: Any) -> str | None:
    return None if value in EMPTY else str(DATE.decode(value))


# --- an entry of a catalogue ------------------------------------------------------------------------------------------


def unlisted(name: str) -> str:
    """The id that is shown for what is in no catalogue."""
    return str(uuid5(_NAMES, name))


def is_unlisted(entry: Record) -> bool:
    """Whether an `{id, name}` of the API names no entry that anybody could look up."""
    return isinstance(entry.get("name"), str) and entry.get("id") == unlisted(entry["name"])


def _extension(url: str, reference: str, name: str | None) -> dict[str, Any]:
    return {"url": url, "valueReference": {"reference": reference} | ({"display": name} if name else {})}


def catalogued(vendor: str, type: str, url: str) -> Pair:
    """`{id, name}` of a catalogue ↔ `code`, and an extension that refers to the entry."""
    place = parse(f"extension[url={url}].valueReference")
    key_at, name_at = parse(f"{vendor}.id"), parse(f"{vendor}.name")

    def decode(record: Record, resource: Resource, bindings: Bindings) -> None:
        key, name = get(record, key_at), text_of(get(record, name_at))
        if key is not None and not is_unlisted({"id": key, "name": name}):
            resource["extension"] = [_extension(url, reference(type)(bindings).decode(key), name)]
        if name:
            resource["code"] = {"text": name}

    def encode(resource: Resource, record: Record, bindings: Bindings) -> None:
        entry, said = get(resource, place) or {}, words(resource.get("code"))
        name = said or entry.get("display")
        is_outdated = said and entry.get("display", said) != said  # who changed the code knew nothing of the entry
        key = (None if is_outdated else key_in(entry, type, bindings)) or (unlisted(name) if name else None)
        if key:
            record[vendor] = {"id": key} | ({"name": name} if name else {})

    return Pair((f"{vendor}.id", f"{vendor}.name"), ("code", f"extension[url={url}]"), decode, encode)


def key_in(entry: Any, type: str, bindings: Bindings) -> str | None:
    """The API's key of what a Reference refers to; None where it has none."""
    try:
        return str(reference(type)(bindings).encode(entry["reference"]))
    except (KeyError, TypeError, Unreadable):
        return None


# --- further rows -----------------------------------------------------------------------------------------------------


def worded(vendor: str, place: str) -> Pair:
    """Words ↔ the `text` of a concept in a list; other words take its codes away."""
    whole, text = parse(place), parse(f"{place}.text")

    def decode(record: Record, resource: Resource, bindings: Bindings) -> None:
        if said := text_of(record.get(vendor)):
            path.place(resource, text, said)

    def encode(resource: Resource, record: Record, bindings: Bindings) -> None:
        if said := words(get(resource, whole)):
            record[vendor] = said

    return Pair((vendor,), (f"{place}.text", f"{place}.coding"), decode, encode)


def flag(vendor: str, url: str) -> Pair:
    """A fact that is always said ↔ an extension that need not be there: without it the fact is false."""
    place = parse(f"extension[url={url}].valueBoolean")

    def decode(record: Record, resource: Resource, bindings: Bindings) -> None:
        said = record.get(vendor)
        if said is not None and not isinstance(said, bool):
            raise Unreadable("expected true or false")
        if said is True:
            resource["extension"] = [{"url": url, "valueBoolean": True}]

    def encode(resource: Resource, record: Record, bindings: Bindings) -> None:
        record[vendor] = get(resource, place) is True

    return Pair((vendor,), (f"extension[url={url}]",), decode, encode)
