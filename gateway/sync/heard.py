"""The EMR's words for treatment programs that no mapping gives the CRM's word for: they stand in the store as they are.

A word counts as the CRM's own where it is the source of a program mapping. Where nothing is mapped at all the CRM may
use the EMR's words, or may not have been asked yet: they are told all the same.
"""

from __future__ import annotations

from typing import Any

from sqlmodel import Session, and_, col, select

from gateway.store import document
from gateway.store.tables import ResourceRow
from gateway.sync.tables import Connection, Link, Mapping
from gateway.translation.unmapped import nearest

PROGRAM = "program"
MOST_STAYS = 5000
"""The stays that were pulled last; a look at more of them would keep an operator waiting."""


def unmapped_programs(session: Session, row: Connection) -> list[dict[str, Any]]:
    """As `mapping list` tells them, those of most patients first."""
    mapped = set(session.exec(select(Mapping.source).where(Mapping.connection == row.id, Mapping.kind == PROGRAM)))
    patients: dict[str, set[str]] = {}
    for stay in _stays(session, row):
        word = str((stay.get("serviceType") or {}).get("text") or "")
        if word and word not in mapped:
            patients.setdefault(word, set()).add(str((stay.get("subject") or {}).get("reference")))
    told = sorted(patients.items(), key=lambda item: (-len(item[1]), item[0]))
    return [
        {"mapping": PROGRAM, "from": None, "to": word, "near": nearest(word, mapped), "patients": len(whose)}
        for word, whose in told
    ]


def _stays(session: Session, row: Connection) -> list[dict[str, Any]]:
    is_link = and_(ResourceRow.org == Link.org, ResourceRow.type == Link.type, ResourceRow.id == Link.local_id)
    wanted = (
        select(ResourceRow.body)
        .join(Link, is_link)
        .where(Link.connection == row.id, Link.type == "Encounter", col(Link.record).is_not(None))
        .order_by(col(Link.synced).desc())
        .limit(MOST_STAYS)
    )
    return [document.decode(body) for body in session.exec(wanted) if body]
