"""crosswalk user: the people who may sign in to an organisation's console."""

from __future__ import annotations

import getpass
import sys
from typing import Annotated

import anyio
import typer
from sqlmodel import Session, select

from gateway.auth.leaving import sign_out_everywhere
from gateway.auth.tables import UserAccount
from gateway.auth.users import NewUser, Role, account_name, add_user, check, disable_user, hash_password
from gateway.commands.answer import Json, print_json, realm_of, refuse, stderr, with_services
from gateway.services import Services

app = typer.Typer(help="Users: people who sign in with a password.", no_args_is_help=True)


@app.command("add")
def add(
    email: str,
    org: Annotated[str, typer.Option()],
    role: Annotated[Role, typer.Option(help="viewer sees, operator acts, admin also sees addresses to keep secret")],
    patient: Annotated[str | None, typer.Option(metavar="ID", help="The Patient that this person is.")] = None,
    practitioner: Annotated[str | None, typer.Option(metavar="ID", help="The Practitioner.")] = None,
) -> None:
    """Add a user; the password is the first line of stdin."""
    new = NewUser(email=email, role=role, patient=patient, practitioner=practitioner)

    async def work(services: Services) -> None:
        print_json(await add_account(services, org, new, await anyio.to_thread.run_sync(_password)))

    with_services(work)


@app.command("list")
def list_(org: Annotated[str, typer.Option()]) -> None:
    """Every user."""

    async def work(services: Services) -> None:
        print_json(await list_all(services, org))

    with_services(work)


async def list_all(services: Services, org: str) -> Json:
    realm = await realm_of(services, org)
    wanted = select(UserAccount).where(UserAccount.org == realm.org).order_by(UserAccount.email)
    rows = await services.store.session_read(lambda session: [described(org, row) for row in session.exec(wanted)])
    return {"users": rows}


@app.command("disable")
def disable(email: str, org: Annotated[str, typer.Option()]) -> None:
    """Let a user in no more: neither the console nor the applications that they let in."""

    async def work(services: Services) -> None:
        print_json(await disable_one(services, org, email))

    with_services(work)


async def disable_one(services: Services, org: str, email: str) -> Json:
    realm, now = await realm_of(services, org), services.clock()
    return await services.store.session_write(
        lambda session: described(org, disable_user(session, realm.org, email, now=now))
    )


@app.command("sign-out")
def sign_out(email: str, org: Annotated[str, typer.Option()]) -> None:
    """End all sessions of a user, and what applications hold from them; they may sign in again."""

    async def work(services: Services) -> None:
        print_json(await sign_out_one(services, org, email))

    with_services(work)


async def sign_out_one(services: Services, org: str, email: str) -> Json:
    realm, now = await realm_of(services, org), services.clock()
    left = await services.store.session_write(lambda s: sign_out_everywhere(s, realm.org, email, now=now))
    return {"org": org, "email": account_name(email), "sessions": left.sessions, "grants": left.grants}


def described(org: str, row: UserAccount) -> Json:
    known = {"patient": row.patient, "practitioner": row.practitioner, "disabled": row.disabled is not None}
    return {"org": org, "email": row.email, "role": row.role, **{key: value for key, value in known.items() if value}}


def _password() -> str:
    if sys.stdin.isatty():
        return getpass.getpass("Password: ", stream=sys.stderr)
    try:
        return sys.stdin.readline().rstrip("\r\n")
    except UnicodeDecodeError:
        refuse("The password on stdin is not UTF-8")


async def add_account(services: Services, org: str, new: NewUser, password: str) -> Json:
    """Raises Invalid, Conflict and NotFound."""
    realm = await realm_of(services, org)
    check(new)
    password_hash = await anyio.to_thread.run_sync(hash_password, password)

    def write(session: Session) -> Json:
        row = add_user(session, realm.org, new, password_hash, now=services.clock())
        return described(org, row)

    answer = await services.store.session_write(write)
    for type, id in (("Patient", new.patient), ("Practitioner", new.practitioner)):
        if id and await services.store.read(realm.org, type, id) is None:
            stderr.print(f"Note: there is no {type}/{id} yet", markup=False, highlight=False)
    return answer
