"""FHIR patch: http.html#patch."""

# ruff: noqa: E501 (tables, a row a line)

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.gateway.conftest import Answer, Fhir, entry, identified, issue, patient

JSON_PATCH = "application/json-patch+json"
RENAME = [{"op": "replace", "path": "/name/0/family", "value": "New"}]
SEARCH = "identifier=https://crm.example/id%7Cx"
PARAMETERS = {
    "resourceType": "Parameters",
    "parameter": [
        {
            "name": "operation",
            "part": [
                {"name": "type", "valueCode": "replace"},
                {"name": "path", "valueString": "Patient.name[0].family"},
                {"name": "value", "valueString": "New"},
            ],
        }
    ],
}


async def patch(client: Fhir, path: str, steps: Any, **headers: str) -> Answer:
    return await client.ask("PATCH", path, steps, headers={"Content-Type": JSON_PATCH, **headers})


@pytest.fixture
async def stored(client: Fhir) -> dict[str, Any]:
    answer = await client.ask("PUT", "Patient/p", identified("x", id="p"))
    assert answer.status_code == 201
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize(("steps", "type"), [(RENAME, JSON_PATCH), (PARAMETERS, "application/fhir+json")])
async def test_both_kinds(client: Fhir, stored: dict[str, Any], steps: Any, type: str) -> None:
    answer = await client.ask("PATCH", "Patient/p", steps, headers={"Content-Type": type})
    assert (answer.status_code, answer.headers["etag"]) == (200, 'W/"2"'), answer.text
    assert answer.json()["name"] == [{"family": "New"}]
    assert (await client.ask("GET", "Patient/p")).json() == answer.json()


async def test_one_that_changes_nothing_writes_no_version(client: Fhir, stored: dict[str, Any]) -> None:
    answer = await patch(client, "Patient/p", [{"op": "test", "path": "/id", "value": "p"}])
    assert (answer.status_code, answer.headers["etag"]) == (200, 'W/"1"')


@pytest.mark.parametrize(
    ("steps", "status"),
    [
        ([{"op": "replace", "path": "/id", "value": "q"}], 400),
        ([{"op": "remove", "path": "/id"}], 400),
        ([{"op": "replace", "path": "/resourceType", "value": "Person"}], 400),
        ([{"op": "replace", "path": "/meta/versionId", "value": "7"}], 400),
        ([{"op": "replace", "path": "", "value": []}], 400),
        ([{"op": "add", "path": "/shoe", "value": 9}], 400),
        ([{"op": "replace", "path": "/name", "value": []}], 400),
        ([{"op": "remove", "path": "/photo"}], 422),
        ([{"op": "test", "path": "/active", "value": True}], 422),
        ({"op": "remove"}, 400),
        (b"{", 400),
    ],
)
async def test_refusals_change_nothing(client: Fhir, stored: dict[str, Any], steps: Any, status: int) -> None:
    answer = await patch(client, "Patient/p", steps)
    assert answer.status_code == status
    assert issue(answer)
    assert (await client.ask("GET", "Patient/p")).json() == stored


async def test_if_match(client: Fhir, stored: dict[str, Any]) -> None:
    assert (await patch(client, "Patient/p", RENAME, **{"If-Match": 'W/"2"'})).status_code == 412
    assert (await patch(client, "Patient/p", RENAME, **{"If-Match": 'W/"1"'})).status_code == 200


async def test_what_is_not_there(client: Fhir, stored: dict[str, Any]) -> None:
    assert (await patch(client, "Patient/none", RENAME)).status_code == 404
    await client.ask("DELETE", "Patient/p")
    assert (await patch(client, "Patient/p", RENAME)).status_code == 410


@pytest.mark.parametrize("type", ["application/xml-patch+xml", "text/plain", ""])
async def test_other_media_types(client: Fhir, stored: dict[str, Any], type: str) -> None:
    answer = await client.ask("PATCH", "Patient/p", RENAME, headers={"Content-Type": type})
    assert (answer.status_code, issue(answer)["code"]) == (415, "not-supported")


async def test_a_resource_is_no_patch(client: Fhir, stored: dict[str, Any]) -> None:
    answer = await client.ask("PATCH", "Patient/p", patient(id="p"))
    assert (answer.status_code, issue(answer)["expression"]) == (400, ["resourceType"])


async def test_by_criteria(client: Fhir, stored: dict[str, Any]) -> None:
    assert (await patch(client, f"Patient?{SEARCH}", RENAME)).json()["name"] == [{"family": "New"}]
    assert (await patch(client, "Patient?identifier=none", RENAME)).status_code == 404
    assert (await patch(client, "Patient?shoe=9", RENAME)).status_code == 400
    assert (await patch(client, "Patient", RENAME)).status_code == 400
    await client.create(identified("x"))
    assert (await patch(client, f"Patient?{SEARCH}", RENAME)).status_code == 412


async def test_scopes(client: Fhir, stored: dict[str, Any], scoped: Callable[[str], Awaitable[Fhir]]) -> None:
    writer = await scoped("system/Patient.u")
    assert (await patch(writer, "Patient/p", RENAME)).status_code == 200
    assert (await patch(writer, f"Patient?{SEARCH}", RENAME)).status_code == 403
    assert (await patch(await scoped("system/Patient.r"), "Patient/p", RENAME)).status_code == 403


async def test_in_transactions(client: Fhir, stored: dict[str, Any]) -> None:
    urn = "urn:uuid:5a4ffbc6-60b1-4d1a-9d9e-1d1f0a6f0001"
    steps = [*RENAME, {"op": "add", "path": "/managingOrganization", "value": {"reference": urn}}]
    binary = {"resourceType": "Binary", "contentType": JSON_PATCH, "data": base64.b64encode(json.dumps(steps).encode()).decode()}  # fmt: skip
    answer = await client.transaction(
        entry("PATCH", f"Patient?{SEARCH}", binary),
        entry("POST", "Organization", {"resourceType": "Organization", "name": "O"}, fullUrl=urn),
    )
    assert answer.status_code == 200, answer.text
    after = (await client.ask("GET", "Patient/p")).json()
    organization = answer.json()["entry"][1]["response"]["location"].split("/")[-3]
    assert after["managingOrganization"] == {"reference": f"Organization/{organization}"}
    assert after["name"] == [{"family": "New"}]
    failing = await client.transaction(
        entry("DELETE", f"Organization/{organization}"), entry("PATCH", "Patient/none", PARAMETERS)
    )
    assert (failing.status_code, issue(failing)["expression"]) == (404, ["Bundle.entry[1]"])
    assert (await client.ask("GET", f"Organization/{organization}")).status_code == 200
