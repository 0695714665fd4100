"""What a user may hand to an application, what they are asked, and what they granted before."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlmodel import Session

from gateway.auth.authorization_request import Asked
from gateway.auth.grant_tables import RememberedConsent
from gateway.auth.grants import OFFLINE, ONLINE
from gateway.auth.scopes import LAUNCH_SCOPES, ResourceScope, Scopes
from gateway.auth.tables import Client, UserAccount
from gateway.auth.users import Role
from gateway.auth.wording import in_words

FIXED = LAUNCH_SCOPES - {OFFLINE, ONLINE}
"""They say how the application is launched; whoever does not want that denies the whole."""
SEEING = frozenset("rs")
Item = ResourceScope | str


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of the consent page."""

    scope: str
    words: str
    fixed: bool


def fhir_user_of(user: UserAccount) -> str | None:
    """The resource that stands for the user, as TYPE/ID."""
    if user.practitioner:
        return f"Practitioner/{user.practitioner}"
    return f"Patient/{user.patient}" if user.patient else None


def may_choose_patients(user: UserAccount) -> bool:
    """People whose work is with patients; a patient has themselves, and a plain viewer sees no records."""
    return bool(user.practitioner) or (user.patient is None and Role(user.role).reaches(Role.OPERATOR))


def needs_patient(asked: Asked) -> bool:
    scopes = Scopes.parse(asked.scope)
    return "launch/patient" in scopes.plain or any(scope.context == "patient" for scope in scopes.resources)


def offered(asked: Asked, user: UserAccount, patient: str | None) -> Scopes:
    """Of what is requested and registered, what this user can grant with this patient in view."""
    items = Scopes.parse(asked.scope).items
    able = (_able(item, asked, user, patient) for item in items)
    return Scopes(tuple(item for item in able if item is not None))


def _able(item: Item, asked: Asked, user: UserAccount, patient: str | None) -> Item | None:
    if isinstance(item, ResourceScope):
        return _as_user(item, user) if patient or item.context != "patient" else None
    possible = {
        "fhirUser": fhir_user_of(user) is not None,
        "launch/patient": patient is not None,
        "launch/encounter": asked.encounter is not None,
        ONLINE: OFFLINE not in asked.scope.split(),
    }
    return item if possible.get(item, True) else None


def _as_user(item: ResourceScope, user: UserAccount) -> ResourceScope | None:
    """A viewer looks, and changes nothing."""
    if Role(user.role).reaches(Role.OPERATOR):
        return item
    actions = item.actions & SEEING
    return item.narrowed(item.type, actions) if actions else None


def choices(scopes: Scopes) -> list[Choice]:
    return [Choice(str(Scopes((item,))), in_words(item), item in FIXED) for item in scopes.items]


def chosen(scopes: Scopes, ticked: Collection[str]) -> str:
    """The scopes that the user left ticked, with the fixed ones."""
    return " ".join(choice.scope for choice in choices(scopes) if choice.fixed or choice.scope in ticked)


def gives_access(scope: str) -> bool:
    """Whether anything is left that an application could want."""
    return bool(set(scope.split()) - {OFFLINE, ONLINE, "launch", "launch/patient", "launch/encounter"})


def is_remembered(session: Session, client: Client, asked: Asked, email: str, scopes: Scopes) -> bool:
    """Whether the user granted all of it before, to an application that cannot be somebody else (RFC 8252, 8.6)."""
    if OFFLINE in scopes.plain or "consent" in asked.prompt or not _is_known(client, asked):
        return False
    row = session.get(RememberedConsent, (client.org, email, client.client_id))
    return row is not None and set(str(scopes).split()) <= set(row.scope.split())


def remember(session: Session, client: Client, email: str, scope: str, now: int) -> None:
    row = session.get(RememberedConsent, (client.org, email, client.client_id))
    row = row or RememberedConsent(org=client.org, email=email, client_id=client.client_id, scope="", granted=now)
    row.scope, row.granted = scope, now
    session.add(row)


def _is_known(client: Client, asked: Asked) -> bool:
    return not client.public or urlsplit(asked.redirect_uri).scheme == "https"
