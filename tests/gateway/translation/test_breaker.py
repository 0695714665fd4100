"""One time-out opens the circuit, one probe closes it."""

from __future__ import annotations

import pytest

from gateway.faults import EmrBusy, EmrNonsense, EmrUnreachable
from gateway.translation.breaker import FIRST_S, LONGEST_S, PROBE_S, Breaker, Breakers


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def tried(breakers: Breakers, ends: Exception | None = None) -> None:
    with breakers.watching("emr", "vendor"):
        if ends is not None:
            raise ends


HUNG = EmrUnreachable("no answer in time", hung=True)


def opened(clock: Clock) -> Breakers:
    breakers = Breakers(clock)
    with pytest.raises(EmrUnreachable):
        tried(breakers, HUNG)
    return breakers


def test_a_time_out_opens_it_and_an_answer_closes_it() -> None:
    clock = Clock()
    breakers = opened(clock)
    with pytest.raises(EmrBusy) as refused:
        tried(breakers)
    assert refused.value.after == FIRST_S
    assert refused.value.issues[0].code == "transient"
    clock.now += FIRST_S
    tried(breakers)
    tried(breakers)
    assert not breakers.of("emr").is_open
    assert not breakers.of("other").is_open


def test_each_probe_in_vain_doubles_the_wait() -> None:
    clock = Clock()
    breakers = opened(clock)
    for wait in (2, 4, 8, 12, 12):
        clock.now += LONGEST_S
        with pytest.raises(EmrUnreachable):
            tried(breakers, HUNG)
        with pytest.raises(EmrBusy) as refused:
            tried(breakers)
        assert refused.value.after == min(wait * FIRST_S, LONGEST_S)


def test_one_probe_at_a_time() -> None:
    clock = Clock()
    breakers = opened(clock)
    clock.now += FIRST_S
    with breakers.watching("emr", "vendor"), pytest.raises(EmrBusy):
        tried(breakers)


def test_those_who_waited_at_the_same_time_tell_no_more_than_the_first() -> None:
    clock = Clock()
    breakers = opened(clock)
    breakers.hung("emr", "vendor")
    clock.now += FIRST_S
    tried(breakers)


def test_a_probe_that_was_given_up() -> None:
    clock = Clock()
    breakers = opened(clock)
    clock.now += FIRST_S
    for ends in (KeyError(), EmrBusy("our own limit"), EmrUnreachable("reset")):
        with pytest.raises(type(ends)):
            tried(breakers, ends)
    assert breakers.of("emr").is_open
    breakers.of("emr").admit()
    with pytest.raises(EmrBusy):
        tried(breakers)
    clock.now += PROBE_S
    with pytest.raises(EmrNonsense):
        tried(breakers, EmrNonsense("it answers"))
    assert not breakers.of("emr").is_open


@pytest.mark.parametrize("fault", [EmrUnreachable("reset by peer"), EmrNonsense("no JSON"), EmrBusy("429")])
def test_what_is_quick_opens_nothing(fault: Exception) -> None:
    breakers = Breakers(Clock())
    with pytest.raises(type(fault)):
        tried(breakers, fault)
    assert not breakers.of("emr").is_open
    assert Breaker().is_open is False
