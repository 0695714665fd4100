"""The rules on a Bundle as a whole (bundle.html#invs), applied to what is posted to the base."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.conftest import Fhir, bundle, entry, issue, patient

URN = "urn:uuid:00000000-0000-4000-8000-00000000000"


def versioned(version: str) -> dict[str, Any]:
    return patient(meta={"versionId": version})


TWICE = [entry("GET", "Patient", fullUrl=URN + "1"), entry("POST", "Patient", patient(), fullUrl=URN + "1")]
REFUSED: list[tuple[dict[str, Any], list[str]]] = [
    ({"entry": TWICE}, ["Bundle.entry[0]", "Bundle.entry[1]"]),
    ({"entry": [entry("POST", "Patient", patient()), *TWICE]}, ["Bundle.entry[1]", "Bundle.entry[2]"]),
    ({"entry": []}, ["Bundle.entry"]),
    ({"total": 1, "entry": TWICE[:1]}, ["Bundle.total"]),
    ({"entry": [TWICE[0], {**entry("GET", "Patient"), "search": {"mode": "match"}}]}, ["Bundle.entry[1].search"]),
    ({"entry": [TWICE[0], {**entry("GET", "Patient"), "response": {"status": "200"}}]}, ["Bundle.entry[1].response"]),
    ({"entry": [entry("POST", "Patient", patient(), fullUrl="https://x.example/Patient/1/_history/2")]},
     ["Bundle.entry[0].fullUrl"]),
]  # fmt: skip


@pytest.mark.parametrize(("elements", "places"), REFUSED)
async def test_a_transaction_that_breaks_one(client: Fhir, elements: dict[str, Any], places: list[str]) -> None:
    answer = await client.ask("POST", "", {"resourceType": "Bundle", "type": "transaction", **elements})
    assert (answer.status_code, issue(answer)["expression"]) == (400, places)
    assert await client.total("Patient?") == 0


async def test_a_batch_with_one_full_url_twice_is_no_batch(client: Fhir) -> None:
    answer = await client.ask("POST", "", bundle(*TWICE, type="batch"))
    assert (answer.status_code, issue(answer)["code"]) == (400, "invariant")
    assert "bdl-7" in issue(answer)["diagnostics"]
    assert await client.total("Patient?") == 0


async def test_other_versions_may_share_a_full_url(client: Fhir) -> None:
    entries = [entry("POST", "Patient", versioned(version), fullUrl=URN + "1") for version in "12"]
    answer = await client.ask("POST", "", bundle(*entries, type="batch"))
    assert [made["response"]["status"][:3] for made in answer.json()["entry"]] == ["201", "201"]


async def test_an_entry_of_a_batch_that_breaks_a_rule_is_named(client: Fhir) -> None:
    searched = {**entry("POST", "Patient", patient()), "search": {"mode": "match"}}
    answer = await client.ask("POST", "", bundle(entry("POST", "Patient", patient()), searched, type="batch"))
    made, refused = [one["response"] for one in answer.json()["entry"]]
    assert (made["status"][:3], refused["status"][:3]) == ("201", "400")
    assert issue(refused["outcome"])["expression"] == ["Bundle.entry[1].search"]
