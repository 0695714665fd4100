"""The sandbox's patients: creating, patching, and what the clinic's staff does.

The contract does not say what a PATCH does to list items that it leaves out. Here they stay, and with the option
`arrays=replace` they go; plain lists (phones, emails) and `demographics` are replaced by what is sent.
"""

from __future__ import annotations

from dataclasses import dataclass
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

    async def admit(self, arguments: Record) -> Record:
        patient, program = self._named(arguments), self._program(arguments["program"])
        stay = {
            "id": str(uuid4()),
            "program": {name: program[name] for name in ("id", "programName", "programType")},
            "levelOfCare": arguments.get("levelOfCare", program["levelOfCare"]),
            "admitDate": self._now()[:10],
            "admittedByUserId": self.sandbox.state["staff"][0]["id"],
        }
        patient["programs"].append(stay)
        patient["latestClinicalProgram"] = stay
        return {"id": patient["id"], "stay": stay["id"]}

    async def discharge(self, arguments: Record) -> Record:
        patient = self._named(arguments)
        stay = next((stay for stay in reversed(patient["programs"]) if not stay.get("dischargeDate")), None)
        if stay is None:
            raise ValueError("this patient has no open stay")
        type = self.sandbox.state["discharge_types"][0]
        stay |= {"dischargeDate": self._now()[:10], "dischargeTypeId": type["id"]}
        patient["latestClinicalProgram"] = stay
        patient["latestClinicalDischarge"] = dict(type)
        return {"id": patient["id"], "stay": stay["id"]}

    async def edit(self, arguments: Record) -> Record:
        """What the staff changes on the patient's page: `fields` as in a PATCH."""
        return self.detail(self.patch(self._named(arguments), arguments["fields"]))

    def _named(self, arguments: Record) -> Record:
        if "id" in arguments:
            found = [patient for patient in self.patients if patient["id"] == arguments["id"]]
        else:
            found = [patient for patient in self.patients if patient["name"].get("last") == arguments["last_name"]]
        if len(found) != 1:
            raise ValueError(f"{len(found)} patients fit; give `id` or `last_name` of one")
        return found[0]

    def _program(self, name: str) -> Record:
        programs: list[Record] = self.sandbox.state["programs"]
        found = next((program for program in programs if name in (program["id"], program["programName"])), None)
        if found is None:
            raise ValueError(f"programs are {[program['programName'] for program in programs]}")
        return found

    def _now(self) -> str:
        return self.sandbox.setup.clock().strftime("%Y-%m-%dT%H:%M:%SZ")


def status_of(patient: Record) -> str:
    stays = patient["programs"]
    if not stays:
        return "prospective"
    return "active" if any(not stay.get("dischargeDate") for stay in stays) else "former"
