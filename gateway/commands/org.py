"""crosswalk org: the organisations of this gateway."""

from __future__ import annotations

import re
import sys
from collections.abc import Awaitable
from typing import Annotated

import anyio
import typer
from sqlmodel import Session, select

from gateway.auth.authority import Realm
from gateway.auth.issuers import TrustedIssuer, discovered_keys, distrust, trust
from gateway.auth.keys import algorithms_of
from gateway.auth.provider import Provider, callback_of, drop_provider, put_provider
from gateway.commands.answer import Json, pairs, print_json, realm_of, with_services
from gateway.definitions.own import put_definitions
from gateway.faults import Conflict, Invalid
from gateway.interactions.demands import demanded_by, set_demands
from gateway.services import Services
from gateway.store.tables import Organisation

app = typer.Typer(
    help="Organisations: each has its own FHIR base, clients, connections and data.", no_args_is_help=True
)
ACCOUNT = "your organisation's account"
SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


@app.command("add")
def add(org: str, name: Annotated[str | None, typer.Option(help="As people write it.")] = None) -> None:
    """Add an organisation."""
    with_services(lambda services: _add(services, org, name or org))


async def _add(services: Services, slug: str, name: str) -> None:
    realm = await add_organisation(services, slug, name)
    print_json({"org": slug, "fhir_base": realm.fhir_base})


@app.command("list")
def list_all() -> None:
    """List the organisations."""
    with_services(_list)


async def _list(services: Services) -> None:
    print_json({"organisations": await services.store.session_read(lambda session: described(services, session))})


@app.command()
def show(org: str) -> None:
    """Show an organisation and the profiles that it demands."""
    with_services(lambda services: _show(services, org))


async def _show(services: Services, slug: str) -> None:
    print_json(await shown(services, slug))


async def shown(services: Services, slug: str) -> Json:
    realm = await realm_of(services, slug)
    (answer,) = await services.store.session_read(lambda session: described(services, session, realm.org))
    return answer


@app.command("set")
def set_(
    org: str,
    profile: Annotated[
        list[str] | None, typer.Option(metavar="TYPE=CANONICAL", help="Demand this profile of every write of the type.")
    ] = None,
    no_profile: Annotated[
        list[str] | None, typer.Option(metavar="TYPE", help="Demand none of this type any more.")
    ] = None,
) -> None:
    """Change an organisation. Running servers follow at once."""
    profiles, no_longer = one_each(pairs(profile or (), "--profile"), profile or ()), frozenset(no_profile or ())
    if not profiles and not no_longer:
        raise typer.BadParameter("give --profile or --no-profile")
    if both := sorted(no_longer & profiles.keys()):
        raise typer.BadParameter(f"--profile and --no-profile both name {both[0]}")
    with_services(lambda services: _set(services, org, profiles, no_longer))


@app.command("rotate-keys")
def rotate_keys(org: str) -> None:
    """Publish new signing keys; they sign from an hour later on, when all who keep a JWKS have them."""

    async def work(services: Services) -> None:
        print_json(await rotate(services, org))

    with_services(work)


async def rotate(services: Services, slug: str) -> Json:
    realm, rotation = await realm_of(services, slug), services.auth.rotation

    def work() -> dict[str, str]:
        return {alg: rotation.rotate(realm.org, alg=alg) for alg in algorithms_of(realm.org)}

    return {"org": slug, "keys": await anyio.to_thread.run_sync(work)}


@app.command("provider")
def provider(
    org: str,
    issuer: Annotated[str | None, typer.Option(help="The OpenID provider's issuer URL.")] = None,
    client_id: Annotated[str | None, typer.Option(help="Of this gateway at the provider.")] = None,
    name: Annotated[str, typer.Option(help="What the sign-in page calls it.")] = ACCOUNT,
    remove: Annotated[bool, typer.Option("--remove", help="Passwords alone again.")] = False,
) -> None:
    """Let users sign in at the organisation's own OpenID provider; the client secret is the first line of stdin."""
    if remove:
        with_services(lambda services: _printed(remove_provider(services, org)))
        return
    if issuer is None or client_id is None:
        raise typer.BadParameter("give --issuer and --client-id, or --remove")
    issuer_url, known_as = issuer, client_id

    async def work(services: Services) -> None:
        secret = await anyio.to_thread.run_sync(lambda: sys.stdin.readline().strip())
        print_json(await give_provider(services, org, Provider(issuer_url, known_as, secret, name)))

    with_services(work)


@app.command("trust")
def trust_issuer(
    org: str,
    issuer: Annotated[str, typer.Option(help="The issuer's URL, as its tokens say it.")],
    alg: Annotated[list[str] | None, typer.Option(help="How it signs: RS384, ES384 …; repeat as needed.")] = None,
    audience: Annotated[str | None, typer.Option(help="What its tokens are for; the FHIR base by default.")] = None,
    jwks_url: Annotated[str | None, typer.Option(help="Its keys; discovered by default.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Trust it no longer.")] = False,
) -> None:
    """Take access tokens of another issuer, for clients that are registered here."""
    if not remove and not alg:
        raise typer.BadParameter("give --alg, or --remove")

    async def work(services: Services) -> None:
        realm, auth = await realm_of(services, org), services.auth
        if remove:
            await services.store.session_write(lambda session: distrust(session, realm.org, issuer))
            print_json({"org": org, "issuer": issuer, "trusted": False})
            return
        keys = jwks_url or await discovered_keys(auth, issuer)
        named = {"issuer": issuer, "audience": audience or realm.fhir_base, "jwks_url": keys}
        row = TrustedIssuer(org=realm.org, algorithms=" ".join(alg or ()), **named)
        await services.store.session_write(lambda session: trust(session, auth, row))
        print_json({"org": org, **named, "algorithms": alg, "trusted": True})

    with_services(work)


async def _printed(answer: Awaitable[Json]) -> None:
    print_json(await answer)


async def give_provider(services: Services, slug: str, given: Provider) -> Json:
    """Raises Invalid."""
    realm, now = await realm_of(services, slug), services.clock()
    await services.store.session_write(lambda s: put_provider(s, services.auth, realm.org, given, now=now))
    return {"org": slug, "issuer": given.issuer, "client_id": given.client_id, "redirect_uri": callback_of(realm)}


async def remove_provider(services: Services, slug: str) -> Json:
    realm = await realm_of(services, slug)
    removed = await services.store.session_write(lambda session: drop_provider(session, realm.org))
    return {"org": slug, "removed": removed}


def one_each(read: dict[str, str], options: list[str] | tuple[()]) -> dict[str, str]:
    """A type can be demanded one profile only, as `rest.resource.profile` of /metadata holds one."""
    if len(read) != len(options):
        raise typer.BadParameter("name each type once", param_hint="--profile")
    return read


async def _set(services: Services, slug: str, profiles: dict[str, str], no_longer: frozenset[str]) -> None:
    await put_demands(services, slug, profiles, no_longer)
    await _show(services, slug)


async def put_demands(services: Services, slug: str, profiles: dict[str, str], no_longer: frozenset[str]) -> None:
    realm = await realm_of(services, slug)

    def write(session: Session) -> None:
        set_demands(session, realm.org, services.definitions, profiles, no_longer)

    await services.store.session_write(write)


def described(services: Services, session: Session, org: int | None = None) -> list[Json]:
    """One object per organisation, or that of one."""
    rows = session.exec(select(Organisation).order_by(Organisation.slug)).all()
    demands = {row.id: demanded_by(session.connection(), row.id or 0) for row in rows}
    return [
        {
            "org": row.slug,
            "name": row.name,
            "fhir_base": Realm(row.id or 0, row.slug, services.settings.public_url).fhir_base,
            "profiles": {type: profile for type, (profile,) in demands[row.id].items()},
        }
        for row in rows
        if org in (None, row.id)
    ]


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
