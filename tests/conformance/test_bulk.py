"""Bulk Data Access 2.0.0 on the live server: what bulk-data-test-kit, bulk-data-server and Microsoft's tests ask.

The names of the kit's checks stand at the tests. Where bulk-data-server's own tests differ from the specification, the
specification holds: a kick-off without Accept is taken ("if omitted, the server MAY process the request").
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.blackbox.conftest import Server
from tests.conformance.conftest import MakeClient

PATIENCE_S = 30.0
ASYNC = {"Prefer": "respond-async", "Accept": "application/fhir+json"}
LEVELS = ("$export", "Patient/$export", "Group/bulk-group/$export")


@pytest.fixture(scope="module")
def bulk(live: httpx.Client) -> httpx.Client:
    """With a Group of two patients, and their visits."""
    for id in ("bulk-one", "bulk-two", "bulk-three"):
        put(live, {"resourceType": "Patient", "id": id, "name": [{"family": "Bulk"}], "gender": "other"})
    for id in ("bulk-one", "bulk-three"):
        kind = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}
        subject = {"reference": f"Patient/{id}"}
        put(live, {"resourceType": "Encounter", "id": id, "status": "planned", "class": kind, "subject": subject})
    members = [{"entity": {"reference": f"Patient/{id}"}} for id in ("bulk-one", "bulk-two")]
    put(live, {"resourceType": "Group", "id": "bulk-group", "type": "person", "actual": True, "member": members})
    return live


def put(client: httpx.Client, resource: dict[str, Any]) -> None:
    answer = client.put(f"{resource['resourceType']}/{resource['id']}", json=resource)
    assert answer.status_code in (200, 201), answer.text


def begun(client: httpx.Client, place: str, **more: Any) -> str:
    answer = client.get(place, headers=ASYNC, **more)
    assert answer.status_code == 202, answer.text
    return answer.headers["content-location"]


def complete(client: httpx.Client, url: str) -> dict[str, Any]:
    """Polls as the kit does, honouring Retry-After."""
    deadline = time.monotonic() + PATIENCE_S
    while (answer := client.get(url, headers={"Accept": "application/json"})).status_code in (202, 429):
        assert time.monotonic() < deadline
        time.sleep(min(1.0, float(answer.headers["retry-after"])))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/json")
    manifest: dict[str, Any] = answer.json()
    return manifest


def lines(client: httpx.Client, manifest: dict[str, Any], section: str = "output") -> Iterator[tuple[str, Any]]:
    for file in manifest[section]:
        answer = client.get(file["url"], headers={"Accept": "application/fhir+ndjson"})
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("application/fhir+ndjson")
        yield from ((file["type"], json.loads(line)) for line in answer.text.splitlines())


def exported(client: httpx.Client, place: str) -> dict[str, set[str]]:
    url = begun(client, place)
    found: dict[str, set[str]] = {}
    for type, resource in lines(client, complete(client, url)):
        assert resource["resourceType"] == type
        found.setdefault(type, set()).add(resource["id"])
    assert client.delete(url).status_code == 202
    return found


def is_outcome(answer: httpx.Response) -> bool:
    return bool(answer.json()["resourceType"] == "OperationOutcome")


def test_export_is_declared(bulk: httpx.Client) -> None:
    """bulk_data_export_operation_support"""
    statement = bulk.get("metadata", headers={"Authorization": ""}).json()
    assert "http://hl7.org/fhir/uv/bulkdata/CapabilityStatement/bulk-data|2.0.0" in statement["instantiates"]
    (rest,) = statement["rest"]
    operations = {each["type"]: {one["name"] for one in each.get("operation", ())} for each in rest["resource"]}
    assert "export" in operations["Patient"] & operations["Group"]
    assert "export" not in operations["Observation"]
    assert {"export", "import"} <= {operation["name"] for operation in rest["operation"]}


@pytest.mark.parametrize("place", LEVELS)
def test_kick_off_needs_a_token(bulk: httpx.Client, scoped: MakeClient, place: str) -> None:
    """bulk_data_no_auth_reject"""
    assert scoped("").get(place, headers=ASYNC).status_code == 401


@pytest.mark.parametrize("place", LEVELS)
def test_an_export_from_kick_off_to_files(bulk: httpx.Client, scoped: MakeClient, place: str) -> None:
    """bulk_data_kick_off, status_check, output_check, ndjson_download, valid_resources, multiple_patients"""
    url = begun(bulk, place)
    assert url.startswith(str(bulk.base_url))
    manifest = complete(bulk, url)
    assert {"transactionTime", "request", "requiresAccessToken", "output", "error"} <= set(manifest)
    assert manifest["request"] == f"{bulk.base_url}{place}"
    found: dict[str, set[str]] = {}
    for type, resource in lines(bulk, manifest):
        assert resource["resourceType"] == type
        assert bulk.get(f"{type}/{resource['id']}").json() == resource
        found.setdefault(type, set()).add(resource["id"])
    assert {"bulk-one", "bulk-two"} <= found["Patient"]
    assert ("bulk-three" in found["Patient"]) is (place != "Group/bulk-group/$export")
    assert ("bulk-three" in found["Encounter"]) is (place != "Group/bulk-group/$export")
    for file in manifest["output"]:
        assert file["url"].startswith("http")
        assert scoped("").get(file["url"]).status_code == 401
    assert bulk.delete(url).status_code == 202


def test_an_export_can_be_ended(bulk: httpx.Client) -> None:
    """bulk_data_export_cancel, and its STU2 form; bulk-data-server: ending it twice is an error"""
    url = begun(bulk, "$export")
    assert bulk.delete(url).status_code == 202
    for answer in (bulk.get(url), bulk.delete(url)):
        assert answer.status_code == 404
        assert is_outcome(answer)


@pytest.mark.parametrize("format", ["application/fhir+ndjson", "application/ndjson", "ndjson"])
@pytest.mark.parametrize("place", LEVELS)
def test_output_formats(bulk: httpx.Client, place: str, format: str) -> None:
    assert bulk.delete(begun(bulk, place, params={"_outputFormat": format})).status_code == 202


def test_since(bulk: httpx.Client) -> None:
    url = begun(bulk, "$export?_type=Patient&_since=2999-01-01T00:00:00Z")
    manifest = complete(bulk, url)
    assert (manifest["output"], manifest["deleted"]) == ([], [])
    assert bulk.delete(url).status_code == 202


def test_type_filter_and_elements(bulk: httpx.Client) -> None:
    found = exported(bulk, "$export?_type=Patient&_typeFilter=Patient%3F_id%3Dbulk-one,Patient%3F_id%3Dbulk-two")
    assert found == {"Patient": {"bulk-one", "bulk-two"}}
    url = begun(bulk, "Group/bulk-group/$export?_type=Patient&_elements=gender")
    cut = [resource for _, resource in lines(bulk, complete(bulk, url))]
    assert [set(resource) for resource in cut] == [{"resourceType", "id", "meta", "gender"}] * 2
    assert all(resource["meta"]["tag"][0]["code"] == "SUBSETTED" for resource in cut)


@pytest.mark.parametrize(
    "query",
    [
        "organizeOutputBy=Patient", "unknown=1", "_since=soon", "_till=soon", "_outputFormat=csv", "_type=Nobody",
        "patient=Patient/bulk-one", "includeAssociatedData=RelevantProvenanceResources", "_typeFilter=Patient",
    ],
)  # fmt: skip
def test_parameters_that_are_not_supported(bulk: httpx.Client, query: str) -> None:
    """Microsoft: 400; bulk-data-server: `patient` by POST only"""
    answer = bulk.get(f"Patient/$export?{query}", headers=ASYNC)
    assert answer.status_code == 400
    assert is_outcome(answer)


@pytest.mark.parametrize("headers", [{"Prefer": "handling=strict"}, {"Accept": "text/html"}])
def test_headers_that_are_wrong(bulk: httpx.Client, headers: dict[str, str]) -> None:
    answer = bulk.get("$export", headers={**ASYNC, **headers})
    assert answer.status_code == 400


def test_a_post_carries_parameters(bulk: httpx.Client) -> None:
    body = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "_type", "valueString": "Patient"},
            {"name": "_outputFormat", "valueString": "application/fhir+ndjson"},
            {"name": "patient", "valueReference": {"reference": "Patient/bulk-two"}},
        ],
    }
    answer = bulk.post("Patient/$export", json=body, headers=ASYNC)
    assert answer.status_code == 202
    manifest = complete(bulk, answer.headers["content-location"])
    assert [resource["id"] for _, resource in lines(bulk, manifest)] == ["bulk-two"]


def test_scopes_infer_the_types(bulk: httpx.Client, scoped: MakeClient) -> None:
    """Microsoft: a partial system scope infers `_type`; another type that is named is refused"""
    narrow = scoped("system/Patient.read")
    assert set(exported(narrow, "$export")) == {"Patient"}
    assert narrow.get("$export?_type=Encounter", headers=ASYNC).status_code == 403
    nothing = scoped("system/Patient.cud")
    assert nothing.get("$export", headers=ASYNC).status_code == 403


def test_anothers_job_is_not_there(server: Server, bulk: httpx.Client) -> None:
    """Microsoft: status and cancelling of another's job, and of one that never was: 404"""
    url = begun(bulk, "$export?_type=Patient")
    manifest = complete(bulk, url)
    with client_of(server, "system/*.rs") as other:
        for answer in (other.get(url), other.delete(url), other.get(manifest["output"][0]["url"])):
            assert answer.status_code == 404
    assert bulk.get(f"{bulk.base_url}_bulk/never").status_code == 404
    assert bulk.delete(f"{bulk.base_url}_bulk/never").status_code == 404
    assert bulk.get(url).status_code == 200
    assert bulk.delete(url).status_code == 202


def client_of(server: Server, scope: str) -> httpx.Client:
    """A client of its own."""
    made = server.run("client", "add", "--org", server.org, "--name", "Other", "--scope", scope)
    form = {"grant_type": "client_credentials", "scope": scope}
    token = httpx.post(
        f"{server.url}/oauth/{server.org}/token", data=form, auth=(made["client_id"], made["client_secret"])
    )
    headers = {"Authorization": f"Bearer {token.raise_for_status().json()['access_token']}"}
    return httpx.Client(base_url=f"{server.base}/", headers=headers, timeout=30)


def test_an_import_is_told_of_line_by_line(server: Server, bulk: httpx.Client) -> None:
    with client_of(server, "gateway/admin") as admin:
        good = {"resourceType": "Patient", "id": "bulk-four", "name": [{"family": "Bulk"}]}
        body = "\n".join(json.dumps(line) for line in (good, {**good, "id": "bulk-five", "gender": "none"}))
        headers = {**ASYNC, "Content-Type": "application/fhir+ndjson"}
        assert bulk.post("$import", content=body, headers=headers).status_code == 403
        url = admin.post("$import", content=body, headers=headers).headers["content-location"]
        manifest = complete(admin, url)
        assert manifest["output"] == [{"type": "Patient", "count": 1}]
        ((type, outcome),) = lines(admin, manifest, "error")
        assert type == "OperationOutcome"
        assert outcome["issue"][0]["diagnostics"].startswith("Line 2: ")
    assert bulk.get("Patient/bulk-four").status_code == 200
