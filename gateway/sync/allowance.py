"""What is left to a connection of what its EMR allows: access tokens, and until when the EMR takes no calls."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session

from gateway.auth.authority import Realm
from gateway.sync import minting
from gateway.sync.connections import Connections
from gateway.sync.pacing import page_of
from gateway.sync.tables import Connection
from gateway.translation.ledger import Spot
from gateway.translation.tokens import TokenKey


def allowance(session: Session, rooms: Connections, realm: Realm, row: Connection, now: float) -> dict[str, Any]:
    """`closed_until`, and for EMRs with a quota `tokens_left` and `next_token`: when the next may be asked for."""
    if not rooms.is_usable(row):
        return {"closed_until": None}
    translator, account = rooms.translator(row), rooms.account(session, realm, row)
    closed = page_of(session, Spot.of(translator, account).key).closed
    told: dict[str, Any] = {"closed_until": _instant(closed) if closed > now else None}
    key = TokenKey.of(account, "", translator.minting)
    if key.quota:
        asked = minting.mints(session, key, now)
        wait = minting.until_next(asked, key.quota, now)
        told["tokens_left"] = minting.left(asked, key.quota, now)
        told["next_token"] = _instant(now + wait) if wait else None
    return told


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
