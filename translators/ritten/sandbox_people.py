"""The sandbox's contacts and relationships, as the contract shapes them.

A relationship names a person, who is a contact or a patient. The contract does not say whether the other side sees it,
too; here only the patient whose relationships are asked for has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from gateway.translation.sandbox import Sandbox
from translators.ritten.sandbox_contract import ADDRESS, BadRequest, check, is_date, normalised

Record = dict[str, Any]
FLAGS = {"isEmergencyContact": bool, "isGuarantor": bool, "isGuardian": bool}
POST_RELATIONSHIP = {"personId": str, "type": str, **FLAGS}
PATCH_RELATIONSHIP = {"type": str, **FLAGS}
POINT = {
    "id": str,
    "system": ("PHONE", "EMAIL", "FAX"),
    "use": ("HOME", "WORK", "MOBILE", "PERSONAL"),
    "value": str,
    "valueExt": str,
    "isPrimary": bool,
    "notes": str,
}
CONTACT = {"first": str, "middle": str, "last": str, "dob": is_date, "contactPoints": [POINT], "address": ADDRESS}
DETAILS = ("contactPoints", "address")
RELATED = frozenset({"last_name", "id", *POST_RELATIONSHIP})


@dataclass(frozen=True, slots=True)
class People:
    """Who is whose."""

    sandbox: Sandbox

    @property
    def contacts(self) -> list[Record]:
        found: list[Record] = self.sandbox.state["contacts"]
        return found

    def contact(self, id: str) -> Record | None:
        return next((contact for contact in self.contacts if contact["id"] == id), None)

    def summaries(self) -> list[Record]:
        """`email` is the primary one, else the latest."""
        return [{k: v for k, v in self.shown(one).items() if k not in DETAILS} for one in self.contacts]

    def shown(self, contact: Record) -> Record:
        emails = [point for point in contact.get("contactPoints", ()) if point["system"] == "EMAIL"]
        first = next((point for point in emails if point.get("isPrimary")), emails[-1] if emails else None)
        return {**contact, **({"email": first["value"]} if first else {})}

    def add(self, body: Record) -> Record:
        check(body, CONTACT)
        contact = {"id": str(uuid4()), "createdAt": self._now(), **self._kept(body)}
        self.contacts.append(contact)
        return contact

    def change(self, id: str, body: Record) -> Record:
        check(body, CONTACT)
        contact = self.contact(id)
        if contact is None:
            raise ValueError("there is no such contact")
        contact.update(self._kept(body))
        return contact

    def _kept(self, body: Record) -> Record:
        points = [{"id": str(uuid4()), **point} for point in body.get("contactPoints", ())]
        address = {"address": {"id": str(uuid4()), **normalised(body["address"])}} if "address" in body else {}
        return {**body, **({"contactPoints": points} if points else {}), **address}

    def of(self, patient: str) -> list[Record]:
        found: list[Record] = self.sandbox.state["relationships"].setdefault(patient, [])
        return found

    def relate(self, patient: str, body: Any) -> Record:
        check(body, POST_RELATIONSHIP)
        if "type" not in body or not self._is_person(body.get("personId")):
            raise BadRequest("personId")
        made = {"id": str(uuid4()), **body, **{name: body.get(name, False) for name in FLAGS}}
        self.of(patient).append(made)
        return made

    def patch(self, patient: str, id: str, body: Any) -> Record | None:
        check(body, PATCH_RELATIONSHIP)
        found = next((one for one in self.of(patient) if one["id"] == id), None)
        if found is not None:
            found.update(body)
        return found

    def unrelate(self, patient: str, id: str) -> None:
        self.sandbox.state["relationships"][patient] = [one for one in self.of(patient) if one["id"] != id]

    def _is_person(self, id: Any) -> bool:
        patients = {patient["id"] for patient in self.sandbox.state["patients"]}
        return id in patients or any(contact["id"] == id for contact in self.contacts)

    def _now(self) -> str:
        return self.sandbox.setup.clock().strftime("%Y-%m-%dT%H:%M:%SZ")
