"""What an organisation demands of the resources that its clients write: a profile per type, claimed or not.

Each write reads the demands within its own transaction: what `crosswalk org set` has changed holds from then on, in
every running server. Pulls from EMRs are not measured by them (docs/decisions/2611-demands-are-for-clients.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING

from sqlalchemy import Connection, bindparam, delete, select
from sqlmodel import Session, col

from gateway.definitions.contract import Definitions, Demanded
from gateway.faults import Invalid
from gateway.store.tables import DemandedProfile

if TYPE_CHECKING:
    from gateway.services import Services

OF_ORGANISATION = select(col(DemandedProfile.type), col(DemandedProfile.profile)).where(
    col(DemandedProfile.org) == bindparam("org")
)


def demanded_by(connection: Connection, org: int) -> Demanded:
    """As the connection's transaction sees them, in the order of the types."""
    rows = connection.execute(OF_ORGANISATION, {"org": org}).all()
    return {row.type: (row.profile,) for row in sorted(rows)}


async def demands_of(services: Services, org: int) -> Demanded:
    return await services.store.session_read(lambda session: demanded_by(session.connection(), org))


def set_demands(
    session: Session, org: int, definitions: Definitions, profiles: Mapping[str, str], no_longer: frozenset[str]
) -> None:
    """Raises Invalid, with nothing changed, where a type or profile is not known here."""
    for type in (*profiles, *no_longer):
        check_type(definitions, type)
    for type, profile in profiles.items():
        check_profile(definitions, type, profile)
    left_out = col(DemandedProfile.type).in_(no_longer)
    session.execute(delete(DemandedProfile).where(col(DemandedProfile.org) == org, left_out))
    for type, profile in profiles.items():
        session.merge(DemandedProfile(org=org, type=type, profile=profile))
    session.flush()


def check_type(definitions: Definitions, type: str) -> None:
    if type not in definitions.served:
        raise Invalid(f"{type} is no resource type of this server{nearest(type, definitions.served)}", "profile")


def check_profile(definitions: Definitions, type: str, profile: str) -> None:
    known = definitions.profiles_on(type)
    if profile in known:
        return
    if not known:
        raise Invalid(f"This server has no profile on {type}", "profile")
    ends = {url.rsplit("/", 1)[1]: url for url in known}
    close = get_close_matches(profile.rstrip("/").rsplit("/", 1)[-1], ends, n=3, cutoff=0.3)
    names = ", ".join(ends[end] for end in close) or ", ".join(known)
    raise Invalid(f"This server has no profile {profile} on {type}; it has {names}", "profile")


def nearest(word: str, known: frozenset[str]) -> str:
    close = get_close_matches(word, sorted(known), n=3)
    return f"; did you mean {' or '.join(close)}?" if close else ""
