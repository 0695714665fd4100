"""What requests with an idempotency key were answered."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Text
from sqlmodel import Field, SQLModel


def part_of_key(kind: Any, *more: Any) -> Any:
    return Field(sa_column=Column(kind, *more, primary_key=True))


class KeptAnswer(SQLModel, table=True):
    """Of one request, or of one stage of one that is carried out in several."""

    __tablename__ = "face_answer"
    __table_args__ = (Index("face_answer_by_created", "created"),)

    org: int = part_of_key(Integer, ForeignKey("organisation.id"))
    name: str = part_of_key(String(64))
    """A digest of who asked for which operation with which key."""
    stage: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    """Counted from 0; -1: the whole request."""
    created: int = Field(sa_column=Column(BigInteger, nullable=False))
    sealed: str = Field(sa_column=Column(Text, nullable=False), repr=False)
    """repeated.Outcome; empty while its transaction is at it."""
