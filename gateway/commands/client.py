"""crosswalk client: the applications that an organisation lets in."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlmodel import Session

from gateway.auth.clients import Registration, add_client, disable_client, list_clients
from gateway.auth.initial_tokens import DEFAULT_SCOPE, make
from gateway.auth.keys import MICROSECONDS
from gateway.auth.tables import Client
from gateway.commands.answer import Json, print_json, realm_of, refuse, with_services
from gateway.services import Services

app = typer.Typer(help="Clients: the applications that may ask for tokens.", no_args_is_help=True)


@app.command("add")
def add(
    org: Annotated[str, typer.Option()],
    name: Annotated[str, typer.Option()],
    scope: Annotated[str, typer.Option(help="SMART scopes, separated by blanks: 'system/*.cruds'")],
    secret: Annotated[bool, typer.Option("--secret", help="Authenticate with a secret (the default).")] = False,
    jwks: Annotated[Path | None, typer.Option(help="A file with the client's public keys.")] = None,
    jwks_url: Annotated[str | None, typer.Option(help="Where the client publishes its keys.")] = None,
    public: Annotated[bool, typer.Option("--public", help="The client can keep no secret.")] = False,
    redirect_uri: Annotated[list[str] | None, typer.Option()] = None,
    grant: Annotated[list[str] | None, typer.Option(help="client_credentials or authorization_code")] = None,
    launch_url: Annotated[str | None, typer.Option(help="Where an EHR launch of it begins.")] = None,
    purpose: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="A purpose of use that it acts for: TREAT, HPAYMT …")
    ] = None,
) -> None:
    """Register a client; its secret is shown this once."""
    registration = Registration(
        name=name,
        scope=scope,
        secret=secret,
        jwks=_keys(jwks),
        jwks_url=jwks_url,
        public=public,
        redirect_uris=redirect_uri or (),
        grants=grant or (),
        launch_url=launch_url,
        purposes=purpose or (),
    )
    with_services(lambda services: _add(services, org, registration))


def _keys(file: Path | None) -> dict[str, Any] | None:
    if file is None:
        return None
    try:
        keys: dict[str, Any] = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        refuse(f"--jwks: {file} is not a readable JSON file")
    return keys


async def _add(services: Services, org: str, registration: Registration) -> None:
    print_json(await add_one(services, org, registration))


async def add_one(services: Services, org: str, registration: Registration) -> Json:
    client_id, secret = await register(services, org, registration)
    return {"client_id": client_id, **({"client_secret": secret} if secret else {})}


@app.command("list")
def list_(org: Annotated[str, typer.Option()]) -> None:
    """Every client; secrets are never shown."""

    async def work(services: Services) -> None:
        print_json(await list_all(services, org))

    with_services(work)


async def list_all(services: Services, org: str) -> Json:
    realm = await realm_of(services, org)
    rows = await services.store.session_read(
        lambda session: [described(row) for row in list_clients(session, realm.org)]
    )
    return {"clients": rows}


@app.command("disable")
def disable(client_id: str, org: Annotated[str, typer.Option()]) -> None:
    """Let a client in no more; its tokens stop working within seconds."""

    async def work(services: Services) -> None:
        print_json(await disable_one(services, org, client_id))

    with_services(work)


async def disable_one(services: Services, org: str, client_id: str) -> Json:
    realm, now = await realm_of(services, org), services.clock()
    return await services.store.session_write(
        lambda session: described(disable_client(session, realm.org, client_id, now=now))
    )


@app.command("token")
def token(
    org: Annotated[str, typer.Option()],
    scope: Annotated[str, typer.Option(help="The most that a client registered with it may get.")] = DEFAULT_SCOPE,
    hours: Annotated[int, typer.Option(help="How long it is good.")] = 24,
    uses: Annotated[int, typer.Option(help="How many clients it registers.")] = 1,
) -> None:
    """An initial access token, with which an application registers itself; shown this once."""

    async def work(services: Services) -> None:
        print_json(await make_token(services, org, scope, hours, uses))

    with_services(work)


async def make_token(services: Services, org: str, scope: str, hours: int, uses: int) -> Json:
    realm, now, types = await realm_of(services, org), services.clock(), services.definitions.all_types

    def write(session: Session) -> tuple[str, int]:
        return make(
            session, realm.org, scope=scope, hours=hours, uses=uses, types=types, now=now, random=services.auth.random
        )

    text, expires = await services.store.session_write(write)
    ends = datetime.fromtimestamp(expires / MICROSECONDS, UTC).isoformat(timespec="seconds")
    return {"initial_access_token": text, "registration_endpoint": realm.endpoint("register"), "expires": ends}


def described(client: Client) -> Json:
    keys = "jwks" if client.jwks is not None else "jwks_url" if client.jwks_url is not None else None
    told = {
        "client_id": client.client_id,
        "name": client.name,
        "scope": client.scopes,
        "grants": client.grants,
        "redirect_uris": client.redirect_uris,
        "credential": keys or ("none" if client.public else "secret"),
        "launch_url": client.launch_url,
        "purposes": client.purposes.split(),
        "disabled": client.disabled is not None,
    }
    return {name: value for name, value in told.items() if value is not None}


async def register(services: Services, org: str, registration: Registration) -> tuple[str, str | None]:
    realm = await realm_of(services, org)

    def write(session: Session) -> tuple[str, str | None]:
        client, secret = add_client(
            session,
            realm.org,
            registration,
            types=services.definitions.all_types,
            allow_private=services.settings.allow_private_upstreams,
            now=services.clock(),
            random=os.urandom,
        )
        return client.client_id, secret

    return await services.store.session_write(write)
