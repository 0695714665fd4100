"""crosswalk mapping: the tables that turn the CRM's words into an EMR's."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlmodel import Session

from gateway.commands.answer import print_json, realm_of, with_services
from gateway.services import Services
from gateway.sync.mappings import set_mapping

app = typer.Typer(help="Mappings: payers, programs, locations and custom fields.", no_args_is_help=True)
Org = Annotated[str, typer.Option(help="The organisation.")]


@app.command("set")
def set_(org: Org, name: str, kind: str, source: Annotated[str, typer.Argument(metavar="FROM")], to: str) -> None:
    """FROM, as the CRM says it, is TO at the EMR."""

    async def work(services: Services) -> None:
        realm = await realm_of(services, org)

        def write(session: Session) -> None:
            row = services.sync.connections.get(session, realm, name)
            set_mapping(session, row, kind, source, to)

        await services.store.session_write(write)
        print_json({"connection": name, "mapping": kind, "from": source, "to": to})

    with_services(work)


@app.command("list")
def list_(org: Org, name: str) -> None:
    """All mappings of a connection."""

    async def work(services: Services) -> None:
        realm, connections = await realm_of(services, org), services.sync.connections

        def read(session: Session) -> dict[str, dict[str, str]]:
            return connections.mappings(session, connections.get(session, realm, name))

        print_json(await services.store.session_read(read))

    with_services(work)
