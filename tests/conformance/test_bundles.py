"""Transactions and batches as a demanding client sends them (http.html#transaction), on the live server."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.conformance.conftest import MakeClient

pytestmark = pytest.mark.blackbox

Resource = dict[str, Any]
UUID = "urn:uuid:2b1d5b52-1f7c-4d2e-9a51-0c3b1f1a7e01"
OID = "urn:oid:1.2.36.1.4.1.2001001.7"
XHTML = "http://www.w3.org/1999/xhtml"
COUNT = 300


def entry(method: str, url: str, resource: Resource | None = None, full: str = "", **request: str) -> Resource:
    made: Resource = {"request": {"method": method, "url": url, **request}}
    if resource is not None:
        made["resource"] = resource
    return {**made, "fullUrl": full} if full else made


def bundle(*entries: Resource, type: str = "transaction") -> Resource:
    return {"resourceType": "Bundle", "type": type, "entry": list(entries)}


def send(live: httpx.Client, *entries: Resource, type: str = "transaction", **headers: str) -> httpx.Response:
    return live.post("", json=bundle(*entries, type=type), headers=headers)


def patient(**more: Any) -> Resource:
    return {"resourceType": "Patient", **more}


def identified(value: str, **more: Any) -> Resource:
    return patient(identifier=[{"system": "urn:bundles", "value": value}], **more)


def observation(subject: str, **more: Any) -> Resource:
    return {
        "resourceType": "Observation", "status": "final", "code": {"text": "test"}, "subject": {"reference": subject},
        **more,
    }  # fmt: skip


def statuses(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [each["response"]["status"][:3] for each in answer.json()["entry"]]


def located(answer: httpx.Response, index: int) -> str:
    """Type/id of what an entry made."""
    location: str = answer.json()["entry"][index]["response"]["location"]
    return "/".join(location.split("/")[-4:-2])


def is_there(live: httpx.Client, value: str) -> bool:
    return bool(live.get("Patient", params={"identifier": f"urn:bundles|{value}", "_summary": "count"}).json()["total"])


@pytest.fixture
def new() -> str:
    return f"b-{uuid4().hex[:12]}"


def test_each_entry_has_its_status(live: httpx.Client, new: str) -> None:
    first = send(live, entry("PUT", f"Patient/{new}", patient(id=new)), entry("POST", "Patient", patient()))
    assert statuses(first) == ["201", "201"]
    again = send(
        live, entry("PUT", f"Patient/{new}", patient(id=new, active=True)), entry("GET", f"Patient/{new}"),
        entry("DELETE", located(first, 1)),
    )  # fmt: skip
    assert statuses(again) == ["200", "200", "204"]
    assert again.json()["entry"][1]["resource"]["active"] is True
    assert again.json()["type"] == "transaction-response"


def test_references_are_rewritten_wherever_they_stand(live: httpx.Client, new: str) -> None:
    link = {"status": "generated", "div": f'<div xmlns="{XHTML}"><a href="{UUID}">who</a> and {UUID}</div>'}
    written = observation(
        UUID, text=link, extension=[{"url": "urn:e", "valueReference": {"reference": OID}}],
        performer=[{"reference": f"Patient?identifier=urn:bundles|{new}"}, {"reference": "https://other.example/fhir/Patient/1"}],
        note=[{"text": UUID}], contained=[{"resourceType": "Group", "id": "g", "type": "person", "actual": True,
                                           "managingEntity": {"reference": OID}}], focus=[{"reference": "#g"}],
    )  # fmt: skip
    assert live.put(f"Patient/{new}", json=identified(new, id=new)).status_code == 201
    answer = send(
        live, entry("POST", "Observation", written), entry("POST", "Patient", patient(), full=UUID),
        entry("POST", "Organization", {"resourceType": "Organization", "name": "x"}, full=OID),
    )  # fmt: skip
    assert statuses(answer) == ["201"] * 3
    who, organization = located(answer, 1), located(answer, 2)
    came = live.get(located(answer, 0)).json()
    assert came["subject"]["reference"] == who
    assert came["extension"][0]["valueReference"]["reference"] == organization
    assert came["contained"][0]["managingEntity"]["reference"] == organization
    assert came["focus"] == [{"reference": "#g"}]
    assert [each["reference"] for each in came["performer"]] == [
        f"Patient/{new}",
        "https://other.example/fhir/Patient/1",
    ]
    assert came["text"]["div"] == f'<div xmlns="{XHTML}"><a href="{who}">who</a> and {UUID}</div>'
    assert came["note"] == [{"text": UUID}]


def test_a_repeated_conditional_create_leads_to_the_same(live: httpx.Client, new: str) -> None:
    made = entry("POST", "Patient", identified(new), full=UUID, ifNoneExist=f"identifier=urn:bundles|{new}")
    first = send(live, made, entry("POST", "Observation", observation(UUID)))
    second = send(live, made, entry("POST", "Observation", observation(UUID)))
    assert (statuses(first), statuses(second)) == (["201", "201"], ["200", "201"])
    assert located(first, 0) == located(second, 0)
    assert live.get(located(second, 1)).json()["subject"]["reference"] == located(first, 0)


REFUSED: list[tuple[str, list[Resource], int, list[str]]] = [
    ("an invalid route", [entry("GET", "a/b/c")], 400, ["Bundle.entry[0].request.url"]),
    ("a route to elsewhere", [entry("POST", "https://other.example/Patient", patient())], 400,
     ["Bundle.entry[0].request.url"]),
    ("one target twice", [entry("DELETE", "Patient/x"), entry("PUT", "Patient/x", patient(id="x"))], 400,
     ["Bundle.entry[0]", "Bundle.entry[1]"]),
    ("one fullUrl twice", [entry("POST", "Patient", patient(), UUID), entry("POST", "Patient", patient(), UUID)], 400,
     ["Bundle.entry[0]", "Bundle.entry[1]"]),
    ("a conditional reference to nothing", [entry("POST", "Observation", observation("Patient?identifier=urn:none|0"))],
     400, ["Bundle.entry[0].resource.subject.reference"]),
    ("a placeholder of no entry", [entry("POST", "Observation", observation(UUID))], 400,
     ["Bundle.entry[0].resource.subject.reference"]),
    ("a reference to a wrong type", [entry("POST", "Observation", observation("Slot/1"))], 400,
     ["Bundle.entry[0].resource.subject.reference"]),
    ("an invalid resource", [entry("GET", "Patient?_count=1"), entry("POST", "Patient", patient(gender="M"))], 400,
     ["Bundle.entry[1].resource.gender"]),
    ("a read of nothing", [entry("GET", "Patient/none")], 404, ["Bundle.entry[0]"]),
    ("a wrong version", [entry("PUT", "Patient/x", patient(id="x"), ifMatch='W/"7"')], 412, ["Bundle.entry[0]"]),
    ("an unknown type", [entry("POST", "Starship", {"resourceType": "Starship"})], 404,
     ["Bundle.entry[0].request.url"]),
    ("no request", [{"resource": patient()}], 400, ["Bundle.entry[0].request"]),
    ("no criteria", [entry("DELETE", "Patient?")], 400, ["Bundle.entry[0].request.url"]),
]  # fmt: skip


@pytest.mark.parametrize(("bad", "status", "places"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_refused_names_its_entry_and_leaves_nothing(
    live: httpx.Client, new: str, bad: list[Resource], status: int, places: list[str]
) -> None:
    answer = send(live, *bad, entry("POST", "Patient", identified(new)))
    assert (answer.status_code, answer.json()["resourceType"]) == (status, "OperationOutcome")
    assert answer.json()["issue"][0]["expression"] == places
    assert not is_there(live, new)


def test_the_order_is_that_of_the_specification(live: httpx.Client, new: str) -> None:
    """DELETE, POST, PUT, GET, whatever the order of the entries."""
    assert live.put(f"Patient/{new}", json=identified(new, id=new)).status_code == 201
    answer = send(
        live, entry("GET", f"Patient?identifier=urn:bundles|{new}"),
        entry("PUT", f"Patient/{new}-2", patient(id=f"{new}-2")),
        entry("POST", "Patient", identified(new), ifNoneExist=f"identifier=urn:bundles|{new}"),
        entry("DELETE", f"Patient/{new}"),
    )  # fmt: skip
    assert statuses(answer) == ["200", "201", "201", "204"]
    (only,) = answer.json()["entry"][0]["resource"]["entry"]
    assert f"Patient/{only['resource']['id']}" == located(answer, 2)


def test_conditions_of_entries(live: httpx.Client, new: str) -> None:
    put = entry("PUT", f"Patient/{new}", patient(id=new), ifNoneMatch="*")
    assert statuses(send(live, put)) == ["201"]
    assert send(live, put).status_code == 412
    changed = entry("PUT", f"Patient/{new}", patient(id=new, active=False), ifMatch='W/"1"')
    assert statuses(send(live, changed)) == ["200"]
    assert send(live, changed).status_code == 412
    assert statuses(send(live, entry("GET", f"Patient/{new}", ifNoneMatch='W/"2"'))) == ["304"]


def test_the_entries_of_a_batch_stand_alone(live: httpx.Client, new: str) -> None:
    answer = send(
        live, entry("POST", "Patient", patient(gender="M")), entry("POST", "Patient", identified(new)),
        entry("GET", "Patient/none"), entry("POST", "Observation", observation(UUID)),
        entry("PUT", "Patient/x", patient(id="y")), entry("GET", "Starship/1"), type="batch",
    )  # fmt: skip
    assert statuses(answer) == ["400", "201", "404", "400", "400", "404"]
    told = [
        each["response"]["outcome"]["issue"][0]["expression"]
        for each in answer.json()["entry"]
        if "outcome" in each["response"]
    ]
    assert [places[0][: len("Bundle.entry[0]")] for places in told] == [f"Bundle.entry[{n}]" for n in (0, 2, 3, 4, 5)]
    assert is_there(live, new)


@pytest.mark.parametrize("type", ["document", "message", "searchset", "collection", "history", "transactions", ""])
def test_types_that_are_no_request(live: httpx.Client, type: str) -> None:
    answer = live.post("", json=bundle(type=type) if type else {"resourceType": "Bundle"})
    assert (answer.status_code, answer.json()["issue"][0]["expression"]) == (400, ["Bundle.type"])


@pytest.mark.parametrize("preference", ["minimal", "representation", "OperationOutcome"])
def test_how_much_is_answered(live: httpx.Client, preference: str) -> None:
    answer = send(live, entry("POST", "Patient", patient()), Prefer=f"return={preference}")
    (only,) = answer.json()["entry"]
    assert ("resource" in only, "outcome" in only["response"]) == (
        preference == "representation",
        preference == "OperationOutcome",
    )


def test_those_who_may_not(live: httpx.Client, scoped: MakeClient, new: str) -> None:
    assert scoped("").post("", json=bundle()).status_code == 401
    reader = scoped("system/Patient.r")
    writes = entry("POST", "Patient", identified(new))
    assert send(reader, writes).status_code == 403
    assert statuses(send(reader, writes, entry("GET", "Patient/none"), type="batch")) == ["403", "404"]
    assert not is_there(live, new)


def test_an_answer_in_xml_to_a_bundle_in_xml(live: httpx.Client) -> None:
    resource = '<resource><Patient><active value="true"/></Patient></resource>'
    request = '<request><method value="POST"/><url value="Patient"/></request>'
    xml = f'<Bundle xmlns="http://hl7.org/fhir"><type value="transaction"/><entry>{resource}{request}</entry></Bundle>'
    media = "application/fhir+xml"
    answer = live.post("", content=xml.encode(), headers={"Content-Type": media, "Accept": media})
    assert (answer.status_code, answer.headers["content-type"]) == (200, f"{media};charset=utf-8")
    assert '<status value="201 Created"/>' in answer.text


def test_many_entries_and_a_request_that_need_not_wait(live: httpx.Client, new: str) -> None:
    entries = [entry("POST", "Patient", patient(), full=f"urn:uuid:{uuid4()}") for _ in range(COUNT)]
    entries += [entry("POST", "Observation", observation(each["fullUrl"])) for each in entries]
    answer = send(live, *entries)
    assert statuses(answer) == ["201"] * (2 * COUNT)
    assert live.get(located(answer, 2 * COUNT - 1)).json()["subject"]["reference"] == located(answer, COUNT - 1)
