"""When each webhook of a connection was last seen, and since when the EMR has had news that it did not announce."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, String
from sqlmodel import Field, Session, SQLModel, select

from gateway.sync.connections import Connections
from gateway.sync.tables import Connection, instant
from gateway.translation.announced import Telling

DAY = 86_400_000_000
SKEW = 15 * 60_000_000
"""By how much the EMR's clock may be ahead of ours before a change looks younger than the webhook that told of it."""


class Webhook(SQLModel, table=True):
    """A webhook that has been seen; one that never was has no row."""

    __tablename__ = "webhook"

    connection: int = Field(sa_column=Column(Integer, ForeignKey("connection.id"), primary_key=True))
    hook: str = Field(sa_column=Column(String(64), primary_key=True))
    seen: int = instant()
    missed: int | None = Field(default=None, sa_column=Column(BigInteger))
    """When a pull first found a change that this webhook should have told of; None since it was seen last."""


def note_seen(session: Session, connection: int, hooks: Collection[str], now: int) -> None:
    for hook in sorted(hooks):
        row = session.get(Webhook, (connection, hook)) or Webhook(connection=connection, hook=hook)
        row.seen, row.missed = now, None
        session.add(row)
    session.flush()


def note_change(session: Session, connection: int, hook: str, changed: int | None, now: int) -> None:
    """A pull has found a change of the EMR's time `changed`; what the webhook told of is older than its last call."""
    row = session.get(Webhook, (connection, hook))
    if row is None or row.missed is not None or changed is None or changed <= row.seen + SKEW:
        return
    row.missed = now
    session.add(row)
    session.flush()


def silence(session: Session, connection: int, hook: str, now: int) -> str | None:
    """Why the webhook cannot be relied on, in words for the log; None while it works as far as anyone can tell."""
    row = session.get(Webhook, (connection, hook))
    if row is None:
        return f"the webhook {hook} has never been seen"
    if row.missed is not None and now - row.missed > DAY:
        return f"the webhook {hook} has told of no change for more than a day of changes"
    return None


def last_seen(session: Session, rooms: Connections, row: Connection) -> dict[str, int | None]:
    """By each webhook that the translator declares; None for one that was never seen."""
    if not rooms.is_usable(row):
        return {}
    found = session.exec(select(Webhook).where(Webhook.connection == row.id))
    seen = {each.hook: each.seen for each in found}
    return {hook: seen.get(hook) for hook in rooms.translator(row).webhooks}


def warnings(session: Session, rooms: Connections, row: Connection) -> Iterator[str]:
    """What an operator has to look after: webhooks that the EMR does not call."""
    if not rooms.is_usable(row) or rooms.effective_settings(row)["pull"] != "true":
        return
    translator = rooms.translator(row)
    title, incidental = translator.title, translator.incidental if isinstance(translator, Telling) else frozenset()
    for hook, seen in last_seen(session, rooms, row).items():
        if seen is None and hook not in incidental:
            yield f"the webhook {hook} has never been seen: enter its address in {title} and see that it is active"
