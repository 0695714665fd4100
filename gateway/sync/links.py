"""Links: which resource of the store is which record of an EMR. All functions work in the caller's transaction."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import update
from sqlmodel import Session, col, select

from gateway.digits import as_written
from gateway.faults import EmrBusy
from gateway.sync.tables import Link
from gateway.translation.contract import DECODER, Chart, Linked, Part
from gateway.translation.rows import Record

LEASE_SECONDS = 600
BATCH = 400
_encoder = msgspec.json.Encoder(enc_hook=as_written, decimal_format="number")


def by_local(session: Session, connection: int, type: str, local_id: str) -> Link | None:
    wanted = select(Link).where(Link.connection == connection, Link.type == type, Link.local_id == local_id)
    return session.exec(wanted).first()


def by_external(session: Session, connection: int, type: str, key: str) -> Link | None:
    wanted = select(Link).where(Link.connection == connection, Link.type == type, Link.external_key == key)
    return session.exec(wanted).first()


def keys(session: Session, connection: int, chart: Chart, types: Collection[str]) -> dict[str, str]:
    """`Type/id` of the chart's resources of these types → the EMR's key."""
    found: dict[str, str] = {}
    for type in types:
        ids = [resource["id"] for resource in chart.of(type)]
        wanted = select(Link.local_id, Link.external_key).where(
            Link.connection == connection, Link.type == type, col(Link.external_key).is_not(None)
        )
        for start in range(0, len(ids), BATCH):
            rows = session.exec(wanted.where(col(Link.local_id).in_(ids[start : start + BATCH])))
            found |= {f"{type}/{id}": key for id, key in rows if key is not None}
    return found


def keys_of_patients(session: Session, connection: int, ids: Collection[str]) -> dict[str, str]:
    """`Patient/id` → the EMR's key, for those that it has."""
    here = (Link.connection == connection, Link.type == "Patient", col(Link.external_key).is_not(None))
    wanted = select(Link.local_id, Link.external_key).where(*here, col(Link.local_id).in_(list(ids)[:BATCH]))
    return {f"Patient/{id}": key for id, key in session.exec(wanted) if key is not None} if ids else {}


def records(session: Session, connection: int, chart: Chart, types: Collection[str]) -> dict[str, Record]:
    """`Type/id` of the chart's resources of these types → the EMR's record as last synced."""
    found: dict[str, Record] = {}
    for type in types:
        ids = [resource["id"] for resource in chart.of(type)]
        wanted = select(Link).where(Link.connection == connection, Link.type == type, col(Link.record).is_not(None))
        for start in range(0, len(ids), BATCH):
            for link in session.exec(wanted.where(col(Link.local_id).in_(ids[start : start + BATCH]))):
                if (record := record_of(link)) is not None:
                    found[f"{type}/{link.local_id}"] = record
    return found


def awaiting(session: Session, connection: int) -> list[Link]:
    """Patients that the EMR has taken without telling its key yet."""
    wanted = select(Link).where(
        Link.connection == connection,
        Link.type == "Patient",
        col(Link.external_key).is_(None),
        Link.pushed != None,  # noqa: E711 — SQL
    )
    return list(session.exec(wanted))


def linked(link: Link) -> Linked:
    return Linked(link.local_id, link.external_key, record_of(link), locked=link.locked is not None, looked=link.looked)


def looked(session: Session, connection: int, patients: Sequence[str], now: int) -> None:
    """Note that a pull has just read these patients' charts, whatever came of it."""
    here = (col(Link.connection) == connection, col(Link.type) == "Patient")
    for start in range(0, len(patients), BATCH):
        some = col(Link.external_key).in_(patients[start : start + BATCH])
        session.connection().execute(update(Link).where(*here, some).values(looked=now))


def record_of(link: Link | None) -> Record | None:
    return decode_record(link.record if link else None)


def decode_record(kept: bytes | None) -> Record | None:
    record: Record | None = None if kept is None else DECODER.decode(kept)
    return record


def remember(link: Link, part: Part, now: int) -> None:
    """What the EMR has shown is what both sides know from now on."""
    link.record, link.missing, link.synced = encode_record(part.record), None, now
    link.referred = json.dumps(dict(part.references)) if part.references else None
    link.external_key = part.key


def encode_record(record: Any) -> bytes | None:
    return None if record is None else _encoder.encode(record)


def hold(session: Session, link: Link, holder: str, now: int) -> None:
    """Take the link for one push; raises EmrBusy while another workflow has it."""
    if link.holder not in (None, holder) and (link.held_until or 0) > now:
        raise EmrBusy("another push of this patient is under way", after=5)
    link.holder, link.held_until = holder, now + LEASE_SECONDS * 1_000_000
    session.add(link)
    session.flush()


def release(link: Link, holder: str) -> None:
    """Give the link free, unless another push has it by now."""
    if link.holder == holder:
        link.holder = link.held_until = None
