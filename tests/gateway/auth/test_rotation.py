"""Rotation: published first, signing later, gone when nothing it signed can be valid; the same for every worker."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import Session, select

from gateway.auth.id_token import LIFETIME as ID_TOKEN_LIFETIME
from gateway.auth.keys import KEEP, MICROSECONDS, SigningKeys
from gateway.auth.rotation import GATEWAY_LEAD, LEAD, SHORTEST_LEAD, Rotation
from gateway.auth.secrets import SecretBox
from gateway.auth.server import ACCESS_TOKEN_LIFETIME
from gateway.auth.tables import SigningKey
from gateway.faults import Conflict, Fault, NotFound, Unprocessable
from tests.gateway.auth.conftest import Clock

BOX = SecretBox(["a secret for tests only"])


class Worker:
    """One process: what it signs with and publishes, and the commands of an operator there."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self.keys = SigningKeys(engine, BOX, clock)
        self.rotation = Rotation(engine, self.keys)

    def signer(self, org: int | None, alg: str | None = None) -> str:
        return str(jwt.get_unverified_header(self.keys.sign(org, {"sub": "x"}, alg=alg))["kid"])

    def published(self, org: int | None, alg: str | None = None) -> list[str]:
        return [str(key.kid) for key in self.keys.published(org, alg)]

    def states(self, org: int | None) -> list[tuple[str, str]]:
        return [(state.kid, state.state) for state in self.rotation.states(org) if state.alg != "RS256"]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def one(engine: Engine, clock: Clock) -> Worker:
    return Worker(engine, clock)


@pytest.fixture
def other(engine: Engine, clock: Clock) -> Worker:
    return Worker(engine, clock)


def owners(orgs: dict[str, int]) -> list[tuple[int | None, int]]:
    return [(orgs["north"], LEAD), (None, GATEWAY_LEAD)]


def test_published_then_signing_then_gone(one: Worker, other: Worker, clock: Clock, orgs: dict[str, int]) -> None:
    for org, lead in owners(orgs):
        old = one.signer(org)
        new = one.rotation.rotate(org)
        assert other.published(org) == [new, old]
        assert other.states(org) == [(new, "next"), (old, "signing")]
        clock.advance(lead - 1)
        assert [worker.signer(org) for worker in (one, other)] == [old, old]
        clock.advance(1)
        assert [worker.signer(org) for worker in (one, other)] == [new, new]
        assert other.states(org) == [(new, "signing"), (old, "retiring")]
        clock.advance(KEEP - 1)
        assert other.published(org) == [new, old]
        clock.advance(1)
        assert other.published(org) == [new]


def test_the_dates_that_are_shown(one: Worker, clock: Clock, orgs: dict[str, int]) -> None:
    org = orgs["north"]
    one.signer(org)
    now = one.keys.now()
    one.rotation.rotate(org, lead=7200)
    new, old, _ = one.rotation.states(org)
    assert (new.created, new.signs_from, new.published_until) == (now, now + 7200 * MICROSECONDS, None)
    assert old.published_until == new.signs_from + KEEP * MICROSECONDS


def test_what_was_signed_is_over_before_its_key_goes() -> None:
    assert max(ID_TOKEN_LIFETIME, ACCESS_TOKEN_LIFETIME) < KEEP


def test_an_overlap_that_is_too_short(one: Worker, orgs: dict[str, int]) -> None:
    org = orgs["north"]
    with pytest.raises(Unprocessable, match="overlap"):
        one.rotation.rotate(org, lead=SHORTEST_LEAD - 1)
    assert one.published(org) == one.published(org)[:1]


def test_one_rotation_at_a_time(one: Worker, other: Worker, orgs: dict[str, int]) -> None:
    old = one.signer(orgs["north"])
    one.rotation.rotate(orgs["north"])
    with pytest.raises(Conflict, match="activate or retire"):
        other.rotation.rotate(orgs["north"])
    assert len(one.published(orgs["north"])) == 2
    assert one.signer(orgs["north"]) == old


def test_many_that_rotate_at_once_make_one_key(engine: Engine, clock: Clock, orgs: dict[str, int]) -> None:
    workers = [Worker(engine, clock) for _ in range(6)]
    workers[0].signer(orgs["south"])

    def rotated(worker: Worker) -> str | None:
        try:
            return worker.rotation.rotate(orgs["south"])
        except Conflict:
            return None

    with ThreadPoolExecutor(6) as pool:
        made = [kid for kid in pool.map(rotated, workers) if kid]
    assert len(made) == 1
    assert workers[0].published(orgs["south"])[0] == made[0]
    assert len(workers[0].published(orgs["south"])) == 2


def test_activated_before_its_time(one: Worker, other: Worker, clock: Clock, orgs: dict[str, int]) -> None:
    org = orgs["north"]
    old, new = one.signer(org), one.rotation.rotate(org)
    other.rotation.activate(new)
    assert one.signer(org) == new
    assert one.states(org) == [(new, "signing"), (old, "retiring")]
    with pytest.raises(Unprocessable, match="already"):
        one.rotation.activate(new)
    clock.advance(KEEP)
    assert one.published(org) == [new]


def test_taken_back_before_it_signs(one: Worker, clock: Clock, orgs: dict[str, int]) -> None:
    org = orgs["north"]
    old, new = one.signer(org), one.rotation.rotate(org)
    one.rotation.retire(new)
    clock.advance(LEAD + KEEP)
    assert one.states(org) == [(old, "signing")]
    assert one.signer(org) == old
    assert one.rotation.rotate(org) != new


def test_a_leaked_key_goes_at_once_and_the_signing_one_never(one: Worker, engine: Engine, orgs: dict[str, int]) -> None:
    org = orgs["north"]
    old, new = one.signer(org), one.rotation.rotate(org)
    one.rotation.activate(new)
    one.rotation.retire(old)
    assert one.published(org) == [new]
    with pytest.raises(Unprocessable, match="signs"):
        one.rotation.retire(new)
    for doing in (one.rotation.activate, one.rotation.retire):
        with pytest.raises(NotFound, match="keys list"):
            doing(old)
    with Session(engine) as session:
        assert [
            row.kid for row in session.exec(select(SigningKey).where(SigningKey.org == org, SigningKey.alg == "ES384"))
        ] == [new]


def test_private_halves_of_old_keys_are_not_kept(
    one: Worker, clock: Clock, engine: Engine, orgs: dict[str, int]
) -> None:
    org = orgs["north"]
    old = one.signer(org)
    for _ in range(2):
        one.rotation.rotate(org)
        clock.advance(LEAD + KEEP)
    with Session(engine) as session:
        kept = session.exec(select(SigningKey.kid).where(SigningKey.org == org, SigningKey.alg == "ES384")).all()
    assert old not in kept


def test_only_one_algorithm(one: Worker, orgs: dict[str, int]) -> None:
    org = orgs["north"]
    before = [one.signer(org, alg) for alg in ("ES384", "RS256")]
    fresh = one.rotation.rotate(org, alg="RS256")
    assert one.published(org, "RS256") == [fresh, before[1]]
    assert one.published(org) == [before[0]]


def test_rotating_what_was_never_used_makes_the_first_key(one: Worker, orgs: dict[str, int]) -> None:
    assert one.rotation.rotate(orgs["north"]) == one.signer(orgs["north"])


STEPS = st.lists(st.tuples(st.sampled_from(["rotate", "activate", "retire", "wait"]), st.integers(0, 3)), max_size=12)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_whatever_operators_do_signatures_can_be_verified(
    engine: Engine, orgs: dict[str, int], steps: list[tuple[str, int]]
) -> None:
    """What is signed is verified by what every worker publishes then, and a switch never comes unannounced."""
    clock = Clock()
    one, other, org = Worker(engine, clock), Worker(engine, clock), orgs["south"]
    for step, number in steps:
        before = one.signer(org)
        known = one.rotation.states(org)
        kid = known[number % len(known)].kid
        try:
            _do(one, org, step, kid, clock)
        except Fault:
            assert one.signer(org) == before
        signer = other.signer(org)
        assert signer in one.published(org)
        assert signer == before or signer in {state.kid for state in known}
    clock.advance(10 * (LEAD + KEEP))
    assert len(one.published(org)) == 1


def _do(worker: Worker, org: int, step: str, kid: str, clock: Clock) -> Any:
    if step == "rotate":
        return worker.rotation.rotate(org)
    if step == "wait":
        return clock.advance(LEAD / 2)
    return worker.rotation.activate(kid) if step == "activate" else worker.rotation.retire(kid)
