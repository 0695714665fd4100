"""Launching an application about a patient: the EHR launch of SMART, from the console.

The address that begins it is shown as a link and not redirected to: the console's pages lead nowhere else by a form.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, select
from starlette.responses import Response

from gateway.auth import patient_choice
from gateway.auth.clients import AUTHORIZATION_CODE
from gateway.auth.launches import Launch
from gateway.auth.minting import minted
from gateway.auth.patient_choice import Listing
from gateway.auth.tables import Client, UserAccount
from gateway.console.visit import Visit
from gateway.faults import NotFound


async def show(visit: Visit) -> Response:
    """GET /console/launch"""
    return await _page(visit, Listing())


async def search_or_launch(visit: Visit) -> Response:
    """POST /console/launch"""
    client, user = await visit.services.store.session_read(lambda session: _client_and_user(session, visit))
    exchange = patient_choice.looking(visit.services, visit.realm, client, user)
    chosen = visit.form.get("patient")
    if chosen is None:
        return await _page(visit, await patient_choice.search(exchange, visit.form))
    patient = await patient_choice.one(exchange, chosen)
    if patient is None:
        raise NotFound("There is no such patient, or it is not yours to see")
    launch = Launch(patient=chosen, need_patient_banner=True, client_id=client.client_id, email=visit.user.email)
    told = await minted(visit.services, visit.realm, launch)
    visit.did("launch", client=client.client_id)
    return visit.page("launched.html", client_name=client.name, patient=patient, address=told["launch_url"])


async def _page(visit: Visit, listing: Listing) -> Response:
    apps = await visit.services.store.session_read(lambda session: launchable(session, visit.realm.org))
    sought = {name: visit.form.get(name, "") for name in (*patient_choice.FIELDS, "client_id")}
    searched = visit.request.method == "POST"
    return visit.page("launch.html", apps=apps, listing=listing, sought=sought, searched=searched)


def launchable(session: Session, org: int) -> Sequence[Client]:
    """The applications that have an address to begin at."""
    wanted = select(Client).where(Client.org == org, Client.launch_url != None, Client.disabled == None)  # noqa: E711
    return [app for app in session.exec(wanted.order_by(Client.name)) if AUTHORIZATION_CODE in app.grants]


def _client_and_user(session: Session, visit: Visit) -> tuple[Client, UserAccount]:
    wanted = visit.form.get("client_id", "")
    client = next((app for app in launchable(session, visit.realm.org) if app.client_id == wanted), None)
    if client is None:
        raise NotFound("There is no such application to launch")
    return client, session.get_one(UserAccount, (visit.realm.org, visit.user.email))
