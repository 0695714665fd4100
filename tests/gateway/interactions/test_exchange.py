"""Who may do what: every interaction, alone and in a Bundle, with no token, a wrong one and a narrow one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.gateway.conftest import Fhir, bundle, entry, issue, patient

Scoped = Callable[[str], Awaitable[Fhir]]
PATIENT = patient(id="p")
INTERACTIONS: dict[str, tuple[str, str, str, Any]] = {
    "read": ("r", "GET", "Patient/p", None),
    "vread": ("r", "GET", "Patient/p/_history/1", None),
    "search": ("s", "GET", "Patient?name=x", None),
    "create": ("c", "POST", "Patient", PATIENT),
    "update": ("u", "PUT", "Patient/p", PATIENT),
    "delete": ("d", "DELETE", "Patient/p", None),
}
ENTRIES: dict[str, tuple[str, dict[str, Any]]] = {
    "read": ("r", entry("GET", "Patient/p")),
    "search": ("s", entry("GET", "Patient?name=x")),
    "create": ("c", entry("POST", "Patient", PATIENT)),
    "update": ("u", entry("PUT", "Patient/p", PATIENT)),
    "delete": ("d", entry("DELETE", "Patient/p")),
}
OTHERS = {
    "r": "system/Patient.cuds",
    "s": "system/Patient.crud",
    "c": "system/Patient.ruds",
    "u": "system/Patient.crds",
}
OTHERS["d"] = "system/Patient.crus"
NOT_FOR_PATIENT = ("system/Observation.cruds", "patient/Patient.cruds", "user/Patient.cruds", "gateway/admin")


@pytest.mark.parametrize("name", [*INTERACTIONS, "_search", "bundle"])
@pytest.mark.parametrize("bearer", [None, "nonsense", "eyJhbGciOiJub25lIn0.e30."])
async def test_without_a_good_token_nothing(client: Fhir, name: str, bearer: str | None) -> None:
    others = {"_search": ("s", "POST", "Patient/_search", None), "bundle": ("", "POST", "", bundle())}
    _, method, path, body = (INTERACTIONS | others)[name]
    await client.ask("PUT", "Patient/p", PATIENT)
    answer = await Fhir(client.http, client.base, bearer).ask(method, path, body)
    assert (answer.status_code, issue(answer)["code"]) == (401, "login")
    assert answer.headers["www-authenticate"].startswith('Bearer realm="crosswalk"')
    assert (await client.ask("GET", "Patient/p")).headers["etag"] == 'W/"1"'


@pytest.mark.parametrize("name", INTERACTIONS)
async def test_each_interaction_needs_its_own_letter(client: Fhir, scoped: Scoped, name: str) -> None:
    action, method, path, body = INTERACTIONS[name]
    await client.ask("PUT", "Patient/p", PATIENT)
    refused = await (await scoped(OTHERS[action])).ask(method, path, body)
    assert (refused.status_code, issue(refused)["code"]) == (403, "forbidden")
    assert f"system/Patient.{action}" in issue(refused)["diagnostics"]
    allowed = await (await scoped(f"system/Patient.{action}")).ask(method, path, body)
    assert allowed.status_code in (200, 201, 204)


@pytest.mark.parametrize("type", ["transaction", "batch"])
@pytest.mark.parametrize("name", ENTRIES)
async def test_each_entry_needs_its_own_letter(client: Fhir, scoped: Scoped, type: str, name: str) -> None:
    action, made = ENTRIES[name]
    await client.ask("PUT", "Patient/p", PATIENT)
    refused = await (await scoped(OTHERS[action])).ask("POST", "", bundle(made, type=type))
    outcome = refused.json()
    if type == "batch":
        assert refused.status_code == 200
        assert outcome["entry"][0]["response"]["status"] == "403"
        outcome = outcome["entry"][0]["response"]["outcome"]
    else:
        assert refused.status_code == 403
    assert issue(outcome)["code"] == "forbidden"
    assert issue(outcome)["expression"] == ["Bundle.entry[0].request.url"]
    allowed = await (await scoped(f"system/Patient.{action}")).ask("POST", "", bundle(made, type=type))
    assert allowed.status_code == 200
    assert allowed.json()["entry"][0]["response"]["status"][:2] == "20"


async def test_one_forbidden_entry_undoes_the_others(client: Fhir, scoped: Scoped) -> None:
    entries = [entry("POST", "Patient", patient()), entry("DELETE", "Observation/1")]
    answer = await (await scoped("system/Patient.c")).transaction(*entries)
    assert (answer.status_code, issue(answer)["expression"]) == (403, ["Bundle.entry[1].request.url"])
    assert await client.total("Patient?") == 0


async def test_a_scope_of_another_type_or_context_permits_nothing(client: Fhir, http: Any, token: Any) -> None:
    other = Fhir(http, client.base, await token("system/Observation.cruds"))
    for _, method, path, body in INTERACTIONS.values():
        assert (await other.ask(method, path, body)).status_code == 403


async def test_a_client_is_refused_before_its_body_is_looked_at(scoped: Scoped) -> None:
    reader = await scoped("system/Patient.r")
    for method, path in (("POST", "Patient"), ("PUT", "Patient/p"), ("POST", "Patient/_search")):
        answer = await reader.ask(method, path, b"{" * 1000, headers={"Content-Type": "text/plain"})
        assert answer.status_code == 403


async def test_an_unknown_organisation(client: Fhir) -> None:
    stranger = Fhir(client.http, client.base.replace("north", "nowhere"), client.token)
    answer = await stranger.ask("GET", "Patient/p")
    assert (answer.status_code, issue(answer)["code"]) == (404, "not-found")


async def test_headers_and_parameters_do_not_change_the_method_or_the_organisation(client: Fhir) -> None:
    await client.ask("PUT", "Patient/p", PATIENT)
    tricks = {
        "X-HTTP-Method-Override": "DELETE",
        "X-Forwarded-Host": "evil.example",
        "Host": "evil.example",
        "X-Forwarded-Prefix": "/fhir/r4/south",
        "X-Original-URL": "/fhir/r4/south/Patient/p",
    }
    answer = await client.ask("GET", "Patient?_method=DELETE&name=Example", headers=tricks)
    assert answer.status_code == 200
    assert answer.json()["total"] == 1
    assert "evil" not in answer.text
    assert answer.json()["entry"][0]["fullUrl"] == f"{client.base}/Patient/p"
    made = await client.ask("POST", "Patient", patient(), headers=tricks)
    assert made.headers["location"].startswith(f"{client.base}/Patient/")
