"""A stand-in for the eCW FHIR facade of practice FFBJCD and its authorization server, after eCW's documentation.

It knows the rules that bite: undeclared search parameters, the rate limit per minute of the wall clock, writes whose
fate stands in the body under HTTP 200, and tokens of five minutes. Its staff changes records through the commands.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.translation.sandbox import DemoAccount, Sandbox, SandboxSetup
from translators.ecw import sandbox_data, sandbox_export, sandbox_live, sandbox_search, sandbox_writes
from translators.ecw.capabilities import CAPABILITIES
from translators.ecw.sandbox_auth import TOKEN_PATH, Authorization
from translators.ecw.sandbox_export import Exports
from translators.ecw.sandbox_staff import Staff

BASE = "/fhir/r4/FFBJCD"
PREFIX = "FFBJCD"
LIMIT = 250
READING = frozenset({"read", "r", "rs"})
REPLICATION = 3.0
OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
VENDOR_FAULTS = {
    "not-activated": "the token endpoint says that the practice has not activated the application",
    "jwks-not-listed": "the token endpoint says invalid_client: the JWKS URL is not allow-listed",
    "jwks-cached": "the token endpoint fetches the JWKS once and keeps it as long as this is switched on",
    "scope-not-granted": "the token endpoint says invalid_grant to scopes for writing",
    "fixed-audience": "the token endpoint takes assertions for another audience only than its own address",
    "clock-ahead": "the clock of the authorization server is twenty minutes ahead",
    "discovery-missing": "neither smart-configuration nor the CapabilityStatement names the token endpoint",
    "old-build": "the practice's build does not offer what is asked for: reads and searches are refused",
    "from-abroad": "every call is answered 403, as calls from outside the United States are",
    "rate-limited": "every call is answered 429",
    "slow-replication": "a new patient shows only after three seconds",
    "id-in-url": "updates need Patient/ID as their URL and are answered 100 without",
    "unknown-mapping-error": "every write is answered 103",
    "bad-gateway-for-writes": "a write is answered 502 and does not take place",
    "worded-success": "a successful write is answered `201 Created` or `200 OK` in words",
    "empty-answer": "a write takes place and is answered with a Bundle without entries",
    "outcome-answer": "a write takes place and is answered with an entry that holds nothing but an OperationOutcome",
    "facility-required": "writes without a default facility are answered 132",
    "silent-id": "a successful create does not tell the id",
    **sandbox_live.FAULTS,
    **sandbox_export.FAULTS,
    "repeated-next": "the next link of every search leads to the same page again",
}
DEMO = DemoAccount(
    base_path=BASE,
    settings={"assigner_oid": "326070", "default_facility": sandbox_data.MAIN},
    secrets={"client_id": "sandbox-client"},
)
Handler = Callable[[Request], Awaitable[Response]]


def create(setup: SandboxSetup, *, transport: httpx.AsyncBaseTransport | None = None) -> Sandbox:
    """`transport` is how the gateway's JWKS is fetched; None: over the network."""
    state = {
        **sandbox_data.start(), "tokens": {}, "assertions": {}, "minute": [0, 0], "shown_from": {},
        "changed": {}, "exports": Exports.start(), "refusals": [],
    }  # fmt: skip
    state["documents"] |= sandbox_live.records(sandbox_data.PATIENT)
    sandbox = Sandbox("ecw", setup, state, vendor_faults=VENDOR_FAULTS, demo=DEMO)
    http = httpx.AsyncClient(transport=transport, timeout=10, follow_redirects=False, trust_env=False)
    facade = Facade(sandbox, Authorization(sandbox, http))
    sandbox.routes += facade.routes()
    sandbox.commands |= facade.commands()
    return sandbox


def outcome(status: int, text: str) -> Response:
    codes = {401: "login", 403: "forbidden", 404: "not-found", 429: "throttled"}
    issue = {"severity": "error", "code": codes.get(status, "invalid"), "diagnostics": text}
    return _fhir({"resourceType": "OperationOutcome", "issue": [issue]}, status)


def _fhir(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body), status, media_type="application/fhir+json")


class Facade:
    """The FHIR side."""

    def __init__(self, sandbox: Sandbox, authorization: Authorization) -> None:
        self.sandbox = sandbox
        self.authorization = authorization
        self.wire = sandbox_live.Wire(sandbox, BASE)
        self.exports = Exports(sandbox, authorization, BASE, outcome)
        self.staff = Staff(sandbox, lambda: self.authorization.now)

    def routes(self) -> list[Route]:
        return [
            *self.exports.routes(self._counted),
            Route(TOKEN_PATH, self._counted(self.authorization.token), methods=["POST"]),
            *(Route(path, self.no_practice) for path in ("/", "/metadata", "/fhir/r4/metadata")),
            Route(f"{BASE}/.well-known/smart-configuration", self._counted(self.smart_configuration)),
            Route(f"{BASE}/metadata", self._counted(self.metadata)),
            Route(BASE, self._counted(self.write), methods=["POST"]),
            Route(f"{BASE}/", self._counted(self.write), methods=["POST"]),
            Route(f"{BASE}/{{type}}", self._counted(self.search)),
            Route(f"{BASE}/{{type}}/", self._counted(self.search)),
            Route(f"{BASE}/{{type}}/{{id}}", self._counted(self.read)),
            Route(f"{BASE}/{{type}}/{{id}}/$everything", self._counted(self.everything)),
        ]

    def commands(self) -> dict[str, Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]]:
        return {
            **self.staff.commands(),
            "refuse": self._refuse,
            "group": self.exports.group,
            "export-pace": self.exports.pace,
        }

    def _counted(self, handler: Handler) -> Handler:
        """250 calls in a minute of the wall clock, tokens included; then nothing until the next begins."""

        async def counted(request: Request) -> Response:
            minute = int(self.authorization.now // 60)
            counter = self.sandbox.state["minute"]
            counter[:] = [minute, counter[1] + 1] if counter[0] == minute else [minute, 1]
            if counter[1] > LIMIT or "rate-limited" in self.sandbox.faults:
                return outcome(429, "Too many requests")
            if "from-abroad" in self.sandbox.faults:
                return outcome(403, "Forbidden")
            if request.url.path.startswith(f"{BASE}/"):
                await self.wire.hang()
            return await handler(request)

        return counted

    async def no_practice(self, request: Request) -> Response:
        """The root of the host, and of its FHIR servers, belongs to no practice."""
        return outcome(400, "Practice code is missing")

    async def smart_configuration(self, request: Request) -> Response:
        if "discovery-missing" in self.sandbox.faults:
            return outcome(404, "Not found")
        root = str(request.base_url).rstrip("/")
        return JSONResponse(
            {
                "token_endpoint": root + TOKEN_PATH,
                "grant_types_supported": ["client_credentials"],
                "token_endpoint_auth_methods_supported": ["private_key_jwt"],
                "token_endpoint_auth_signing_alg_values_supported": ["RS384"],
                "capabilities": ["client-confidential-asymmetric", "permission-v1", "permission-v2"],
            }
        )

    async def metadata(self, request: Request) -> Response:
        token = {"url": "token", "valueUri": str(request.base_url).rstrip("/") + TOKEN_PATH}
        resources = [
            {
                "type": type,
                "interaction": [{"code": code} for code in declared.interactions],
                "searchParam": [{"name": name, "type": kind} for name, kind in declared.search.items()],
                "searchInclude": list(declared.include),
                "searchRevInclude": list(declared.revinclude),
                "operation": [
                    {
                        "name": name,
                        "definition": f"{self.wire.base(request)}/OperationDefinition/EncounterPatient-i-{name}",
                    }
                    for name in declared.operations
                ],
            }
            for type, declared in CAPABILITIES.items()
        ]
        uris = {"url": OAUTH_URIS, "extension": [token]}
        security = {"extension": [] if "discovery-missing" in self.sandbox.faults else [uris]}
        return _fhir(
            {
                "resourceType": "CapabilityStatement", "status": "active", "kind": "instance", "fhirVersion": "4.0.1",
                "date": "2026-08-14", "format": ["xml", "json"],
                "software": {"name": "eCW FHIR Facade", "version": "1.6"},
                "implementation": {"description": "eClinicalWorks FHIR Facade Service", "url": self.wire.base(request)},
                "rest": [{"mode": "server", "security": security, "resource": resources}],
            }
        )  # fmt: skip

    def _refused(self, request: Request, type: str, permissions: frozenset[str]) -> Response | None:
        if "old-build" in self.sandbox.faults and permissions == READING:
            return outcome(403, "Operation not supported for the selected scope")
        if "json" not in request.headers.get("accept", "") and "*/*" not in request.headers.get("accept", "*/*"):
            return outcome(406, "Accept application/fhir+json")
        status = self.authorization.refusal(request.headers.get("authorization", ""), type, permissions)
        return outcome(status, "Access denied") if status else None

    async def read(self, request: Request) -> Response:
        type, id = request.path_params["type"], request.path_params["id"]
        if "read" not in (CAPABILITIES[type].interactions if type in CAPABILITIES else ()):
            return outcome(404, "Unknown resource type")
        if refused := self._refused(request, type, READING):
            return refused
        if request.query_params:
            return outcome(400, f"Unsupported query parameter(s): {', '.join(request.query_params)}")
        if (type, id) == ("Binary", sandbox_live.BIG):
            return self.wire.big_binary()
        document = self._shown(type).get(id)
        return self.wire.resource(request, document) if document else outcome(404, "Resource not found")

    async def everything(self, request: Request) -> Response:
        """A record on one page: the one asked for, and what refers to it."""
        type, id = request.path_params["type"], request.path_params["id"]
        if "everything" not in (CAPABILITIES[type].operations if type in CAPABILITIES else ()):
            return outcome(404, "Unknown operation")
        if refused := self._refused(request, type, READING):
            return refused
        if request.query_params:
            return outcome(400, f"Unsupported query parameter(s): {', '.join(request.query_params)}")
        document = self._shown(type).get(id)
        if document is None:
            return outcome(404, "Resource not found")
        others = [d for each in CAPABILITIES for d in self._shown(each).values() if f"{type}/{id}'" in repr(d)]
        entries = self.wire.found(request, type, [document, *others], ())
        links = [{"relation": "self", "url": str(request.url)}]
        bundle = {"resourceType": "Bundle", "type": "searchset", "total": len(entries), "link": links, "entry": entries}
        return self.wire.bundle(request, bundle)

    async def search(self, request: Request) -> Response:
        type, params = request.path_params["type"], request.query_params.multi_items()
        if "search-type" not in (CAPABILITIES[type].interactions if type in CAPABILITIES else ()):
            return outcome(404, "Unknown resource type")
        if refused := self._refused(request, type, READING):
            return refused
        declared = CAPABILITIES[type]
        including = {("_include", value) for value in declared.include}
        including |= {("_revinclude", value) for value in declared.revinclude}
        if unknown := [each[0] for each in params if each[0] not in declared.search and each not in including]:
            return outcome(400, f"Unsupported query parameter(s): {', '.join(unknown)}")
        if type in ("Patient", "Encounter", "Coverage") and not {name for name, _ in params} - {"page", "gender"}:
            return outcome(400, "At least one search parameter is required")
        page = next((value for name, value in params if name == "page"), "1")
        if not page.isdigit():
            return outcome(400, "Invalid page")
        if type == "Observation" and "big-answer" in self.sandbox.faults:
            return self.wire.big_search(request)
        found = sandbox_search.found(self._shown(type).values(), params)
        bundle = self._bundle(request, found, int(page))
        return self.wire.bundle(request, bundle)

    def _bundle(self, request: Request, found: list[dict[str, Any]], page: int) -> dict[str, Any]:
        type, size = request.path_params["type"], sandbox_search.PAGE
        shown = found[(page - 1) * size : page * size]
        links = [{"relation": "self", "url": str(request.url)}]
        if "repeated-next" in self.sandbox.faults:
            links.append({"relation": "next", "url": str(request.url)})
        elif page * size < len(found):
            links.append({"relation": "next", "url": str(request.url.include_query_params(page=page + 1))})
        asks = "_include" in request.query_params
        included = self.wire.referred(self.sandbox.state["documents"], shown) if asks else []
        entries = self.wire.found(request, type, shown, included)
        return {"resourceType": "Bundle", "type": "searchset", "total": len(found), "link": links, "entry": entries}

    def _shown(self, type: str) -> dict[str, Any]:
        hidden = self.sandbox.state["shown_from"]
        documents = self.sandbox.state["documents"].get(type, {})
        return {id: d for id, d in documents.items() if hidden.get(id, 0) <= self.authorization.now}

    async def write(self, request: Request) -> Response:
        """A transaction of one entry. What becomes of it stands in the answer; the HTTP status is 200."""
        permission = frozenset({"c", "u"})
        if refused := self._refused(request, "Patient", permission):
            return refused
        if "bad-gateway-for-writes" in self.sandbox.faults:
            return outcome(502, "Bad gateway")
        if "json" not in request.headers.get("content-type", ""):
            return outcome(415, "Send application/fhir+json")
        try:
            method, url, patient = _entry(await request.json())
        except (ValueError, KeyError, TypeError, AttributeError):
            return outcome(400, "Not a transaction Bundle of one Patient")
        bearer = request.headers.get("authorization", "")
        if status := self.authorization.refusal(bearer, "Patient", frozenset({"c" if method == "POST" else "u"})):
            return outcome(status, "Access denied")
        code, id = self._wanted() or self._written(method, url, patient)
        return _fhir(self._told(code, method, None if "silent-id" in self.sandbox.faults else id))

    def _wanted(self) -> tuple[int, None] | None:
        """What the command `refuse` said about the next writes."""
        waiting = self.sandbox.state["refusals"]
        return (waiting.pop(0), None) if waiting else None

    async def _refuse(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The next write is answered with `code` and does nothing; the next `times` writes."""
        self.sandbox.state["refusals"] += [int(arguments["code"])] * int(arguments.get("times", 1))
        self.sandbox.save()
        return {"refusals": self.sandbox.state["refusals"]}

    def _told(self, code: int, method: str, id: str | None) -> dict[str, Any]:
        answer = _answer(code, id)
        if code == 1 and "worded-success" in self.sandbox.faults:
            answer["entry"][0]["response"]["status"] = "201 Created" if method == "POST" else "200 OK"
        if code == 1 and "outcome-answer" in self.sandbox.faults:
            issue = {"severity": "information", "code": "informational"}
            answer["entry"] = [{"resource": {"resourceType": "OperationOutcome", "issue": [issue]}}]
        return {**answer, "entry": []} if code == 1 and "empty-answer" in self.sandbox.faults else answer

    def _written(self, method: str, url: str, patient: dict[str, Any]) -> tuple[int, str | None]:
        patients = self.sandbox.state["documents"]["Patient"]
        if "unknown-mapping-error" in self.sandbox.faults:
            return 103, None
        if "facility-required" in self.sandbox.faults and "defaultFacility" not in repr(patient.get("extension")):
            return 132, None
        stored = patients.get(patient.get("id")) if method == "PUT" else None
        if method == "PUT" and (code := self._misaddressed(url, patient, stored)):
            return code, None
        locations = self.sandbox.state["documents"]["Location"]
        today = self.sandbox.setup.clock().date()
        code = sandbox_writes.code_for(patient, locations, frozenset(stored or ()), today)
        if code != 1:
            return code, None
        alike = [other for other in patients.values() if sandbox_writes.same_person(patient, other)]
        if method == "POST" and alike:
            return (202 if len(alike) == 1 else 201), None
        id = self._store(patient, stored)
        return 1, id

    def _misaddressed(self, url: str, patient: dict[str, Any], stored: dict[str, Any] | None) -> int | None:
        if "id" not in patient:
            return 165
        expected = {f"Patient/{patient['id']}"} | ({"Patient"} if "id-in-url" not in self.sandbox.faults else set())
        if url not in expected:
            return 100
        return None if stored else 207

    def _store(self, patient: dict[str, Any], stored: dict[str, Any] | None) -> str:
        id = patient["id"] if stored else f"{PREFIX}.{uuid4().hex}_{uuid4().hex[:5]}"
        number = sandbox_data.record_number(stored) or str(40_000 + len(self.sandbox.state["documents"]["Patient"]))
        self.sandbox.state["documents"]["Patient"][id] = sandbox_data.settled({**patient, "id": id}, number)
        self.staff.note("Patient", id)
        if not stored and "slow-replication" in self.sandbox.faults:
            self.sandbox.state["shown_from"][id] = self.authorization.now + REPLICATION
        return id


def _entry(bundle: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
    (entry,) = bundle["entry"]
    method, url, patient = entry["request"]["method"], entry["request"]["url"], entry["resource"]
    if (bundle["resourceType"], bundle["type"], patient["resourceType"]) != ("Bundle", "transaction", "Patient"):
        raise ValueError("not a transaction of a Patient")
    if method not in ("POST", "PUT") or (method == "POST" and url != "Patient"):
        raise ValueError("not a create or update")
    return method, url, patient


def _answer(code: int, id: str | None) -> dict[str, Any]:
    response: dict[str, Any] = {"status": str(code)}
    if id:
        response["location"] = f"Patient/{id}"
    if code != 1:
        issue = {"severity": "error", "code": "processing", "diagnostics": sandbox_writes.KEYS.get(code, "")}
        response["outcome"] = {"resourceType": "OperationOutcome", "issue": [issue]}
    return {"resourceType": "Bundle", "type": "transaction-response", "entry": [{"response": response}]}
