"""The real server as fhirpy, a FHIR client that others wrote, sees it."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from fhirpy import AsyncFHIRClient
from fhirpy.base.exceptions import AuthorizationError, MultipleResourcesFound, OperationOutcome, ResourceNotFound

from tests.blackbox.conftest import Server

pytestmark = pytest.mark.blackbox
SYSTEM = "https://crm.example/id"


@pytest.fixture(scope="module")
def bearer(server: Server) -> str:
    return f"Bearer {server.token()}"


@pytest.fixture
def client(server: Server, bearer: str) -> AsyncFHIRClient:
    return AsyncFHIRClient(server.base, authorization=bearer)


async def created(client: AsyncFHIRClient, family: str, **more: Any) -> Any:
    resource = client.resource("Patient", name=[{"family": family}], **more)
    await resource.save()
    return resource


async def test_a_life_of_a_patient(client: AsyncFHIRClient) -> None:
    made = await created(client, "Lifetime", gender="female")
    assert made["meta"]["versionId"] == "1"
    read: Any = await client.reference("Patient", made["id"]).to_resource()
    assert read.serialize() == made.serialize()
    read["birthDate"] = "1980-02-29"
    await read.save()
    assert read["meta"]["versionId"] == "2"
    found: Any = await client.resources("Patient").search(family="lifetime", birthdate__gt="1979").get()
    assert found["id"] == made["id"]
    await found.delete()
    with pytest.raises(ResourceNotFound):
        await client.get("Patient", made["id"])
    assert await client.resources("Patient").search(family="lifetime").first() is None
    assert await client.resources("Patient").search(family="lifetime").count() == 0


async def test_pages_are_followed(client: AsyncFHIRClient) -> None:
    for number in range(7):
        await created(client, "Paged", birthDate=f"198{number}")
    pages = client.resources("Patient").search(family="paged").sort("-birthdate").limit(3)
    assert [each["birthDate"] async for each in pages] == [f"198{n}" for n in range(6, -1, -1)]


async def test_a_transaction(client: AsyncFHIRClient) -> None:
    urn = "urn:uuid:5a4ffbc6-60b1-4d1a-9d9e-1d1f0a6f0001"
    subject = {"resourceType": "Patient", "identifier": [{"system": SYSTEM, "value": "tx"}]}
    observation = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "weight"},
        "subject": {"reference": urn},
        "valueQuantity": {"value": 80.5, "unit": "kg"},
    }
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {"resource": observation, "request": {"method": "POST", "url": "Observation"}},
            {
                "fullUrl": urn,
                "resource": subject,
                "request": {"method": "POST", "url": "Patient", "ifNoneExist": f"identifier={SYSTEM}|tx"},
            },
        ],
    }
    for status in ("201 Created", "200 OK"):
        answer = await client.execute("", method="post", data=bundle)
        assert answer["type"] == "transaction-response"
        assert answer["entry"][1]["response"]["status"] == status
    assert await client.resources("Patient").search(identifier=f"{SYSTEM}|tx").count() == 1
    of_patient = client.resources("Observation").search(**{"subject:Patient.identifier": f"{SYSTEM}|tx"})
    included = await of_patient.include("Observation", "subject").fetch_raw()
    modes = sorted(entry["search"]["mode"] for entry in included["entry"])
    assert modes == ["include", "match", "match"]


async def test_refusals_reach_the_client_as_outcomes(client: AsyncFHIRClient, server: Server) -> None:
    with pytest.raises(OperationOutcome) as refusal:
        await created(client, "Refused", gender="M")
    assert refusal.value.resource["issue"][0]["expression"] == ["Patient.gender"]
    with pytest.raises(AuthorizationError):
        await AsyncFHIRClient(server.base, authorization="Bearer nonsense").resources("Patient").fetch()
    for _ in range(2):
        await created(client, "Twin", identifier=[{"system": SYSTEM, "value": "twin"}])
    with pytest.raises(MultipleResourcesFound):
        await client.resources("Patient").search(identifier=f"{SYSTEM}|twin").get()


async def test_metadata_is_open_to_all(server: Server) -> None:
    async with httpx.AsyncClient(base_url=server.base) as http:
        statement = (await http.get(f"{server.base}/metadata")).json()
        head = await http.head(f"{server.base}/metadata")
    assert statement["implementation"]["url"] == server.base
    assert (head.status_code, head.content) == (200, b"")


def test_a_body_over_the_limit_is_refused_by_its_length(server: Server, bearer: str) -> None:
    """Before it is sent."""
    headers = {
        "Authorization": bearer,
        "Content-Type": "application/fhir+json",
        "Content-Length": str(64 * 1024**2 + 1),
    }
    address = urlsplit(server.base)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=10)
    connection.request("POST", f"{address.path}/Patient", headers=headers)
    answer = connection.getresponse()
    assert (answer.status, json.load(answer)["issue"][0]["code"]) == (413, "too-long")
    connection.close()


def test_mappings_over_http(server: Server) -> None:
    made = server.run("client", "add", "--org", server.org, "--name", "Operations", "--scope", "gateway/admin")
    form = {"grant_type": "client_credentials", "scope": "gateway/admin"}
    found = httpx.get(f"{server.base}/.well-known/smart-configuration").json()
    token = httpx.post(found["token_endpoint"], data=form, auth=(made["client_id"], made["client_secret"])).json()
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    connection = {
        "name": "mapped", "translator": "ritten", "base_url": "https://ritten.example",
        "set": {"tenant": "t", "push": "false", "pull": "false"}, "secret": {"client_id": "x", "client_secret": "y"},
    }  # fmt: skip
    told = {"connection": "mapped", "mapping": "payer", "from": "A & B", "to": "Both"}
    with httpx.Client(base_url=f"{server.url}/admin/v1/{server.org}/connections/", headers=headers) as admin:
        assert admin.post(f"{admin.base_url}".rstrip("/"), json=connection).status_code == 201
        put = {"kind": "payer", "from": "A & B", "to": "Both"}
        assert admin.post("mapped/mappings", json=put).json() == told
        for wrong, status in (({"kind": "color", "from": "A"}, 400), ({"kind": "program", "from": "A & B"}, 404)):
            assert admin.delete("mapped/mappings", params=wrong).status_code == status
        assert admin.get("mapped/mappings").json()["payer"] == {"A & B": "Both"}
        gone = admin.delete("mapped/mappings", params={"kind": "payer", "from": "A & B"})
        assert (gone.status_code, gone.json()) == (200, {**told, "removed": True})
        again = admin.request("DELETE", "mapped/mappings", json={"kind": "payer", "from": "A & B"})
        assert again.status_code == 404
        assert admin.get("mapped/mappings").json()["payer"] == {}
