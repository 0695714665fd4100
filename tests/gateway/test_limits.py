"""One client's requests are bounded in number and at once, and guessing is bounded by address."""

from __future__ import annotations

import pytest

from gateway.faults import Throttled
from gateway.limits import REMEMBERED, Allowance, Buckets, Limits


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_fills_again() -> None:
    clock = Clock()
    buckets = Buckets(Allowance(2, 4), clock)
    assert [buckets.take("a") for _ in range(5)] == [0, 0, 0, 0, 0.5]
    assert buckets.take("b") == 0
    clock.now = 0.5
    assert [buckets.take("a") for _ in range(2)] == [0, 0.5]
    clock.now = 1000
    assert [bool(buckets.take("a")) for _ in range(5)] == [False, False, False, False, True]


def test_a_rate_of_none_allows_everything() -> None:
    buckets = Buckets(Allowance(0, 0), Clock())
    assert [buckets.take("a") for _ in range(100)] == [0] * 100


def test_it_forgets_who_was_not_seen_for_long() -> None:
    buckets = Buckets(Allowance(1, 1), Clock())
    for key in range(REMEMBERED + 10):
        buckets.take(key)
    assert len(buckets._levels) == REMEMBERED


def test_requests_at_once_are_counted_down() -> None:
    limits = Limits(0, 2, 0, Clock())
    limits.begin("a")
    limits.begin("a")
    with pytest.raises(Throttled) as refused:
        limits.begin("a")
    assert refused.value.after > 0
    limits.begin("b")
    limits.end("a")
    limits.begin("a")


def test_wrong_credentials_are_counted_by_address() -> None:
    clock = Clock()
    limits = Limits(0, 0, 60, clock)
    for _ in range(60):
        limits.check("192.0.2.1")
        limits.failed("192.0.2.1")
    with pytest.raises(Throttled):
        limits.check("192.0.2.1")
    limits.check("192.0.2.2")
    clock.now = 1.0
    limits.check("192.0.2.1")
