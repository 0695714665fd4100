"""What an EMR's whole list no longer has: it stays here, for the records that refer to it, and is closed."""

from __future__ import annotations

from sqlmodel import Session, col, select

from gateway.sync import links
from gateway.sync.tables import Link
from gateway.translation.contract import Part, Pulled

BATCH = 400


def absent(session: Session, connection: int, pulled: Pulled) -> Pulled | None:
    """The entries that the list had before, as they are from now on; None where nothing is missing."""
    if pulled.whole is None:
        return None
    type = pulled.whole.lens.type
    listed = {part.key for part in pulled.parts if part.lens.type == type}
    here = (Link.connection == connection, Link.type == type, col(Link.record).is_not(None))
    known = session.exec(select(Link.external_key).where(*here, col(Link.external_key).is_not(None)))
    missing = [key for key in known if key is not None and key not in listed]
    parts = []
    for start in range(0, len(missing), BATCH):
        some = col(Link.external_key).in_(missing[start : start + BATCH])
        for link in session.exec(select(Link).where(*here, some).order_by(col(Link.id))):
            record = links.record_of(link) or {}
            closed = {**record, **pulled.whole.gone}
            if closed != record:
                parts.append(Part(pulled.whole.lens, link.external_key or "", closed))
    return Pulled(None, tuple(parts)) if parts else None
