"""What an EMR's whole list, or chart, no longer has: it stays here, for the records that refer to it, and is closed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from sqlmodel import Session, col, select

from gateway.sync import links
from gateway.sync.tables import Link
from gateway.translation.contract import Part, Pulled, Whole

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
    parts: list[Part] = []
    for start in range(0, len(missing), BATCH):
        some = col(Link.external_key).in_(missing[start : start + BATCH])
        parts += _closed(pulled.whole, session.exec(select(Link).where(*here, some).order_by(col(Link.id))))
    return Pulled(None, tuple(parts)) if parts else None


def absent_of_patient(
    session: Session, connection: int, pulled: Pulled, ids_of: Callable[[str], Iterable[str]]
) -> Iterator[Part]:
    """Of a chart; `ids_of` tells the patient's resources of a type."""
    for whole in pulled.wholes:
        type = whole.lens.type
        listed = {part.key for part in pulled.parts if part.lens.type == type}
        found = (links.by_local(session, connection, type, id) for id in ids_of(type))
        yield from _closed(whole, (link for link in found if link and link.record and link.external_key not in listed))


def _closed(whole: Whole, missing: Iterable[Link]) -> Iterator[Part]:
    for link in missing:
        record = links.record_of(link) or {}
        if whole.once and record.get(whole.once):
            continue
        closed = {**record, **whole.gone}
        if closed != record:
            yield Part(whole.lens, link.external_key or "", closed)
