"""Whatever bytes arrive, the answer is an answer: never a 500, never a crash, always an OperationOutcome where refused.

The parsers have laws of their own beside them; here they are asked through the application, as a stranger would.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.gateway.conftest import FHIR_JSON, NORTH, Fhir, bundle, entry, patient

XML, JSON_PATCH = "application/fhir+xml", "application/json-patch+json"
FORM = "application/x-www-form-urlencoded"
BODIES = [
    ("POST", "Patient", FHIR_JSON), ("PUT", "Patient/one", FHIR_JSON), ("POST", "", FHIR_JSON),
    ("POST", "Patient", XML), ("POST", "", XML),
    ("PATCH", "Patient/one", JSON_PATCH), ("PATCH", "Patient/one", FHIR_JSON),
    ("POST", "Patient/_search", FORM), ("POST", "_search", FORM), ("POST", "Patient/$validate", FHIR_JSON),
]  # fmt: skip
quick = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

JUNK = (
    st.text(max_size=8) | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False, allow_infinity=False)
)
TREES = st.recursive(
    JUNK,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["resourceType", "id", "meta", "type", "entry", "request", "method", "url", "resource", "fullUrl", "parameter",
     "name", "part", "valueString", "valueCode", "op", "path", "value", "from", "identifier", "contained",
     "text", "div"]
)  # fmt: skip
WORDS = st.sampled_from(
    ["Patient", "Bundle", "Parameters", "transaction", "batch", "POST", "PUT", "PATCH", "GET", "DELETE", "Patient/one",
     "operation", "add", "replace", "Patient.name[0].family", "urn:uuid:1", "Patient?name=x", "one", "test",
     "/name/0", ""]
)  # fmt: skip
NEARLY = st.recursive(
    JUNK | WORDS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5), max_leaves=12
)
"""What has the names of FHIR in the wrong places."""


@pytest.fixture
async def one(client: Fhir) -> Fhir:
    assert (await client.ask("PUT", "Patient/one", patient(id="one"))).status_code == 201
    return client


def is_answer(answer: httpx.Response) -> bool:
    if answer.status_code < 400:
        return True
    return answer.status_code < 500 and answer.json()["resourceType"] == "OperationOutcome"


async def assert_answered(client: Fhir, method: str, path: str, body: bytes, media: str) -> None:
    answer = await client.ask(method, path, body, headers={"Content-Type": media})
    assert is_answer(answer), (answer.status_code, answer.text)


@pytest.mark.parametrize(("method", "path", "media"), BODIES)
class TestBodies:
    """Of every interaction that reads one."""

    @quick
    @given(body=st.binary(max_size=200))
    async def test_any_bytes(self, one: Fhir, method: str, path: str, media: str, body: bytes) -> None:
        await assert_answered(one, method, path, body, media)

    @quick
    @given(tree=TREES | NEARLY)
    async def test_any_json(self, one: Fhir, method: str, path: str, media: str, tree: Any) -> None:
        await assert_answered(one, method, path, json.dumps(tree).encode(), media)


@quick
@given(request=NEARLY, resource=NEARLY, full_url=JUNK | WORDS, type=st.sampled_from(["transaction", "batch"]))
async def test_any_entry(one: Fhir, request: Any, resource: Any, full_url: Any, type: str) -> None:
    nearly = {"request": request, "resource": resource, "fullUrl": full_url}
    await assert_answered(one, "POST", "", json.dumps(bundle(nearly, type=type)).encode(), FHIR_JSON)


@quick
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]),
    url=st.text(max_size=20) | st.lists(WORDS | st.text(max_size=3), max_size=4).map("/".join),
    conditions=st.dictionaries(
        st.sampled_from(["ifMatch", "ifNoneMatch", "ifNoneExist", "ifModifiedSince"]), st.text(max_size=12), max_size=2
    ),
)
async def test_any_request(one: Fhir, method: str, url: str, conditions: dict[str, str]) -> None:
    asked = entry(method, url, patient(), **conditions)
    await assert_answered(one, "POST", "", json.dumps(bundle(asked, type="batch")).encode(), FHIR_JSON)


PATHS = st.text(alphabet="Patient.name[0]()'\"|=<>/$%@{}where exists first _-", max_size=40)


@quick
@given(
    path=PATHS | st.text(max_size=30),
    value=NEARLY,
    type=st.sampled_from(["add", "insert", "delete", "replace", "move"]),
)
async def test_any_fhirpath_patch(one: Fhir, path: str, value: Any, type: str) -> None:
    parts = [
        {"name": "type", "valueCode": type},
        {"name": "path", "valueString": path},
        {"name": "value", "valueString": value},
    ]
    patch = {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]}
    await assert_answered(one, "PATCH", "Patient/one", json.dumps(patch).encode(), FHIR_JSON)


PARAMETERS = st.sampled_from(
    ["name", "birthdate", "identifier", "organization", "organization.name", "_has:Observation:patient:code", "_sort",
     "_count", "_include", "_revinclude", "_elements", "_summary", "_lastUpdated", "_list", "_total", "_format",
     "_page",
     "name:exact", "gender:not", "identifier:of-type", "general-practitioner:Practitioner.name", "_id", "_type",
     "_profile"]
)  # fmt: skip


@quick
@given(st.lists(st.tuples(PARAMETERS | st.text(max_size=12), st.text(max_size=24)), max_size=5))
async def test_any_search(one: Fhir, params: list[tuple[str, str]]) -> None:
    for path in ("Patient", "", "Patient/one/Observation"):
        answer = await one.http.get(
            f"{NORTH}/{path}", params=tuple(params), headers={"Authorization": f"Bearer {one.token}"}
        )
        assert is_answer(answer), (answer.status_code, answer.text)


@quick
@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=40))
async def test_any_address(one: Fhir, path: str) -> None:
    headers = {"Authorization": f"Bearer {one.token}"}
    answer = await one.http.get(f"{NORTH}/{quote(path)}", headers=headers)
    assert is_answer(answer), (answer.status_code, answer.text)


HEADERS = st.sampled_from(
    [
        "Accept",
        "Prefer",
        "If-Match",
        "If-None-Match",
        "If-Modified-Since",
        "If-None-Exist",
        "Content-Type",
        "Accept-Encoding",
    ]
)


@quick
@given(
    st.dictionaries(
        HEADERS, st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=30), max_size=3
    )
)
async def test_any_header(one: Fhir, headers: dict[str, str]) -> None:
    for method, body in (("GET", None), ("PUT", patient(id="one"))):
        answer = await one.ask(method, "Patient/one", body, headers={k: v.strip() for k, v in headers.items()})
        assert is_answer(answer), (answer.status_code, answer.text)
