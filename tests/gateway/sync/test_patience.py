"""How long and how often something is tried again."""

from __future__ import annotations

import sqlite3
import time

import pytest
from sqlalchemy.exc import OperationalError

from gateway.faults import EmrBusy, EmrDenied, EmrNonsense, EmrRefused, EmrUnreachable, Fault, Invalid
from gateway.sync.mishaps import Mistake, as_fault, is_retryable
from gateway.sync.patience import Patience

DAY = 86_400
QUICK = Patience(pauses=(0, 0), delays=(1, 10))
LOCKED = OperationalError("UPDATE patient SET family='Secretname'", {}, sqlite3.OperationalError("database is locked"))


def test_a_push_is_tried_for_a_day() -> None:
    patience, away = Patience(), EmrUnreachable("away")
    delays = [patience.delay(attempt, away) for attempt in range(1, 12)]
    assert delays[:2] == [10, 30]
    assert delays[9:] == [None, None]
    known = [delay for delay in delays if delay is not None]
    assert known == sorted(known)
    assert DAY * 0.9 < sum(known) < DAY * 1.5


@pytest.mark.parametrize("fault", [EmrDenied("no"), EmrRefused("no"), Invalid("no"), Mistake("no")])
def test_what_only_a_person_can_mend_is_not_tried_again(fault: Fault) -> None:
    assert QUICK.delay(1, fault) is None


@pytest.mark.parametrize("fault", [EmrUnreachable("x"), EmrBusy("x"), EmrNonsense("x"), as_fault(LOCKED)])
def test_what_may_pass_is_tried_again(fault: Fault) -> None:
    assert (QUICK.delay(1, fault), QUICK.delay(2, fault), QUICK.delay(3, fault)) == (1, 10, None)


def test_an_emr_that_asks_for_time_gets_it() -> None:
    assert QUICK.delay(1, EmrBusy("later", after=300)) == 300
    assert QUICK.delay(2, EmrBusy("later", after=0.5)) == 10


class Failing:
    """Fails so many times, then answers."""

    def __init__(self, times: int, error: Exception) -> None:
        self.times = times
        self.error = error
        self.attempts = 0

    async def __call__(self) -> str:
        self.attempts += 1
        if self.attempts <= self.times:
            raise self.error
        return "done"


async def test_a_step_is_tried_three_times() -> None:
    assert await QUICK.attempted(Failing(2, EmrUnreachable("away"))) == "done"
    failing = Failing(3, EmrUnreachable("away"))
    with pytest.raises(EmrUnreachable):
        await QUICK.attempted(failing)
    assert failing.attempts == 3


async def test_a_busy_database_is_given_its_time() -> None:
    assert await QUICK.attempted(Failing(1, LOCKED)) == "done"


@pytest.mark.parametrize("error", [EmrRefused("no"), KeyError("x"), EmrBusy("later", after=60)])
async def test_a_step_is_tried_once_where_more_does_not_help(error: Exception) -> None:
    failing, started = Failing(1, error), time.monotonic()
    with pytest.raises(type(error)):
        await QUICK.attempted(failing)
    assert failing.attempts == 1
    assert time.monotonic() - started < 1


async def test_what_must_not_happen_twice_is_tried_once() -> None:
    failing = Failing(1, EmrUnreachable("away"))
    with pytest.raises(EmrUnreachable):
        await QUICK.attempted(failing, repeatable=False)
    assert failing.attempts == 1


def test_a_mistake_is_told_by_kind_and_place_only() -> None:
    def wrong() -> None:
        raise KeyError("Secretname")

    try:
        wrong()
    except KeyError as error:
        fault = as_fault(error)
    assert isinstance(fault, Mistake)
    assert "(KeyError in test_patience.py:" in str(fault)
    assert "Secretname" not in str(fault)
    assert "unknown place" in str(as_fault(ValueError("Secretname")))
    assert "Secretname" not in str(as_fault(LOCKED))
    assert is_retryable(as_fault(LOCKED))
    assert not is_retryable(KeyError("x"))


def test_a_fault_stays_as_it_is() -> None:
    fault = EmrRefused("no")
    assert as_fault(fault) is fault
