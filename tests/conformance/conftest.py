"""Clients of the live server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest

from tests.blackbox.conftest import Server
from tests.blackbox.conftest import server as server
from tests.conformance.smart_app import PASSWORD, App, Person, Site

MakeClient = Callable[[str], httpx.Client]
FHIR_JSON = "application/fhir+json"


@pytest.fixture(scope="package")
def live(server: Server) -> Iterator[httpx.Client]:
    """May do everything; paths are relative to the FHIR base."""
    headers = {"Authorization": f"Bearer {server.token()}", "Content-Type": FHIR_JSON}
    with httpx.Client(base_url=f"{server.base}/", headers=headers, timeout=30) as client:
        yield client


@pytest.fixture(scope="package")
def scoped(server: Server) -> Iterator[MakeClient]:
    """A client that may do only what the scope says; none without a token for ""."""
    with ExitStack() as opened:

        def make(scope: str) -> httpx.Client:
            headers = {"Content-Type": FHIR_JSON}
            if scope:
                headers["Authorization"] = f"Bearer {server.token(scope)}"
            return opened.enter_context(httpx.Client(base_url=f"{server.base}/", headers=headers, timeout=30))

        yield make


@pytest.fixture(scope="package")
def site(server: Server, live: httpx.Client) -> Iterator[Site]:
    """What a launch takes: a practitioner and a patient who sign in, and an administrator's client."""
    found = httpx.get(f"{server.base}/.well-known/smart-configuration").raise_for_status().json()
    made = server.run("client", "add", "--org", server.org, "--name", "Operations", "--scope", "gateway/admin")
    form = {"grant_type": "client_credentials"}
    token = httpx.post(found["token_endpoint"], data=form, auth=(made["client_id"], made["client_secret"])).json()
    patient = live.post("Patient", json={"resourceType": "Patient", "name": [{"family": "Launch"}]}).json()["id"]
    doctor = live.post("Practitioner", json={"resourceType": "Practitioner", "name": [{"family": "Reed"}]}).json()["id"]
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    with httpx.Client(base_url=f"{server.url}/admin/v1/{server.org}/", headers=headers, timeout=30) as admin:
        bound = {"dr@clinic.example": {"practitioner": doctor}, "pat@clinic.example": {"patient": patient}}
        for email, who in bound.items():
            user = {"email": email, "role": "operator", "password": PASSWORD, **who}
            admin.post("users", json=user).raise_for_status()
        people = (
            Person("dr@clinic.example", f"Practitioner/{doctor}"),
            Person("pat@clinic.example", f"Patient/{patient}"),
        )
        yield Site(server, found, admin, patient, *people)


@pytest.fixture(scope="package")
def app(site: Site) -> App:
    """A public application."""
    return site.register()
