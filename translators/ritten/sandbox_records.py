"""The sandbox's patients: creating, patching and showing them.

The contract does not say what a PATCH does to list items that it leaves out. Here they stay, and with the option
`arrays=replace` they go; plain lists (phones, emails) and `demographics` are replaced by what is sent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from gateway.translation.sandbox import Sandbox
from translators.ritten.sandbox_contract import PATCH_PATIENT, POST_PATIENT, BadRequest, check, normalised

Record = dict[str, Any]
ITEMS = ("addresses", "referrals", "insurance")
DETAILS = (*ITEMS, "diagnoses", "demographics")


@dataclass(frozen=True, slots=True)
class Records:
    """Ritten's database of one clinic."""

    sandbox: Sandbox
    made: Callable[[Record], None] = field(default=lambda patient: None)
    """Told of each patient that was made."""

    @property
    def patients(self) -> list[Record]:
        found: list[Record] = self.sandbox.state["patients"]
        return found

    def find(self, name: str, value: Any) -> Record | None:
        return next((patient for patient in self.patients if patient.get(name) == value), None)

    def in_status(self, status: str) -> list[Record]:
        return [self.summary(patient) for patient in self.patients if status_of(patient) == status]

    def summary(self, patient: Record) -> Record:
        return {name: value for name, value in self.detail(patient).items() if name not in DETAILS}

    def detail(self, patient: Record) -> Record:
        """As Ritten shows it: the social security number is never returned, `former` is no documented value."""
        status = status_of(patient)
        shown = {name: value for name, value in patient.items() if name != "ssn"}
        return shown | ({"programStatus": status} if status != "former" else {})

    def create(self, body: Any) -> Record:
        check(body, POST_PATIENT)
        if "name" not in body:
            raise BadRequest("name")
        patient = {
            "id": str(uuid4()),
            **body,
            "createdAt": self._now(),
            "mrn": uuid4().hex[:6].upper(),
            "programs": [],
            "phones": [],
            "emails": [],
            **{name: [] for name in ITEMS},
            "diagnoses": [],
            "demographics": {},
        }
        self.patients.append(patient)
        self.made(patient)
        return patient

    def patch(self, patient: Record, body: Any) -> Record:
        """All or nothing: everything is checked before anything is changed."""
        check(body, PATCH_PATIENT)
        changes = {name: value for name, value in body.items() if name not in (*ITEMS, "name")}
        if "name" in body:
            changes["name"] = {**patient.get("name", {}), **body["name"]}
        for name in ITEMS:
            if name in body:
                changes[name] = self._items(name, patient.get(name) or [], body[name])
        patient.update(changes)
        return patient

    def _items(self, name: str, old: list[Record], sent: list[Record]) -> list[Record]:
        kept = {item["id"]: item for item in old}
        written = []
        for item in sent:
            if "id" in item and item["id"] not in kept:
                raise BadRequest(f"{name}.id")
            written.append(self._item(name, {**kept.get(item.get("id", ""), {"id": str(uuid4())}), **item}))
        if self.sandbox.setup.options.get("arrays") == "replace":
            return written
        return list((kept | {item["id"]: item for item in written}).values())

    def _item(self, name: str, item: Record) -> Record:
        if name == "addresses":
            return normalised(item)
        payers = {payer["id"] for payer in self.sandbox.state["payers"]}
        if name == "insurance" and item.get("payerId") not in payers:
            raise BadRequest("payerId")
        return item

    def _now(self) -> str:
        return self.sandbox.setup.clock().strftime("%Y-%m-%dT%H:%M:%SZ")


def status_of(patient: Record) -> str:
    stays = patient["programs"]
    if not stays:
        return "prospective"
    return "active" if any(not stay.get("dischargeDate") for stay in stays) else "former"
