"""Access tokens of EMRs: sealed in the database, got once, and sent nowhere but where they were got for."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlmodel import Session, select

from gateway.faults import EmrDenied
from gateway.sync.tables import AccessToken
from gateway.sync.tokens import StoredTokens
from gateway.translation.contract import Token
from gateway.translation.tokens import Held, TokenKey
from tests.gateway.conftest import BOX
from tests.gateway.sync.clinic import Clinic

KEY = TokenKey("north", "emr", "read", "origin-1")


class Issuer:
    """Gives a new token each time, and counts."""

    def __init__(self, seconds: float = 3600) -> None:
        self.seconds = seconds
        self.issued = 0

    async def __call__(self) -> Token:
        await asyncio.sleep(0)
        self.issued += 1
        return Token(f"secret-token-{self.issued}", self.seconds)


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(clinic: Clinic, clock: Clock) -> StoredTokens:
    return StoredTokens(clinic.services.store, BOX, clock)


async def test_a_token_is_got_once_and_kept(tokens: StoredTokens) -> None:
    issuer = Issuer()
    assert await tokens.get(KEY, issuer) == Held("secret-token-1", is_new=True)
    assert await tokens.get(KEY, issuer) == Held("secret-token-1", is_new=False)


async def test_many_who_ask_at_once_cause_one_flight(tokens: StoredTokens) -> None:
    issuer = Issuer()
    held = await asyncio.gather(*(tokens.get(KEY, issuer) for _ in range(20)))
    assert (issuer.issued, {each.value for each in held}) == (1, {"secret-token-1"})


async def test_it_is_there_for_other_processes_and_after_a_restart(
    clinic: Clinic, tokens: StoredTokens, clock: Clock
) -> None:
    await tokens.get(KEY, Issuer())
    another = StoredTokens(clinic.services.store, BOX, clock)
    assert await another.get(KEY, Issuer()) == Held("secret-token-1", is_new=False)


async def test_at_rest_it_is_sealed(clinic: Clinic, tokens: StoredTokens) -> None:
    await tokens.get(KEY, Issuer())
    (row,) = await clinic.session(lambda session: list(session.exec(select(AccessToken))))
    assert "secret-token" not in f"{row.value} {row!r}"


@pytest.mark.parametrize(("seconds", "renewed_after"), [(3600, 3540), (300, 240), (60, 30), (10, 5)])
async def test_it_is_renewed_ahead_of_its_end(
    tokens: StoredTokens, clock: Clock, seconds: float, renewed_after: float
) -> None:
    issuer = Issuer(seconds)
    await tokens.get(KEY, issuer)
    clock.now += renewed_after - 1
    await tokens.get(KEY, issuer)
    assert issuer.issued == 1
    clock.now += 1
    assert (await tokens.get(KEY, issuer)).is_new
    assert issuer.issued == 2


async def test_dropped_is_the_token_that_was_refused_and_no_newer_one(tokens: StoredTokens) -> None:
    issuer = Issuer()
    await tokens.get(KEY, issuer)
    await tokens.drop(KEY, "secret-token-0")
    assert (await tokens.get(KEY, issuer)).is_new is False
    await tokens.drop(KEY, "secret-token-1")
    assert await tokens.get(KEY, issuer) == Held("secret-token-2", is_new=True)


async def test_new_credentials_or_another_address_get_a_new_token(tokens: StoredTokens) -> None:
    issuer = Issuer()
    await tokens.get(KEY, issuer)
    moved = replace(KEY, origin="origin-2")
    assert await tokens.get(moved, issuer) == Held("secret-token-2", is_new=True)
    assert await tokens.get(KEY, issuer) == Held("secret-token-3", is_new=True)


@pytest.mark.parametrize("other", [{"scope": "write"}, {"name": "other"}, {"org": "south"}])
async def test_others_have_their_own(tokens: StoredTokens, other: dict[str, str]) -> None:
    issuer = Issuer()
    await tokens.get(KEY, issuer)
    assert (await tokens.get(replace(KEY, **other), issuer)).is_new
    assert (await tokens.get(KEY, issuer)).is_new is False


async def test_a_refusal_is_not_kept(tokens: StoredTokens, clinic: Clinic) -> None:
    async def refuse() -> Token:
        raise EmrDenied("wrong secret")

    for _ in range(2):
        with pytest.raises(EmrDenied):
            await tokens.get(KEY, refuse)

    def none(session: Session) -> bool:
        return session.exec(select(AccessToken)).first() is None

    assert await clinic.session(none)
