"""Asking eCW whether it has a patient: by our identifier, or by name and date of birth, by which it judges itself."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.faults import EmrBusy
from gateway.translation.contract import Account, Call, Flow, Reply, send
from gateway.translation.rows import Record, Resource
from translators.ecw.searchset import matches
from translators.ecw.wire import Draft

HEADERS = {"Accept": "application/fhir+json"}
Query = tuple[tuple[str, str], ...]
SETTLES = 60.0
"""Seconds after which eCW shows what it has taken. Integrators see three; waiting longer costs a delay, and waiting

too short a second patient.
"""
WAITS = (
    "eClinicalWorks may have taken the patient: the answer to the create was lost, and new patients show late. It is "
    "looked for again before anything is sent"
)
NOT_FOUND = (
    "eClinicalWorks says that the patient exists (202 INVALID_PATIENT_ALREADY_EXIST), but shows none with this "
    "identifier or this name and date of birth. It is looked for again; if it stays so, find the patient there "
    "and give it the name and date of birth that it has here"
)


def by_identifier(identifier: Resource) -> Query:
    return (("identifier", f"{identifier['system']}|{identifier['value']}"),)


def by_name(document: Record) -> Query:
    name = document["name"][0]
    return (("family", name["family"]), ("given", name["given"][0]), ("birthdate", document["birthDate"]))


def guard(account: Account, made: Draft, scope: str) -> Flow[Reply | None]:
    """The answer that shows the patient to be there already; None when it is not."""
    query = by_identifier(made.identifier) if made.identifier else by_name(made.document)
    reply = yield from send(Call("GET", "/Patient", query, headers=HEADERS, token=scope))
    return reply if meant(made, matches(reply.json(), "Patient")) else None


def find(account: Account, made: Draft, scope: str) -> Flow[list[Record]]:
    """The patients that eCW may mean: those with our identifier, else those of the name and date of birth."""
    queries = ([by_identifier(made.identifier)] if made.identifier else []) + [by_name(made.document)]
    for query in queries:
        reply = yield from send(Call("GET", "/Patient", query, headers=HEADERS, token=scope))
        if found := meant(made, matches(reply.json(), "Patient")):
            return found
    return []


def meant(made: Draft, patients: Iterable[Record]) -> list[Record]:
    """Searches of eCW match beginnings; only a full match is the patient. Our identifier tells more than a name."""
    shown = {patient["id"]: patient for patient in patients}.values()
    ours = [patient for patient in shown if _is_ours(made, patient)]
    return ours or [patient for patient in shown if _is_namesake(made, patient)]


def _is_ours(made: Draft, patient: Record) -> bool:
    if made.identifier is None:
        return False
    wanted = (made.identifier["system"], made.identifier["value"])
    return any((i.get("system"), i.get("value")) == wanted for i in patient.get("identifier", ()))


def _is_namesake(made: Draft, patient: Record) -> bool:
    if patient.get("birthDate") != made.document["birthDate"]:
        return False
    wanted = _spoken(made.document["name"][0])
    return any(_spoken(name) == wanted for name in patient.get("name", ()))


def _spoken(name: Resource) -> tuple[str, str]:
    return str(name.get("family", "")).casefold(), str((name.get("given") or [""])[0]).casefold()


def not_shown(reason: str) -> EmrBusy:
    return EmrBusy(reason, after=SETTLES)
