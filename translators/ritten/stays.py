"""A patient's `programs` one by one, each with the discharge that is its own and the stays that it was moved between.

Ritten shows one discharge by name, the latest clinical one. Its contract does not say what that discharge's `id` names:
where it is neither a stay nor a discharge type of the patient's, the clinical stay that ended last is meant. The names
of earlier discharges are remembered from earlier readings (`remembered.py`).

Nor does it say whether `transferredFrom` and `transferredTo` name a stay or a program. Both are found among the
patient's own stays; a name that fits none is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gateway.translation.rows import Record

LAST = "latestClinicalDischarge"
SHOWN = ("id", "name", "dischargeType")
DISCHARGES = "discharges"
"""In a remembered document: stay's id → its discharge as Ritten once named it."""
FACILITIES, PLACE = "facilities", "facilityId"
"""In a remembered document: program's id → facility's id; in a stay, the facility of its program."""


def stays(document: Record) -> Iterator[Record]:
    whole = [stay for stay in document.get("programs") or () if stay.get("id")]
    named = discharges(document)
    for stay in whole:
        told = {name: value for name, value in named.get(stay["id"], {}).items() if name in SHOWN}
        place = (document.get(FACILITIES) or {}).get(program_of(stay))
        yield {**_moved(stay, whole), **({LAST: told} if told else {}), **({PLACE: place} if place else {})}


def discharges(document: Record) -> dict[str, Record]:
    """By the stay's id; one that the stay no longer has is not told."""
    whole = {stay["id"]: stay for stay in document.get("programs") or () if stay.get("id")}
    kept: Mapping[str, Any] = document.get(DISCHARGES) or {}
    found = {id: told for id, told in kept.items() if id in whole and _is_still(told, whole[id])}
    latest = document.get(LAST) or {}
    return found | (dict.fromkeys(_owners(latest, list(whole.values())), latest) if latest.get("id") else {})


def _is_still(told: Any, stay: Record) -> bool:
    """A discharge that was taken back, or given another type, goes by no old name."""
    type = stay.get("dischargeTypeId")
    return isinstance(told, dict) and bool(stay.get("dischargeDate")) and told.get("type") == type


def _owners(latest: Record, whole: Sequence[Record]) -> list[str]:
    own = [stay["id"] for stay in whole if latest["id"] in (stay["id"], stay.get("dischargeTypeId"))]
    if own:
        return own
    ended = [stay for stay in whole if isinstance(stay.get("dischargeDate"), str) and _is_clinical(stay)]
    return [max(ended, key=lambda stay: str(stay["dischargeDate"]))["id"]] if ended else []


def _is_clinical(stay: Record) -> bool:
    program = stay.get("program")
    return not isinstance(program, dict) or program.get("programType") != "Non-Clinical"


def _moved(stay: Record, whole: Sequence[Record]) -> Record:
    """The stay with stays for what it was moved from and to."""
    others = sorted((other for other in whole if other is not stay), key=_admitted)
    before = [other for other in others if _admitted(other) <= _admitted(stay)]
    after = [other for other in others if _admitted(other) >= _admitted(stay)]
    found = {
        "transferredFrom": _named(stay.get("transferredFrom"), before[::-1]),
        "transferredTo": _named(stay.get("transferredTo"), after),
    }
    rest = {name: value for name, value in stay.items() if name not in found}
    return rest | {name: key for name, key in found.items() if key is not None}


def _named(value: Any, others: Sequence[Record]) -> str | None:
    """The stay of that id, else the nearest one in the program of that id."""
    by_id = (other["id"] for other in others if other["id"] == value)
    in_program = (other["id"] for other in others if value and program_of(other) == value)
    return next(by_id, None) or next(in_program, None)


def program_of(stay: Record) -> str | None:
    program = stay.get("program")
    id = program.get("id") if isinstance(program, dict) else None
    return id if isinstance(id, str) else None


def _admitted(stay: Record) -> str:
    return str(stay.get("admitDate") or "")
