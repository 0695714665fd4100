"""How the last test of a connection ended: one that is not good yet says so wherever connections are listed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, Text
from sqlmodel import Field, Session, SQLModel

from gateway.auth.authority import Realm
from gateway.store.contract import Store, Transaction
from gateway.sync.probe import test_connection
from gateway.sync.runners import Runners
from gateway.sync.tables import Connection


class ConnectionTest(SQLModel, table=True):
    """The last one. `time` is in UTC microseconds."""

    __tablename__ = "connection_test"

    connection: int = Field(sa_column=Column(Integer, ForeignKey("connection.id"), primary_key=True))
    time: int = Field(sa_column=Column(BigInteger, nullable=False))
    ok: bool = Field(sa_column=Column(Boolean, nullable=False))
    detail: str = Field(sa_column=Column(Text, nullable=False))


async def prove(store: Store, runners: Runners, realm: Realm, name: str) -> dict[str, Any]:
    """Tests the connection and keeps what came of it; {"ok", "detail", "latency_ms"}."""
    result = await test_connection(runners, realm, name)

    def keep(tx: Transaction) -> None:
        with Session(tx.connection) as session:
            id = runners.connections.get(session, realm, name).id or 0
            session.merge(ConnectionTest(connection=id, time=tx.now, ok=result["ok"], detail=result["detail"]))
            session.flush()

    await store.write(realm.org, keep)
    return result


def failure(session: Session, row: Connection) -> ConnectionTest | None:
    """The last test, when it failed and no pull has succeeded since."""
    last = session.get(ConnectionTest, row.id)
    if last is None or last.ok:
        return None
    pulled = row.pull_finished is not None and row.pull_finished > last.time and row.pull_error is None
    return None if pulled else last
