"""Whose record is it? What a push of a waiting patient found at the EMR, decided: one record, a question, or patience.

Our own id is the translator's to find. A record of the same name and birth date is the patient's when both are the
only ones: one such record, made since the delivery, and one such patient waiting. Anything else a person decides.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from gateway.auth.authority import Realm
from gateway.definitions.contract import Resource
from gateway.store import document
from gateway.store.contract import Transaction
from gateway.sync import deliveries, links, tasks
from gateway.sync.identity import same_person
from gateway.sync.tables import Connection, Link
from gateway.translation.contract import Pushed

HOUR = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Recognised:
    """The EMR's record of the patient."""

    key: str


@dataclass(frozen=True, slots=True)
class Question:
    """What a person is asked, and the records of which one may be it."""

    text: str
    candidates: tuple[str, ...] = ()


def decide(
    tx: Transaction, session: Session, row: Connection, patient_id: str, pushed: Pushed, hours: float, title: str
) -> Recognised | Question | None:
    """None: it is too early to ask."""
    id = row.id or 0
    free = [c for c in pushed.candidates if links.by_external(session, id, "Patient", c.key) is None]
    others = namesakes(tx, session, id, patient_id) if free else []
    new = [candidate for candidate in free if candidate.is_new]
    if len(free) == len(new) == 1 and not others:
        return Recognised(free[0].key)
    row_of = deliveries.of(session, id, patient_id)
    overdue = row_of.sent is not None and tx.now - row_of.sent >= hours * HOUR
    if not new and not overdue and row_of.asked is None:
        return None
    before = [key for key in row_of.asked or () if links.by_external(session, id, "Patient", key) is None]
    keys = tuple(dict.fromkeys([*before, *(candidate.key for candidate in free)]))
    return Question(f"{_told(title, len(keys), len(others), hours)}. {_how(row.name, patient_id)}", keys)


def namesakes(tx: Transaction, session: Session, connection: int, patient_id: str) -> list[str]:
    """Other patients of the same name and birth date who wait for their records."""
    mine = _read(tx, patient_id)
    return [] if mine is None else [id for id in _waiting_for(tx, session, connection, mine) if id != patient_id]


def waiting_for(tx: Transaction, session: Session, connection: int, fresh: Resource) -> list[Link]:
    """Links of the patients who wait for their record and have this name and birth date."""
    found = (links.by_local(session, connection, "Patient", id) for id in _waiting_for(tx, session, connection, fresh))
    return [link for link in found if link is not None]


def _waiting_for(tx: Transaction, session: Session, connection: int, person: Resource) -> list[str]:
    waiting = [link.local_id for link in links.awaiting(session, connection)]
    waiting = list(dict.fromkeys([*waiting, *deliveries.outstanding(session, connection)]))
    return [id for id in waiting if (patient := _read(tx, id)) and same_person(person, patient)]


def ask(tx: Transaction, session: Session, realm: Realm, row: Connection, link: Link, key: str, title: str) -> None:
    """A pull brought a record that may be this waiting patient's, and may be another's."""
    delivery = deliveries.of(session, row.id or 0, link.local_id)
    keys = list(dict.fromkeys([*(delivery.asked or ()), key]))
    delivery.sent, delivery.asked = delivery.sent or link.synced or tx.now, keys
    deliveries.keep(session, delivery)
    others = len(namesakes(tx, session, row.id or 0, link.local_id))
    text = f"{_told(title, len(keys), others, 0)}. {_how(row.name, link.local_id)}"
    tasks.report(tx, realm, row.name, link.local_id, "in-progress", text, asked=keys)


def _read(tx: Transaction, id: str) -> Resource | None:
    stored = tx.read("Patient", id)
    return None if stored is None or stored.deleted else document.decode(stored.body)


def _told(title: str, charts: int, others: int, hours: float) -> str:
    if not charts:
        return f"{title} was sent this patient over {hours:g} hours ago and shows no chart of it"
    shown = "a chart" if charts == 1 else f"{charts} charts"
    told = f"{title} shows {shown} of this name and birth date, and none that names our id"
    return f"{told}; {others + 1} patients of that name wait for theirs" if others else told


def _how(connection: str, patient_id: str) -> str:
    command = f"crosswalk connection answer --org … {connection} Patient/{patient_id}"
    return f"Say which chart it is, or that it is to be delivered again: `{command} --chart ID | --deliver-again`"
