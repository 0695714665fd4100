"""The sandbox's Group export, after eCW's bulk guide: asked for, asked about, fetched as NDJSON, thrown away.

What is exported is as it was when the export was asked for. The practice makes the groups, not the API. A token without
`system/Group.read`, and a group that the application was not authorised for, are both answered 401.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.translation.sandbox import Sandbox
from translators.ecw.capabilities import CAPABILITIES
from translators.ecw.sandbox_auth import Authorization

READING = frozenset({"read", "r", "rs"})
TAKEN = frozenset({"_type", "_since", "_outputFormat"})
FORMATS = frozenset({"application/fhir+ndjson", "application/ndjson", "ndjson"})
ADMINISTRATIVE = frozenset({"Practitioner", "Location", "Organization"})
"""Exported whole, whatever the group."""
FAULTS = {
    "group-not-authorized": "a Group export is answered 401: the practice has not authorised the group",
    "export-stuck": "a Group export is never ready",
    "export-lost": "a Group export that was asked for is not found any more",
    "export-incomplete": "the manifest of a Group export names errors",
}
Document = dict[str, Any]
Outcome = Callable[[int, str], Response]


class Exports:
    """Groups and jobs lie in the sandbox's state."""

    def __init__(self, sandbox: Sandbox, authorization: Authorization, base: str, outcome: Outcome) -> None:
        self.sandbox = sandbox
        self.authorization = authorization
        self.base = base
        self.outcome = outcome

    @staticmethod
    def start() -> dict[str, Any]:
        return {"groups": {}, "jobs": {}, "pace": {"seconds": 120, "retry_after": 120}}

    def routes(self, counted: Callable[[Any], Any]) -> list[Route]:
        return [
            Route(f"{self.base}/Group/{{id}}/$export", counted(self.ask)),
            Route(f"{self.base}/$export-poll-location", counted(self.poll)),
            Route(f"{self.base}/$export-poll-location", counted(self.throw_away), methods=["DELETE"]),
            Route(f"{self.base}/$export-file/{{job}}/{{type}}.ndjson", counted(self.file)),
        ]

    async def group(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The practice makes a group, or another one of it: `id` and the ids of its `patients`."""
        self._exports["groups"][arguments["id"]] = list(arguments["patients"])
        return {"groups": sorted(self._exports["groups"])}

    async def pace(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """How many `seconds` an export takes, and what `retry_after` says."""
        self._exports["pace"] |= {
            name: int(arguments[name]) for name in ("seconds", "retry_after") if name in arguments
        }
        return dict(self._exports["pace"])

    async def ask(self, request: Request) -> Response:
        params = dict(request.query_params)
        types = (params.get("_type") or ",".join(CAPABILITIES)).split(",")
        if status := self._refused(request, types):
            return self.outcome(status, "Access denied")
        is_open = "group-not-authorized" not in self.sandbox.faults
        if request.path_params["id"] not in self._exports["groups"] or not is_open:
            return self.outcome(401, "Group is unknown or not authorized")
        if request.headers.get("prefer", "").strip() != "respond-async":
            return self.outcome(400, "Prefer: respond-async is required")
        if unknown := sorted(set(params) - TAKEN):
            return self.outcome(400, f"Unsupported query parameter(s): {', '.join(unknown)}")
        if params.get("_outputFormat", "ndjson") not in FORMATS or set(types) - set(CAPABILITIES):
            return self.outcome(400, "Unsupported _outputFormat or _type")
        if any(job["request"] == str(request.url) and not self._is_ready(job) for job in self._jobs.values()):
            return self.outcome(409, "An identical export is running")
        return self._started(request, types, params.get("_since", ""))

    def _started(self, request: Request, types: list[str], since: str) -> Response:
        key, members = uuid4().hex, set(self._exports["groups"][request.path_params["id"]])
        lines = {type: self._lines(type, members, since) for type in types}
        self._jobs[key] = {
            "request": str(request.url),
            "asked": self.authorization.now,
            "time": datetime.fromtimestamp(self.authorization.now, UTC).isoformat(timespec="milliseconds"),
            "lines": {type: found for type, found in lines.items() if found},
        }
        where = f"{_root(request)}{self.base}/$export-poll-location?job_id={key}"
        return Response(status_code=202, headers={"content-location": where, "retry-after": self._retry_after})

    def _lines(self, type: str, members: set[str], since: str) -> list[str]:
        documents = self.sandbox.state["documents"].get(type, {})
        changed = self.sandbox.state["changed"]
        return [
            json.dumps(document)
            for id, document in documents.items()
            if type in ADMINISTRATIVE or (_patient(type, document) in members)
            if not since or changed.get(f"{type}/{id}", "") >= since
        ]

    async def poll(self, request: Request) -> Response:
        if status := self._refused(request, []):
            return self.outcome(status, "Access denied")
        key = request.query_params.get("job_id", "")
        job = self._jobs.get(key)
        if job is None or "export-lost" in self.sandbox.faults:
            return self.outcome(404, "No such job")
        if not self._is_ready(job):
            done = int(100 * (self.authorization.now - job["asked"]) / max(1, self._exports["pace"]["seconds"]))
            headers = {"x-progress": f"{min(99, done)}% Completed", "retry-after": self._retry_after}
            return Response(status_code=202, headers=headers)
        files = f"{_root(request)}{self.base}/$export-file/{key}"
        failed = [{"type": "OperationOutcome", "url": f"{files}/OperationOutcome.ndjson"}]
        manifest = {
            "transactionTime": job["time"],
            "request": job["request"],
            "requiresAccessToken": True,
            "output": [{"type": type, "url": f"{files}/{type}.ndjson"} for type in job["lines"]],
            "error": failed if "export-incomplete" in self.sandbox.faults else [],
        }
        return Response(json.dumps(manifest), media_type="application/json")

    async def throw_away(self, request: Request) -> Response:
        if status := self._refused(request, []):
            return self.outcome(status, "Access denied")
        job = self._jobs.pop(request.query_params.get("job_id", ""), None)
        return Response(status_code=202) if job else self.outcome(404, "No such job")

    async def file(self, request: Request) -> Response:
        type = request.path_params["type"]
        if status := self._refused(request, [type]):
            return self.outcome(status, "Access denied")
        lines = self._jobs.get(request.path_params["job"], {}).get("lines", {}).get(type)
        if lines is None:
            return self.outcome(404, "No such file")
        return Response("".join(f"{line}\n" for line in lines), media_type="application/fhir+ndjson")

    def _refused(self, request: Request, types: list[str]) -> int | None:
        """401 without the scope of bulk requests; and each type has to be readable."""
        bearer = request.headers.get("authorization", "")
        return self.authorization.bulk_refusal(bearer, types, READING)

    def _is_ready(self, job: Document) -> bool:
        is_due = self.authorization.now >= job["asked"] + self._exports["pace"]["seconds"]
        return bool(is_due) and "export-stuck" not in self.sandbox.faults

    @property
    def _retry_after(self) -> str:
        return str(self._exports["pace"]["retry_after"])

    @property
    def _exports(self) -> dict[str, Any]:
        exports: dict[str, Any] = self.sandbox.state["exports"]
        return exports

    @property
    def _jobs(self) -> dict[str, Any]:
        jobs: dict[str, Any] = self._exports["jobs"]
        return jobs


def _patient(type: str, document: Document) -> str:
    place = {"Patient": "id", "Coverage": "beneficiary"}.get(type, "subject")
    named = document.get(place, "")
    return str(named.get("reference", "") if isinstance(named, dict) else named).rpartition("/")[2]


def _root(request: Request) -> str:
    return str(request.base_url).rstrip("/")
