"""Access tokens of EMRs: sealed in the database, got once and within the quota, sent only where they were got for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete
from sqlmodel import Session, select

from gateway.faults import EmrBusy, EmrDenied, EmrNonsense, EmrRefused, EmrUnreachable, Fault
from gateway.store.store import SqlStore
from gateway.sync import minting
from gateway.sync.minting import LATE_S, REPLACED_S, EmrToken, Mint
from gateway.sync.tokens import StoredTokens
from gateway.translation.contract import Token
from gateway.translation.tokens import Held, TokenKey
from tests.gateway.sync.asking import BOX, opened
from tests.gateway.sync.conftest import Prepared

KEY = TokenKey("north", "read", "origin-1")
QUOTA = ((2, 3600.0), (3, 86400.0))
LIMITED = TokenKey("north", "read", "origin-1", "application", QUOTA)


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


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SqlStore]:
    with prepared.original.copy(tmp_path_factory.mktemp("tokens")) as url:
        store = opened(url)
        yield store
        await store.close()


@pytest.fixture
async def store(shared: SqlStore) -> SqlStore:
    """Without tokens."""

    def emptied(session: Session) -> None:
        session.execute(delete(EmrToken))
        session.execute(delete(Mint))

    await shared.session_write(emptied)
    return shared


@pytest.fixture
def tokens(store: SqlStore, clock: Clock) -> StoredTokens:
    return StoredTokens(store, BOX, clock)


async def test_a_token_is_got_once_and_kept(tokens: StoredTokens) -> None:
    issuer = Issuer()
    assert await tokens.get(KEY, issuer) == Held("secret-token-1", is_new=True)
    assert await tokens.get(KEY, issuer) == Held("secret-token-1", is_new=False)


async def test_many_who_ask_at_once_cause_one_flight(tokens: StoredTokens) -> None:
    issuer = Issuer()
    held = await asyncio.gather(*(tokens.get(KEY, issuer) for _ in range(20)))
    assert (issuer.issued, {each.value for each in held}) == (1, {"secret-token-1"})


async def test_it_is_there_for_other_processes_and_after_a_restart(
    store: SqlStore, tokens: StoredTokens, clock: Clock
) -> None:
    await tokens.get(KEY, Issuer())
    another = StoredTokens(store, BOX, clock)
    assert await another.get(KEY, Issuer()) == Held("secret-token-1", is_new=False)


async def test_at_rest_it_is_sealed(store: SqlStore, tokens: StoredTokens) -> None:
    await tokens.get(KEY, Issuer())
    (row,) = await store.session_read(lambda session: list(session.exec(select(EmrToken))))
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
    assert await tokens.drop(KEY, "secret-token-0")
    assert (await tokens.get(KEY, issuer)).is_new is False
    assert await tokens.drop(KEY, "secret-token-1")
    assert await tokens.get(KEY, issuer) == Held("secret-token-2", is_new=True)


async def test_new_credentials_or_another_address_get_a_new_token(tokens: StoredTokens) -> None:
    issuer = Issuer()
    await tokens.get(KEY, issuer)
    moved = replace(KEY, origin="origin-2")
    assert await tokens.get(moved, issuer) == Held("secret-token-2", is_new=True)
    assert await tokens.get(KEY, issuer) == Held("secret-token-1", is_new=False)


@pytest.mark.parametrize("other", [replace(KEY, scope="write"), replace(KEY, org="south")])
async def test_others_have_their_own(tokens: StoredTokens, other: TokenKey) -> None:
    issuer = Issuer()
    await tokens.get(KEY, issuer)
    assert (await tokens.get(other, issuer)).is_new
    assert (await tokens.get(KEY, issuer)).is_new is False


async def test_a_token_that_is_refused_is_replaced_once_in_a_while(tokens: StoredTokens, clock: Clock) -> None:
    issuer = Issuer()
    for number in (1, 2):
        held = await tokens.get(KEY, issuer)
        assert (held.value, await tokens.drop(KEY, held.value)) == (f"secret-token-{number}", number == 1)
    assert await tokens.get(KEY, issuer) == Held("secret-token-2", is_new=False)
    clock.now += REPLACED_S
    assert await tokens.drop(KEY, "secret-token-2")
    assert (await tokens.get(KEY, issuer)).is_new


class Refusing:
    """Fails with this, and counts."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.asked = 0

    async def __call__(self) -> Token:
        self.asked += 1
        raise self.fault


async def fails(tokens: StoredTokens, key: TokenKey, fetch: Refusing) -> Fault:
    with pytest.raises(type(fetch.fault)) as caught:
        await tokens.get(key, fetch)
    return caught.value


async def test_a_wrong_secret_is_not_tried_in_a_storm(tokens: StoredTokens, store: SqlStore, clock: Clock) -> None:
    refusing = Refusing(EmrDenied("wrong secret"))
    another = StoredTokens(store, BOX, clock)
    for cache in (tokens, another, tokens):
        assert "wrong secret" in str(await fails(cache, KEY, refusing))
    assert refusing.asked == 1
    clock.now += 31
    for _ in range(3):
        await fails(tokens, KEY, refusing)
    clock.now += 31
    await fails(tokens, KEY, refusing)
    assert refusing.asked == 2


async def test_what_passes_by_itself_is_not_told_after_its_end(tokens: StoredTokens) -> None:
    await fails(tokens, KEY, Refusing(EmrUnreachable("out of service")))
    assert (await tokens.get(KEY, Issuer())).is_new


async def test_other_credentials_are_tried_at_once_and_so_is_what_a_person_tests(tokens: StoredTokens) -> None:
    refusing = Refusing(EmrDenied("wrong secret"))
    await fails(tokens, KEY, refusing)
    assert (await tokens.get(replace(KEY, origin="mended"), Issuer())).is_new
    await tokens.forgive(KEY)
    assert (await tokens.get(KEY, Issuer())).is_new


async def test_a_quota_is_kept_by_all_and_says_when_the_next_one_is(
    tokens: StoredTokens, store: SqlStore, clock: Clock
) -> None:
    issuer = Issuer(seconds=100)
    start = clock.now
    another = StoredTokens(store, BOX, clock)
    sisters = [replace(LIMITED, org="south"), replace(LIMITED, origin="another tenant")]
    assert [(await another.get(key, issuer)).is_new for key in sisters] == [True, True]
    with pytest.raises(EmrBusy, match=r"2 in an hour and 3 in 24 hours.*at \d\d:\d\d:\d\d UTC") as caught:
        await tokens.get(LIMITED, issuer)
    assert (issuer.issued, caught.value.after) == (2, 3600 + LATE_S)
    clock.now = start + 3600 + LATE_S
    assert (await tokens.get(LIMITED, issuer)).is_new
    clock.now += 7200
    with pytest.raises(EmrBusy) as caught:
        await tokens.get(LIMITED, issuer)
    assert (issuer.issued, caught.value.after) == (3, start + 86400 + LATE_S - clock.now)


async def test_while_the_quota_is_used_up_the_old_token_serves_to_its_end(tokens: StoredTokens, clock: Clock) -> None:
    issuer = Issuer(seconds=300)
    for origin in ("a", "b"):
        await tokens.get(replace(LIMITED, origin=origin), issuer)
    old = replace(LIMITED, origin="b")
    clock.now += 289
    assert await tokens.get(old, issuer) == Held("secret-token-2", is_new=False)
    clock.now += 2
    with pytest.raises(EmrBusy):
        await tokens.get(old, issuer)


@pytest.mark.parametrize(
    ("fault", "counted"),
    [
        (EmrNonsense("no token in it"), 1),
        (EmrBusy("used up", after=1800.0), 1),
        (EmrDenied("wrong secret"), 0),
        (EmrRefused("wrong audience"), 0),
        (EmrUnreachable("no connection", unsent=True), 0),
        (EmrUnreachable("502"), 0),
        (EmrBusy("our own limit", after=3.0, unsent=True), 0),
    ],
)
async def test_what_may_have_issued_a_token_is_counted(
    tokens: StoredTokens, store: SqlStore, fault: Fault, counted: int
) -> None:
    await fails(tokens, LIMITED, Refusing(fault))
    assert len(await store.session_read(lambda session: list(session.exec(select(Mint))))) == counted


async def test_the_emrs_own_quota_is_believed(tokens: StoredTokens, clock: Clock) -> None:
    refusing = Refusing(EmrBusy("used up", after=1800.0))
    await fails(tokens, KEY, refusing)
    clock.now += 1700
    told = await fails(tokens, KEY, refusing)
    assert (refusing.asked, getattr(told, "after", None)) == (1, 100.0)


async def test_who_goes_away_does_not_lose_the_token(tokens: StoredTokens) -> None:
    came = asyncio.Event()

    async def slowly() -> Token:
        await came.wait()
        return Token("secret-token-1", 3600)

    gone = asyncio.create_task(tokens.get(KEY, slowly))
    staying = asyncio.create_task(tokens.get(KEY, slowly))
    await asyncio.sleep(0.01)
    gone.cancel()
    came.set()
    assert (await staying).value == "secret-token-1"


async def test_a_minter_that_gets_no_answer_gives_up_before_it_is_replaced(store: SqlStore) -> None:
    async def never() -> Token:
        await asyncio.Event().wait()
        raise AssertionError

    hasty = StoredTokens(store, BOX, time.time, flight_s=0.1)
    with pytest.raises(EmrUnreachable, match="in time"):
        await hasty.get(LIMITED, never)
    assert (await hasty.get(LIMITED, Issuer())).value == "secret-token-1"


@given(asked=st.lists(st.floats(0, 200_000), max_size=12), now=st.floats(0, 300_000))
def test_the_law_of_quotas(asked: list[float], now: float) -> None:
    """After the wait one more is within the quota; a moment before it is not."""
    times = sorted(time for time in asked if time <= now)
    wait = minting.until_next(times, QUOTA, now)
    at = now + wait
    assert all(sum(time > at - span - LATE_S + 1e-6 for time in times) < most for most, span in QUOTA)
    if wait > 1e-3:
        assert minting.left(times, QUOTA, at - 1e-3) == 0
