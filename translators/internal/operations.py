"""The patient operations of the API as calls, and the flows that every direction needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from gateway.faults import EmrNonsense, EmrRefused
from gateway.translation.contract import Account, Call, Flow, Reply, gather, send
from gateway.translation.rows import Record

REQUIRED = ("created_at", "first_name", "id", "last_name", "updated_at", "version")
"""What every full PatientOut has; a row that lacks one of them is a summary."""


def patients(account: Account, *below: str) -> str:
    """The path of the patients, or of something below them."""
    parts = ("api", "v1", account.settings["org_id"], "patients", *below)
    return "".join(f"/{quote(part, safe='')}" for part in parts)


def get_patient(account: Account, key: str) -> Call:
    """A patient that may be gone: 404 is an answer."""
    return Call("GET", patients(account, key), accepts=frozenset({404}))


def patient_of(reply: Reply) -> Record:
    """The PatientOut that a reply holds."""
    record = reply.json()
    if not isinstance(record, dict) or any(record.get(name) is None for name in REQUIRED):
        raise EmrNonsense("the EMR answered with something that is not a patient")
    return record


def read_patient(account: Account, key: str) -> Flow[Record]:
    """A linked patient, who has to be there."""
    reply = yield from send(get_patient(account, key))
    if reply.status == 404:
        raise EmrRefused("the EMR no longer shows this patient: restore them there, then push again", "Patient")
    return patient_of(reply)


def rows_of(reply: Reply, name: str, key: str = "id") -> list[Record]:
    """The list that a reply holds under `name`, whose rows are told by their `key`."""
    body = reply.json()
    rows = body.get(name) if isinstance(body, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) and isinstance(row.get(key), str) for row in rows):
        raise EmrNonsense(f"the EMR answered with a list that has no `{name}` with ids")
    return rows


def in_full(account: Account, rows: Sequence[Record]) -> Flow[tuple[Record, ...]]:
    """The rows with their summaries replaced by the whole patients; who has gone in the meantime is left out."""
    short = [row["id"] for row in rows if any(row.get(name) is None for name in REQUIRED)]
    replies = yield from gather([get_patient(account, key) for key in short])
    whole: dict[str, Any] = {
        key: None if reply.status == 404 else patient_of(reply) for key, reply in zip(short, replies, strict=True)
    }
    found = (whole.get(row["id"], row) for row in rows)
    return tuple(row for row in found if row is not None)
