"""The patient picker of a standalone launch: whom a user may choose, found by name, birth date and identifier.

The search is the one of the FHIR face, on behalf of the user; nothing of it is in an address.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from gateway.auth.authority import Realm
from gateway.auth.consent import fhir_user_of
from gateway.auth.scopes import Scopes
from gateway.auth.tables import Client, UserAccount
from gateway.auth.verification import Caller
from gateway.faults import Fault
from gateway.interactions.exchange import Exchange
from gateway.interactions.search_type import plan
from gateway.services import Services
from gateway.store import document

SHOWN = 20
FIELDS = ("name", "birthdate", "identifier")
DATE = re.compile(r"[0-9]{4}(-[0-9]{2}){0,2}", re.ASCII)
WRONG_DATE = "Write the birth date as 1980-12-31, or the year alone."
READING = Scopes.parse("user/Patient.rs")
NO_REQUEST = {"type": "http", "method": "GET", "headers": [], "query_string": b"", "path_params": {}}


@dataclass(frozen=True, slots=True)
class Found:
    """A patient as the picker and the consent page show them."""

    id: str
    name: str
    birth_date: str
    gender: str
    identifiers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """What a search of the picker gives."""

    patients: tuple[Found, ...] = ()
    more: bool = False
    wrong: str | None = None
    field: str = ""
    """The one that is wrong."""


def looking(services: Services, realm: Realm, client: Client, user: UserAccount) -> Exchange:
    """The user looks, for the client: neither is shown what it may not see."""
    caller = Caller(
        realm.org,
        realm.slug,
        client.client_id,
        READING,
        fhir_user=fhir_user_of(user),
        user_email=user.email,
        user_role=user.role,
        purposes=frozenset(client.purposes.split()),
    )
    return Exchange(Request(NO_REQUEST), services, realm, caller)


async def search(exchange: Exchange, sought: dict[str, str]) -> Listing:
    params = [(name, sought[name].strip()) for name in FIELDS if sought.get(name, "").strip()]
    try:
        planned = plan(exchange, "Patient", [*params, ("_count", str(SHOWN)), ("_sort", "family,given")])
    except Fault as fault:
        if not DATE.fullmatch(dict(params).get("birthdate", "1980")):
            return Listing(wrong=WRONG_DATE, field="birthdate")
        return Listing(wrong="; ".join(issue.diagnostics for issue in fault.issues))
    page = await exchange.store.search(planned.query)
    return Listing(tuple(described(document.decode(match.body)) for match in page.matches), page.after is not None)


async def one(exchange: Exchange, id: str) -> Found | None:
    """A patient whom the user may see."""
    stored = await exchange.store.read("Patient", id)
    return None if stored is None or stored.deleted else described(document.decode(stored.body))


def described(patient: dict[str, Any]) -> Found:
    names = [name for name in patient.get("name", ()) if name.get("use") != "old"] or [{}]
    name = names[0].get("text") or " ".join((*names[0].get("given", ()), names[0].get("family", "")))
    values = (identifier.get("value", "") for identifier in patient.get("identifier", ()))
    return Found(
        patient["id"],
        name.strip() or "no name",
        patient.get("birthDate", ""),
        patient.get("gender", ""),
        tuple(value for value in values if value)[:3],
    )
