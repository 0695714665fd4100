"""The patients that a connection knows, as a pull is given them: all keys at once, a record only when it is looked at.

There may be a hundred thousand links, with some kilobytes each; a page of a pull looks at the records of a few.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import overload

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from gateway.sync.links import decode_record
from gateway.sync.tables import Link
from gateway.translation.contract import Linked
from gateway.translation.rows import Record

Load = Callable[[int], Record | None]


class Remembered(Linked):
    """A Linked that reads its record when asked for it."""

    __slots__ = ("_key", "_load")

    def __init__(self, local_id: str, external_id: str | None, key: int, load: Load) -> None:
        object.__setattr__(self, "local_id", local_id)
        object.__setattr__(self, "external_id", external_id)
        object.__setattr__(self, "_key", key)
        object.__setattr__(self, "_load", load)

    @property
    def record(self) -> Record | None:
        found: Record | None = self._load(self._key)  # type: ignore[attr-defined]
        return found


class KnownPatients(Sequence[Linked]):
    """All linked patients of a connection, longest unsynced first."""

    def __init__(self, engine: Engine, rows: Sequence[tuple[int, str, str]]) -> None:
        self._engine = engine
        self._rows = rows

    @classmethod
    def of(cls, session: Session, engine: Engine, connection: int) -> KnownPatients:
        wanted = (
            select(Link.id, Link.local_id, Link.external_key)
            .where(Link.connection == connection, Link.type == "Patient", col(Link.external_key).is_not(None))
            .order_by(col(Link.synced), col(Link.id))
        )
        return cls(engine, [(id or 0, local, external or "") for id, local, external in session.exec(wanted)])

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Linked]:
        return map(self._remembered, self._rows)

    @overload
    def __getitem__(self, index: int) -> Linked: ...
    @overload
    def __getitem__(self, index: slice) -> KnownPatients: ...
    def __getitem__(self, index: int | slice) -> Linked | KnownPatients:
        if isinstance(index, slice):
            return KnownPatients(self._engine, self._rows[index])
        return self._remembered(self._rows[index])

    def _remembered(self, row: tuple[int, str, str]) -> Linked:
        key, local_id, external_id = row
        return Remembered(local_id, external_id, key, self._load)

    def _load(self, key: int) -> Record | None:
        with Session(self._engine) as session:
            return decode_record(session.exec(select(Link.record).where(Link.id == key)).first())
