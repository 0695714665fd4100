"""crosswalk client: the applications that an organisation lets in."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlmodel import Session

from gateway.auth.clients import Registration, add_client
from gateway.commands.answer import print_json, realm_of, refuse, with_services
from gateway.services import Services

app = typer.Typer(help="Clients: the applications that may ask for tokens.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Keeps `add` a sub-command."""


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
    client_id, secret = await register(services, org, registration)
    print_json({"client_id": client_id, **({"client_secret": secret} if secret else {})})


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
