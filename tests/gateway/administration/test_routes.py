"""/admin/v1: what administrators' clients do, and nobody else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from sqlmodel import Session

from gateway.administration.routes import ROUTES
from gateway.auth.clients import Registration, add_client
from gateway.services import Services
from tests.gateway.conftest import Fhir, issue

ADMIN = "/admin/v1/north"
Ask = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
async def ask(http: httpx.AsyncClient, services: Services) -> Ask:
    """As a client with the scope gateway/admin at north."""

    def write(session: Session) -> tuple[str, str]:
        made, secret = add_client(
            session, 1, Registration(name="Operations", scope="gateway/admin"),
            types=services.definitions.all_types, allow_private=False, now=0, random=services.auth.random,
        )  # fmt: skip
        return made.client_id, secret or ""

    client = await services.store.session_write(write)
    form = {"grant_type": "client_credentials"}
    token = (await http.post("/oauth/north/token", data=form, auth=client)).json()["access_token"]

    async def asking(method: str, path: str, body: Any = None, base: str = ADMIN) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return await http.request(method, f"{base}/{path}", json=body, headers=headers)

    return asking


def test_every_address_is_below_the_organisation() -> None:
    assert all(route.path.startswith("/admin/v1/{org}/") for route in ROUTES)  # type: ignore[attr-defined]


async def test_only_administrators_clients(ask: Ask, client: Fhir, http: httpx.AsyncClient) -> None:
    for route in ROUTES:
        path = route.path.replace("{org}", "north").replace("{name}", "x")  # type: ignore[attr-defined]
        for method in route.methods - {"HEAD"}:  # type: ignore[attr-defined]
            assert (await http.request(method, path)).status_code == 401
            limited = await http.request(method, path, headers={"Authorization": f"Bearer {client.token}"})
            assert limited.status_code == 403, f"{method} {path}"
            assert issue(limited)["code"] == "forbidden"
    assert (await ask("GET", "clients", base="/admin/v1/south")).status_code == 401


async def test_clients(ask: Ask, http: httpx.AsyncClient) -> None:
    made = await ask("POST", "clients", {"name": "Portal", "scope": "system/Patient.rs", "purposes": ["TREAT"]})
    assert made.status_code == 201, made.text
    assert made.json().keys() == {"client_id", "client_secret"}
    id, secret = made.json()["client_id"], made.json()["client_secret"]
    listed = (await ask("GET", "clients")).json()["clients"]
    (told,) = [client for client in listed if client["client_id"] == id]
    assert told == {
        "client_id": id, "name": "Portal", "scope": "system/Patient.rs", "grants": ["client_credentials"],
        "redirect_uris": [], "credential": "secret", "purposes": ["TREAT"], "disabled": False,
    }  # fmt: skip
    assert secret not in str(listed)
    disabled = await ask("POST", f"clients/{id}/disable")
    assert disabled.json()["disabled"] is True
    form = {"grant_type": "client_credentials"}
    assert (await http.post("/oauth/north/token", data=form, auth=(id, secret))).status_code == 401
    assert (await ask("POST", "clients/nobody/disable")).status_code == 404


async def test_users_and_what_is_never_told_of_them(ask: Ask) -> None:
    new = {"email": "Dr@North.example", "role": "viewer", "password": "a long enough password", "practitioner": "dr-1"}
    made = await ask("POST", "users", new)
    assert (made.status_code, made.json()) == (
        201,
        {"org": "north", "email": "dr@north.example", "role": "viewer", "practitioner": "dr-1"},
    )
    listed = await ask("GET", "users")
    assert listed.json() == {"users": [made.json()]}
    assert "argon2" not in listed.text
    assert (await ask("POST", "users", new)).status_code == 409
    out = await ask("POST", "users/Dr@north.example/sign-out")
    assert out.json() == {"org": "north", "email": "dr@north.example", "sessions": 0, "grants": 0}
    assert (await ask("POST", "users/nobody@north.example/sign-out")).status_code == 404
    gone = await ask("POST", "users/dr@north.example/disable")
    assert gone.json()["disabled"] is True


@pytest.mark.parametrize(
    ("path", "body", "place"),
    [
        ("clients", {"name": "x"}, None),
        ("clients", {"name": 7, "scope": "system/*.rs"}, "name"),
        ("clients", {"name": "x", "scope": "nonsense"}, "scope"),
        ("clients", {"name": "x", "scope": "system/*.rs", "admin": True}, None),
        ("users", {"email": "x@y.example", "role": "king", "password": "a long enough password"}, "role"),
        ("users", {"email": "x@y.example", "role": "viewer", "password": "short"}, "password"),
        ("initial-tokens", {"uses": 0}, "uses"),
        ("launch", {"patient": "nobody"}, "patient"),
        ("launch", {"fhirContext": [7]}, "fhirContext[0]"),
        ("launch", [], None),
    ],
)
async def test_what_is_wrong_is_said_with_its_place(ask: Ask, path: str, body: Any, place: str | None) -> None:
    answer = await ask("POST", path, body)
    assert answer.status_code in (400, 404), answer.text
    found = issue(answer)
    assert place is None or found["expression"] == [place]


async def test_bodies_are_json(ask: Ask, http: httpx.AsyncClient) -> None:
    assert (await ask("PUT", "clients")).status_code == 405
    token = (await ask("POST", "initial-tokens", {"hours": 2})).json()
    assert token["registration_endpoint"].endswith("/oauth/north/register")
    headers = {"Authorization": f"Bearer {token['initial_access_token']}"}
    metadata = {"redirect_uris": ["https://app.example/after"], "token_endpoint_auth_method": "none"}
    made = await http.post("/oauth/north/register", json=metadata, headers=headers)
    assert made.status_code == 201


async def test_launches(ask: Ask, client: Fhir) -> None:
    patient = await client.create({"resourceType": "Patient"})
    made = await ask("POST", "launch", {"patient": patient["id"], "intent": "order-review"})
    assert made.status_code == 201, made.text
    assert made.json().keys() == {"launch", "iss", "expires"}
    assert patient["id"] not in made.text


async def test_the_organisation_and_its_keys(ask: Ask, http: httpx.AsyncClient) -> None:
    assert (await ask("GET", "org")).json()["org"] == "north"
    made = (await ask("POST", "org/rotate-keys")).json()["keys"]
    published = {key["kid"] for key in (await http.get("/oauth/north/jwks")).json()["keys"]}
    assert made.keys() == {"ES384", "RS256"}
    assert set(made.values()) < published
    told = (await ask("GET", "keys")).json()
    states = {key["kid"]: key["state"] for key in told["organisation"]["keys"]}
    assert {states[kid] for kid in made.values()} == {"next"}
    (known,) = (await http.get("/.well-known/jwks.json")).json()["keys"]
    (shown,) = told["gateway"]["keys"]
    assert (shown["kid"], shown["state"], shown["published_until"]) == (known["kid"], "signing", None)


@pytest.mark.parametrize("query", ["", "?kind=payer", "?from=x", "?kind=payer&from=x&to=y"])
async def test_a_mapping_to_remove_is_named_by_its_kind_and_word(ask: Ask, query: str) -> None:
    answer = await ask("DELETE", f"connections/ritten/mappings{query}")
    assert (answer.status_code, issue(answer)["code"]) == (400, "invalid")
