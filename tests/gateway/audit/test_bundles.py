"""Entries of Bundles: each is an AuditEvent of its own, and may ask for AuditEvents as a direct request may."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.audit.watching import Auditing
from gateway.definitions.contract import Definitions
from gateway.interactions.bundle_audit import kind_of
from gateway.services import Services
from gateway.store.contract import Stored
from gateway.store.given_out import told_all, withhold
from tests.gateway.audit.administrator import events
from tests.gateway.conftest import Fhir, GetToken, bundle, entry, issue, patient

Told = tuple[str, str, str, str]
"""Subtype, outcome, what was asked for, and the description."""


def told(event: dict[str, Any]) -> Told:
    asked = next((b64decode(each["query"]).decode() for each in event["entity"] if "query" in each), "")
    return event["subtype"][0]["code"], event["outcome"], asked, event["outcomeDesc"]


def named(event: dict[str, Any]) -> set[str]:
    return {each["what"]["reference"] for each in event["entity"] if "reference" in each.get("what", {})}


async def of_request(admin: Fhir, id: str) -> list[dict[str, Any]]:
    """The Bundle's own event first, then those of its entries."""
    found = await events(admin, "_count=100")
    return [each for each in found if id in [entity.get("what", {}).get("identifier", {}).get("value")
                                             for entity in each["entity"]]][::-1]  # fmt: skip


async def test_a_batch_is_told_entry_by_entry(admin: Fhir, definitions: Definitions) -> None:
    one, other = await admin.create(patient(family="One")), await admin.create(patient(family="Other"))
    about = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
    entries: list[Any] = [
        entry("GET", f"Patient/{one['id']}"),
        entry("GET", "Patient/none"),
        entry("GET", "Patient?family=Other"),
        entry("POST", "Observation", {**about, "subject": {"reference": f"Patient/{one['id']}"}}),
        entry("PUT", f"Patient/{one['id']}", {"resourceType": "Patient", "id": one["id"], "gender": "x"}),
        {"request": {"method": "TRACE", "url": "Patient"}},
        "no entry",
    ]
    answer = await admin.ask("POST", "", bundle(*entries, type="batch"), headers={"X-Request-Id": "batch-of-seven"})
    assert answer.status_code == 200, answer.text
    whole, *parts = await of_request(admin, "batch-of-seven")
    assert told(whole) == ("batch", "0", "/fhir/r4/north", "HTTP 200")
    assert [told(each) for each in parts] == [
        ("read", "0", f"Patient/{one['id']}", "HTTP 200 Bundle.entry[0]"),
        ("read", "4", "Patient/none", "HTTP 404 Bundle.entry[1]"),
        ("search-type", "0", "Patient?family=Other", "HTTP 200 Bundle.entry[2]"),
        ("create", "0", "Observation", "HTTP 201 Bundle.entry[3]"),
        ("update", "4", f"Patient/{one['id']}", "HTTP 400 Bundle.entry[4]"),
        ("operation", "4", "Patient", "HTTP 400 Bundle.entry[5]"),
        ("operation", "4", "", "HTTP 400 Bundle.entry[6]"),
    ]
    assert [each["action"] for each in parts[:5]] == ["R", "R", "E", "C", "U"]
    assert f"Patient/{other['id']}/_history/1" in named(parts[2])
    made = answer.json()["entry"][3]["response"]["location"].partition("/north/")[2]
    assert {made, f"Patient/{one['id']}"} <= named(parts[3])
    assert len({each["id"] for each in (whole, *parts)}) == 8
    for each in (whole, *parts):
        assert definitions.validate(each) == ()
        assert each["agent"] == whole["agent"]


async def test_a_transaction_that_was_carried_out(admin: Fhir) -> None:
    known = await admin.create(patient(family="Known"))
    place = f"Patient/{known['id']}"
    answer = await admin.transaction(
        entry("GET", place), entry("POST", "Patient", patient(family="New")), entry("GET", "Patient?family=Known"),
        entry("GET", f"{place}/_history"), entry("GET", f"{place}/$everything"), entry("DELETE", "Patient?_id=none"),
        headers={"X-Request-Id": "a-transaction"},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    whole, *parts = await of_request(admin, "a-transaction")
    assert told(whole)[:2] == ("transaction", "0")
    assert [told(each)[:3] for each in parts] == [
        ("read", "0", place), ("create", "0", "Patient"), ("search-type", "0", "Patient?family=Known"),
        ("history-instance", "0", f"{place}/_history"), ("operation", "0", f"{place}/$everything"),
        ("delete", "0", "Patient?_id=none"),
    ]  # fmt: skip
    for each in (parts[0], *parts[2:5]):
        assert place in named(each)
    made = answer.json()["entry"][1]["response"]["location"].partition("/north/")[2]
    assert made in named(parts[1])


@pytest.mark.parametrize("stage", ["before", "within"])
async def test_a_transaction_that_was_refused_names_what_it_failed_for(admin: Fhir, stage: str) -> None:
    wrong = {
        "before": entry("POST", "Patient", {"resourceType": "Patient", "gender": "x"}),
        "within": entry("PUT", "Patient/p-1", {**patient(), "id": "p-1"}, ifMatch='W/"7"'),
    }[stage]
    answer = await admin.transaction(
        entry("POST", "Patient", patient()), wrong, headers={"X-Request-Id": "it-was-in-vain"}
    )  # fmt: skip
    assert answer.status_code >= 400
    whole, *parts = await of_request(admin, "it-was-in-vain")
    assert told(whole)[1] == "4"
    assert [told(each)[1] for each in parts] == ["4"]
    assert told(parts[0])[3] == f"HTTP {answer.status_code} Bundle.entry[1]"


async def test_everything_names_the_patient_in_one_event(admin: Fhir) -> None:
    made = await admin.create(patient())
    await admin.ask("GET", f"Patient/{made['id']}/$everything", headers={"X-Request-Id": "everything"})
    (event,) = await of_request(admin, "everything")
    roles = {each["what"]["reference"]: each["role"]["code"] for each in event["entity"] if "role" in each and
             "reference" in each.get("what", {})}  # fmt: skip
    assert roles[f"Patient/{made['id']}"] == "1", "the role of a patient"


async def test_what_was_withheld_is_a_refusal_that_only_the_trail_tells_of(admin: Fhir, token: GetToken) -> None:
    narrow = Fhir(admin.http, admin.base, await token("system/Patient.rs?gender=male"))
    seen = await admin.create(patient(gender="female"))
    asked = entry("GET", f"Patient/{seen['id']}")
    answer = await narrow.ask("POST", "", bundle(asked, type="batch"), headers={"X-Request-Id": "of-another"})
    absent = await narrow.ask("POST", "", bundle(entry("GET", "Patient/none"), type="batch"))
    (refused,), (unknown,) = answer.json()["entry"], absent.json()["entry"]
    assert refused["response"]["status"] == unknown["response"]["status"] == "404"
    whole, part = await of_request(admin, "of-another")
    assert named(whole) == set()
    assert told(part)[:2] == ("read", "4")
    assert f"Patient/{seen['id']}/_history/1" in named(part)


async def test_an_entry_for_events_is_answered_as_alone(admin: Fhir) -> None:
    await admin.ask("GET", "Patient/none")
    (event, *_) = await events(admin, "outcome=4")
    place = f"AuditEvent/{event['id']}"
    entries = [entry("GET", place), entry("GET", f"{place}/_history/1"), entry("GET", f"AuditEvent?_id={event['id']}")]
    for type in ("batch", "transaction"):
        answered = (await admin.ask("POST", "", bundle(*entries, type=type))).json()["entry"]
        assert [each["response"]["status"] for each in answered] == ["200 OK"] * 3
        assert answered[0]["resource"] == answered[1]["resource"] == event
        assert [each["resource"] for each in answered[2]["resource"]["entry"]] == [event]
    missing = [
        entry("GET", "AuditEvent/none"),
        entry("GET", f"{place}/_history/2"),
        entry("GET", "AuditEvent?nonsense:x=1"),
    ]
    refused = (await admin.ask("POST", "", bundle(*missing, type="batch"))).json()["entry"]
    assert [each["response"]["status"] for each in refused[:2]] == ["404", "404"]


@pytest.mark.parametrize("type", ["batch", "transaction"])
@pytest.mark.parametrize("url", ["AuditEvent", "AuditEvent?outcome=0", "AuditEvent/some"])
async def test_an_entry_for_events_is_refused_as_alone(client: Fhir, type: str, url: str) -> None:
    answer = await client.ask("POST", "", bundle(entry("GET", url), type=type))
    alone = await client.ask("GET", url)
    assert alone.status_code == 403
    status = answer.json()["entry"][0]["response"]["status"] if type == "batch" else str(answer.status_code)
    outcome = answer.json()["entry"][0]["response"]["outcome"] if type == "batch" else answer.json()
    assert status == "403"
    assert issue(outcome)["diagnostics"] == issue(alone)["diagnostics"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_no_entry_writes_an_event(admin: Fhir, method: str) -> None:
    (event, *_) = await events(admin)
    body = event if method in ("POST", "PUT") else None
    patch = {"resourceType": "Parameters", "parameter": []} if method == "PATCH" else body
    url = "AuditEvent" if method == "POST" else f"AuditEvent/{event['id']}"
    answer = await admin.ask("POST", "", bundle(entry(method, url, patch), type="batch"))
    assert answer.json()["entry"][0]["response"]["status"] in ("405", "400")
    assert (await admin.ask("GET", f"AuditEvent/{event['id']}")).json() == event


@pytest.mark.parametrize(
    ("method", "what", "kind"),
    [
        ("GET", "", "search-system"), ("GET", "_history", "history-system"), ("GET", "Patient", "search-type"),
        ("GET", "Patient/_history", "history-type"), ("HEAD", "Patient/1", "read"),
        ("GET", "Patient/1/_history", "history-instance"), ("GET", "Patient/1/_history/2", "vread"),
        ("GET", "Patient/1/Observation", "search-type"), ("GET", "Patient/1/$meta", "operation"),
        ("GET", "$meta", "operation"), ("POST", "Patient", "create"), ("PUT", "Patient/1", "update"),
        ("PATCH", "Patient/1", "patch"), ("DELETE", "Patient", "delete"), ("", "Patient", "operation"),
    ],
)  # fmt: skip
def test_what_an_entry_is(method: str, what: str, kind: str) -> None:
    assert kind_of(method, what) == kind


async def test_what_another_answer_leaves_out_is_a_refusal_of_its_own(admin: Fhir, services: Services) -> None:
    given, hidden = (Stored(0, "Patient", id, 1, 0, deleted=False, body=b"{}") for id in ("given", "hidden"))

    async def answer(request: Request) -> Response:
        told_all([given, hidden])
        withhold(hidden)
        return Response()

    app = Starlette(routes=[Route("/fhir/r4/{org}/{type}", answer)], middleware=[Middleware(Auditing)])
    app.state.services = services
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://any.example") as client:
        assert (await client.get("/fhir/r4/north/Patient")).status_code == 200
    refused, searched = await events(admin, "_count=2")
    assert (told(refused)[:3], told(searched)[:3]) == (("read", "4", "Patient/hidden"), ("search-type", "0", "Patient"))
    assert (named(refused), named(searched)) == (
        {"Patient/hidden", "Patient/hidden/_history/1"},
        {"Patient/given", "Patient/given/_history/1"},
    )
