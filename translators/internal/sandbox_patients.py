"""The practice's patients, as the sandbox keeps them: the rules of the patient operations, without HTTP."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from translators.internal.sandbox_schema import PATIENT, RELATED, Body, Refused, invalid

TRANSITIONS = {"prospective": ("active",), "active": ("inactive", "deceased"), "inactive": ("active",), "deceased": ()}
_PLAIN = tuple(name for name in PATIENT if not name.endswith("_uuid"))
_EMPTY_OUT: Body = dict.fromkeys(
    (
        *_PLAIN,
        *RELATED,
        *("balance_0_30", "balance_31_60", "balance_61_90", "balance_over_90", "balance_total", "estimated_balance"),
        *("insurance_estimate", "payment_plan_due", "latest_vitals_date", "smoking_snomed", "potential_duplicates"),
    )
)
_KIND = {"primary_provider": "provider", "secondary_provider": "provider"}
_SEARCHED = [
    "first_name",
    "middle_name",
    "last_name",
    "preferred_name",
    "mobile_phone",
    "home_phone",
    "work_phone",
    "email",
    "chart_number",
    "date_of_birth",
]
_SUMMARY = [
    "id",
    "first_name",
    "last_name",
    "preferred_name",
    "date_of_birth",
    "status",
    "mobile_phone",
    "email",
    "chart_number",
]


@dataclass(frozen=True, slots=True)
class Practice:
    """The state and its rules. Every write makes a new version with a new `updated_at`."""

    state: dict[str, Any]
    clock: Callable[[], datetime]

    def out(self, patient: Body) -> Body:
        """PatientOut: every field, null where there is nothing."""
        restricted = patient.get("status") == "inactive"
        return deepcopy({**_EMPTY_OUT, "scheduling_restricted": restricted, **patient})

    def find(self, key: str) -> Body:
        patient: Body | None = self.state["patients"].get(key)
        if patient is None:
            raise Refused(404, "Patient not found.")
        return patient

    def living(self, key: str) -> Body:
        """One who is not archived."""
        patient = self.find(key)
        if patient.get("deleted_at"):
            raise Refused(404, "Patient not found.")
        return patient

    def create(self, body: Body) -> Body:
        if body.get("status") == "archived":
            raise invalid("body", "status", "Archived status requires the archive endpoint")
        now = self._now()
        fields = {"status": "active", "allergy_review_status": "not_reviewed"} | self._resolved(body)
        patient = {**fields, "id": str(uuid4()), "version": 1, "created_at": now, "updated_at": now, "deleted_at": None}
        self._check_chart_number(patient)
        others = [self.summary(other) for other in self.duplicates(patient)]
        self.state["patients"][patient["id"]] = patient
        return {**self.out(patient), "potential_duplicates": others}

    def update(self, key: str, body: Body) -> Body:
        patient = self.living(key)
        self._check_version(patient, body["base_version"])
        changed = self._resolved({name: value for name, value in body.items() if name != "base_version"})
        self._check_chart_number({"id": key, **changed})
        return self.save(patient, changed)

    def save(self, patient: Body, changed: Body) -> Body:
        patient.update(changed)
        patient["version"] += 1
        patient["updated_at"] = self._now()
        return self.out(patient)

    def transition(self, key: str, body: Body) -> Body:
        patient, goal = self.living(key), body["new_status"]
        self._check_version(patient, body["base_version"])
        if goal not in TRANSITIONS.get(patient["status"], ()):
            raise invalid("body", "new_status", "Invalid status transition")
        return self.save(patient, {"status": goal})

    def archive(self, key: str) -> Body:
        patient = self.living(key)
        dependents = (p for p in self.present() if (p.get("responsible_party") or {}).get("id") == key)
        if any(p["status"] == "active" and p["id"] != key for p in dependents):
            raise invalid("path", "patient_uuid", "Patient is guarantor for active dependents")
        return self.save(patient, {"status": "archived", "deleted_at": self._now()})

    def restore(self, key: str) -> Body:
        patient = self.find(key)
        if not patient.get("deleted_at"):
            raise invalid("path", "patient_uuid", "Patient is not archived")
        return self.save(patient, {"status": "inactive", "deleted_at": None})

    def present(self) -> list[Body]:
        return [patient for patient in self.state["patients"].values() if not patient.get("deleted_at")]

    def duplicates(self, wanted: Body) -> list[Body]:
        """Any one signal is enough: last name with birth date, email, mobile phone, social security number."""
        signals = (("last_name", "date_of_birth"), ("email",), ("mobile_phone",), ("social_security_number",))
        return [
            patient
            for patient in self.present()
            if any(all(wanted.get(n) and _same(wanted[n], patient.get(n)) for n in signal) for signal in signals)
        ]

    def summary(self, patient: Body) -> Body:
        return {name: patient.get(name) for name in _SUMMARY}

    def filtered(self, query: dict[str, str]) -> list[Body]:
        self._check_filters(query)
        archived = query.get("status") == "archived"
        pool: Iterable[Body] = self.state["patients"].values() if archived else self.present()
        return [patient for patient in pool if _fits(patient, query)]

    def _check_filters(self, query: dict[str, str]) -> None:
        for name, kind in (("primary_provider_uuid", "provider"), ("location_uuid", "location")):
            if name in query:
                self._entity(kind, query[name])
        if "tag_definition_uuid" in query:
            raise Refused(404, "Tag definition not found.")

    def _check_version(self, patient: Body, base: int) -> None:
        if patient["version"] != base:
            raise Refused(409, "Version conflict: the patient was modified since it was read.")

    def _check_chart_number(self, patient: Body) -> None:
        number = patient.get("chart_number")
        others = (p for p in self.state["patients"].values() if p["id"] != patient["id"])
        if number and any(p.get("chart_number") == number for p in others):
            raise Refused(409, "Chart number is already in use.")

    def _resolved(self, body: Body) -> Body:
        """Uuids become the entities that they name; a null takes the entity away."""
        fields = {name: value for name, value in body.items() if name in _PLAIN or name == "status"}
        for name in RELATED:
            if (key := f"{name}_uuid") in body:
                fields[name] = None if body[key] is None else self._related(name, body[key])
        return fields

    def _related(self, name: str, key: str) -> Body:
        if name == "responsible_party":
            patient = self.state["patients"].get(key)
            if patient is None:
                raise Refused(404, "Guarantor not found.")
            return {"id": key, "name": f"{patient['first_name']} {patient['last_name']}"}
        return self._entity(_KIND.get(name, name), key)

    def _entity(self, kind: str, key: str) -> Body:
        for entity in self.state["entities"][kind]:
            if entity["id"] == key:
                return dict(entity)
        raise Refused(404, f"{kind.replace('_', ' ').capitalize()} not found.")

    def _now(self) -> str:
        return self.clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _same(one: Any, other: Any) -> bool:
    return str(one).casefold() == str(other or "").casefold()


def _fits(patient: Body, query: dict[str, str]) -> bool:
    born = patient.get("date_of_birth")
    related = ("primary_provider", "location")
    return (
        query.get("status") in (None, patient["status"])
        and all(query.get(f"{n}_uuid") in (None, (patient.get(n) or {}).get("id")) for n in related)
        and ("dob_from" not in query or (born is not None and born >= query["dob_from"]))
        and ("dob_to" not in query or (born is not None and born <= query["dob_to"]))
        and holds_text(patient, query.get("search", ""), _SEARCHED)
    )


def holds_text(patient: Body, text: str, names: Iterable[str]) -> bool:
    return not text or any(text.casefold() in str(patient.get(name) or "").casefold() for name in names)


def ordered(patients: Iterable[Body], by: str, direction: str) -> list[Body]:
    return sorted(patients, key=lambda p: position(p, by), reverse=direction == "desc")


def position(patient: Body, by: str) -> tuple[str, str]:
    return str(patient.get(by) or ""), patient["id"]


def cursor_text(patient: Body, by: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([by, *position(patient, by)]).encode()).decode()


def cursor_position(text: str, by: str) -> tuple[str, str]:
    try:
        if not re.fullmatch(r"[A-Za-z0-9_=-]+", text):
            raise ValueError
        sorted_by, value, key = json.loads(base64.urlsafe_b64decode(text))
    except ValueError as error:
        raise invalid("query", "after", "Invalid or malformed cursor value") from error
    if sorted_by != by:
        raise invalid("query", "after", "Cursor belongs to another sort order")
    return value, key
