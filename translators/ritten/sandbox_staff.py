"""What the clinic's staff does in Ritten's screens: admissions, transfers, discharges, edits, relationships, cases.

The contract does not say what `transferredFrom` and `transferredTo` name; here they name programs, as webhooks do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from gateway.translation.sandbox import Command
from translators.ritten.sandbox_people import People
from translators.ritten.sandbox_records import Records
from translators.ritten.sandbox_webhooks import Webhooks

Record = dict[str, Any]
PERSON = ("last_name", "id")


@dataclass(frozen=True, slots=True)
class Staff:
    """Commands; each names a patient by `last_name` or `id`."""

    records: Records
    people: People
    webhooks: Webhooks

    def commands(self) -> dict[str, Command]:
        return {
            "register": self.register,
            "admit": self.admit,
            "transfer": self.transfer,
            "discharge": self.discharge,
            "edit": self.edit,
            "relate": self.relate,
            "unrelate": self.unrelate,
            "edit-contact": self.edit_contact,
            "remove": self.remove,
            "case": self.case,
            "webhooks": self.webhooks.configure,
        }

    async def register(self, arguments: Record) -> Record:
        """A patient whom the clinic itself takes in: `fields` as in POST /patients."""
        return {"id": self.records.create(arguments["fields"])["id"]}

    async def admit(self, arguments: Record) -> Record:
        """To `program`, at `levelOfCare` or the program's first."""
        patient, program = self._named(arguments), self._program(arguments["program"])
        stay = self._opened(patient, program, arguments.get("levelOfCare"))
        self.webhooks.announce("patient.admit", patientId=patient["id"], programId=program["id"])
        return {"id": patient["id"], "stay": stay["id"]}

    async def transfer(self, arguments: Record) -> Record:
        """From the open stay to `program`."""
        patient, program = self._named(arguments), self._program(arguments["program"])
        before = self._open(patient)
        before |= {"dischargeDate": self._today(), "transferredTo": program["id"]}
        stay = self._opened(patient, program, arguments.get("levelOfCare"))
        stay["transferredFrom"] = before["program"]["id"]
        programs = {"fromProgramId": before["program"]["id"], "toProgramId": program["id"]}
        self.webhooks.announce("patient.transfer", patientId=patient["id"], **programs)
        return {"id": patient["id"], "stay": stay["id"]}

    async def discharge(self, arguments: Record) -> Record:
        """By discharge type `type`, its name; else by the first."""
        patient, type = self._named(arguments), self._discharge_type(arguments.get("type"))
        stay = self._open(patient)
        stay |= {"dischargeDate": self._today(), "dischargeTypeId": type["id"]}
        if stay["program"]["programType"] == "Clinical":
            patient["latestClinicalDischarge"] = dict(type)
        self.webhooks.announce("patient.discharge", patientId=patient["id"], programId=stay["program"]["id"])
        return {"id": patient["id"], "stay": stay["id"]}

    async def edit(self, arguments: Record) -> Record:
        """What the staff changes on the patient's page: `fields` as in a PATCH. No webhook tells of it."""
        return self.records.detail(self.records.patch(self._named(arguments), arguments["fields"]))

    async def relate(self, arguments: Record) -> Record:
        """To `person`, a new contact, or to the contact or patient of `personId`; type and flags as in the contract."""
        patient = self._named(arguments)
        body = {name: value for name, value in arguments.items() if name not in (*PERSON, "person")}
        if "person" in arguments:
            body["personId"] = self.people.add(arguments["person"])["id"]
        made = self.people.relate(patient["id"], body)
        return {"id": patient["id"], "relationship": made["id"], "person": made["personId"]}

    async def unrelate(self, arguments: Record) -> Record:
        patient = self._named(arguments)
        self.people.unrelate(patient["id"], arguments["relationship"])
        return {"id": patient["id"]}

    async def edit_contact(self, arguments: Record) -> Record:
        """`id` of the contact, and `fields`."""
        return {"id": self.people.change(arguments["id"], arguments["fields"])["id"]}

    async def remove(self, arguments: Record) -> Record:
        """As when two records are merged: this one is no more."""
        patient = self._named(arguments)
        self.records.patients.remove(patient)
        return {"id": patient["id"]}

    async def case(self, arguments: Record) -> Record:
        """A case of Ritten's CRM: made without `from`, else moved; of a patient, or of nobody yet."""
        is_named = bool(set(arguments) & set(PERSON))
        person = self._named(arguments)["id"] if is_named else ""
        told = {"caseId": arguments.get("case") or str(uuid4()), "personSeekingTreatmentId": person}
        if "from" in arguments:
            states = {"fromStatus": arguments["from"], "toStatus": arguments["status"]}
            self.webhooks.announce("case.status.update", **told, **states)
        else:
            self.webhooks.announce("case.created", **told, status=arguments.get("status", "New"))
        return {"case": told["caseId"]}

    def _opened(self, patient: Record, program: Record, level: str | None) -> Record:
        stay = {
            "id": str(uuid4()),
            "program": {"id": program["id"], "programName": program["name"], "programType": _type(program)},
            "levelOfCare": level or program["levelOfCare"][0],
            "admitDate": self._today(),
            "admittedByUserId": self.records.sandbox.state["staff"][0]["id"],
        }
        patient["programs"].append(stay)
        if _type(program) == "Clinical":
            patient["latestClinicalProgram"] = stay
        return stay

    def _open(self, patient: Record) -> Record:
        stay: Record | None = next((s for s in reversed(patient["programs"]) if not s.get("dischargeDate")), None)
        if stay is None:
            raise ValueError("this patient has no open stay")
        return stay

    def _named(self, arguments: Record) -> Record:
        if "id" in arguments:
            found = [patient for patient in self.records.patients if patient["id"] == arguments["id"]]
        else:
            name = arguments["last_name"]
            found = [patient for patient in self.records.patients if patient["name"].get("last") == name]
        if len(found) != 1:
            raise ValueError(f"{len(found)} patients fit; give `id` or `last_name` of one")
        return found[0]

    def _program(self, name: str) -> Record:
        programs: list[Record] = self.records.sandbox.state["programs"]
        found = next((program for program in programs if name in (program["id"], program["name"])), None)
        if found is None:
            raise ValueError(f"programs are {[program['name'] for program in programs]}")
        return found

    def _discharge_type(self, name: str | None) -> Record:
        types: list[Record] = self.records.sandbox.state["discharge_types"]
        found = next((type for type in types if name in (None, type["id"], type["name"])), None)
        if found is None:
            raise ValueError(f"discharge types are {[type['name'] for type in types]}")
        return found

    def _today(self) -> str:
        return self.records.sandbox.setup.clock().strftime("%Y-%m-%d")


def _type(program: Record) -> str:
    """The contract knows programs as Clinical or Additional Service, and stays as Clinical or Non-Clinical."""
    return "Clinical" if program["programType"] == "Clinical" else "Non-Clinical"
