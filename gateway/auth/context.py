"""What a grant is about, as tokens and token responses say it (SMART App Launch 2.2, launch context parameters)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlmodel import Session

from gateway.auth import grants
from gateway.auth.grant_tables import AccessGrant
from gateway.auth.keys import MICROSECONDS

if TYPE_CHECKING:
    from gateway.auth.authority import Auth, Realm


def launch_parameters(grant: AccessGrant) -> dict[str, Any]:
    """Beside the access token."""
    known = {"patient": grant.patient, "encounter": grant.encounter}
    return {**{name: id for name, id in known.items() if id}, **grant.context}


def about_launch(realm: Realm, grant: AccessGrant) -> dict[str, str]:
    """Inside the access token, and of it in an introspection."""
    user = f"{realm.fhir_base}/{grant.fhir_user}" if grant.fhir_user and "fhirUser" in grant.scope.split() else None
    known = {"patient": grant.patient, "encounter": grant.encounter, "fhirUser": user}
    return {name: value for name, value in known.items() if value}


def renew(auth: Auth, grant: AccessGrant) -> str | None:
    """Keep the grant as long as its new access token, and give it a refresh token if it is one for that."""
    now = int(auth.clock() * MICROSECONDS)
    with Session(auth.engine, expire_on_commit=False) as session:
        grants.prolong(session, grant, now + grants.ACCESS_US)
        refreshing = grants.is_refreshing(grant)
        text = grants.add_refresh_token(session, grant, now=now, random=auth.random) if refreshing else None
        session.commit()
    return text
