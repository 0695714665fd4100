"""The live face of an EMR that speaks FHIR: what passes, what comes back, and what is refused at no cost."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from typing import Any

import pytest
from fhir.resources.R4B.capabilitystatement import CapabilityStatement

from tests.gateway.conftest import NORTH, Fhir
from tests.gateway.interactions.via_world import THEIRS, VIA, Face, face, links, path_of
from tests.gateway.sync.conftest import prepared
from translators.ecw.sandbox_data import PATIENT
from translators.ecw.sandbox_live import ATTACHED, NOTE

__all__ = ["face", "prepared"]


pytestmark = pytest.mark.asyncio(loop_scope="module")


def rebased(body: bytes) -> bytes:
    return body.replace(THEIRS.encode(), VIA.encode())


@pytest.mark.parametrize(
    "path",
    [
        f"Patient/{PATIENT}", f"DocumentReference/{NOTE}", f"Binary/{ATTACHED}", f"Patient?_id={PATIENT}",
        f"Encounter?patient={PATIENT}", f"Encounter?patient={PATIENT}&_include=Encounter%3Apatient",
        f"Patient/{PATIENT}/$everything", "Location?name=Main",
    ],
)  # fmt: skip
async def test_the_bytes_are_theirs(face: Face, path: str) -> None:
    answer = await face.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/fhir+json;charset=utf-8"
    ours, theirs = answer.content, rebased(await face.theirs(path))
    total = re.search(rb', "total": [0-9]+', theirs)
    if total:  # behind the entries, since it could tell of what is left out of them
        theirs = theirs.replace(total[0], b"")[:-1] + total[0] + b"}"
    assert ours == theirs
    assert THEIRS.encode() not in ours


async def test_absolute_references(face: Face) -> None:
    with face.fault("absolute-references"):
        found = (await face.get(f"Encounter?patient={PATIENT}")).json()
    reference = found["entry"][0]["resource"]["subject"]["reference"]
    assert reference == f"{VIA}/Patient/{PATIENT}"
    assert (await face.get(path_of(reference))).json()["id"] == PATIENT
    assert (await face.get(f"Encounter?patient={reference}")).json()["total"] == 1


async def test_pages(face: Face) -> None:
    locations = face.clinic.emrs["ecw"].state["documents"]["Location"]
    many = {
        f"L_{n}": {"resourceType": "Location", "id": f"L_{n}", "status": "active", "name": "Hall"} for n in range(45)
    }
    locations |= many
    seen, path = [], "Location?name=Hall"
    while path:
        bundle = (await face.get(path)).json()
        assert links(bundle)["self"] == f"{VIA}/{path}"
        seen += [entry["resource"]["id"] for entry in bundle["entry"]]
        assert all(entry["fullUrl"].startswith(f"{VIA}/Location/L_") for entry in bundle["entry"])
        following = links(bundle).get("next")
        path = path_of(following) if following else ""
    assert seen == list(many)
    with face.fault("repeat-next"):
        assert "next" not in links((await face.get("Location?name=Hall")).json())
    for id in many:
        del locations[id]


async def test_a_search_by_post(face: Face) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = f"patient=Patient%2F{PATIENT}".encode()
    answer = await face.client().ask("POST", "Encounter/_search", body, headers=form)
    assert (answer.status_code, answer.json()["total"]) == (200, 1)
    refused = await face.client().ask("POST", "Encounter/_search", b"_count=5", headers=form)
    assert refused.status_code == 400


@pytest.mark.parametrize(
    ("path", "status", "expression"),
    [
        *((f"Patient?family=x&{name}=1", 400, name) for name in (
            "_count", "_sort", "_lastUpdated", "_summary", "_elements", "family:exact", "general-practitioner.name",
            "_page", "_include", "_has:Observation:patient:code", "active", "",
        )),
        ("Encounter?patient=x&_include=Encounter:subject", 400, "_include"),
        ("Encounter?patient=x&_include:iterate=Encounter:patient", 400, "_include:iterate"),
        (f"Patient/{PATIENT}?_elements=id", 400, "_elements"),
        (f"Patient/{PATIENT}/$everything?start=2026-01-01", 400, "start"),
        (f"Patient/{PATIENT}/$export", 400, "operation"), (f"Location/{PATIENT}/$everything", 400, "operation"),
        ("Appointment?patient=x", 404, None), ("Appointment/1", 404, None), ("Group?page=1", 404, None),
        ("Binary?_id=1", 405, None), ("Claim?patient=x", 405, None), ("?_getpages=1", 400, None),
        ("Patient/%2e%2e", 404, None), ("Patient/a%20b", 404, None),
        ("Patient/_history", 404, None), ("Patient/a%2Fb", 404, None),
    ],
)  # fmt: skip
async def test_what_is_refused_costs_no_call(face: Face, path: str, status: int, expression: str | None) -> None:
    before = len(face.clinic.network.calls)
    answer = await face.get(path)
    assert answer.status_code == status, answer.text
    assert answer.json()["resourceType"] == "OperationOutcome"
    if expression is not None:
        assert answer.json()["issue"][0]["expression"] == [expression]
    assert len(face.clinic.network.calls) == before


async def test_bulk_export_is_told_of(face: Face) -> None:
    issue = (await face.get("Patient/1/$export")).json()["issue"][0]
    assert "pull the connection" in issue["diagnostics"]


@pytest.mark.parametrize(
    ("scope", "more", "status"),
    [
        ("system/Encounter.rs", {}, 403), ("system/Patient.s", {}, 403), ("system/Patient.r", {}, 200),
        ("patient/*.rs", {"patient": "1", "user_email": "a@b.example", "user_role": "operator"}, 403),
    ],
)  # fmt: skip
async def test_scopes(face: Face, scope: str, more: dict[str, Any], status: int) -> None:
    await face.get(f"Patient/{PATIENT}")
    before = len(face.calls)
    answer = await face.client(scope, **more).ask("GET", f"Patient/{PATIENT}")
    assert answer.status_code == status
    assert len(face.calls) == before + (status == 200)


async def test_without_a_token(face: Face) -> None:
    fhir = face.client()
    for token in (None, "nonsense"):
        answer = await fhir.http.get(
            f"{VIA}/Patient/{PATIENT}", headers={"Authorization": f"Bearer {token}"} if token else {}
        )
        assert answer.status_code == 401
        assert answer.json()["resourceType"] == "OperationOutcome"
    assert (await fhir.http.post(f"{VIA}/Patient", json={})).status_code == 405


async def test_their_outcomes_are_kept(face: Face) -> None:
    answer = await face.get("Patient/FFBJCD.none_1")
    assert (answer.status_code, answer.json()["issue"][0]["diagnostics"]) == (404, "Resource not found")
    answer = await face.get("Patient?gender=male")
    assert (answer.status_code, answer.json()["issue"][0]["diagnostics"]) == (
        400,
        "At least one search parameter is required",
    )
    with face.fault("outcome-entry"):
        modes = [entry["search"]["mode"] for entry in (await face.get(f"Patient?_id={PATIENT}")).json()["entry"]]
    assert modes == ["match", "outcome"]


@pytest.mark.parametrize(
    "fault", ["rate-limited", "not-activated", "jwks-not-listed", "down", "nonsense", "bad-gateway"]
)
async def test_what_is_between_the_gateway_and_the_emr(face: Face, fault: str) -> None:
    statuses = {"rate-limited": 503, "down": 504, "bad-gateway": 504}
    client = replace(face.client(), base=await face.connect_apart(fault))
    with face.fault(fault):
        answer = await client.ask("GET", f"Patient?_id={PATIENT}")
    assert answer.status_code == statuses.get(fault, 502), answer.text
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert ("retry-after" in answer.headers) == (fault == "rate-limited")


async def test_versions(face: Face) -> None:
    path = f"Patient/{PATIENT}"
    with face.fault("versions"):
        answer = await face.get(path)
        tag, day = answer.headers["etag"], answer.headers["last-modified"]
        for condition in ({"If-None-Match": tag}, {"If-None-Match": f'"x", {tag}'}, {"If-Modified-Since": day}):
            known = await face.get(path, headers=condition)
            assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", tag)
        for condition in ({"If-None-Match": 'W/"x"'}, {"If-Modified-Since": "Sat, 31 Jan 2026 10:00:00 GMT"}):
            assert (await face.get(path, headers=condition)).status_code == 200
    assert "etag" not in (await face.get(path)).headers


async def test_forms(face: Face) -> None:
    for path in (f"Patient/{PATIENT}", f"Patient?_id={PATIENT}"):
        xml = await face.get(path, headers={"Accept": "application/fhir+xml"})
        assert (xml.headers["content-type"], xml.text[:5]) == ("application/fhir+xml;charset=utf-8", "<?xml")
        pretty = await face.get(f"{path}{'&' if '?' in path else '?'}_pretty=true&_format=json")
        assert pretty.text.startswith("{\n")
        assert pretty.json() == (await face.get(path)).json()
        head = await face.client().ask("HEAD", path)
        assert (head.status_code, head.content) == (200, b"")
        assert (await face.get(path, headers={"Accept": "text/html"})).status_code == 406
        packed = await face.get(path, headers={"Accept-Encoding": "gzip"})
        assert packed.json() == (await face.get(path)).json()


async def test_metadata(face: Face) -> None:
    statement = (await face.client().http.get(f"{VIA}/metadata")).json()
    CapabilityStatement.model_validate(statement)
    (rest,) = statement["rest"]
    resources = {each["type"]: each for each in rest["resource"]}
    assert statement["implementation"]["url"] == VIA
    assert statement["software"]["name"] == "Crosswalk"
    assert {code["code"] for each in resources.values() for code in each["interaction"]} == {"read", "search-type"}
    assert "Group" not in resources
    assert [each["name"] for each in resources["Patient"]["operation"]] == ["everything"]
    assert "QuestionnaireResponse" in resources
    text = str(statement)
    assert "ecw.example" not in text
    addresses = {each["url"]: each["valueUri"] for each in rest["security"]["extension"][0]["extension"]}
    assert addresses["token"].startswith("https://gateway.example/oauth/north/")
    smart = (await face.client().http.get(f"{VIA}/.well-known/smart-configuration")).json()
    assert smart["token_endpoint"] == addresses["token"]


async def test_audit(face: Face) -> None:
    await face.get(f"Encounter?patient=Patient/{PATIENT}")
    await face.get("Appointment/1")
    await face.clinic.services.audit.flush()
    admin = Fhir(face.clinic.fhir.http, NORTH, face.client("system/AuditEvent.rs gateway/admin").token)
    events = (await admin.ask("GET", "AuditEvent?_sort=-date&_count=2")).json()["entry"]
    told = [(each["resource"]["subtype"][0]["code"], each["resource"]["outcome"]) for each in events]
    assert sorted(told) == [("read", "4"), ("search-type", "0")]
    asked = [base64.b64decode(each["resource"]["entity"][0]["query"]).decode() for each in events]
    assert f"via/ecw/Encounter?patient=Patient/{PATIENT}" in asked
