"""Charts that an EMR has and that are not complete enough to be taken in: how many there are, and what they lack.

A chart whose Patient is here already says it on its link; one that nobody has sent and that was never taken has none,
and is kept here by the EMR's key until it is complete.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from sqlalchemy import Column, ForeignKey, Integer, String, Text
from sqlmodel import Field, Session, SQLModel, col, func, select

from gateway.sync.tables import Link, instant

BATCH = 400


class WaitingChart(SQLModel, table=True):
    """A chart of nobody yet."""

    __tablename__ = "waiting_chart"

    connection: int = Field(sa_column=Column(Integer, ForeignKey("connection.id"), primary_key=True))
    key: str = Field(sa_column=Column(String(256), primary_key=True))
    missing: str = Field(sa_column=Column(Text, nullable=False))
    since: int = instant()
    """When it was first seen."""


def of(session: Session, connection: int, keys: Collection[str]) -> dict[str, WaitingChart]:
    wanted, all = select(WaitingChart).where(WaitingChart.connection == connection), list(keys)
    return {
        row.key: row
        for start in range(0, len(all), BATCH)
        for row in session.exec(wanted.where(col(WaitingChart.key).in_(all[start : start + BATCH])))
    }


def lacking(session: Session, connection: int) -> dict[str, int]:
    """What is missing → how many charts lack just that; the most frequent first."""
    told: Counter[str] = Counter()
    links = select(Link.missing, func.count()).where(
        Link.connection == connection, Link.type == "Patient", col(Link.missing).is_not(None)
    )
    charts = select(WaitingChart.missing, func.count()).where(WaitingChart.connection == connection)
    for missing, number in session.exec(links.group_by(col(Link.missing))):
        told[missing or ""] += number
    for missing, number in session.exec(charts.group_by(col(WaitingChart.missing))):
        told[missing] += number
    return dict(told.most_common())
