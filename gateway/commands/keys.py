"""crosswalk keys: the keys that the gateway signs with, as others know them from a JWKS, and their rotation.

The gateway's own pair signs what it says to EMRs, for every organisation: whoever rotates it works at the machine. What
became of it stands in each organisation's audit trail.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import anyio
import typer
from sqlmodel import select

from gateway.audit.commands import Command, command_audited
from gateway.auth.keys import MICROSECONDS
from gateway.auth.rotation import GATEWAY_LEAD, KeyState
from gateway.commands.answer import Json, print_json, realm_of, with_services
from gateway.services import Services
from gateway.store.tables import Organisation

app = typer.Typer(help="Signing keys: which are published, which one signs, and their rotation.", no_args_is_help=True)
HOURS = GATEWAY_LEAD / 3600
JWKS = "/.well-known/jwks.json"
DASHES = {"ignore_unknown_options": True}
"""One key in 64 has a name that begins as an option does."""
Kid = Annotated[str, typer.Argument(metavar="KID", help="As `keys list` names it.")]


@app.command("list")
def list_(
    org: Annotated[str | None, typer.Option(help="This organisation's keys, not those that EMRs know.")] = None,
) -> None:
    """Published keys: `next` does not sign yet, `signing` does, `retiring` did."""

    async def work(services: Services) -> None:
        print_json(await (keys_of_gateway(services) if org is None else keys_of(services, org)))

    with_services(work)


async def keys_of_gateway(services: Services) -> Json:
    states = await anyio.to_thread.run_sync(services.auth.rotation.states, None)
    return {"jwks_url": f"{services.settings.public_url}{JWKS}", "keys": shown(states)}


async def keys_of(services: Services, slug: str) -> Json:
    realm = await realm_of(services, slug)
    states = await anyio.to_thread.run_sync(services.auth.rotation.states, realm.org)
    return {"jwks_url": realm.jwks_url, "keys": shown(states)}


def shown(states: Sequence[KeyState]) -> list[Json]:
    return [
        {
            "kid": state.kid,
            "alg": state.alg,
            "state": state.state,
            "created": _instant(state.created),
            "signs_from": _instant(state.signs_from),
            "published_until": _instant(state.published_until),
        }
        for state in states
    ]


@app.command("rotate")
def rotate(
    overlap_hours: Annotated[
        float, typer.Option(help="How long the new key is published before it signs: EMRs keep what they fetched.")
    ] = HOURS,
) -> None:
    """Publish a new key for EMRs; it signs after the overlap, and the old one goes when nothing of it is valid."""
    with_services(lambda services: _rotate(services, int(overlap_hours * 3600)))


async def _rotate(services: Services, lead: int) -> None:
    with audited(services, "crosswalk keys rotate", await _slugs(services, None)):
        await anyio.to_thread.run_sync(partial(services.auth.rotation.rotate, None, lead=lead))
    print_json(await keys_of_gateway(services))


@app.command("activate", context_settings=DASHES)
def activate(kid: Kid) -> None:
    """Have a `next` key sign from now on: EMRs that keep an older JWKS refuse us until they fetch it."""
    with_services(lambda services: _changed(services, "activate", kid))


@app.command("retire", context_settings=DASHES)
def retire(kid: Kid) -> None:
    """Publish a key no longer that does not sign: take a `next` key back, or end a `retiring` one that has leaked."""
    with_services(lambda services: _changed(services, "retire", kid))


async def _changed(services: Services, doing: str, kid: str) -> None:
    rotation = services.auth.rotation
    org = await anyio.to_thread.run_sync(rotation.owner_of, kid)
    slugs = await _slugs(services, org)
    with audited(services, f"crosswalk keys {doing}", slugs):
        await anyio.to_thread.run_sync(rotation.activate if doing == "activate" else rotation.retire, kid)
    print_json(await (keys_of_gateway(services) if org is None else keys_of(services, slugs[0])))


async def _slugs(services: Services, org: int | None) -> list[str]:
    """Whom it concerns: the key's organisation, or all of them."""
    wanted = select(Organisation.slug)
    if org is not None:
        wanted = wanted.where(Organisation.id == org)
    return await services.store.session_read(lambda session: list(session.exec(wanted.order_by(Organisation.slug))))


@contextmanager
def audited(services: Services, words: str, slugs: Sequence[str]) -> Iterator[None]:
    with ExitStack() as trails:
        for slug in slugs:
            trails.enter_context(command_audited(services.audit, Command(words, slug)))
        yield


def _instant(microseconds: int | None) -> str | None:
    if microseconds is None:
        return None
    return datetime.fromtimestamp(microseconds / MICROSECONDS, UTC).isoformat(timespec="seconds")
