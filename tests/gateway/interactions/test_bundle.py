"""FHIR batch, and what transaction and batch have in common: http.html#transaction."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from gateway.services import Services
from tests.gateway.conftest import NORTH, Fhir, bundle, entry, issue, patient

ENTRY_URLS = [
    ("https://elsewhere.example/fhir/Patient", 400),
    (f"{NORTH}.evil.example/Patient", 400),
    ("https://gateway.example/fhir/r4/south/Patient", 400),
    ("//elsewhere.example/Patient", 400),
    ("//[", 400),
    ("http://[::1/Patient", 400),
    ("../south/Patient", 400),
    ("Patient/../../south/Patient", 400),
    ("./Patient", 400),
    ("Patient/", 400),
    ("Patient//", 400),
    ("", 400),
    ("$everything", 400),
    ("Patient/$match", 400),
    ("Encounter/1/$everything", 400),
    ("Patient/1/_history/x", 400),
    ("_history/1", 400),
    ("Patient/_history/1", 400),
    ("Patient/1/Observation/1", 400),
    ("Patient/1/Observation/_history", 400),
    ("Patient/1/**", 400),
    ("*", 400),
    ("Patient#x", 400),
    ("Patient\r\nX: y", 400),
    ("Patient%2f1", 400),
    ("Patient;x", 400),
    ("Starship", 404),
    ("patient", 404),
    ("Bundle", 404),
    ("metadata", 404),
    ("via/ecw", 404),
]


@pytest.mark.parametrize("type", ["transaction", "batch"])
@pytest.mark.parametrize(("url", "status"), ENTRY_URLS)
async def test_urls_of_entries(client: Fhir, type: str, url: str, status: int) -> None:
    bad = entry("GET", url)
    answer = await client.ask("POST", "", bundle(entry("POST", "Patient", patient()), bad, type=type))
    outcome = answer.json()
    if type == "batch":
        assert answer.status_code == 200
        assert outcome["entry"][1]["response"]["status"] == str(status)
        outcome = outcome["entry"][1]["response"]["outcome"]
    else:
        assert answer.status_code == status
    assert issue(outcome)["expression"] == ["Bundle.entry[1].request.url"]
    assert await client.total("Patient?") == (1 if type == "batch" else 0)


BINARY = "Bundle.entry[0].resource"


def json_patch(patch: bytes, data: str | None = None) -> dict[str, Any]:
    data = data or base64.b64encode(patch).decode()
    return {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": data}


REFUSED: list[tuple[Any, str]] = [
    ("not an object", "Bundle.entry[0].request"),
    (None, "Bundle.entry[0].request"),
    ({}, "Bundle.entry[0].request"),
    ({"request": []}, "Bundle.entry[0].request"),
    ({"request": {"method": "GET"}}, "Bundle.entry[0].request.url"),
    ({"request": {"method": "GET", "url": 1}}, "Bundle.entry[0].request.url"),
    ({"request": {"method": "PATCH", "url": "Patient/1"}}, "Bundle.entry[0].resource"),
    (entry("PATCH", "Patient/1", patient()), "Bundle.entry[0].resource"),
    (entry("PATCH", "Patient/1", {"resourceType": "Binary", "contentType": "text/plain"}), f"{BINARY}.contentType"),
    (entry("PATCH", "Patient/1", json_patch(b"nonsense", "x")), f"{BINARY}.data"),
    ({"request": {"method": "TRACE", "url": "Patient/1"}}, "Bundle.entry[0].request.method"),
    ({"request": {"method": ["GET"], "url": "Patient/1"}}, "Bundle.entry[0].request.method"),
    ({"request": {"url": "Patient/1"}}, "Bundle.entry[0].request.method"),
    (entry("POST", "Patient/1", patient()), "Bundle.entry[0].request.url"),
    (entry("POST", "Patient?name=x", patient()), "Bundle.entry[0].request.url"),
    (entry("PUT", "Patient", patient()), "Bundle.entry[0].request.url"),
    (entry("PUT", "Patient?shoe=x", patient()), "Bundle.entry[0].request.url"),
    (entry("DELETE", "Patient?shoe=x"), "Bundle.entry[0].request.url"),
    (entry("DELETE", "Patient/1?name=x"), "Bundle.entry[0].request.url"),
    (entry("DELETE", "Patient/1/_history/1"), "Bundle.entry[0].request.url"),
    (entry("GET", "Patient/1/_history/x"), "Bundle.entry[0].request.url"),
    (entry("DELETE", "Patient"), "Bundle.entry[0].request.url"),
    (entry("PUT", "Patient/" + "x" * 65, patient()), "Bundle.entry[0].request.url"),
    (entry("PUT", "Patient/a b", patient(id="a b")), "Bundle.entry[0].request.url"),
    (entry("POST", "Patient"), "Bundle.entry[0].resource"),
    (entry("PUT", "Patient/1", patient(id="2")), "Bundle.entry[0].resource.id"),
    (entry("PUT", "Patient/1", patient()), "Bundle.entry[0].resource.id"),
    (entry("POST", "Observation", patient()), "Bundle.entry[0].resource.resourceType"),
    (entry("POST", "Patient", bundle()), "Bundle.entry[0].resource.resourceType"),
    (entry("POST", "Patient", patient(gender="M")), "Bundle.entry[0].resource.gender"),
    (entry("POST", "Patient", patient(shoe=9)), "Bundle.entry[0].resource.shoe"),
    (entry("POST", "Patient", patient(), fullUrl="not a url"), "Bundle.entry[0].fullUrl"),
    (entry("PUT", "Patient/1", patient(id="1"), ifMatch="1"), "Bundle.entry[0].request.ifMatch"),
    (entry("PUT", "Patient/1", patient(id="1"), ifNoneExist="name=x"), "Bundle.entry[0].request.ifNoneExist"),
    (entry("POST", "Patient", patient(), ifNoneExist="_count=1"), "Bundle.entry[0].request.ifNoneExist"),
    (entry("POST", "Patient", patient(), ifNoneExist="shoe=1"), "Bundle.entry[0].request.ifNoneExist"),
    (entry("POST", "Patient", patient(), shoe="9"), "Bundle.entry[0].request.shoe"),
    ({**entry("GET", "Patient"), "shoe": 9}, "Bundle.entry[0].shoe"),
    (entry("GET", "Patient?birthdate=x"), "Bundle.entry[0]"),
    (entry("GET", "Patient?_include=Patient:shoe-size"), "Bundle.entry[0]"),
]


@pytest.mark.parametrize("type", ["transaction", "batch"])
@pytest.mark.parametrize(("bad", "expression"), REFUSED)
async def test_entries_that_ask_for_nothing_possible(client: Fhir, type: str, bad: Any, expression: str) -> None:
    answer = await client.ask("POST", "", bundle(bad, type=type))
    outcome = answer.json()
    if type == "batch":
        assert outcome["entry"][0]["response"]["status"] == "400"
        outcome = outcome["entry"][0]["response"]["outcome"]
    else:
        assert answer.status_code == 400
    assert issue(outcome)["expression"] == [expression]
    assert await client.total("Patient?") == 0


@pytest.mark.parametrize(
    ("body", "expression"),
    [
        (patient(), "resourceType"),
        ({"resourceType": "Bundle"}, "Bundle.type"),
        ({"resourceType": "Bundle", "type": "history"}, "Bundle.type"),
        ({"resourceType": "Bundle", "type": ["batch"]}, "Bundle.type"),
        ({"resourceType": "Bundle", "type": "transaction-response"}, "Bundle.type"),
        ({"resourceType": "Bundle", "type": "transaction", "entry": {}}, "Bundle.entry"),
        ({"resourceType": "Bundle", "type": "batch", "entry": None}, "Bundle.entry"),
        ({"resourceType": "Bundle", "type": "transaction", "shoe": 9}, "Bundle.shoe"),
        ({"resourceType": "Bundle", "type": "batch", "timestamp": "today"}, "Bundle.timestamp"),
        ({"resourceType": "Bundle", "type": "batch", "entry": [{}] * 10_001}, "Bundle.entry"),
    ],
)
async def test_bodies_that_are_no_such_bundle(client: Fhir, body: Any, expression: str) -> None:
    answer = await client.ask("POST", "", body)
    assert (answer.status_code, issue(answer)["expression"]) == (400, [expression])


async def test_an_empty_one(client: Fhir) -> None:
    for type in ("transaction", "batch"):
        answer = await client.ask("POST", "", {"resourceType": "Bundle", "type": type})
        assert answer.json() == {"resourceType": "Bundle", "type": f"{type}-response"}


async def test_the_entries_of_a_batch_stand_alone(client: Fhir) -> None:
    await client.ask("PUT", "Patient/p", patient(id="p"))
    entries = [
        entry("POST", "Patient", patient("New")),
        entry("PUT", "Patient/p", patient("X", id="p"), ifMatch='W/"9"'),
        entry("GET", "Patient/p"),
        entry("GET", "Patient/none"),
        entry("DELETE", "Patient/p", ifMatch='W/"1"'),
        entry("GET", "Patient/p"),
    ]
    answer = await client.ask("POST", "", bundle(*entries, type="batch"))
    assert (answer.status_code, answer.json()["type"]) == (200, "batch-response")
    answers = answer.json()["entry"]
    statuses = [each["response"]["status"][:3] for each in answers]
    assert statuses == ["201", "412", "200", "404", "204", "410"]
    assert answers[2]["resource"]["id"] == "p"
    assert answers[0]["response"]["location"].startswith(f"{NORTH}/Patient/")
    assert answers[0]["response"]["etag"] == 'W/"1"'
    assert issue(answers[3]["response"]["outcome"])["expression"] == ["Bundle.entry[3]"]


async def test_a_batch_tells_what_it_did_before_something_broke(client: Fhir, services: Services, outbox: Any) -> None:
    class Once(Exception):
        """Fails the second entry only."""

    entries = [entry("POST", "Patient", patient("One")), entry("POST", "Patient", patient("Two"))]
    real = outbox.written

    def second_fails(*arguments: Any) -> None:
        real(*arguments)
        if len(outbox.handed) == 2:
            raise Once("about One")

    outbox.written = second_fails
    answer = await client.ask("POST", "", bundle(*entries, type="batch"))
    assert [each["response"]["status"][:3] for each in answer.json()["entry"]] == ["201", "500"]
    assert "about One" not in answer.text
    assert await client.total("Patient?") == 1


async def test_references_between_entries_of_a_batch_lead_nowhere(client: Fhir) -> None:
    urn = "urn:uuid:5a4ffbc6-60b1-4d1a-9d9e-1d1f0a6f0001"
    observation = {
        "resourceType": "Observation", "status": "final", "code": {"text": "x"}, "subject": {"reference": urn}
    }  # fmt: skip
    entries = [entry("POST", "Patient", patient(), fullUrl=urn), entry("POST", "Observation", observation)]
    answers = (await client.ask("POST", "", bundle(*entries, type="batch"))).json()["entry"]
    assert [each["response"]["status"][:3] for each in answers] == ["201", "400"]
    expression = ["Bundle.entry[1].resource.subject.reference"]
    assert issue(answers[1]["response"]["outcome"])["expression"] == expression
