"""crosswalk org: the organisations of this gateway."""

from __future__ import annotations

import re
from typing import Annotated

import typer
from sqlmodel import Session, select

from gateway.auth.authority import Realm
from gateway.commands.answer import print_json, with_services
from gateway.definitions.own import put_definitions
from gateway.faults import Conflict, Invalid
from gateway.services import Services
from gateway.store.tables import Organisation

app = typer.Typer(
    help="Organisations: each has its own FHIR base, clients, connections and data.", no_args_is_help=True
)
SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


@app.callback()
def group() -> None:
    """Keeps `add` a sub-command."""


@app.command("add")
def add(org: str, name: Annotated[str | None, typer.Option(help="As people write it.")] = None) -> None:
    """Add an organisation."""
    with_services(lambda services: _add(services, org, name or org))


async def _add(services: Services, slug: str, name: str) -> None:
    realm = await add_organisation(services, slug, name)
    print_json({"org": slug, "fhir_base": realm.fhir_base})


async def renew_definitions(services: Services) -> None:
    """Give every organisation our own definitions as this version has them."""
    for org in await services.store.session_read(lambda session: session.exec(select(Organisation.id)).all()):
        await services.store.write(org or 0, put_definitions)


async def add_organisation(services: Services, slug: str, name: str) -> Realm:
    """Raises Invalid and Conflict."""
    if not SLUG.fullmatch(slug):
        raise Invalid("An organisation's name is 1 to 63 lower-case letters, digits and hyphens")

    def write(session: Session) -> int:
        if session.exec(select(Organisation.id).where(Organisation.slug == slug)).first() is not None:
            raise Conflict(f"There is an organisation {slug} already")
        row = Organisation(slug=slug, name=name, created=services.clock())
        session.add(row)
        session.flush()
        return row.id or 0

    id = await services.store.session_write(write)
    await services.store.write(id, put_definitions)
    return Realm(id, slug, services.settings.public_url)
