"""Scopes in plain words, for the person who is asked to grant them."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from gateway.auth.scopes import EVERY_TYPE, ResourceScope

WORD = re.compile(r"[A-Z][a-z]*")
TYPES = {
    EVERY_TYPE: "all health records",
    "Patient": "name, birth date, address and other personal details",
    "AllergyIntolerance": "allergies and intolerances",
    "Condition": "health problems and diagnoses",
    "Coverage": "insurance coverage",
    "DiagnosticReport": "test reports",
    "DocumentReference": "documents and notes",
    "Encounter": "visits and stays",
    "Immunization": "vaccinations",
    "MedicationRequest": "prescribed medications",
    "Observation": "test results and vital signs",
    "Procedure": "procedures and treatments",
}
PLAIN = {
    "openid": "Know that it is you who signs in",
    "fhirUser": "Know who you are in the health records",
    "profile": "See your e-mail address",
    "launch": "Take over the patient and visit that you were looking at",
    "launch/patient": "Know which patient this is about",
    "launch/encounter": "Know which visit this is about",
    "offline_access": "Keep this access when you have gone, until you or the organisation take it back",
    "online_access": "Keep this access as long as you are signed in",
}


def in_words(scope: ResourceScope | str) -> str:
    if isinstance(scope, str):
        return PLAIN[scope]
    sentence = f"{_doing(scope.actions)} {_what(scope.type)} {_whose(scope.context)}"
    return f"{sentence}, only where {_limit(scope.query)}" if scope.query else sentence


def _doing(actions: frozenset[str]) -> str:
    verbs = [
        verb
        for verb, of in (("see", "rs"), ("add to", "c"), ("change", "u"), ("delete from", "d"))
        if actions & set(of)
    ]
    if actions & set("rs") and "s" not in actions:
        verbs[0] = "open (but not search)"
    text = verbs[0] if len(verbs) == 1 else f"{', '.join(verbs[:-1])} and {verbs[-1]}"
    return text[0].upper() + text[1:]


def _what(type: str) -> str:
    return TYPES.get(type) or " ".join(WORD.findall(type)).lower() + " records"


def _whose(context: str) -> str:
    return "of this one patient" if context == "patient" else "of everyone whose records you may use"


def _limit(query: str) -> str:
    found = parse_qsl(query, keep_blank_values=True)
    parts = (f"{name} is {_code(value)}" for name, value in found)
    return " and ".join(parts)


def _code(value: str) -> str:
    """The code itself: the system before it says nothing to a person."""
    return " or ".join(part.rpartition("|")[2] or part for part in value.split(","))
