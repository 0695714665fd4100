"""Is this patient in the EMR already? The look-up before a create.

No field of the API can hold our own id, so a patient that a lost answer hides, or that staff have registered, can
only be known again by who they are: first and last name and date of birth all equal, no contradiction between middle
names or social security numbers, and exactly one such patient. Fewer facts never link two records; several candidates
are for people to decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateway.faults import EmrRefused
from gateway.translation.contract import Account, Call, Flow, Reply, gather, send
from gateway.translation.rows import Record
from translators.internal.operations import get_patient, patient_of, patients, rows_of

_CANDIDATES = 20
_CERTAIN = ("first_name", "last_name", "date_of_birth")
_IF_BOTH_KNOWN = ("middle_name", "social_security_number")


def known_patient(account: Account, record: Record) -> Flow[Reply | None]:
    """The EMR's answer about the one patient that the record describes; None when it has none."""
    if any(not record.get(name) for name in _CERTAIN):
        return None
    asked = {name: record[name] for name in ("last_name", "date_of_birth")}
    listed = yield from send(Call("POST", patients(account, "check-duplicates"), json=asked))
    keys = [row["id"] for row in rows_of(listed, "items") if _may_be(row, record)]
    replies = yield from gather([get_patient(account, key) for key in keys[:_CANDIDATES]])
    found = [reply for reply in replies if reply.status != 404 and _is(patient_of(reply), record)]
    if len(found) > 1 or len(keys) > _CANDIDATES:
        raise EmrRefused(
            "several patients of the EMR have this name and date of birth: merge them there, "
            "or complete the social security number on both sides so that one can be told from the other",
            "Patient.name",
        )
    return found[0] if found else None


def _may_be(row: Record, record: Record) -> bool:
    """A summary speaks against a candidate only by what it says."""
    return not any(row.get(name) and _plain(row[name]) != _plain(record[name]) for name in _CERTAIN)


def _is(candidate: Record, record: Record) -> bool:
    return _agree(candidate, record, _CERTAIN) and _agree(
        candidate, record, [name for name in _IF_BOTH_KNOWN if candidate.get(name) and record.get(name)]
    )


def _agree(candidate: Record, record: Record, names: Sequence[str]) -> bool:
    return all(_plain(candidate.get(name)) == _plain(record.get(name)) for name in names)


def _plain(value: Any) -> str:
    """Letters and digits only, case folded: `000-12-3456` is `000123456`."""
    return "".join(character for character in str(value or "").casefold() if character.isalnum())
