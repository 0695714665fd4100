"""Asking eCW whether it has a patient: by our identifier, or by name and date of birth, by which it judges itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gateway.faults import EmrRefused
from gateway.translation.contract import Account, Call, Flow, Reply, send
from gateway.translation.rows import Record, Resource
from translators.ecw.codes import refusal
from translators.ecw.searchset import matches
from translators.ecw.wire import Draft

SEVERAL = 201
HEADERS = {"Accept": "application/fhir+json"}
Query = tuple[tuple[str, str], ...]


def by_identifier(identifier: Resource) -> Query:
    return (("identifier", f"{identifier['system']}|{identifier['value']}"),)


def by_name(document: Record) -> Query:
    name = document["name"][0]
    return (("family", name["family"]), ("given", name["given"][0]), ("birthdate", document["birthDate"]))


def guard(account: Account, made: Draft, scope: str) -> Flow[Reply | None]:
    """The answer that shows the patient to be there already; None when it is not."""
    query = by_identifier(made.identifier) if made.identifier else by_name(made.document)
    reply = yield from send(Call("GET", "/Patient", query, headers=HEADERS, token=scope))
    return reply if _same(made, matches(reply.json(), "Patient")) else None


def find(account: Account, made: Draft, scope: str) -> Flow[Record | None]:
    """The one patient that eCW means; refused when there are several."""
    queries = ([by_identifier(made.identifier)] if made.identifier else []) + [by_name(made.document)]
    for query in queries:
        reply = yield from send(Call("GET", "/Patient", query, headers=HEADERS, token=scope))
        if found := the_one(made, matches(reply.json(), "Patient")):
            return found
    return None


def the_one(made: Draft, patients: Sequence[Record]) -> Record | None:
    found = {patient["id"]: patient for patient in _same(made, patients)}
    if len(found) > 1:
        raise refusal(SEVERAL)
    return next(iter(found.values()), None)


def _same(made: Draft, patients: Iterable[Record]) -> list[Record]:
    """Searches of eCW match beginnings; only a full match is the patient."""
    return [patient for patient in patients if _is_ours(made, patient) or _is_namesake(made, patient)]


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


def not_found() -> EmrRefused:
    return EmrRefused(
        "eClinicalWorks says that the patient exists (202 INVALID_PATIENT_ALREADY_EXIST), but shows none with this "
        "identifier or this name and date of birth. Look for it in eClinicalWorks, give it the name and date of birth "
        "that it has here, and push again"
    )
