"""Prefer: return and handling (RFC 7240; http.html#ops)."""

from __future__ import annotations

import pytest

from tests.gateway.conftest import Fhir, bundle, entry, issue, patient


@pytest.mark.parametrize("prefer", ["return=minimal", 'respond-async, return="minimal"', "RETURN=Minimal; foo=1"])
async def test_minimal(client: Fhir, prefer: str) -> None:
    for answer in (
        await client.ask("POST", "Patient", patient(), headers={"Prefer": prefer}),
        await client.ask("PUT", "Patient/p", patient(id="p"), headers={"Prefer": prefer}),
    ):
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (201, b"", 'W/"1"')
        assert "/_history/1" in answer.headers["location"]


async def test_outcome(client: Fhir) -> None:
    answer = await client.ask("POST", "Patient", patient(), headers={"Prefer": "return=OperationOutcome"})
    assert (answer.status_code, issue(answer)["severity"], issue(answer)["code"]) == (
        201,
        "information",
        "informational",
    )


@pytest.mark.parametrize("prefer", ["return=representation", "return=everything", "return", ",;=", "handling=strict"])
async def test_otherwise_the_resource(client: Fhir, prefer: str) -> None:
    answer = await client.ask("POST", "Patient", patient(), headers={"Prefer": prefer})
    assert answer.json()["resourceType"] == "Patient"


async def test_in_a_bundle_the_resources_are_given_back_when_wanted(client: Fhir) -> None:
    entries = bundle(entry("POST", "Patient", patient("Marlow")), entry("DELETE", "Patient/none"))
    plain = await client.ask("POST", "", entries)
    assert "resource" not in plain.json()["entry"][0]
    full = await client.ask("POST", "", entries, headers={"Prefer": "return=representation"})
    assert full.json()["entry"][0]["resource"]["name"] == [{"family": "Marlow"}]
    assert full.json()["entry"][0]["response"]["location"].endswith("/_history/1")
    assert "resource" not in full.json()["entry"][1]
