"""A stand-in for the internal REST API's patient operations, as strict as its OpenAPI description allows.

Options: `token` (default `sandbox-token`), `org_id` (default `demo`). Commands of the practice's staff:
`register` {fields of a create}, `edit` {"id" or "last_name", fields of an update}, `archive` and `restore` {"id"},
`transition` {"id", "new_status"}.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.translation.sandbox import DemoAccount, Sandbox, SandboxSetup
from translators.internal import sandbox_schema as schema
from translators.internal.sandbox_data import starting_state
from translators.internal.sandbox_patients import (
    Practice,
    cursor_position,
    cursor_text,
    holds_text,
    ordered,
    position,
)
from translators.internal.sandbox_schema import Body, Check, Refused, checked

FAULTS = {
    "stale-version": "a colleague saves the patient just before every update, which is therefore refused with 409",
    "summaries": "lists hold summaries only, as the contract's open row shape would allow",
}
DEMO = DemoAccount(settings={"org_id": "demo"}, secrets={"token": "sandbox-token"})
_TYPEAHEAD = ("first_name", "last_name", "preferred_name", "chart_number")

Handler = Callable[[Request, dict[str, str], Body], Body]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: what it takes, and what it does."""

    method: str
    path: str
    handle: Handler
    query: dict[str, Check] | None = None
    body: dict[str, Check] | None = None
    required: tuple[str, ...] = ()
    status: int = 200


def create(setup: SandboxSetup) -> Sandbox:
    sandbox = Sandbox("internal", setup, starting_state(), vendor_faults=FAULTS, demo=DEMO)
    api = Api(sandbox, Practice(sandbox.state, setup.clock))
    sandbox.routes = [
        Route(f"/api/v1/{{org_id}}/patients{operation.path}", api.endpoint(operation), methods=[operation.method])
        for operation in api.operations()
    ]
    staff = (api.register, api.edit, api.archive_for, api.restore_for, api.transition_for)
    sandbox.commands = {command.__name__.removesuffix("_for"): command for command in staff}
    return sandbox


@dataclass(frozen=True, slots=True)
class Api:
    """The operations over HTTP."""

    sandbox: Sandbox
    practice: Practice

    def operations(self) -> tuple[Operation, ...]:
        """Fixed paths before those with a uuid in the same place."""
        return (
            Operation("GET", "", self.page, schema.LIST_QUERY),
            Operation("POST", "", self.create, body=schema.CREATE, required=("first_name", "last_name"), status=201),
            Operation("GET", "/cursor", self.cursor, schema.CURSOR_QUERY),
            Operation("GET", "/search", self.search, schema.SEARCH_QUERY),
            Operation("POST", "/check-duplicates", self.duplicates, body=schema.DUPLICATES, required=("last_name",)),
            Operation("GET", "/{key}", self.get),
            Operation("PATCH", "/{key}", self.update, body=schema.UPDATE, required=("base_version",)),
            Operation("POST", "/{key}/archive", lambda r, q, b: self.practice.archive(r.path_params["key"])),
            Operation("POST", "/{key}/restore", lambda r, q, b: self.practice.restore(r.path_params["key"])),
            Operation(
                "POST",
                "/{key}/transition-status",
                lambda r, q, b: self.practice.transition(r.path_params["key"], b),
                body=schema.TRANSITION,
                required=("base_version", "new_status"),
            ),
        )

    def endpoint(self, operation: Operation) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            try:
                self._admit(request)
                query = _query(request, operation)
                body = await _body(request, operation)
                return JSONResponse(operation.handle(request, query, body), operation.status)
            except Refused as refused:
                return JSONResponse({"detail": refused.detail}, refused.status)

        return answer

    def _admit(self, request: Request) -> None:
        options = self.sandbox.setup.options
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(
            token.encode(), options.get("token", "sandbox-token").encode()
        ):
            raise Refused(401, "Missing or invalid bearer token.")
        if request.path_params["org_id"] != options.get("org_id", "demo"):
            raise Refused(404, "Organization not found.")

    def page(self, request: Request, query: dict[str, str], body: Body) -> Body:
        number, size = int(query.get("page", 1)), int(query.get("page_size", 50))
        found = ordered(self.practice.filtered(query), query.get("sort_by", "last_name"), query.get("sort_dir", "asc"))
        rows = found[(number - 1) * size : number * size]
        return {"items": self._rows(rows), "page": number, "page_size": size, "total": len(found)}

    def cursor(self, request: Request, query: dict[str, str], body: Body) -> Body:
        by, direction = query.get("sort_by", "first_name"), query.get("sort_dir", "asc")
        found = ordered(self.practice.filtered(query), by, direction)
        if "after" in query:
            start = cursor_position(query["after"], by)
            found = [p for p in found if (position(p, by) > start) == (direction == "asc") and position(p, by) != start]
        rows = found[: int(query.get("first", 50))]
        return {"data": self._rows(rows), "page_info": {"end_cursor": cursor_text(rows[-1], by) if rows else None}}

    def _rows(self, rows: list[Body]) -> list[Body]:
        shape = self.practice.summary if "summaries" in self.sandbox.faults else self.practice.out
        return [shape(row) for row in rows]

    def search(self, request: Request, query: dict[str, str], body: Body) -> Body:
        text = query.get("q", "")
        found = [p for p in self.practice.present() if text and holds_text(p, text, _TYPEAHEAD)]
        return {"items": [self.practice.summary(p) for p in found[: int(query.get("limit", 20))]], "total": len(found)}

    def duplicates(self, request: Request, query: dict[str, str], body: Body) -> Body:
        found = self.practice.duplicates(body)
        return {"items": [self.practice.summary(patient) for patient in found], "total": len(found)}

    def get(self, request: Request, query: dict[str, str], body: Body) -> Body:
        return self.practice.out(self.practice.find(request.path_params["key"]))

    def create(self, request: Request, query: dict[str, str], body: Body) -> Body:
        key = request.headers.get("idempotency-key")
        kept: dict[str, Body] = self.sandbox.state["idempotency"]
        if key is None:
            return self.practice.create(body)
        if key not in kept:
            kept[key] = {"body": body, "answer": self.practice.create(body)}
        if kept[key]["body"] != body:
            raise Refused(409, "Idempotency-Key was used with another body.")
        answer: Body = kept[key]["answer"]
        return answer

    def update(self, request: Request, query: dict[str, str], body: Body) -> Body:
        key = request.path_params["key"]
        if "stale-version" in self.sandbox.faults:
            self.practice.save(self.practice.living(key), {})
        return self.practice.update(key, body)

    async def register(self, arguments: Body) -> Body:
        return self._staff(lambda: self.practice.create(checked("body", arguments, schema.CREATE, "last_name")))

    async def edit(self, arguments: Body) -> Body:
        patient = self._chosen(arguments)
        selector = "id" if "id" in arguments else "last_name"
        fields = {name: value for name, value in arguments.items() if name != selector}
        body = {**fields, "base_version": patient["version"]}
        return self._staff(lambda: self.practice.update(patient["id"], checked("body", body, schema.UPDATE)))

    async def archive_for(self, arguments: Body) -> Body:
        return self._staff(lambda: self.practice.archive(self._chosen(arguments)["id"]))

    async def restore_for(self, arguments: Body) -> Body:
        return self._staff(lambda: self.practice.restore(arguments["id"]))

    async def transition_for(self, arguments: Body) -> Body:
        patient = self._chosen(arguments)
        body = {"base_version": patient["version"], "new_status": arguments["new_status"]}
        return self._staff(lambda: self.practice.transition(patient["id"], body))

    def _chosen(self, arguments: Body) -> Body:
        if "id" in arguments:
            return self._staff(lambda: self.practice.find(arguments["id"]))
        found = [p for p in self.practice.present() if p["last_name"] == arguments["last_name"]]
        if len(found) != 1:
            raise ValueError(f"{len(found)} patients have this last name")
        return found[0]

    def _staff(self, act: Callable[[], Body]) -> Body:
        """What the API refuses, it refuses staff too; commands report it as ValueError."""
        try:
            return act()
        except Refused as refused:
            raise ValueError(json.dumps(refused.detail)) from refused


def _query(request: Request, operation: Operation) -> dict[str, str]:
    if len(request.query_params.multi_items()) != len(request.query_params):
        raise Refused(422, [{"loc": ["query"], "msg": "Parameters do not repeat", "type": "value_error"}])
    return checked("query", dict(request.query_params), operation.query or schema.NO_QUERY)


async def _body(request: Request, operation: Operation) -> Body:
    raw = await request.body()
    if operation.body is None:
        return {}
    try:
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            raise ValueError
        body = json.loads(raw)
        if not isinstance(body, dict):
            raise ValueError
    except ValueError:
        raise Refused(422, [{"loc": ["body"], "msg": "A JSON object is required", "type": "json_invalid"}]) from None
    return checked("body", body, operation.body, *operation.required)
