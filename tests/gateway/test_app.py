"""The route table: what stands at which address, and how the others are refused."""

from __future__ import annotations

import httpx
import pytest
from starlette.applications import Starlette

from gateway.app import create_app, provide
from gateway.services import Services
from tests.gateway.conftest import PUBLIC, Fhir, issue, patient

ALLOWED = {
    "": "GET, HEAD, POST",
    "Patient": "DELETE, GET, HEAD, PATCH, POST, PUT",
    "Patient/p": "DELETE, GET, HEAD, PATCH, PUT",
    "Patient/_search": "POST",
    "Patient/p/_history": "GET, HEAD",
    "Patient/p/_history/1": "GET, HEAD",
    "Patient/_history": "GET, HEAD",
    "_history": "GET, HEAD",
    "metadata": "GET, HEAD",
}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")


@pytest.mark.parametrize("path", ALLOWED)
async def test_other_methods_are_refused_and_the_right_ones_named(client: Fhir, path: str) -> None:
    for method in METHODS:
        if method in ALLOWED[path].split(", "):
            continue
        answer = await client.ask(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, ALLOWED[path]), method
        if method != "HEAD":  # which is answered without a body
            assert issue(answer)["code"] == "not-supported"
            assert ALLOWED[path] in issue(answer)["diagnostics"]


@pytest.mark.parametrize(
    "path",
    [
        *("$process-message", "Encounter/$export", "Encounter/e/$everything"),
    ],
)
async def test_what_is_not_declared_is_refused_as_such(client: Fhir, path: str) -> None:
    answer = await client.ask("GET", path)
    assert (answer.status_code, issue(answer)["code"]) == (400, "not-supported")
    assert (await Fhir(client.http, client.base, None).ask("GET", path)).status_code == 401


@pytest.mark.parametrize("path", ["Starship/_history", "Starship/1/_history", "Starship/1/Observation", "Starship/$x"])
async def test_unknown_types_are_not_found(client: Fhir, path: str) -> None:
    assert (await client.ask("GET", path)).status_code == 404


@pytest.mark.parametrize(
    "path", ["/", "/nowhere", "/fhir", "/fhir/r4", "/fhir/r5/north/Patient", "/fhir/r4/north/a/b/c/d/e"]
)
async def test_there_is_nothing_elsewhere(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path)
    assert (answer.status_code, issue(answer)["code"]) == (404, "not-found")


@pytest.mark.parametrize("path", ["Patient/p/", "metadata/", "Patient//", "Patient/_search/"])
async def test_no_redirects_are_made_from_the_host_header(client: Fhir, path: str) -> None:
    answer = await client.ask("GET", path, headers={"Host": "evil.example"})
    assert answer.status_code in (400, 404)
    assert "location" not in answer.headers


async def test_a_slash_behind_the_base_or_the_type_is_taken(client: Fhir) -> None:
    assert (await client.ask("GET", "Patient/")).status_code == 200
    assert (await client.ask("POST", "Patient/", patient())).status_code == 201
    answer = await client.http.post(
        f"{client.base}/",
        json={"resourceType": "Bundle", "type": "batch"},
        headers={"Authorization": f"Bearer {client.token}"},
    )
    assert answer.status_code == 200


async def test_operations_of_the_process(http: httpx.AsyncClient) -> None:
    for path in ("/healthz", "/readyz"):
        assert (await http.get(path)).status_code == 200
        assert (await http.head(path)).status_code == 200
    metrics = await http.get("/metrics")
    assert 'crosswalk_http_requests_total{method="GET",route="/healthz",status="200"}' in metrics.text


async def test_services_may_come_later(services: Services) -> None:
    app: Starlette = create_app(None)
    provide(app, services)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=PUBLIC) as http:
        assert (await http.get("/fhir/r4/north/metadata")).status_code == 200


async def test_unreadiness(services: Services, http: httpx.AsyncClient) -> None:
    await services.store.session_write(
        lambda session: session.connection().exec_driver_sql("DELETE FROM alembic_version")
    )
    answer = await http.get("/readyz")
    assert answer.status_code == 503
    assert "crosswalk migrate" in answer.text
