"""crosswalk connection: set up accounts at EMRs, pull and push now, and see what happened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from sqlmodel import Session

from gateway.commands.answer import Json, pairs, print_json, realm_of, refuse, with_services
from gateway.commands.progress import done_with_progress
from gateway.faults import Invalid
from gateway.services import Services
from gateway.store.contract import Transaction
from gateway.sync import lock, log, overview
from gateway.sync.connections import Changed, endpoint_resource
from gateway.sync.workflows import Order

app = typer.Typer(help="Connections: accounts at EMRs.", no_args_is_help=True)

COUNTS = ("created", "updated", "unchanged", "failed", "skipped")
"""What a pull tells of its charts."""

Org = Annotated[str, typer.Option(help="The organisation.")]
Set = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A setting; repeat as needed.")]
Secret = Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="A credential; kept sealed, never shown.")]


def given(set_: list[str] | None, secret: list[str] | None) -> Changed:
    return Changed(pairs(set_ or (), "--set"), pairs(secret or (), "--secret"))


@app.command("add")
def add(
    org: Org,
    name: str,
    translator: Annotated[str, typer.Option(help="Which EMR it is.")],
    base_url: Annotated[str, typer.Option(help="The address of its API.")],
    set_: Set = None,
    secret: Secret = None,
) -> None:
    """Add a connection and print the webhook addresses to enter at the EMR."""
    changed = given(set_, secret)

    async def work(services: Services) -> None:
        print_json(await add_connection(services, org, name, translator, base_url, changed))

    with_services(work)


async def add_connection(
    services: Services, org: str, name: str, translator: str, base_url: str, changed: Changed
) -> Json:
    realm, connections = await realm_of(services, org), services.sync.connections

    def write(tx: Transaction) -> Json:
        with Session(tx.connection) as session:
            row = connections.add(session, realm, name, translator, base_url, changed)
            tx.put(endpoint_resource(realm, row, connections.translator(row).title))
            answer: Json = {"connection": row.name, "translator": row.translator}
            hooks = connections.hooks(realm, row)
            return {**answer, "webhooks": hooks} if hooks else answer

    return await services.store.write(realm.org, write)


@app.command("set")
def change(org: Org, name: str, set_: Set = None, secret: Secret = None) -> None:
    """Change settings and credentials; the others stay."""
    changed = given(set_, secret)

    async def work(services: Services) -> None:
        print_json(await change_connection(services, org, name, changed))

    with_services(work)


async def change_connection(services: Services, org: str, name: str, changed: Changed) -> Json:
    realm = await realm_of(services, org)
    await services.store.session_write(lambda s: services.sync.connections.change(s, realm, name, changed))
    return {"connection": name, "changed": sorted({*changed.settings, *changed.secrets})}


@app.command("list")
def list_(org: Org) -> None:
    """Every connection with its state; secrets are never shown."""

    async def work(services: Services) -> None:
        print_json(await list_connections(services, org))

    with_services(work)


async def list_connections(services: Services, org: str) -> Json:
    realm = await realm_of(services, org)
    now, connections = services.clock(), services.sync.connections
    rows = await services.store.session_read(lambda s: overview.connections(s, connections, realm, now))
    return {"connections": rows}


@app.command("test")
def test(org: Org, name: str) -> None:
    """Prove that address and credentials work."""

    async def work(services: Services) -> Json:
        realm = await realm_of(services, org)
        return await done_with_progress(services, "test", Order(realm.org, realm.slug, name))

    answer = with_services(work)
    print_json(answer)
    if not answer["ok"]:
        refuse(f"{name}: {answer['detail']}")


@app.command("pull")
def pull(org: Org, name: str, resource: Annotated[list[str] | None, typer.Option(metavar="TYPE")] = None) -> None:
    """Pull now, with progress on stderr."""

    async def work(services: Services) -> Json:
        return await done_with_progress(services, "pull", await pull_order(services, org, name, resource or ()))

    counts = with_services(work)
    print_json({key: counts[key] for key in COUNTS})
    if counts.get("error"):
        refuse(f"{name}: {counts['error']}")


async def pull_order(services: Services, org: str, name: str, types: Sequence[str]) -> Order:
    """Of all that the translator pulls, or of these types. Raises NotFound, and Invalid for others."""
    realm = await realm_of(services, org)
    translator = await services.sync.runners.translator(realm, name)
    if foreign := sorted(set(types) - translator.pulled):
        there = ", ".join(sorted(translator.pulled))
        raise Invalid(f"{translator.title} has no {', '.join(foreign)} to pull; it has {there}", "resource")
    return Order(realm.org, realm.slug, name, types=tuple(types))


@app.command("push")
def push(org: Org, name: str, patient: Annotated[str, typer.Argument(metavar="Patient/ID")]) -> None:
    """Push one patient now."""

    async def work(services: Services) -> Json:
        return await done_with_progress(services, "push", await push_order(services, org, name, patient))

    result = with_services(work)
    reason = result.pop("reason", None)
    print_json(result)
    if reason:
        refuse(f"{name}: {reason}")


def patient_id(patient: str) -> str:
    """Raises Invalid."""
    type, _, id = patient.partition("/")
    if type != "Patient" or not id:
        raise Invalid("Write the patient as Patient/ID", "patient")
    return id


async def push_order(services: Services, org: str, name: str, patient: str) -> Order:
    """Raises Invalid."""
    id = patient_id(patient)
    realm = await realm_of(services, org)
    stored = await services.store.read(realm.org, "Patient", id)
    if stored is None or stored.deleted:
        raise Invalid(f"There is no {patient}", "patient")
    return Order(realm.org, realm.slug, name, (id,), force=True)


@app.command("unlock")
def unlock(org: Org, name: str, patient: Annotated[str, typer.Argument(metavar="Patient/ID")]) -> None:
    """Take updates of a record again that a discharge has locked ("Unlock EMR Updates")."""

    async def work(services: Services) -> None:
        print_json(await unlock_record(services, org, name, patient))

    with_services(work)


async def unlock_record(services: Services, org: str, name: str, patient: str) -> Json:
    """`unlocked` is false where nothing was locked."""
    id, realm = patient_id(patient), await realm_of(services, org)
    rooms = services.sync.connections
    unlocked = await services.store.write(realm.org, lambda tx: lock.unlock(tx, realm, rooms, name, id))
    return {"patient": patient, "unlocked": unlocked}


@app.command("log")
def show_log(org: Org, name: str, limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50) -> None:
    """What happened lately, newest first."""

    async def work(services: Services) -> None:
        print_json(await log_of_connection(services, org, name, limit))

    with_services(work)


async def log_of_connection(services: Services, org: str, name: str, limit: int) -> Json:
    realm, connections = await realm_of(services, org), services.sync.connections
    row = await services.store.session_read(lambda s: connections.get(s, realm, name))
    return {"entries": await services.store.session_read(lambda s: log.latest(s, row.id or 0, limit))}
