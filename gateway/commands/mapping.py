"""crosswalk mapping: the tables that turn the CRM's words into an EMR's."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlmodel import Session

from gateway.commands.answer import Json, print_json, realm_of, stderr, with_services
from gateway.services import Services
from gateway.sync.gaps import shown, wanted
from gateway.sync.heard import unmapped_programs
from gateway.sync.mappings import remove_mapping

app = typer.Typer(help="Payers, programs, locations, custom fields and catalogue entries.", no_args_is_help=True)
Org = Annotated[str, typer.Option(help="The organisation.")]


@app.command("set")
def set_(org: Org, name: str, kind: str, source: Annotated[str, typer.Argument(metavar="FROM")], to: str) -> None:
    """FROM, as the CRM says it, is TO at the EMR."""

    async def work(services: Services) -> None:
        answer = await put_mapping(services, org, name, kind, source, to)
        for warning in answer.pop("warnings", ()):
            stderr.print(warning, markup=False, highlight=False, soft_wrap=True)
        print_json(answer)

    with_services(work)


async def put_mapping(services: Services, org: str, name: str, kind: str, source: str, to: str) -> Json:
    realm = await realm_of(services, org)

    gaps = services.sync.gaps
    warnings, pushed = await services.store.write(realm.org, lambda tx: gaps.set(tx, realm, name, kind, source, to))
    answer: Json = {"connection": name, "mapping": kind, "from": source, "to": to}
    if pushed:
        answer["pushed_again"] = pushed
    return {**answer, "warnings": list(warnings)} if warnings else answer


@app.command("remove")
def remove(org: Org, name: str, kind: str, source: Annotated[str, typer.Argument(metavar="FROM")]) -> None:
    """FROM is translated no longer."""

    async def work(services: Services) -> None:
        print_json(await drop_mapping(services, org, name, kind, source))

    with_services(work)


async def drop_mapping(services: Services, org: str, name: str, kind: str, source: str) -> Json:
    realm, connections, word = await realm_of(services, org), services.sync.connections, source.strip()

    def write(session: Session) -> str | None:
        row = connections.get(session, realm, name)
        was = connections.mappings(session, row).get(kind, {}).get(word)
        remove_mapping(session, row, kind, word)
        return was

    was = await services.store.session_write(write)
    return {"connection": name, "mapping": kind, "from": word, "to": was, "removed": True}


@app.command("list")
def list_(org: Org, name: str) -> None:
    """All mappings of a connection, and the words that lack one."""

    async def work(services: Services) -> None:
        print_json(await mappings_of(services, org, name))

    with_services(work)


async def mappings_of(services: Services, org: str, name: str) -> Json:
    realm, connections = await realm_of(services, org), services.sync.connections

    def read(session: Session) -> Json:
        row = connections.get(session, realm, name)
        missing = [*map(shown, wanted(session, row.id or 0)), *unmapped_programs(session, row)]
        return {**connections.mappings(session, row), **({"missing": missing} if missing else {})}

    return await services.store.session_read(read)
