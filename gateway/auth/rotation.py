"""Rotating signing keys: publish, activate, retire.

    rotate ─► next: published, signs nothing ─► signing ─► retiring: published, signs nothing ─► gone
                    │ an overlap, since who verifies keeps our JWKS        │ KEEP, until what it signed has ended

The whole rotation is written down when it begins, as two instants: from when the new key signs, and when the old one
stopped. Nothing has to happen at those instants, so no restart can miss one. An operator may bring the change forward
(`activate`), take a new key back before it signs, or end the publication of an old one that has leaked (`retire`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from gateway.auth.keys import KEEP, MICROSECONDS, SigningKeys, algorithms_of, is_over, of, signing
from gateway.auth.tables import SigningKey
from gateway.faults import Conflict, NotFound, Unprocessable

LEAD = 3600
"""Seconds of overlap of an organisation's own keys: its clients look a key that they do not know up."""
GATEWAY_LEAD = 24 * 3600
"""Of the key by which EMRs know the gateway: nobody says how long they keep a JWKS."""
SHORTEST_LEAD = 600
"""Twice what the JWKS document lets itself be kept."""
NEXT, SIGNING, RETIRING = "next", "signing", "retiring"


@dataclass(frozen=True, slots=True)
class KeyState:
    """A published key as an operator sees it; instants are UTC microseconds."""

    kid: str
    alg: str
    state: str
    created: int
    signs_from: int
    published_until: int | None
    """None while no other follows it."""


class Rotation:
    """Changes which keys sign and are published."""

    def __init__(self, engine: Engine, keys: SigningKeys) -> None:
        self._engine = engine
        self._keys = keys

    def states(self, org: int | None) -> list[KeyState]:
        """The newest first, by algorithm."""
        now = self._keys.now()
        by_algorithm = (self._keys.rows(org, alg) for alg in algorithms_of(org))
        return [_state(row, signing(rows, now)) for rows in by_algorithm for row in rows]

    def rotate(self, org: int | None, *, lead: int | None = None, alg: str | None = None) -> str:
        """Publish a new key that signs after `lead` seconds; answers its kid. Raises Conflict and Unprocessable."""
        lead, alg = _checked(org, lead), alg or algorithms_of(org)[0]
        rows = self._keys.stored(org, alg)
        if not rows:
            return self._keys.rows(org, alg)[0].kid
        _refuse_second(rows, self._keys.now())
        fresh = self._keys.fresh(org, alg, rows[0].generation + 1, lead=lead)
        kid, signs_from = fresh.kid, fresh.signs_from
        with Session(self._engine) as session:
            session.add(fresh)
            try:
                session.flush()
            except IntegrityError:
                raise Conflict("Another rotation of this key began just now; `keys list` shows it") from None
            self._succeed(session, session.exec(of(org, alg)).all(), fresh.generation, signs_from)
            session.commit()
        return kid

    def _succeed(self, session: Session, rows: Iterable[SigningKey], generation: int, since: int) -> None:
        """Older keys end when the new one begins; of those that are over, the private halves go, too."""
        for row in rows:
            if is_over(row, self._keys.now()):
                session.delete(row)
            elif row.generation < generation and (row.retired is None or row.retired > since):
                row.retired = since
                session.add(row)

    def activate(self, kid: str) -> None:
        """A key that is published signs from now on. Raises NotFound and Unprocessable."""
        with Session(self._engine) as session:
            row, rows = self._found(session, kid)
            now = self._keys.now()
            if row.signs_from <= now:
                raise Unprocessable(f"Key {kid} has begun to sign already: there is nothing to activate", "kid")
            row.signs_from = now
            session.add(row)
            self._succeed(session, rows, row.generation, now)
            session.commit()

    def retire(self, kid: str) -> None:
        """A key that does not sign is published no longer. Raises NotFound and Unprocessable."""
        with Session(self._engine) as session:
            row, rows = self._found(session, kid)
            if row.kid == signing(rows, self._keys.now()).kid:
                raise Unprocessable(f"Key {kid} signs: rotate, and `keys activate` the new key first", "kid")
            session.delete(row)
            if row.signs_from > self._keys.now():
                self._continue(session, rows, row)
            session.commit()

    def _continue(self, session: Session, rows: Sequence[SigningKey], withdrawn: SigningKey) -> None:
        """The rotation is taken back: the key that signs goes on doing so."""
        before = signing(rows, self._keys.now())
        if before.retired == withdrawn.signs_from:
            before.retired = None
            session.add(before)

    def owner_of(self, kid: str) -> int | None:
        """The organisation that a published key is of; None for the gateway itself. Raises NotFound."""
        with Session(self._engine) as session:
            return self._found(session, kid)[0].org

    def _found(self, session: Session, kid: str) -> tuple[SigningKey, Sequence[SigningKey]]:
        """The key, and all of its owner's that are published, the newest first."""
        row = session.exec(select(SigningKey).where(SigningKey.kid == kid)).first()
        if row is None or is_over(row, self._keys.now()):
            raise NotFound(f"There is no published key {kid}; `keys list` names them")
        rows = session.exec(of(row.org, row.alg).order_by(col(SigningKey.generation).desc())).all()
        return row, [one for one in rows if not is_over(one, self._keys.now())]


def _checked(org: int | None, lead: int | None) -> int:
    if lead is None:
        return GATEWAY_LEAD if org is None else LEAD
    if lead < SHORTEST_LEAD:
        raise Unprocessable(
            f"The overlap must be {SHORTEST_LEAD // 60} minutes at least: others keep our JWKS. When a key has leaked, "
            "rotate and then `keys activate` the new one",
            "overlap",
        )
    return lead


def _refuse_second(rows: Sequence[SigningKey], now: int) -> None:
    if rows[0].signs_from > now:
        raise Conflict(f"Key {rows[0].kid} is published already and has not begun to sign: activate or retire it first")


def _state(row: SigningKey, current: SigningKey) -> KeyState:
    state = SIGNING if row.kid == current.kid else NEXT if row.generation > current.generation else RETIRING
    until = None if row.retired is None else row.retired + KEEP * MICROSECONDS
    return KeyState(row.kid, row.alg, state, row.created, row.signs_from, until)
