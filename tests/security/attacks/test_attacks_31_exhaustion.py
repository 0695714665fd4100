"""31: requests that cost more than they should: fan-out, huge pages, whole records, totals of everything."""

from __future__ import annotations

import pytest

from tests.gateway.conftest import Fhir, bundle, entry, patient


@pytest.mark.parametrize(
    "query",
    [
        "_include=*&_revinclude=*&_include:iterate=*&_count=1000000",
        "_count=1000000",
        "_count=99999999999999999999",
        "_count=-1",
        "_total=accurate&_count=0",
        "_summary=count",
        "&".join("_include=*" for _ in range(30)),
        "_sort=" + ",".join(["name", "birthdate"] * 30),
        "_has:" * 200 + "x=1",
        "general-practitioner" + ".partof" * 200 + "=x",
        "_elements=" + ",".join(f"e{n}" for n in range(5000)),
    ],
)
async def test_31_searches_are_bounded(client: Fhir, query: str) -> None:
    for number in range(30):
        await client.create(patient(family=f"P{number}"))
    answer = await client.ask("GET", f"Patient?{query}")
    assert answer.status_code in (200, 400, 413), answer.text
    assert len(answer.json().get("entry", ())) <= 1001


async def test_31_a_page_has_an_end(client: Fhir) -> None:
    entries = [entry("POST", "Patient", patient()) for _ in range(1100)]
    assert (await client.transaction(*entries)).status_code == 200
    answer = (await client.ask("GET", "Patient?_count=1000000")).json()
    assert len([each for each in answer["entry"] if each["search"]["mode"] == "match"]) == 1000
    assert any(link["relation"] == "next" for link in answer["link"])


async def test_31_json_patch_does_not_multiply(client: Fhir) -> None:
    made = await client.create(patient())
    patch = [{"op": "copy", "from": "/name", "path": "/name/-"} for _ in range(200)]
    headers = {"Content-Type": "application/json-patch+json"}
    answer = await client.ask("PATCH", f"Patient/{made['id']}", patch, headers=headers)
    assert answer.status_code in (400, 413, 422)


async def test_31_bundles_within_bundles(client: Fhir) -> None:
    inner = bundle(entry("POST", "Patient", patient()))
    answer = await client.ask("POST", "", bundle(entry("POST", "", inner)))
    assert answer.status_code == 400
    assert await client.total("Patient") == 0
