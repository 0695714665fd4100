"""The sandbox is as strict as Ritten's contract, and stricter where that is silent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.translation.sandbox import SandboxSetup
from tests.translators.ritten.driving import ORIGIN, Clock
from translators.ritten.sandbox import create

CREDENTIALS = {
    "grant_type": "client_credentials",
    "client_id": "sandbox-client",
    "client_secret": "sandbox-secret",
    "audience": ORIGIN,
}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def http(clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    app = create(SandboxSetup(clock=clock)).app()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"{ORIGIN}/v1") as client:
        yield client


@pytest.fixture
async def staff(http: httpx.AsyncClient) -> httpx.AsyncClient:
    token = (await http.post("/oauth/token", json=CREDENTIALS)).json()["access_token"]
    http.headers.update({"Authorization": f"Bearer {token}", "X-Ritten-Tenant": "ritclinic"})
    return http


async def made(staff: httpx.AsyncClient, **body: Any) -> str:
    reply = await staff.post("/patients", json={"name": {"first": "Kit", "last": "Vale"}, **body})
    assert (reply.status_code, set(reply.json())) == (200, {"id"})
    return str(reply.json()["id"])


class TestTokens:
    """The token endpoint and Auth0's quota behind it."""

    async def test_json_and_form_are_taken(self, http: httpx.AsyncClient) -> None:
        for answer in (
            await http.post("/oauth/token", json=CREDENTIALS),
            await http.post("/oauth/token", data=CREDENTIALS),
        ):
            assert answer.status_code == 200
            assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("Bearer", 86400)

    @pytest.mark.parametrize(
        ("change", "status", "error"),
        [
            ({"client_secret": "no"}, 401, "invalid_client"),
            ({"client_id": "no"}, 401, "invalid_client"),
            ({"audience": "https://external-api.ritten.io"}, 400, "invalid_audience"),
            ({"grant_type": "password"}, 400, "unsupported_grant_type"),
            ({"audience": None}, 400, "invalid_request"),
        ],
    )
    async def test_refusals(self, http: httpx.AsyncClient, change: dict[str, Any], status: int, error: str) -> None:
        answer = await http.post("/oauth/token", json=CREDENTIALS | change)
        assert (answer.status_code, answer.json()["error"]) == (status, error)

    async def test_the_cache_serves_one_token_all_day(self, http: httpx.AsyncClient, clock: Clock) -> None:
        first = (await http.post("/oauth/token", json=CREDENTIALS)).json()
        for _ in range(9):
            clock.pass_by(hours=2)
            assert (await http.post("/oauth/token", json=CREDENTIALS)).json()["access_token"] == first["access_token"]
        clock.pass_by(hours=7)
        assert (await http.post("/oauth/token", json=CREDENTIALS)).json()["access_token"] != first["access_token"]

    async def test_mints_are_two_an_hour_and_three_a_day(self, http: httpx.AsyncClient, clock: Clock) -> None:
        await http.put(f"{ORIGIN}/_sandbox/faults", json=["no-token-cache"])
        statuses = []
        for minutes in (0, 1, 1, 60, 60, 24 * 60):
            clock.pass_by(minutes=minutes)
            statuses.append((await http.post("/oauth/token", json=CREDENTIALS)).status_code)
        assert statuses == [200, 200, 429, 200, 429, 200]

    async def test_a_token_ends(self, staff: httpx.AsyncClient, clock: Clock) -> None:
        assert (await staff.get("/staff")).status_code == 200
        clock.pass_by(hours=25)
        assert (await staff.get("/staff")).status_code == 401


async def test_a_quota_that_is_used_up_and_tokens_that_are_withdrawn(staff: httpx.AsyncClient) -> None:
    await staff.put(f"{ORIGIN}/_sandbox/faults", json=["quota-spent", "tokens-withdrawn"])
    refused = await staff.post("/oauth/token", json=CREDENTIALS)
    assert (refused.status_code, refused.json()["error"]) == (429, "rate_limit_exceeded")
    assert (await staff.get("/staff")).status_code == 401


async def test_calls_that_are_refused_take_from_the_bucket_too(staff: httpx.AsyncClient) -> None:
    statuses = [(await staff.get("/staff", headers={"Authorization": "Bearer other"})).status_code for _ in range(101)]
    assert (statuses.count(401), statuses[-1]) == (100, 429)


async def test_token_and_tenant_are_demanded(staff: httpx.AsyncClient) -> None:
    for header, value, status in (
        ("Authorization", "Bearer other", 401),
        ("Authorization", "", 401),
        ("X-Ritten-Tenant", "elsewhere", 403),
        ("X-Ritten-Tenant", "", 403),
    ):
        assert (await staff.get("/staff", headers={header: value})).status_code == status


async def test_the_bucket_holds_a_hundred_and_gains_fifty_a_second(staff: httpx.AsyncClient, clock: Clock) -> None:
    async def taken() -> int:
        count = 0
        while (await staff.get("/staff")).status_code == 200:
            count += 1
        return count

    assert await taken() == 100
    clock.pass_by(seconds=1)
    assert await taken() == 50


async def test_a_patient_is_created_prospective_with_an_mrn(staff: httpx.AsyncClient) -> None:
    id = await made(staff, dob="1990-02-23", externalId="crm 7")
    for path in (f"/patients/{id}", "/patients/external/crm%207"):
        shown = (await staff.get(path)).json()
        assert (shown["id"], shown["programStatus"], shown["dob"]) == (id, "prospective", "1990-02-23")
        assert shown["mrn"]
    assert (await staff.get("/patients/external/none")).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"dob": "1990-02-23"},
        {"name": {"first": "A"}, "phones": ["+17855550100"]},
        {"name": {"first": "A"}, "demographics": {}},
        {"name": {"given": "A"}},
        {"name": "A"},
        {"name": {"first": "A"}, "dob": "23.2.1990"},
        {"name": {"first": "A"}, "dob": "1990-02-30"},
        [],
    ],
)
async def test_creating_takes_name_dob_and_external_id_only(staff: httpx.AsyncClient, body: Any) -> None:
    assert (await staff.post("/patients", json=body)).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        {"phones": ["785-555-0100"]},
        {"emails": ["no address"]},
        {"demographics": {"maritalStatus": "Divorced"}},
        {"demographics": {"race": ["Martian"]}},
        {"demographics": {"gender": "Male"}},
        {"addresses": [{"use": "HOLIDAY"}]},
        {"addresses": [{"country": "USA", "region": "open"}]},
        {"addresses": [{"id": "no-such"}]},
        {"insurance": [{"payerId": "no-such"}]},
        {"insurance": [{"memberIdentifier": "M1"}]},
        {"insurance": [{"relationship": "Aunt"}]},
        {"insurance": [{"orderNumber": "1"}]},
        {"ssn": "12"},
        {"mrn": "X"},
        {"id": "X"},
    ],
)
async def test_a_patch_outside_the_contract_changes_nothing(staff: httpx.AsyncClient, body: dict[str, Any]) -> None:
    id = await made(staff)
    before = (await staff.get(f"/patients/{id}")).json()
    assert (await staff.patch(f"/patients/{id}", json={"dob": "1980-01-01", **body})).status_code == 400
    assert (await staff.get(f"/patients/{id}")).json() == before


async def test_a_patch_keeps_what_it_does_not_name(staff: httpx.AsyncClient) -> None:
    id = await made(staff)
    body = {"name": {"middle": "B"}, "ssn": "900-00-0001", "addresses": [{"country": "usa", "region": "kansas"}]}
    shown = (await staff.patch(f"/patients/{id}", json=body)).json()
    assert shown["name"] == {"first": "Kit", "middle": "B", "last": "Vale"}
    assert (shown["addresses"][0]["country"], shown["addresses"][0]["region"]) == ("US", "KS")
    assert "ssn" not in shown
    address = {"id": shown["addresses"][0]["id"], "city": "Topeka"}
    shown = (await staff.patch(f"/patients/{id}", json={"addresses": [address]})).json()
    assert [(item["region"], item["city"]) for item in shown["addresses"]] == [("KS", "Topeka")]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?programStatus=open",
        *(f"?programStatus=active&{rest}" for rest in ("limit=21", "limit=0", "limit=x", "offset=-1", "name=Vale")),
        "?programStatus=active&programStatus=former",
    ],
)
async def test_lists_are_asked_as_the_contract_says(staff: httpx.AsyncClient, query: str) -> None:
    assert (await staff.get(f"/patients{query}")).status_code == 400


async def test_lists_are_paged_and_lack_details(staff: httpx.AsyncClient) -> None:
    for _ in range(22):
        await made(staff)
    page = (await staff.get("/patients?programStatus=prospective&limit=20&offset=20")).json()
    assert page["meta"] == {"count": 3, "totalCount": 23}
    assert all("demographics" not in patient and "insurance" not in patient for patient in page["patients"])


async def test_the_staff_admits_and_discharges(staff: httpx.AsyncClient) -> None:
    id = await made(staff)
    for command, arguments, status in (
        ("admit", {"last_name": "Vale", "program": "Residential", "levelOfCare": "Sober Living"}, "active"),
        ("discharge", {"id": id}, "former"),
    ):
        assert (await staff.post(f"{ORIGIN}/_sandbox/{command}", json=arguments)).status_code == 200
        page = (await staff.get(f"/patients?programStatus={status}")).json()["patients"]
        assert id in [patient["id"] for patient in page]
    shown = (await staff.get(f"/patients/{id}")).json()
    assert shown["programs"][0]["levelOfCare"] == "Sober Living"
    assert shown["latestClinicalDischarge"]["id"] == shown["programs"][0]["dischargeTypeId"]
    for arguments in ({"last_name": "Nobody", "program": "Residential"}, {"id": id, "program": "Skiing"}, {}):
        assert (await staff.post(f"{ORIGIN}/_sandbox/admit", json=arguments)).status_code == 400


async def test_facilities_and_payers(staff: httpx.AsyncClient) -> None:
    found = (await staff.get("/facilities?search=LARCH&createdAfter=2023-12-31T00:00:00Z")).json()
    assert [facility["name"] for facility in found["facilities"]] == ["Larch House"]
    assert (await staff.get("/facilities?createdAfter=2025-12-31T00:00:00Z")).json()["meta"]["totalCount"] == 0
    for query in ("createdAfter=yesterday", "createdAfter=2025-01-01", "active=true", "limit=50"):
        assert (await staff.get(f"/facilities?{query}")).status_code == 400
    payers = (await staff.get("/insurance/payers")).json()
    assert (await staff.get(f"/insurance/payers/{payers[0]['id']}")).json() == payers[0]
    assert (await staff.get("/insurance/payers/none")).status_code == 404


async def test_it_is_served_without_the_version_too(http: httpx.AsyncClient) -> None:
    assert (await http.post(f"{ORIGIN}/oauth/token", json=CREDENTIALS)).status_code == 200


async def test_the_state_survives_a_restart(tmp_path: Path, clock: Clock) -> None:
    setup = SandboxSetup(state_file=tmp_path / "ritten.json", clock=clock)
    tokens = []
    for _ in range(2):
        app = create(setup).app()
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN) as client:
            tokens.append((await client.post("/oauth/token", json=CREDENTIALS)).json()["access_token"])
    assert tokens[0] == tokens[1]
