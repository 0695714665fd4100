"""Accounts of what was given out: each of its own, and nothing in them that was withheld."""

from __future__ import annotations

from gateway.store.contract import Stored
from gateway.store.given_out import accounted, told, told_all, unaccounted, withhold


def stored(id: str) -> Stored:
    return Stored(0, "Patient", id, 1, 0, deleted=False, body=b"{}")


def test_what_is_withheld_was_not_given() -> None:
    one, same = stored("a"), stored("a")
    with accounted() as account:
        told_all([one, same])
        withhold(one)
    assert len(account.given) == 1
    assert account.given[0] is same
    assert account.withheld == [one]


def test_accounts_do_not_mix() -> None:
    with accounted() as outer:
        told(stored("a"))
        with accounted() as inner:
            told(stored("b"))
        with unaccounted():
            told(stored("c"))
            withhold(stored("d"))
    told(stored("e"))
    assert ([each.id for each in outer.given], [each.id for each in inner.given]) == (["a"], ["b"])
    assert outer.withheld == inner.withheld == []
