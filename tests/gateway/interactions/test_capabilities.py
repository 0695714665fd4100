"""FHIR capabilities: what is declared works, and what is not declared is refused (http.html#capabilities)."""

from __future__ import annotations

from typing import Any, cast

import pytest
from fhir.resources.R4B.capabilitystatement import CapabilityStatement

from gateway.definitions.contract import Definitions
from gateway.interactions.capabilities import rendered
from tests.gateway.conftest import NORTH, SOUTH, Fhir, issue, patient

VALUES = {
    "token": "http://x.example|y",
    "string": "x",
    "date": "ge2024-01-01",
    "reference": "x",
    "number": "gt5",
    "quantity": "5.0||mg",
    "composite": "x$2024",
    "uri": "http://x.example",
    "special": "42.25|-83.69|11|km",
}


@pytest.fixture
async def statement(client: Fhir) -> dict[str, Any]:
    answer = await Fhir(client.http, client.base, None).ask("GET", "metadata")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/fhir+json;charset=utf-8")
    return cast("dict[str, Any]", answer.json())


async def test_it_is_valid_in_two_opinions(statement: dict[str, Any], definitions: Definitions) -> None:
    CapabilityStatement.model_validate(statement)
    assert definitions.validate(statement) == ()


async def test_it_speaks_of_its_organisation(statement: dict[str, Any], south: Fhir) -> None:
    assert statement["implementation"]["url"] == NORTH
    assert (statement["fhirVersion"], statement["kind"]) == ("4.0.1", "instance")
    assert (await south.ask("GET", "metadata")).json()["implementation"]["url"] == SOUTH


def of_the_store(statement: dict[str, Any]) -> list[dict[str, Any]]:
    """AuditEvents need another scope: tests/gateway/audit."""
    return [resource for resource in statement["rest"][0]["resource"] if resource["type"] != "AuditEvent"]


async def test_types_are_those_served(statement: dict[str, Any], definitions: Definitions) -> None:
    (rest,) = statement["rest"]
    assert {resource["type"] for resource in rest["resource"]} == definitions.served
    assert [each["code"] for each in rest["interaction"]] == ["transaction", "batch", "history-system", "search-system"]
    for resource in of_the_store(statement):
        codes = {each["code"] for each in resource["interaction"]}
        assert codes == {
            *("read", "vread", "update", "patch", "delete", "history-instance", "history-type", "create"),
            "search-type",
        }
        assert (resource["readHistory"], resource["updateCreate"], resource["conditionalUpdate"]) == (
            True,
            True,
            True,
        )


async def test_every_declared_search_parameter_works(statement: dict[str, Any], client: Fhir) -> None:
    """Many in one request each: a parameter that is not known would be refused by name."""
    for resource in of_the_store(statement):
        params: list[tuple[str, Any]] = [
            (p["name"], "x" if p["name"] == "_id" else VALUES[p["type"]]) for p in resource["searchParam"]
        ]
        for start in range(0, len(params), 30):
            url = f"{client.base}/{resource['type']}"
            headers = {"Authorization": f"Bearer {client.token}", "Prefer": "handling=strict"}
            answer = await client.http.get(url, params=params[start : start + 30], headers=headers)
            assert answer.status_code == 200, (resource["type"], answer.text)


async def test_every_declared_include_works(statement: dict[str, Any], client: Fhir) -> None:
    for resource in of_the_store(statement):
        includes = resource.get("searchInclude", [])
        for start in range(0, len(includes), 20):
            query = "&".join(f"_include={name}" for name in includes[start : start + 20])
            answer = await client.ask("GET", f"{resource['type']}?{query}")
            assert answer.status_code == 200, answer.text


async def test_every_declared_reverse_include_works(statement: dict[str, Any], client: Fhir) -> None:
    for resource in of_the_store(statement):
        includes = resource["searchRevInclude"]
        for start in range(0, len(includes), 20):
            query = "&".join(f"_revinclude={name}" for name in includes[start : start + 20])
            answer = await client.ask("GET", f"{resource['type']}?{query}")
            assert answer.status_code == 200, answer.text


async def test_every_parameter_of_the_system_works(statement: dict[str, Any], client: Fhir) -> None:
    for parameter in statement["rest"][0]["searchParam"]:
        if parameter["type"] != "special":
            value = "x" if parameter["name"] == "_id" else VALUES[parameter["type"]]
            answer = await client.ask("GET", f"?_type=Patient,Task&{parameter['name']}={value}")
            assert answer.status_code == 200, answer.text
            assert "entry" not in answer.json()


async def test_every_declared_type_takes_a_write(statement: dict[str, Any], client: Fhir) -> None:
    """One that is refused is refused for its content."""
    for resource in of_the_store(statement):
        answer = await client.ask("PUT", f"{resource['type']}/x", {"resourceType": resource["type"], "id": "x"})
        assert answer.status_code in (201, 400), answer.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "Patient/p", 405),
    ],
)
async def test_what_is_not_declared(client: Fhir, method: str, path: str, status: int) -> None:
    answer = await client.ask(method, path, patient(id="p") if method in ("PUT", "PATCH") else None)
    assert (answer.status_code, issue(answer)["code"]) == (status, "not-supported")


async def test_an_unknown_organisation(client: Fhir) -> None:
    stranger = Fhir(client.http, client.base.replace("north", "nowhere"), None)
    answer = await stranger.ask("GET", "metadata")
    assert (answer.status_code, issue(answer)["code"]) == (404, "not-found")


async def test_it_is_put_together_once_for_each_organisation(client: Fhir, south: Fhir) -> None:
    rendered.cache_clear()
    for asker in (client, client, south, client):
        assert (await asker.ask("GET", "metadata")).json()["implementation"]["url"] == asker.base
    assert (rendered.cache_info().hits, rendered.cache_info().misses) == (2, 2)
