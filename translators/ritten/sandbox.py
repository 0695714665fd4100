"""A stand-in for Ritten's External API v1, written from its OpenAPI document and stricter than it.

It serves what a connection uses: the token endpoint, patients and their relationships, contacts, facilities, programs,
staff and payers, below `/v1` as Ritten does and without it. Unknown fields and query parameters are answered 400.
Options: `client_id`, `client_secret`, `tenant`, `audience`, `arrays` (`merge` or `replace`, see sandbox_records.py),
and the addresses of webhooks (see sandbox_webhooks.py).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.translation.sandbox import DemoAccount, Sandbox, SandboxSetup
from translators.ritten.sandbox_contract import BadRequest
from translators.ritten.sandbox_gate import FAULTS, Gate
from translators.ritten.sandbox_people import People
from translators.ritten.sandbox_records import Record, Records
from translators.ritten.sandbox_seed import state
from translators.ritten.sandbox_staff import Staff
from translators.ritten.sandbox_steps import STEPS, stumbling
from translators.ritten.sandbox_webhooks import FAULTS as HOOK_FAULTS
from translators.ritten.sandbox_webhooks import Webhooks

STATUSES = ("prospective", "active", "former")
NOT_GRANTED = "no-contacts"
PROGRAMS_OFF = "no-programs"
OFF = {
    NOT_GRANTED: "relationships and contacts are answered 403, as to an integration that was not granted them",
    PROGRAMS_OFF: "the list of programs is answered 403, as to an integration that was not granted it",
}
DEMO = DemoAccount(
    base_path="/v1",
    settings={"tenant": "ritclinic"},
    secrets={"client_id": "sandbox-client", "client_secret": "sandbox-secret"},
    mappings={"payer": {"EVG01": "60054", "HBM02": "87726"}},
)
Handler = Callable[[Request], Awaitable[Response]]


def create(setup: SandboxSetup) -> Sandbox:
    sandbox = Sandbox("ritten", setup, state(), vendor_faults={**FAULTS, **STEPS, **HOOK_FAULTS, **OFF}, demo=DEMO)
    webhooks, people, gate = Webhooks(sandbox), People(sandbox), Gate.of(sandbox, setup.options)
    made = partial(_tell_made, webhooks)
    records = Records(sandbox, made)
    api = Api(records, people)
    for prefix in ("/v1", ""):
        sandbox.routes.append(Route(f"{prefix}/oauth/token", gate.token, methods=["POST"]))
        for path, methods in api.table().items():
            for method, handler in methods.items():
                sandbox.routes.append(Route(f"{prefix}{path}", behind(gate, handler), methods=[method]))
    sandbox.commands |= Staff(records, people, webhooks).commands()
    return sandbox


def _tell_made(webhooks: Webhooks, patient: Record) -> None:
    webhooks.announce("patient.created", patientId=patient["id"], mrn=patient["mrn"])


def behind(gate: Gate, handler: Handler) -> Handler:
    """The handler behind the door, its refusals as 400 without a body."""

    async def endpoint(request: Request) -> Response:
        refusal = gate.refusal(request)
        if refusal is not None:
            return refusal
        try:
            return await handler(request)
        except BadRequest:
            return Response(status_code=400)

    return endpoint


@dataclass(frozen=True, slots=True)
class Api:
    """The operations."""

    records: Records
    people: People

    def table(self) -> Mapping[str, Mapping[str, Handler]]:
        sandbox = self.records.sandbox
        return {
            "/patients": {"GET": self.list_patients, "POST": stumbling(sandbox, self.create_patient)},
            "/patients/external/{externalId}": {"GET": self.external_patient},
            "/patients/{id}": {"GET": self.patient, "PATCH": stumbling(sandbox, self.patch_patient)},
            "/patients/{id}/relationships": {"GET": self.relationships, "POST": self.relate},
            "/patients/{id}/relationships/{relationship}": {"PATCH": self.patch_relationship, "DELETE": self.unrelate},
            "/contacts": {"GET": self.contacts},
            "/contacts/{id}": {"GET": self.contact},
            "/programs": {"GET": self.programs},
            "/facilities": {"GET": self.facilities},
            "/insurance/payers": {"GET": self.payers},
            "/insurance/payers/{id}": {"GET": self.payer},
            "/staff": {"GET": self.staff},
        }

    async def list_patients(self, request: Request) -> Response:
        asked = query(request, "programStatus", "limit", "offset")
        if asked.get("programStatus") not in STATUSES:
            raise BadRequest("programStatus")
        return paged(self.records.in_status(asked["programStatus"]), "patients", asked)

    async def create_patient(self, request: Request) -> Response:
        query(request)
        return JSONResponse({"id": self.records.create(await body(request))["id"]})

    async def patient(self, request: Request) -> Response:
        query(request)
        return self._shown(self.records.find("id", request.path_params["id"]))

    async def external_patient(self, request: Request) -> Response:
        query(request)
        return self._shown(self.records.find("externalId", request.path_params["externalId"]))

    async def patch_patient(self, request: Request) -> Response:
        query(request)
        patient = self.records.find("id", request.path_params["id"])
        return self._shown(self.records.patch(patient, await body(request)) if patient else None)

    async def relationships(self, request: Request) -> Response:
        query(request)
        return self._of_patient(request, lambda id: JSONResponse(self.people.of(id)))

    async def relate(self, request: Request) -> Response:
        query(request)
        told = await body(request)
        return self._of_patient(request, lambda id: JSONResponse(self.people.relate(id, told)))

    async def patch_relationship(self, request: Request) -> Response:
        query(request)
        told, id = await body(request), request.path_params["relationship"]
        return self._of_patient(request, lambda patient: _or_404(self.people.patch(patient, id, told)))

    async def unrelate(self, request: Request) -> Response:
        query(request)
        self.people.unrelate(request.path_params["id"], request.path_params["relationship"])
        return Response(status_code=200)

    def _of_patient(self, request: Request, answer: Callable[[str], Response]) -> Response:
        patient = self.records.find("id", request.path_params["id"])
        if NOT_GRANTED in self.records.sandbox.faults:
            return Response(status_code=403)
        return answer(patient["id"]) if patient else Response(status_code=404)

    async def contacts(self, request: Request) -> Response:
        asked = query(request, "limit", "offset")
        found, limit, offset = self.people.summaries(), number(asked, "limit", 20), number(asked, "offset", 0)
        if not 1 <= limit <= 20 or offset < 0:
            raise BadRequest("limit")
        return JSONResponse(found[offset : offset + limit])

    async def contact(self, request: Request) -> Response:
        query(request)
        if NOT_GRANTED in self.records.sandbox.faults:
            return Response(status_code=403)
        contact = self.people.contact(request.path_params["id"])
        return _or_404(self.people.shown(contact) if contact else None)

    async def programs(self, request: Request) -> Response:
        asked = query(request, "facilityId", "programType", "search", "limit", "offset")
        if PROGRAMS_OFF in self.records.sandbox.faults:
            return Response(status_code=403)
        wanted, type, facility = asked.get("search", ""), asked.get("programType"), asked.get("facilityId")
        if len(wanted) > 255 or type not in (None, "Clinical", "Additional Service"):
            raise BadRequest("search")
        found = [
            program
            for program in self.records.sandbox.state["programs"]
            if wanted.casefold() in program["name"].casefold()
            and type in (None, program["programType"])
            and facility in (None, (program["facility"] or {}).get("id"))
        ]
        return paged(found, "programs", asked, most=200)

    async def facilities(self, request: Request) -> Response:
        asked = query(request, "createdAfter", "search", "limit", "offset")
        wanted, after = asked.get("search", ""), moment(asked.get("createdAfter"))
        if len(wanted) > 255:
            raise BadRequest("search")
        found = [
            facility
            for facility in self.records.sandbox.state["facilities"]
            if wanted.casefold() in facility["name"].casefold()
            and (after is None or datetime.fromisoformat(facility["createdAt"]) > after)
        ]
        return paged(found, "facilities", asked)

    async def payers(self, request: Request) -> Response:
        query(request)
        return JSONResponse(self.records.sandbox.state["payers"])

    async def payer(self, request: Request) -> Response:
        query(request)
        payers = self.records.sandbox.state["payers"]
        found = next((payer for payer in payers if payer["id"] == request.path_params["id"]), None)
        return JSONResponse(found) if found else Response(status_code=404)

    async def staff(self, request: Request) -> Response:
        query(request)
        return JSONResponse(self.records.sandbox.state["staff"])

    def _shown(self, patient: Record | None) -> Response:
        return JSONResponse(self.records.detail(patient)) if patient else Response(status_code=404)


def query(request: Request, *known: str) -> dict[str, str]:
    """The parameters, each one of the operation's own and at most once."""
    names = [name for name, _ in request.query_params.multi_items()]
    if set(names) - set(known) or len(names) != len(set(names)):
        raise BadRequest("query")
    return dict(request.query_params)


def _or_404(found: Record | None) -> Response:
    return Response(status_code=404) if found is None else JSONResponse(found)


def paged(found: list[Record], name: str, asked: Mapping[str, str], most: int = 20) -> Response:
    limit, offset = number(asked, "limit", most), number(asked, "offset", 0)
    if not 1 <= limit <= most or offset < 0:
        raise BadRequest("limit")
    page = found[offset : offset + limit]
    return JSONResponse({"meta": {"count": len(page), "totalCount": len(found)}, name: page})


def number(asked: Mapping[str, str], name: str, default: int) -> int:
    try:
        return int(asked.get(name, default))
    except ValueError as error:
        raise BadRequest(name) from error


def moment(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError as error:
        raise BadRequest("createdAfter") from error
    if found is not None and found.tzinfo is None:
        raise BadRequest("createdAfter")
    return found


async def body(request: Request) -> Any:
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise BadRequest("content-type")
    try:
        return await request.json()
    except ValueError as error:
        raise BadRequest("body") from error
