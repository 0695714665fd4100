"""Whose turn it is to ask an EMR for an access token, decided on rows that all processes share.

A token has one row. Whoever finds no good token there and nobody asking writes itself down as the minter, and only
then asks. The others wait for the row; a minter that died is replaced when its time is over. Each request is counted
before it goes out, per application of the EMR, so that a quota holds over restarts, crashes and organisations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import BigInteger, Column, Index, String, Text, delete
from sqlmodel import Field, Session, SQLModel, col, select

from gateway.faults import (
    EmrBusy,
    EmrDenied,
    EmrFault,
    EmrNonsense,
    EmrRefused,
    EmrSwitchedOff,
    EmrUnreachable,
    Fault,
    Misconfigured,
)
from gateway.store.tables import BIG_KEY
from gateway.sync.tables import instant
from gateway.translation.tokens import Quota, TokenKey

MICRO = 1_000_000
FLIGHT_S = 30.0
"""How long a minter has; after that it is taken for dead."""
REPLACED_S = 300.0
"""A token that is refused is replaced once in so long: where new ones are refused too, more of them do not help."""
LATE_S = 30.0
"""How much later than we a quota's clock may have seen a request."""
USABLE_S = 10.0
"""A token that ends in less is not used while another one is awaited."""
DENIED_S, LONGEST_S = 30.0, 300.0
"""How long a refusal stands before the same is asked again: doubled each time, up to a bound."""
FORGOTTEN_S = 3600.0
NOTHING_ISSUED = (EmrUnreachable, EmrDenied, EmrRefused)
"""An operator who mistypes a secret twice is not locked out; how often it is tried is bounded by `DENIED_S`."""
KINDS: dict[str, type[Fault]] = {
    kind.__name__: kind
    for kind in (EmrBusy, EmrDenied, EmrNonsense, EmrRefused, EmrSwitchedOff, EmrUnreachable, Misconfigured)
}


class EmrToken(SQLModel, table=True):
    """An EMR's access token, sealed; who asks for the next one; or why none was given."""

    __tablename__ = "emr_token"
    __table_args__ = (Index("emr_token_by_origin", "org", "origin"),)

    id: str = Field(sa_column=Column(String(64), primary_key=True))
    """A digest of organisation, scope and origin."""
    org: str = Field(sa_column=Column(String(64), nullable=False))
    origin: str = Field(sa_column=Column(String(64), nullable=False))
    """A digest of the address and credentials that it is got with."""
    value: str | None = Field(default=None, sa_column=Column(Text), repr=False)
    renew: int = instant()
    """From when on a new one is fetched."""
    ends: int = instant()
    minter: str | None = Field(default=None, sa_column=Column(String(64)))
    """Who asks for a new one, until `minting`."""
    minting: int = instant()
    replaced: int = instant()
    """When it was last given up since the EMR refused it."""
    reason: str | None = Field(default=None, sa_column=Column(Text))
    """Kind and words of the refusal that stands until `refused`."""
    refused: int = instant()
    refusals: int = 0


class Mint(SQLModel, table=True):
    """One request for a token of an application with a quota."""

    __tablename__ = "emr_mint"
    __table_args__ = (Index("emr_mint_by_application", "application", "time"),)

    id: int | None = Field(default=None, sa_column=Column(BIG_KEY, primary_key=True))
    application: str = Field(sa_column=Column(String(64), nullable=False))
    time: int = Field(sa_column=Column(BigInteger, nullable=False))
    minter: str = Field(sa_column=Column(String(64), nullable=False))


@dataclass(frozen=True, slots=True)
class Turn:
    """What an asker is to do: use this sealed token, mint one itself (`is_mine`), or look again in a moment."""

    value: str | None = None
    renew: float = 0.0
    is_mine: bool = False


WAIT = Turn()
MINE = Turn(is_mine=True)


def turn(session: Session, key: TokenKey, minter: str, now: float, flight: float) -> Turn:
    """Raises the refusal that stands, or EmrBusy where the quota is used up."""
    row = session.get(EmrToken, key.id) or EmrToken(id=key.id, org=key.org, origin=key.origin)
    if row.value is not None and now < row.renew / MICRO:
        return Turn(row.value, row.renew / MICRO)
    good = Turn(row.value) if row.value is not None and now + USABLE_S < row.ends / MICRO else None
    if row.minter is not None and now < row.minting / MICRO:
        return good or WAIT
    try:
        _check_refusal(row, now)
        _check_quota(session, key, now)
    except Fault:
        if good is not None:
            return good
        raise
    row.minter, row.minting = minter, round((now + flight) * MICRO)
    session.add(row)
    if key.quota:
        session.add(Mint(application=key.application, time=round(now * MICRO), minter=minter))
    return MINE


def _check_refusal(row: EmrToken, now: float) -> None:
    left = row.refused / MICRO - now
    if row.reason is None or left <= 0:
        return
    kind, _, said = row.reason.partition(" ")
    told = f"{said} (a token was refused a moment ago and is asked for again at {clock_time(now + left)})"
    raise EmrBusy(told, after=left) if kind == "EmrBusy" else KINDS.get(kind, EmrFault)(told)


def _check_quota(session: Session, key: TokenKey, now: float) -> None:
    wait = until_next(mints(session, key, now), key.quota, now)
    if wait > 0:
        told = f"Of access tokens the EMR issues {in_words(key.quota)}, and they are used up"
        raise EmrBusy(f"{told}: the next one may be asked for at {clock_time(now + wait)}", after=wait)


def mints(session: Session, key: TokenKey, now: float) -> list[float]:
    """When tokens were asked for, within the longest span of the quota."""
    longest = max((span for _, span in key.quota), default=0.0) + LATE_S
    asked = select(Mint.time).where(Mint.application == key.application, Mint.time > round((now - longest) * MICRO))
    return sorted(time / MICRO for time in session.exec(asked))


def until_next(times: Sequence[float], quota: Quota, now: float) -> float:
    """Seconds until one more is allowed."""
    full = [times[-most] + span + LATE_S - now for most, span in quota if len(times) >= most]
    return max([0.0, *full])


def left(times: Sequence[float], quota: Quota, now: float) -> int:
    """How many may be asked for now, one after the other."""
    counts = [most - sum(time > now - span - LATE_S for time in times) for most, span in quota]
    return max(0, min(counts, default=0))


def keep(session: Session, key: TokenKey, sealed: str, renew: float, ends: float) -> None:
    """A token has come, in time or late. What was left of older ones goes."""
    row = session.get(EmrToken, key.id) or EmrToken(id=key.id, org=key.org, origin=key.origin)
    row.value, row.renew, row.ends = sealed, round(renew * MICRO), round(ends * MICRO)
    row.minter, row.reason, row.refusals = None, None, 0
    session.add(row)
    old = round((ends - 7 * 86400) * MICRO)
    session.execute(delete(EmrToken).where(col(EmrToken.org) == key.org, col(EmrToken.ends) < old))
    session.execute(delete(Mint).where(col(Mint.time) < old))


def failed(session: Session, key: TokenKey, minter: str, fault: Fault, now: float) -> None:
    """The minter got none. What issued no token is not counted: a wrong secret, or what the EMR has not seen."""
    if getattr(fault, "unsent", False) or isinstance(fault, NOTHING_ISSUED):
        session.execute(delete(Mint).where(col(Mint.minter) == minter, col(Mint.application) == key.application))
    row = session.get(EmrToken, key.id)
    if row is None or row.minter != minter:
        return
    row.minter = None
    if not _passes(fault):
        row.refusals = row.refusals + 1 if now - row.refused / MICRO < FORGOTTEN_S else 1
        row.reason = f"{_kind(fault)} {fault}"
        row.refused = round((now + _pause(fault, row.refusals)) * MICRO)
    session.add(row)


def _passes(fault: Fault) -> bool:
    """What may be over at any moment is not remembered: those who wait for its end would be told of it after that."""
    if isinstance(fault, EmrBusy) and fault.after is not None:
        return fault.unsent
    return isinstance(fault, EmrFault) and fault.retryable


def _kind(fault: Fault) -> str:
    return next((name for name, kind in KINDS.items() if isinstance(fault, kind)), "EmrDenied")


def _pause(fault: Fault, refusals: int) -> float:
    if isinstance(fault, EmrBusy) and fault.after is not None:
        return fault.after
    return float(min(LONGEST_S, DENIED_S * 2 ** min(refusals - 1, 10)))


def give_up(session: Session, key: TokenKey, now: float) -> bool:
    """The EMR refuses the token of this row; False where it was replaced for that a moment ago."""
    row = session.get(EmrToken, key.id)
    if row is None or row.value is None:
        return True
    if now - row.replaced / MICRO < REPLACED_S:
        return False
    row.value, row.replaced = None, round(now * MICRO)
    session.add(row)
    return True


def forgive(session: Session, key: TokenKey) -> None:
    """Of all scopes."""
    for row in session.exec(select(EmrToken).where(EmrToken.org == key.org, EmrToken.origin == key.origin)):
        row.reason, row.refused, row.refusals, row.replaced = None, 0, 0, 0
        session.add(row)


def in_words(quota: Quota) -> str:
    return " and ".join(f"{most} in {_span(span)}" for most, span in quota)


def _span(seconds: float) -> str:
    hours = seconds / 3600
    return "an hour" if hours == 1 else f"{hours:g} hours" if hours >= 1 else f"{seconds:g} seconds"


def clock_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%H:%M:%S UTC")
