"""Whom an export is about: the members of a Group, or the patients that a kick-off names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from gateway.access.seen import SeenStore
from gateway.definitions.contract import Resource
from gateway.faults import Invalid, Unprocessable
from gateway.interactions.changes import ID, present
from gateway.search.dates import date_range
from gateway.store.document import decode

MAX_NAMED = 10_000
REFERENCE = re.compile(rf"Patient/(?P<id>{ID.pattern})(?:/_history/.+)?", re.ASCII)


def patient_id(reference: str, base: str) -> str:
    """Raises Invalid."""
    found = own_patient(reference, base)
    if found is None:
        raise Invalid("Name a patient as Patient/ID, or by the full address here", "patient")
    return found


def own_patient(reference: str, base: str) -> str | None:
    found = REFERENCE.fullmatch(reference.removeprefix(f"{base}/"))
    return found["id"] if found else None


async def checked_patients(store: SeenStore, named: Sequence[str]) -> tuple[str, ...]:
    """Raises Invalid where one is not there."""
    ids = tuple(sorted({*named}))
    if len(ids) > MAX_NAMED:
        raise Invalid(f"Name at most {MAX_NAMED} patients; put more into a Group", "patient")
    for id in ids:
        stored = await store.read("Patient", id)
        if stored is None or stored.deleted:
            raise Invalid("`patient` names someone who is not there", "patient")
    return ids


async def members_of(store: SeenStore, id: str, base: str, now: int) -> tuple[tuple[str, ...], Sequence[str]]:
    """The patients who are members now, and what has to be told of other members."""
    group = decode(present(await store.read("Group", id)).body)
    check_lists_members(group)
    patients = [own_patient(reference, base) for reference in references(group, now)]
    missed = patients.count(None)
    told = f"{missed} members of the Group are no patients of this server by their references; they were left out"
    return tuple(sorted({patient for patient in patients if patient is not None})), (told,) if missed else ()


def check_lists_members(group: Resource) -> None:
    """A Group that only describes who would belong to it has no members to export."""
    if group.get("type") != "person":
        raise Unprocessable("Only a Group of persons can be exported", "Group.type")
    if not group.get("actual") or ("characteristic" in group and "member" not in group):
        raise Unprocessable("This Group describes its members and does not list them; list them", "Group.member")


def references(group: Resource, now: int) -> Iterator[str]:
    for member in group.get("member", ()):
        if not member.get("inactive") and not is_over(member.get("period", {}), now):
            yield member.get("entity", {}).get("reference", "")


def is_over(period: dict[str, Any], now: int) -> bool:
    return "end" in period and date_range(period["end"])[1] <= now
