"""The sandbox of the internal REST API: Crosswalk's own face of it, on a database of its own.

Options: `token` (default `sandbox-token`), `org_id` (default `demo`). Commands of the practice's staff:
`register` {fields of a create}, `edit` {"id" or "last_name", fields of an update}, `archive` and `restore` {"id"},
`transition` {"id", "new_status"}. They call the API's own operations; whatever else staff do, call the API likewise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from starlette.routing import Route
from starlette.types import Scope

from gateway.translation.sandbox import DemoAccount, Sandbox, SandboxSetup, State
from translators.internal.sandbox_door import ORG, TOKEN, Door
from translators.internal.sandbox_start import BASICS, ENTITIES

FAULTS = {
    "stale-version": "a colleague saves the patient just before every update, which is therefore refused with 409",
}
DEFINITIONS = {entry["name"]: entry["id"] for entry in (*ENTITIES["Substance"], *BASICS["disease-definition"])}
DEMO = DemoAccount(settings={"org_id": ORG}, secrets={"token": TOKEN}, mappings={"definition": DEFINITIONS})
SERVED = ("/api/v1/{rest:path}", "/fhir/r4/{rest:path}")
_UPDATED = re.compile(r"/api/v1/[^/]+/patients/([^/]+)")
_MOST = 100

Body = dict[str, Any]


def create(setup: SandboxSetup) -> Sandbox:
    door = Door(setup)
    sandbox = Sandbox("internal", setup, {}, vendor_faults=FAULTS, demo=DEMO, opened=door.open)
    staff = Staff(sandbox, door)
    door.before = staff.colleague
    sandbox.shown = staff.shown
    sandbox.routes = [Route(path, door) for path in SERVED]
    commands = (staff.register, staff.edit, staff.archive, staff.restore, staff.transition)
    sandbox.commands = {command.__name__: command for command in commands}
    return sandbox


@dataclass(slots=True)
class Staff:
    """What the practice's people do, through the API."""

    sandbox: Sandbox
    door: Door
    saves: int = 0

    async def register(self, arguments: Body) -> Body:
        made: Body = await self.door.ask("POST", "/patients", arguments)
        return made

    async def edit(self, arguments: Body) -> Body:
        patient = await self._chosen(arguments)
        selector = "id" if "id" in arguments else "last_name"
        fields = {name: value for name, value in arguments.items() if name != selector}
        return await self._amend(patient, fields)

    async def archive(self, arguments: Body) -> Body:
        return await self._move((await self._chosen(arguments))["id"], "archive")

    async def restore(self, arguments: Body) -> Body:
        return await self._move(arguments["id"], "restore")

    async def transition(self, arguments: Body) -> Body:
        patient = await self._chosen(arguments)
        body = {"base_version": patient["version"], "new_status": arguments["new_status"]}
        return await self._move(patient["id"], "transition-status", body)

    async def shown(self) -> State:
        """The patients, those in the archive too."""
        found = [*await self._listed(), *await self._listed(status="archived")]
        return {"patients": {patient["id"]: patient for patient in found}}

    async def colleague(self, scope: Scope) -> None:
        """Saves the patient whom somebody is just about to update."""
        updated = _UPDATED.fullmatch(scope["path"])
        if "stale-version" not in self.sandbox.faults or scope["method"] != "PATCH" or updated is None:
            return
        self.saves += 1
        patient = await self.door.ask("GET", f"/patients/{updated[1]}")
        await self._amend(patient, {"appointment_module_note": f"Rang {self.saves} times"})

    async def _amend(self, patient: Body, fields: Body) -> Body:
        body = {**fields, "base_version": patient["version"]}
        amended: Body = await self.door.ask("PATCH", f"/patients/{patient['id']}", body)
        return amended

    async def _move(self, key: str, operation: str, body: Body | None = None) -> Body:
        moved: Body = await self.door.ask("POST", f"/patients/{key}/{operation}", body)
        return moved

    async def _chosen(self, arguments: Body) -> Body:
        if "id" in arguments:
            patient: Body = await self.door.ask("GET", f"/patients/{arguments['id']}")
            return patient
        name = arguments["last_name"]
        found = [patient for patient in await self._listed(search=name) if patient["last_name"] == name]
        if len(found) != 1:
            raise ValueError(f"{len(found)} patients have this last name")
        return found[0]

    async def _listed(self, **query: str) -> list[Body]:
        found: list[Body] = []
        while True:
            page = str(len(found) // _MOST + 1)
            answer = await self.door.ask("GET", "/patients", page=page, page_size=str(_MOST), **query)
            found += answer["items"]
            if len(found) >= answer["total"] or not answer["items"]:
                return found
