"""The patients that a connection knows, looked up in the database while a flow of a pull runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, and_, col, func, or_, select

from gateway.sync import links
from gateway.sync.tables import Link
from gateway.translation.contract import Linked
from gateway.translation.known import Place

BATCH = 400
"""Keys in one statement: within what every SQLite takes as parameters."""


class KnownPatients:
    """The linked patients of one connection (`gateway.translation.known.Known`)."""

    def __init__(self, engine: Engine, connection: int) -> None:
        self._engine = engine
        self._here = (Link.connection == connection, Link.type == "Patient")

    def __len__(self) -> int:
        with Session(self._engine) as session:
            wanted = select(func.count()).where(*self._here, col(Link.external_key).is_not(None))
            return session.exec(wanted).one()

    def of(self, keys: Collection[str]) -> Mapping[str, Linked]:
        found = self._found(col(Link.external_key), keys)
        return {link.external_key or "": links.linked(link) for link in found}

    def persons(self, keys: Collection[str]) -> Mapping[str, Linked]:
        first: dict[str, Linked] = {}
        for link in sorted(self._found(col(Link.person), keys), key=lambda link: link.id or 0):
            first.setdefault(link.person or "", links.linked(link))
        return first

    def stalest(self, before: int, after: Place, count: int) -> Sequence[Linked]:
        """Keys are in the order of the database's own collation, in which they are compared, too."""
        looked, key = col(Link.looked), col(Link.external_key)
        behind = or_(looked > after[0], and_(looked == after[0], key > after[1]))
        wanted = select(Link).where(*self._here, key.is_not(None), looked < before, behind)
        with Session(self._engine) as session:
            return [links.linked(link) for link in session.exec(wanted.order_by(looked, key).limit(count))]

    def _found(self, column: Any, keys: Iterable[str]) -> list[Link]:
        wanted = list(dict.fromkeys(keys))
        with Session(self._engine) as session:
            return [
                link
                for start in range(0, len(wanted), BATCH)
                for link in session.exec(select(Link).where(*self._here, column.in_(wanted[start : start + BATCH])))
            ]
