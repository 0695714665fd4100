"""A stand-in for KIPU's API, written from its documentation: signatures, string pagination, PHI levels, hidden keys.

A create answers that the document was delivered and no more. What KIPU does not publish is chosen here and told in
README.md. Commands: `admit`, `discharge`, `chart`, `show`, `populate`,
`webhooks`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.translation.sandbox import DemoAccount, Sandbox, SandboxSetup
from translators.kipu.sandbox_attachments import said, uploads
from translators.kipu.sandbox_charts import Charts, view
from translators.kipu.sandbox_document import Json, checked, opened
from translators.kipu.sandbox_lists import occupancy, policies, start_lists
from translators.kipu.sandbox_signature import Credentials, Refusal, check
from translators.kipu.sandbox_staff import Staff
from translators.kipu.sandbox_webhooks import FAULTS as HOOK_FAULTS
from translators.kipu.sandbox_webhooks import Webhooks

Handler = Callable[[Request, dict[str, str], Any], Awaitable[Response]]

SWITCHES = {
    "no-occupancy": "/api/patients/occupancy",
    "no-locations": "/api/locations",
    "no-admissions": "/api/patients/admissions",
    "no-policies": "/api/insurances/latest",
    "no-users": "/api/users",
    "no-providers": "/api/providers",
    "no-referrers": "/api/contacts/referrers",
    "no-payors": "/api/settings/payors",
    "no-care-levels": "/api/care_levels",
}
FAULTS = {
    "switched-off": "GET /api/patients/latest is answered 410",
    "tell-casefile": "a create answers with the casefile id",
    "delayed": "a created chart is not shown until the command `show`",
    **{name: f"GET {path} is answered 410" for name, path in SWITCHES.items()},
    "no-sender": "charts do not show whose ids they came with",
    "low-phi": "the API client has no right to phi_level high or medium",
    **HOOK_FAULTS,
    "other-clock": "KIPU's clock is forty minutes ahead",
}
DEMO = DemoAccount(
    settings={"app_id": "sandbox-app", "location_id": "2"},
    secrets={"access_id": "sandbox-access", "secret_key": "sandbox-secret"},
    mappings={"payer": {"EVG01": "Sandbox Mutual", "HBM02": "Keystone Mutual"}},
)
DETAILS = {
    "insurance_detail": ("v121",),
    "demographics_detail": ("v121",),
    "patient_status_detail": ("v121",),
    "patient_contacts_detail": ("true", "false"),
}
PHI = {"phi_level": ("high", "medium", "low")}
PAGING = frozenset({"page", "per"})
DAYS = frozenset({"start_date", "end_date"})
MOST = 100
PEOPLE = (("Willa", "Sampleton", "1988-05-09", "Female"), ("Otto", "Demoson", "1975-12-01", "Male"))


def start_state() -> Json:
    return {
        "locations": [
            {"location_id": 2, "location_name": "Harbor House", "enabled": True, "utc_offset": "-07:00"},
            {"location_id": 3, "location_name": "River House", "enabled": True, "utc_offset": "-05:00"},
        ],
        **start_lists(),
        "patients": {},
        "next": 1000,
        "next_item": 7000,
        "seed": 0,
        "mr": {},
    }


def create(setup: SandboxSetup, *, transport: httpx.AsyncBaseTransport | None = None) -> Sandbox:
    """`transport` is how webhooks are called; None: over the network."""
    options = setup.options
    sandbox = Sandbox("kipu", setup, start_state(), vendor_faults=FAULTS, demo=DEMO)
    credentials = Credentials(
        options.get("access_id", "sandbox-access"),
        options.get("secret_key", "sandbox-secret"),
        options.get("app_id", "sandbox-app"),
    )
    charts = Charts(sandbox.state, setup.clock)
    if not sandbox.state["patients"]:
        _seed(charts)
    api = Api(sandbox, charts, credentials)
    sandbox.routes += api.routes()
    staff = Staff(charts)
    sandbox.commands |= {
        "admit": staff.admit,
        "discharge": staff.discharge,
        "chart": staff.chart,
        "show": staff.show,
        "populate": staff.populate,
        "calls": api.told_calls,
        "webhooks": Webhooks(sandbox, charts, transport).configure,
    }
    return sandbox


def _seed(charts: Charts) -> None:
    for first, last, born, gender in (
        ("Willa", "Sampleton", "1988-05-09", "Female"),
        ("Otto", "Demoson", "1975-12-01", "Male"),
    ):
        chart = charts.create({"first_name": first, "last_name": last, "dob": born, "gender": gender}, "KIPU")
        chart |= {"phone": "+15135550100", "address_city": "Middletown", "state": "OH"}


class Api:
    """KIPU's routes."""

    def __init__(self, sandbox: Sandbox, charts: Charts, credentials: Credentials) -> None:
        self.sandbox = sandbox
        self.charts = charts
        self.credentials = credentials
        self.calls = 0

    async def told_calls(self, arguments: Json) -> Json:
        """How many calls of the API there were."""
        return {"calls": self.calls}

    def routes(self) -> list[Route]:
        table: tuple[tuple[str, str, Handler], ...] = (
            ("GET", "/api/patients/census", self.census),
            ("GET", "/api/patients/latest", self.latest),
            ("GET", "/api/patients/admissions", self.admissions),
            ("GET", "/api/patients/occupancy", self.occupancy),
            ("POST", "/api/patients", self.create),
            ("GET", "/api/patients/{number:int}", self.detail),
            ("PATCH", "/api/patients/{number:int}", self.update),
            ("POST", "/api/patients/{number:int}", self.update),
            ("GET", "/api/locations", self.locations),
            ("GET", "/api/care_levels", self.care_levels),
            ("GET", "/api/contacts/referrers", self._list("referrers", "contacts")),
            ("GET", "/api/settings/payors", self._list("payors", "payors")),
            ("GET", "/api/users", self._list("users", "users")),
            ("GET", "/api/providers", self._list("providers", "providers")),
            ("GET", "/api/insurances/latest", self.policies),
        )
        return [Route(path, self._guarded(handler), methods=[method]) for method, path, handler in table]

    def _guarded(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            body, now = await request.body(), self._now()
            self.calls += 1
            try:
                check(request, body, self.credentials, now)
                self._switched_on(request)
                query = _query(request)
                if request.method == "GET" and query.pop("app_id", None) != self.credentials.app_id:
                    raise Refusal(403, "not allowed")
                if "low-phi" in self.sandbox.faults and query.get("phi_level") in {"high", "medium"}:
                    raise Refusal(403, "not allowed")
                answer = await handler(request, query, await said(request, body))
            except Refusal as refusal:
                answer = JSONResponse({"error": refusal.message}, refusal.status)
            answer.headers["Date"] = format_datetime(now.astimezone(UTC), usegmt=True)
            return answer

        return endpoint

    def _now(self) -> datetime:
        now = self.sandbox.setup.clock()
        return now + timedelta(minutes=40) if "other-clock" in self.sandbox.faults else now

    def _switched_on(self, request: Request) -> None:
        if any(SWITCHES.get(name) == request.url.path for name in self.sandbox.faults):
            raise Refusal(410, "this endpoint is turned off for this instance")

    async def census(self, request: Request, query: dict[str, str], body: Any) -> Response:
        more = frozenset({"location_id", "exclude_preadmission", "care_team_role", "user_id"})
        _expect(query, {**PHI, **DETAILS}, PAGING | DAYS | more, required=("phi_level",))
        charts = _between(self._of_location(query), "admission_date", query)
        if not query.keys() & DAYS:  # who is in the house today, or expected
            charts = [chart for chart in charts if not chart["discharge_date"]]
        if query.get("exclude_preadmission") == "true":
            charts = [chart for chart in charts if chart["mr_number"]]
        return _page(charts, query)

    async def latest(self, request: Request, query: dict[str, str], body: Any) -> Response:
        if "switched-off" in self.sandbox.faults:
            raise Refusal(410, "this endpoint is turned off for this instance")
        required = ("phi_level", "start_date", "end_date")
        _expect(query, {**PHI, **DETAILS}, PAGING | DAYS, required=required)
        charts = _between(self.charts.all(), "last_updated_at", query)
        return _page(sorted(charts, key=lambda chart: str(chart["last_updated_at"])), query)

    async def admissions(self, request: Request, query: dict[str, str], body: Any) -> Response:
        required = ("phi_level", "start_date", "end_date")
        _expect(query, {**PHI, **DETAILS}, PAGING | DAYS | {"location_id"}, required=required)
        return _page(_between(self._of_location(query), "admission_date", query), query)

    def _of_location(self, query: dict[str, str]) -> list[Json]:
        wanted = query.get("location_id")
        return [c for c in self.charts.all() if wanted is None or str(c["location_id"]) == wanted]

    async def detail(self, request: Request, query: dict[str, str], body: Any) -> Response:
        required = ("phi_level", "patient_master_id")
        _expect(query, {**PHI, **DETAILS}, frozenset({"patient_master_id"}), required=required)
        chart = self.charts.find(str(request.path_params["number"]))
        if chart["casefile_id"].partition(":")[2] != query["patient_master_id"]:
            raise Refusal(404, "patient not found")
        return JSONResponse({"patient": view(chart, query)})

    async def create(self, request: Request, query: dict[str, str], body: Any) -> Response:
        _expect(query, {}, frozenset({"app_id"}))
        document = opened(body, self.credentials.app_id)
        checked(document["data"], self.charts.locations, update=False)
        attached = uploads(document, None)
        chart = self.charts.create(document["data"], document["sending_app_name"])
        chart["_attachments"] = attached
        if "no-sender" in self.sandbox.faults:
            chart |= {"ext_id_mappings": [], "external_apps": []}
        if "delayed" in self.sandbox.faults:
            chart["_hidden"] = True
        answer: Json = {"document": {"status": "delivered"}}
        if "tell-casefile" in self.sandbox.faults:
            answer["patient"] = {"casefile_id": chart["casefile_id"]}
        return JSONResponse(answer, 201)

    async def update(self, request: Request, query: dict[str, str], body: Any) -> Response:
        if request.method == "POST" and request.headers.get("x-http-method-override") != "PATCH":
            raise Refusal(404, "no route matches")
        _expect(query, {}, frozenset({"app_id"}))
        document = opened(body, self.credentials.app_id)
        chart = self.charts.find(str(request.path_params["number"]))
        data = document["data"]
        checked(data, self.charts.locations, update=True)
        if data.get("incoming_patch") is not True or data.get("update_patient_attributes") is not True:
            raise Refusal(422, "incoming_patch and update_patient_attributes are needed to change a patient")
        if str(data.get("patient_id", request.path_params["number"])) != str(request.path_params["number"]):
            raise Refusal(422, "patient_id is not the patient of this address")
        attached = uploads(document, chart)
        self.charts.change(chart, data)
        chart["_attachments"] = [*chart.get("_attachments", ()), *attached]
        return JSONResponse({"document": {"status": "accepted"}})

    async def locations(self, request: Request, query: dict[str, str], body: Any) -> Response:
        _expect(query, {"include_buildings": ("true", "false")}, frozenset())
        names = ("location_id", "location_name", "enabled")
        rows = [{name: row[name] for name in names} for row in self.charts.locations]
        if query.get("include_buildings") == "true":
            rows = [{**row, "buildings": self._buildings(row["location_id"])} for row in rows]
        return JSONResponse({"locations": rows})

    def _buildings(self, location: int) -> list[Json]:
        charts = (c for c in self.charts.all() if c["location_id"] == location and c.get("building_name"))
        return [{"building_name": name} for name in sorted({chart["building_name"] for chart in charts})]

    async def occupancy(self, request: Request, query: dict[str, str], body: Any) -> Response:
        _expect(query, PHI, frozenset(), required=("phi_level",))
        return JSONResponse(occupancy(self.charts, query["phi_level"]))

    async def care_levels(self, request: Request, query: dict[str, str], body: Any) -> Response:
        _expect(query, {}, frozenset())
        return JSONResponse({"care_levels": self.sandbox.state["care_levels"]})

    async def policies(self, request: Request, query: dict[str, str], body: Any) -> Response:
        _expect(query, {}, PAGING | DAYS, required=("start_date", "end_date"))
        return _paged(_between(list(policies(self.charts)), "updated_at", query), query, "insurances")

    def _list(self, name: str, shown: str) -> Handler:
        async def rows(request: Request, query: dict[str, str], body: Any) -> Response:
            _expect(query, {}, PAGING)
            return _paged(self.sandbox.state[name], query, shown)

        return rows


def _query(request: Request) -> dict[str, str]:
    pairs = request.query_params.multi_items()
    if len({name for name, _ in pairs}) != len(pairs):
        raise Refusal(422, "a parameter is given twice")
    return dict(pairs)


def _expect(
    query: dict[str, str], values: Mapping[str, tuple[str, ...]], free: frozenset[str], required: tuple[str, ...] = ()
) -> None:
    for name in required:
        if not query.get(name):
            raise Refusal(422, f"{name} is missing")
    for name, value in query.items():
        if name not in values and name not in free:
            raise Refusal(422, f"unknown parameter {name}")
        if name in values and value not in values[name]:
            raise Refusal(422, f"{name} is not one of {', '.join(values[name])}")
        if name in PAGING and (not value.isdigit() or int(value) < 1):
            raise Refusal(422, f"{name} is not a number")
        if name in DAYS:
            _day(name, value)


def _day(name: str, value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise Refusal(422, f"{name} is not a date") from error


def _between(charts: list[Json], field: str, query: dict[str, str]) -> list[Json]:
    first, last = query.get("start_date", ""), query.get("end_date", "9999-12-31")
    if not query.keys() & DAYS:
        return charts
    return [chart for chart in charts if first <= str(chart.get(field, ""))[:10] <= last]


def _page(charts: list[Json], query: dict[str, str]) -> Response:
    return _paged(charts, query, "patients", lambda chart: view(chart, query))


def _paged(
    rows: list[Json], query: dict[str, str], name: str, shown: Callable[[Json], Json] = lambda row: row
) -> Response:
    """Pages are counted in strings; past the last page KIPU shows the last one again."""
    per = min(int(query.get("per", "25")), MOST)
    total = max(1, -(-len(rows) // per))
    page = min(int(query.get("page", "1")), total)
    counts = {"current_page": page, "total_pages": total, "records_per_page": per, "total_records": len(rows)}
    listed = [shown(row) for row in rows[(page - 1) * per : page * per]]
    return JSONResponse({"pagination": {k: str(v) for k, v in counts.items()}, name: listed})
