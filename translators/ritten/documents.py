"""Ritten's answers as documents of the shape that its contract promises; another shape is nonsense, not a crash."""

from __future__ import annotations

from typing import Any

from gateway.faults import EmrNonsense
from gateway.translation.contract import Reply
from gateway.translation.rows import Record

OBJECTS = ("name", "demographics", "careTeam", "latestClinicalProgram", "latestClinicalDischarge")
LISTS = ("programs", "addresses", "referrals", "insurance", "diagnoses")
PLAIN_LISTS = ("phones", "emails")


def patient(reply: Reply) -> Record:
    """A Patient or PatientDetail."""
    found = keyed(reply.json(), "patient")
    for name in OBJECTS:
        _check(found, name, dict)
    for name in (*LISTS, *PLAIN_LISTS):
        _check(found, name, list)
    for name in LISTS:
        for item in found.get(name) or ():
            if not isinstance(item, dict) or not isinstance(item.get("id"), str | None):
                raise EmrNonsense(f"Ritten answered a patient with an element of `{name}` that is no object with an id")
    _check(found.get("careTeam") or {}, "primaryClinician", dict)
    return found


def made(reply: Reply) -> Record:
    """What POST /patients answers: the id alone, or the patient that was found instead of made."""
    body = reply.json()
    return patient(reply) if isinstance(body, dict) and "name" in body else keyed(body, "patient")


def keyed(value: Any, what: str) -> Record:
    if not isinstance(value, dict) or not isinstance(value.get("id"), str) or not value["id"]:
        raise EmrNonsense(f"Ritten answered a {what} without an id")
    return value


def entries(value: Any, what: str) -> list[Record]:
    """A list whose entries have ids."""
    if not isinstance(value, list):
        raise EmrNonsense(f"Ritten answered something else than a list where it should have listed each {what}")
    return [keyed(entry, what) for entry in value]


def listed(reply: Reply, name: str) -> tuple[list[Record], int | None]:
    """The entries of a `{meta, NAME}` list, and how many there are in all."""
    body = reply.json()
    if not isinstance(body, dict):
        raise EmrNonsense(f"Ritten answered a list without `{name}`")
    meta = body.get("meta")
    total = meta.get("totalCount") if isinstance(meta, dict) else None
    is_count = isinstance(total, int) and not isinstance(total, bool)
    return entries(body.get(name), name), total if is_count else None


def _check(record: Record, name: str, shape: type) -> None:
    if record.get(name) is not None and not isinstance(record[name], shape):
        raise EmrNonsense(f"Ritten answered a patient with `{name}` in another form")
