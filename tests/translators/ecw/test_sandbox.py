"""The sandbox is as strict as eCW's documentation: assertions, tokens, parameters, the rate limit, written patients."""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import RSAKey

from gateway.translation.sandbox import SandboxSetup
from tests.translators.ecw.world import ASSIGNER, HOST, KEY, World, assertion, jwks_transport
from translators.ecw.patient import DEFAULT_FACILITY
from translators.ecw.sandbox import BASE, LIMIT, create
from translators.ecw.sandbox_auth import TOKEN_PATH
from translators.ecw.sandbox_data import MAIN, OLD, PATIENT

READ = "system/Patient.read system/Location.read system/Encounter.read"
WRITE = "system/Patient.read system/Patient.c system/Patient.u"
JSON = "application/fhir+json"
OTHER = RSAKey.generate_key(2048, {"kid": "other"}, private=True)


def claims(world: World, **changes: Any) -> dict[str, Any]:
    now = int(world.now.timestamp())
    client = "sandbox-client"
    made = {"iss": client, "sub": client, "aud": HOST + TOKEN_PATH, "jti": world.nonce(), "iat": now, "exp": now + 300}
    return {**made, **changes}


def form(signed: str, **changes: str) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": signed,
        "scope": READ,
        **changes,
    }


async def bearer(world: World, scope: str = READ) -> dict[str, str]:
    reply = await world.http.post(TOKEN_PATH, data=form(assertion(claims(world)), scope=scope))
    assert reply.json()["expires_in"] == 300
    return {"Authorization": f"Bearer {reply.json()['access_token']}", "Accept": JSON}


async def refusal(world: World, data: dict[str, str]) -> tuple[int, str]:
    reply = await world.http.post(TOKEN_PATH, data=data)
    return reply.status_code, reply.json()["error"]


@pytest.mark.parametrize("alg", ["RS256", "RS512", "PS384"])
async def test_only_rs384(alg: str) -> None:
    world = World()
    assert await refusal(world, form(assertion(claims(world), alg))) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("key", "kid", "changes", "expected"),
    [
        (OTHER, "gateway-1", {}, (401, "invalid_client")),
        (KEY, "unknown", {}, (401, "invalid_client")),
        (KEY, "gateway-1", {"iss": "somebody"}, (401, "invalid_client")),
        (KEY, "gateway-1", {"aud": HOST}, (400, "invalid_grant")),
        (KEY, "gateway-1", {"exp": 4_000_000_000}, (400, "invalid_grant")),
        (KEY, "gateway-1", {"exp": 1}, (400, "invalid_grant")),
        (KEY, "gateway-1", {"jti": ""}, (400, "invalid_grant")),
    ],
)
async def test_assertions(key: RSAKey, kid: str, changes: dict[str, Any], expected: tuple[int, str]) -> None:
    world = World()
    assert await refusal(world, form(assertion(claims(world, **changes), key=key, kid=kid))) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"grant_type": "authorization_code"}, "unsupported_grant_type"),
        ({"client_assertion": ""}, "invalid_request"),
        ({"client_assertion": "x.y.z"}, "invalid_client"),
        ({"scope": ""}, "invalid_grant"),
        ({"scope": "system/Coverage.c"}, "invalid_grant"),
        ({"scope": "system/Coverage.read"}, "invalid_grant"),
        ({"scope": "system/Group.read system/Patient.c"}, "invalid_grant"),
    ],
)
async def test_token_requests(changes: dict[str, str], expected: str) -> None:
    world = World()
    assert (await refusal(world, form(assertion(claims(world)), **changes)))[1] == expected


async def test_an_assertion_serves_once() -> None:
    world = World()
    signed = assertion(claims(world))
    assert (await world.http.post(TOKEN_PATH, data=form(signed))).status_code == 200
    assert await refusal(world, form(signed)) == (400, "invalid_grant")


async def test_a_jwks_that_cannot_be_fetched() -> None:
    unreachable = httpx.MockTransport(lambda request: httpx.Response(404))
    sandbox = create(SandboxSetup(clock=lambda: World.now), transport=unreachable)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(sandbox.app()), base_url=HOST) as http:
        reply = await http.post(TOKEN_PATH, data=form(assertion(claims(World()))))
    assert (reply.status_code, reply.json()["error"]) == (401, "invalid_client")


async def test_tokens_end_after_five_minutes_and_reach_as_far_as_their_scopes() -> None:
    world = World()
    headers = await bearer(world)
    assert (await world.http.get(f"{BASE}/Patient/{PATIENT}", headers=headers)).status_code == 200
    assert (await world.http.get(f"{BASE}/Coverage/FFBJCD.cOv-1", headers=headers)).status_code == 403
    assert (await world.http.get(f"{BASE}/Patient/{PATIENT}")).status_code == 401
    world.now += timedelta(seconds=300)
    assert (await world.http.get(f"{BASE}/Patient/{PATIENT}", headers=headers)).status_code == 401


async def test_group_tokens_are_for_bulk_only() -> None:
    world = World()
    headers = await bearer(world, "system/Group.read system/Patient.read")
    assert (await world.http.get(f"{BASE}/Patient/{PATIENT}", headers=headers)).status_code == 401
    assert (await world.http.get(f"{BASE}/Group", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/Patient?family=W&_count=1", 400, "Unsupported query parameter(s): _count"),
        ("/Patient?_lastUpdated=gt2026", 400, "_lastUpdated"),
        ("/Encounter?status=finished", 400, "status"),
        ("/Patient", 400, "required"),
        ("/Patient?page=x&family=W", 400, "page"),
        ("/Slot", 404, "type"),
        ("/Location/none", 404, "not found"),
    ],
)
async def test_refused_reads(path: str, status: int, words: str) -> None:
    world = World()
    reply = await world.http.get(BASE + path, headers=await bearer(world))
    assert (reply.status_code, reply.headers["content-type"]) == (status, JSON)
    assert words in reply.json()["issue"][0]["diagnostics"]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("family=walk", 1), ("given=In&birthdate=1984-09-30", 1), ("given=In&birthdate=1984-10-01", 0),
        ("name=Wal", 1), ("phone=9135550177", 1), ("identifier=walk-in-1", 1), (f"identifier={ASSIGNER}|walk-in-1", 1),
        ("identifier=urn:x|walk-in-1", 0), ("gender=female&family=W", 1), (f"_id={PATIENT}", 1), ("_id=none", 0),
    ],
)  # fmt: skip
async def test_patient_searches(query: str, count: int) -> None:
    world = World()
    reply = await world.http.get(f"{BASE}/Patient?{query}", headers=await bearer(world))
    assert reply.json()["total"] == count


@pytest.mark.parametrize(
    ("query", "count"),
    [
        (f"patient={PATIENT}", 1), (f"patient=Patient/{PATIENT}&date=ge2026-02-03", 1),
        (f"patient={PATIENT}&date=lt2026-02-03", 0), (f"location={MAIN}", 1), (f"location={OLD}", 0),
    ],
)  # fmt: skip
async def test_encounter_searches(query: str, count: int) -> None:
    world = World()
    reply = await world.http.get(f"{BASE}/Encounter?{query}", headers=await bearer(world))
    assert reply.json()["total"] == count


async def test_the_rate_limit_is_that_of_the_wall_clocks_minute() -> None:
    world = World()
    world.sandbox.state["minute"] = [int(world.now.timestamp() // 60), LIMIT - 1]
    assert (await world.http.get(f"{BASE}/metadata")).status_code == 200
    assert (await world.http.get(f"{BASE}/metadata")).status_code == 429
    assert (await world.http.post(TOKEN_PATH)).status_code == 429
    world.now += timedelta(seconds=60)
    assert (await world.http.get(f"{BASE}/metadata")).status_code == 200


WRITTEN: dict[str, Any] = {
    "resourceType": "Patient",
    "meta": {"profile": ["http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient"]},
    "name": [{"use": "usual", "family": "Written", "given": ["Pat"]}],
    "gender": "unknown",
    "birthDate": "2000-02-29",
    "telecom": [{"system": "phone", "value": "913-555-0100", "use": "home"}],
    "identifier": [{"use": "usual", "system": ASSIGNER, "value": "7"}],
    "extension": [{"url": DEFAULT_FACILITY, "valueReference": {"reference": f"Location/{MAIN}"}}],
}


async def written(world: World, patient: dict[str, Any], method: str = "POST", url: str = "Patient") -> str:
    entry = {"resource": patient, "request": {"method": method, "url": url}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    reply = await world.http.post(BASE, json=bundle, headers={**await bearer(world, WRITE), "Content-Type": JSON})
    assert reply.status_code == 200
    status: str = reply.json()["entry"][0]["response"]["status"]
    return status


def _facility(reference: str) -> list[dict[str, Any]]:
    return [{"url": DEFAULT_FACILITY, "valueReference": {"reference": reference}}]


OBJECTIONS: list[tuple[dict[str, Any], str]] = [
    ({}, "1"),
    ({"birthDate": None}, "119"),
    ({"birthDate": "2000-02-30"}, "119"),
    ({"gender": "F"}, "117"),
    ({"name": [{"family": "Written", "given": ["Pat"]}]}, "118"),
    ({"name": [{"use": "usual", "family": "Written", "given": ["Pat"], "text": "Pat"}]}, "118"),
    ({"name": [{"use": "usual", "family": "<b>", "given": ["Pat"]}]}, "108"),
    ({"telecom": [{"system": "phone", "value": "9135550100", "use": "home"}]}, "203"),
    ({"address": [{"state": "open", "postalCode": "KS"}]}, "203"),
    ({"contact": [{}]}, "203"),
    ({"extension": _facility("Location/none")}, "107"),
    ({"extension": _facility(f"Location/{OLD}")}, "107"),
    ({"extension": _facility("Practitioner/x")}, "132"),
    ({"extension": [{"url": "urn:x", "valueString": "x"}]}, "151"),
    ({"maritalStatus": {"coding": [{"system": "urn:x", "code": "M"}]}}, "102"),
    ({"communication": [{"language": {"text": "English"}}]}, "120"),
    ({"identifier": [{"system": ASSIGNER, "value": "7"}]}, "605"),
    ({"meta": {}}, "2"),
    ({"name": [{"use": "usual", "family": "WALKER", "given": ["Ines"]}], "birthDate": "1984-09-30"}, "202"),
]


@pytest.mark.parametrize(("changes", "code"), OBJECTIONS)
async def test_created_patients(changes: dict[str, Any], code: str) -> None:
    world = World()
    before = deepcopy(world.patients)
    patient = {name: value for name, value in {**WRITTEN, **changes}.items() if value is not None}
    assert await written(world, patient) == code
    assert (world.patients == before) is (code != "1")


@pytest.mark.parametrize(
    ("id", "url", "code"),
    [(PATIENT, "Patient", "1"), (PATIENT, f"Patient/{PATIENT}", "1"), (PATIENT, "Patient/other", "100"),
     ("none", "Patient", "207"), (None, "Patient", "165")],
)  # fmt: skip
async def test_updated_patients(id: str | None, url: str, code: str) -> None:
    patient = {**WRITTEN, "id": id} if id else WRITTEN
    assert await written(World(), patient, "PUT", url) == code


async def test_writing_needs_its_scope_and_a_transaction() -> None:
    world = World()
    headers = {**await bearer(world), "Content-Type": JSON}
    assert (await world.http.post(f"{BASE}/", json={}, headers=headers)).status_code == 403
    headers = {**await bearer(world, WRITE), "Content-Type": JSON}
    bodies: list[Any] = [{}, {"resourceType": "Bundle", "type": "batch", "entry": []}, []]
    for body in bodies:
        assert (await world.http.post(BASE, json=body, headers=headers)).status_code == 400


async def test_the_state_survives(tmp_path: Path) -> None:
    world = World()
    setup = SandboxSetup(state_file=tmp_path / "ecw.json", clock=lambda: world.now)
    first = create(setup, transport=jwks_transport())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(first.app()), base_url=HOST) as http:
        await http.post("/_sandbox/patient", json={"id": PATIENT, "gender": "other", "active": None})
        assert (await http.post("/_sandbox/coverage", json={"patient": "none"})).status_code == 400
    second = create(setup, transport=jwks_transport())
    assert second.state["documents"]["Patient"][PATIENT]["gender"] == "other"
    assert "active" not in second.state["documents"]["Patient"][PATIENT]
