"""Minting EHR launches: what is named has to be there, and the encounter has to be the patient's."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from sqlmodel import Session

from gateway.auth import launches
from gateway.auth.authority import Realm
from gateway.auth.clients import AUTHORIZATION_CODE, find_client
from gateway.auth.keys import MICROSECONDS
from gateway.auth.launches import Launch
from gateway.auth.tables import UserAccount
from gateway.auth.users import account_name
from gateway.faults import Invalid
from gateway.services import Services
from gateway.store import document


async def minted(services: Services, realm: Realm, launch: Launch) -> dict[str, Any]:
    """The launch, the issuer and, where the client has one, the address that begins it. Raises Invalid, NotFound."""
    await _check_records(services, realm, launch)
    now = services.clock()
    named = replace(
        launch,
        email=account_name(launch.email) if launch.email is not None else None,
        smart_style_url=launch.smart_style_url or realm.endpoint("style"),
    )

    def write(session: Session) -> tuple[str, str | None]:
        begins = _start_of(session, realm, named)
        return launches.mint(session, realm.org, named, now=now, random=services.auth.random), begins

    text, begins = await services.store.session_write(write)
    ends = datetime.fromtimestamp((now + launches.LIFETIME_US) / MICROSECONDS, UTC).isoformat(timespec="seconds")
    told = {"launch": text, "iss": realm.fhir_base, "expires": ends}
    return {**told, "launch_url": _address(begins, realm, text)} if begins else told


def _start_of(session: Session, realm: Realm, launch: Launch) -> str | None:
    if launch.email is not None and session.get(UserAccount, (realm.org, launch.email)) is None:
        raise Invalid("This organisation has no such user", "user")
    if launch.client_id is None:
        return None
    client = find_client(session, realm.org, launch.client_id)
    if client.disabled is not None or AUTHORIZATION_CODE not in client.grants:
        raise Invalid("The client is disabled, or none that people let in", "client_id")
    return client.launch_url


async def _check_records(services: Services, realm: Realm, launch: Launch) -> None:
    launches.check(launch)
    for place, type, id in (("patient", "Patient", launch.patient), ("encounter", "Encounter", launch.encounter)):
        if id is None:
            continue
        stored = await services.store.read(realm.org, type, id)
        if stored is None or stored.deleted:
            raise Invalid(f"There is no {type} with this id", place)
        subject = document.decode(stored.body).get("subject", {}).get("reference", "")
        if type == "Encounter" and subject not in _references(realm, launch.patient):
            raise Invalid("The encounter is not the patient's", place)


def _references(realm: Realm, patient: str | None) -> tuple[str, str]:
    return f"Patient/{patient}", f"{realm.fhir_base}/Patient/{patient}"


def _address(begins: str, realm: Realm, text: str) -> str:
    """SMART App Launch 2.2: the application's launch URL with `iss` and `launch`."""
    joint = "&" if urlsplit(begins).query else "?"
    return f"{begins}{joint}{urlencode({'iss': realm.fhir_base, 'launch': text})}"
