"""The status of every kind of request, good and bad: one table, asked in order of the live server."""

# ruff: noqa: E501 (tables, a row a line)

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

pytestmark = pytest.mark.blackbox

SCRIPT = '<div xmlns="http://www.w3.org/1999/xhtml"><script>alert(1)</script></div>'
RENAME = [{"op": "replace", "path": "/active", "value": False}]
JSON_PATCH = {"Content-Type": "application/json-patch+json"}
XML = "application/fhir+xml"


def patient(**more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "active": True, **more}


def identified(value: str, **more: Any) -> dict[str, Any]:
    return patient(identifier=[{"system": "urn:kit", "value": value}], **more)


def bundle(type: str | None, *entries: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"resourceType": "Bundle", "entry": list(entries)}
    return made if type is None else made | {"type": type}


def entry(method: str, url: str, resource: Any = None) -> dict[str, Any]:
    made: dict[str, Any] = {"request": {"method": method, "url": url}}
    return made if resource is None else made | {"resource": resource}


# `one` is there; `gone` was deleted; `several` is the identifier of two, `single` of one. (name, request, status)
CASES: list[tuple[str, tuple[Any, ...], int]] = [
    # create
    ("create", ("POST", "Patient", patient()), 201),
    ("create with an id, which the server replaces", ("POST", "Patient", patient(id="mine")), 201),
    ("create of an unknown type", ("POST", "Starship", {"resourceType": "Starship"}), 404),
    ("create without a media type", ("POST", "Patient", patient(), {"Content-Type": ""}), 415),
    ("create with another media type", ("POST", "Patient", patient(), {"Content-Type": "text/plain"}), 415),
    ("create in another version of FHIR", ("POST", "Patient", patient(), {"Content-Type": "application/fhir+json;fhirVersion=3.0"}), 415),
    ("create in this version of FHIR", ("POST", "Patient", patient(), {"Content-Type": "application/fhir+json;fhirVersion=4.0"}), 201),
    ("create of an invalid resource", ("POST", "Patient", patient(gender="M")), 400),
    ("create with an invalid date", ("POST", "Patient", patient(birthDate="2024-02-30")), 400),
    ("create of another type", ("POST", "Patient", {"resourceType": "Organization", "name": "x"}), 400),
    ("create with a script", ("POST", "Patient", patient(text={"status": "generated", "div": SCRIPT})), 400),
    ("conditional create, no match", ("POST", "Patient", identified("new"), {"If-None-Exist": "identifier=urn:kit|new"}), 201),
    ("conditional create, one match", ("POST", "Patient", identified("single"), {"If-None-Exist": "identifier=urn:kit|single"}), 200),
    ("conditional create, many", ("POST", "Patient", identified("several"), {"If-None-Exist": "identifier=urn:kit|several"}), 412),
    ("conditional create, no criteria", ("POST", "Patient", patient(), {"If-None-Exist": ""}), 400),
    # read
    ("read", ("GET", "Patient/one"), 200),
    ("read by HEAD", ("HEAD", "Patient/one"), 200),
    ("read of an unknown type", ("GET", "Starship/one"), 404),
    ("read of an unknown id", ("GET", "Patient/none"), 404),
    ("read of a wrong id", ("GET", "Patient/a_b"), 404),
    ("read of a deleted one", ("GET", "Patient/gone"), 410),
    ("read of a known version", ("GET", "Patient/one", None, {"If-None-Match": 'W/"1"'}), 304),
    ("vread", ("GET", "Patient/one/_history/1"), 200),
    ("vread of an unknown version", ("GET", "Patient/one/_history/9"), 404),
    ("vread of a deletion", ("GET", "Patient/gone/_history/2"), 410),
    ("vread before a deletion", ("GET", "Patient/gone/_history/1"), 200),
    # formats
    ("Accept XML", ("GET", "Patient/one", None, {"Accept": XML}), 200),
    ("_format=xml", ("GET", "Patient/one?_format=xml"), 200),
    ("_format of another kind", ("GET", "Patient/one?_format=ttl"), 406),
    ("Accept of another kind", ("GET", "Patient/one", None, {"Accept": "text/turtle"}), 406),
    ("metadata", ("GET", "metadata"), 200),
    ("metadata with a bad _format", ("GET", "metadata?_format=blah"), 406),
    ("read of the summary", ("GET", "Patient/one?_summary=true"), 200),
    ("read of some of its elements", ("GET", "Patient/one?_elements=gender"), 200),
    ("read with a bad _summary", ("GET", "Patient/one?_summary=some"), 400),
    ("metadata with a bad _summary", ("GET", "metadata?_summary=some"), 400),
    ("metadata with a bad _elements", ("GET", "metadata?_elements=a%20b"), 400),
    ("metadata with a bad _pretty", ("GET", "metadata?_pretty=maybe"), 400),
    # update
    ("update that changes nothing", ("PUT", "Patient/one", identified("single", id="one")), 200),
    ("update as create", ("PUT", "Patient/two", patient(id="two")), 201),
    ("update with another id", ("PUT", "Patient/one", patient(id="two")), 400),
    ("update without an id", ("PUT", "Patient/one", patient()), 400),
    ("update with a malformed If-Match", ("PUT", "Patient/one", patient(id="one"), {"If-Match": "1"}), 400),
    ("update with a wrong If-Match", ("PUT", "Patient/one", patient(id="one"), {"If-Match": 'W/"9"'}), 412),
    ("update with the right If-Match", ("PUT", "Patient/two", patient(id="two", gender="other"), {"If-Match": 'W/"1"'}), 200),
    ("conditional update, no match", ("PUT", "Patient?identifier=urn:kit|fresh", identified("fresh")), 201),
    ("conditional update, one match", ("PUT", "Patient?identifier=urn:kit|fresh", identified("fresh", gender="male")), 200),
    ("conditional update, many", ("PUT", "Patient?identifier=urn:kit|several", identified("several")), 412),
    ("conditional update, another id", ("PUT", "Patient?identifier=urn:kit|fresh", identified("fresh", id="x")), 400),
    ("conditional update, no criteria", ("PUT", "Patient", identified("x")), 400),
    # patch
    ("patch", ("PATCH", "Patient/two", RENAME, JSON_PATCH), 200),
    ("patch of an unknown id", ("PATCH", "Patient/none", RENAME, JSON_PATCH), 404),
    ("patch of a deleted one", ("PATCH", "Patient/gone", RENAME, JSON_PATCH), 410),
    ("patch of the id", ("PATCH", "Patient/two", [{"op": "replace", "path": "/id", "value": "x"}], JSON_PATCH), 400),
    ("patch of what is not there", ("PATCH", "Patient/two", [{"op": "remove", "path": "/photo"}], JSON_PATCH), 422),
    ("patch with a wrong version", ("PATCH", "Patient/two", RENAME, {**JSON_PATCH, "If-Match": 'W/"9"'}), 412),
    ("patch of another media type", ("PATCH", "Patient/two", RENAME, {"Content-Type": "application/xml-patch+xml"}), 415),
    ("conditional patch, many", ("PATCH", "Patient?identifier=urn:kit|several", RENAME, JSON_PATCH), 412),
    # history
    ("history of a resource", ("GET", "Patient/one/_history"), 200),
    ("history of a deleted one", ("GET", "Patient/gone/_history"), 200),
    ("history of an unknown one", ("GET", "Patient/none/_history"), 404),
    ("history of a type", ("GET", "Patient/_history?_since=2020-01-01T00:00:00Z&_count=2"), 200),
    ("history of the system", ("GET", "_history"), 200),
    ("history since nonsense", ("GET", "_history?_since=nonsense"), 400),
    # delete
    ("conditional delete, many", ("DELETE", "Patient?identifier=urn:kit|several"), 412),
    ("conditional delete, none", ("DELETE", "Patient?identifier=urn:kit|nobody"), 204),
    ("conditional delete, unknown parameter", ("DELETE", "Patient?shoe=9"), 400),
    ("delete", ("DELETE", "Patient/two"), 204),
    ("delete again", ("DELETE", "Patient/two"), 204),
    # routes
    ("unknown route", ("GET", "a/b/c/d/e"), 404),
    ("method not allowed on a resource", ("POST", "Patient/one", patient()), 405),
    ("method not allowed on metadata", ("DELETE", "metadata"), 405),
    # Bundles
    ("transaction", ("POST", "", bundle("transaction", entry("GET", "Patient/one"))), 200),
    ("batch", ("POST", "", bundle("batch", entry("GET", "Patient/none"))), 200),
    ("transaction with a read that fails", ("POST", "", bundle("transaction", entry("GET", "Patient/none"))), 404),
    ("transaction with an unknown route", ("POST", "", bundle("transaction", entry("GET", "a/b/c"))), 400),
    ("transaction with one target twice", ("POST", "", bundle("transaction", entry("DELETE", "Patient/one"), entry("DELETE", "Patient/one"))), 400),
    ("transaction with many matches", ("POST", "", bundle("transaction", entry("DELETE", "Patient?identifier=urn:kit|several"))), 412),
    ("no Bundle", ("POST", "", patient()), 400),
    ("Bundle of another type", ("POST", "", bundle("collection")), 400),
    ("Bundle of no type", ("POST", "", bundle(None)), 400),
]  # fmt: skip


@pytest.fixture(scope="module")
def stocked(live: httpx.Client) -> httpx.Client:
    entries = [entry("PUT", "Patient/one", identified("single", id="one"))]
    entries += [entry("PUT", f"Patient/several{n}", identified("several", id=f"several{n}")) for n in range(2)]
    entries += [entry("PUT", "Patient/gone", patient(id="gone"))]
    assert live.post("", json=bundle("transaction", *entries)).status_code == 200
    assert live.delete("Patient/gone").status_code == 204
    return live


def ask(live: httpx.Client, method: str, path: str, body: Any = None, headers: Any = None) -> httpx.Response:
    content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    return live.request(method, path, content=content, headers=headers)


def test_the_catalogue(stocked: httpx.Client) -> None:
    """All of it, so that one failure does not hide another."""
    wrong = []
    for name, request, status in CASES:
        answer = ask(stocked, *request)
        told = status < 400 or answer.json().get("resourceType") == "OperationOutcome"
        if answer.status_code != status or not told:
            wrong.append((name, status, answer.status_code, answer.text[:200]))
    assert wrong == []


def test_headers_of_a_read(stocked: httpx.Client) -> None:
    answer = stocked.get("Patient/one")
    assert answer.headers["content-type"] == "application/fhir+json;charset=utf-8"
    assert answer.headers["etag"] == 'W/"1"'
    assert answer.headers["last-modified"].endswith("GMT")


def test_head_has_no_body_and_the_same_length(stocked: httpx.Client) -> None:
    get, head = stocked.get("Patient/one"), stocked.head("Patient/one")
    assert (head.content, head.headers["content-length"]) == (b"", get.headers["content-length"])


@pytest.mark.parametrize("wanted", ["minimal", "representation", "OperationOutcome"])
def test_preferences(stocked: httpx.Client, wanted: str) -> None:
    answer = ask(stocked, "POST", "Patient", patient(), {"Prefer": f"return={wanted}"})
    assert answer.status_code == 201
    kinds = {"minimal": None, "representation": "Patient", "OperationOutcome": "OperationOutcome"}
    assert (answer.json()["resourceType"] if answer.content else None) == kinds[wanted]


def test_a_failed_transaction_brings_back_what_it_deleted(stocked: httpx.Client) -> None:
    id = f"kept-{uuid4()}"
    assert ask(stocked, "PUT", f"Patient/{id}", patient(id=id)).status_code == 201
    failing = bundle("transaction", entry("DELETE", f"Patient/{id}"), entry("GET", "Patient/none"))
    assert ask(stocked, "POST", "", failing).status_code == 404
    assert stocked.get(f"Patient/{id}").status_code == 200
