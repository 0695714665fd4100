"""The live server as fhirclient, a SMART client that others wrote, sees it: it reads /metadata and nothing else."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import uuid4

import httpx
import pytest
from fhirclient.client import FHIRClient  # type: ignore[import-untyped]
from fhirclient.models.humanname import HumanName  # type: ignore[import-untyped]
from fhirclient.models.patient import Patient  # type: ignore[import-untyped]
from fhirclient.server import FHIRNotFoundException, FHIRPermissionDeniedException  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.jwk import ECKey

from tests.conformance.smart_app import REDIRECT, App, Person, Site

pytestmark = pytest.mark.blackbox
BACKEND = "system/Patient.cruds"


def smart(site: Site, client_id: str, scope: str, **more: str) -> FHIRClient:
    settings = {"app_id": client_id, "api_base": site.server.base, "redirect_uri": REDIRECT, "scope": scope, **more}
    return FHIRClient(settings={**settings, "app_secret": None})


def launched(app: App, person: Person, scope: str) -> FHIRClient:
    client = smart(app.site, app.client_id, scope)
    assert not client.prepare()
    address, _, query = client.authorize_url.partition("?")
    assert address == app.site.found["authorization_endpoint"]
    asked = dict(parse_qsl(query))
    answer = app.authorize(person, asked.pop("scope"), **asked)
    client.handle_callback(f"{REDIRECT}?{urlencode(answer)}")
    return client


def ids(client: FHIRClient, **params: str) -> set[str]:
    return {each.id for each in Patient.where(params).perform_resources_iter(client.server)}


def test_a_launch_by_a_person(site: Site, app: App) -> None:
    client = launched(app, site.portal, "launch/patient openid fhirUser offline_access patient/Patient.rs")
    assert client.ready
    assert (client.patient_id, client.patient.name[0].family) == (site.patient, "Launch")
    assert ids(client, family="Launch") == {site.patient}


def test_a_launch_reaches_its_patient_alone(site: Site, app: App, live: httpx.Client) -> None:
    other = live.post("Patient", json={"resourceType": "Patient", "name": [{"family": "Launch"}]}).json()["id"]
    client = launched(app, site.portal, "launch/patient patient/Patient.rs")
    with pytest.raises(FHIRNotFoundException):
        Patient.read(other, client.server)
    assert ids(client) == {site.patient}


def test_a_token_is_renewed(site: Site, app: App) -> None:
    client = launched(app, site.portal, "launch/patient offline_access patient/Patient.rs")
    first = client.server.auth.access_token
    assert client.reauthorize()
    assert client.server.auth.access_token != first
    assert Patient.read(site.patient, client.server).id == site.patient


@pytest.fixture
def backend(site: Site) -> FHIRClient:
    key = ECKey.generate_key("P-384", {"kid": "k1", "use": "sig", "alg": "ES384"})
    jwks: dict[str, Any] = {"keys": [key.as_dict(private=False)]}
    made = site.admin.post("clients", json={"name": "Backend", "scope": BACKEND, "jwks": jwks}).raise_for_status()
    id = made.json()["client_id"]
    claims = {"iss": id, "sub": id, "aud": site.found["token_endpoint"], "exp": int(time.time()) + 240}
    told = jwt.encode({"alg": "ES384", "kid": "k1", "typ": "JWT"}, {**claims, "jti": str(uuid4())}, key, ["ES384"])
    client = smart(site, id, BACKEND, jwt_token=told)
    client.prepare()
    client.authorize()
    return client


def test_a_backend_service(backend: FHIRClient) -> None:
    patient = Patient({"name": [{"family": "Backendson", "given": ["Ida"]}]})
    made = patient.create(backend.server)
    read = Patient.read(made["id"], backend.server)
    read.name = [HumanName({"family": "Backendson-Moe"})]
    read.update(backend.server)
    assert ids(backend, family="backendson-moe") == {made["id"]}
    read.delete(backend.server)
    assert not ids(backend, family="backendson")


def test_pages_are_followed(backend: FHIRClient) -> None:
    family = f"Paged{uuid4().hex[:8]}"
    made = {Patient({"name": [{"family": family}]}).create(backend.server)["id"] for _ in range(5)}
    assert ids(backend, family=family, _count="2") == made


def test_a_refusal_is_one(backend: FHIRClient) -> None:
    with pytest.raises(FHIRPermissionDeniedException):
        backend.server.request_json("Encounter")
