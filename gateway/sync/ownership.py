"""Records that an EMR owns: it gives them and takes none, so here only its pulls write them; clients read them.

A record is an EMR's when a connection has pulled it (its link holds the EMR's document) and the translator declares
the type as owned. A client's own record of the same type, which no pull has recognised, stays the client's.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlmodel import col, select

from gateway.faults import Unprocessable
from gateway.store.contract import Stored, Transaction
from gateway.sync.tables import Connection, Link
from gateway.translation.contract import Translator
from gateway.translation.owning import Owning

KEYED = b"/NamingSystem/"
"""Part of the system of the identifiers that connections give: what was pulled has one, and only that may be owned."""


class Ownership:
    """Which records of the store clients may not change."""

    def __init__(self, translators: Mapping[str, Translator]) -> None:
        self._owned = {name: each.owned for name, each in translators.items() if isinstance(each, Owning)}
        self._types = frozenset(type for owned in self._owned.values() for type in owned)

    def refusal(self, tx: Transaction, stored: Stored) -> Unprocessable | None:
        """Why a client may not change this resource. Costs no query for what no EMR has keyed."""
        if stored.type not in self._types or KEYED not in stored.body:
            return None
        wanted = (
            select(Connection.name, Connection.translator)
            .join(Link, col(Link.connection) == col(Connection.id))
            .where(Connection.org == tx.org, Link.type == stored.type, Link.local_id == stored.id)
            .where(col(Link.record).is_not(None), col(Connection.translator).in_(list(self._owned)))
            .order_by(col(Connection.id))
        )
        for name, translator in tx.connection.execute(wanted):
            if reason := self._owned[translator].get(stored.type):
                return Unprocessable(
                    f"This {stored.type} belongs to the EMR of connection {name}: {reason}", stored.type
                )
        return None
