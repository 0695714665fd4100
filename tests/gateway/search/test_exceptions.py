"""What all resources but a few satisfy is not asked of each, and the few are the right ones."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.definitions.contract import Resource
from gateway.search.plan import Choice, Every, Leap, Test, complement
from gateway.search.query import Both, Condition, Criterion, Either, Query, SortKey, TokenValue
from gateway.store import searcher as searching
from tests.gateway.search import naive
from tests.gateway.search.test_against_naive import Trial, Work, filled, trial

__all__ = ["trial"]

A, B = (Test("index_token", "token", (), type="Basic", negated=negated) for negated in (False, True))
CODES = st.sampled_from("abc")
RESOURCES = st.lists(st.fixed_dictionaries({"token": st.lists(CODES.map(lambda c: ("", c)), max_size=2)}), max_size=6)
PLAIN = st.builds(
    lambda modifier, code: Criterion("token", "token", modifier, (TokenValue(None, code),)),
    st.sampled_from(["not", "not", "not", ""]),
    CODES,
)
CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    PLAIN,
    lambda inner: st.builds(
        lambda kind, parts: kind(tuple(parts)), st.sampled_from([Both, Either]), st.lists(inner, min_size=1, max_size=3)
    ),
    max_leaves=4,
)


@pytest.mark.parametrize("sort", [(), (SortKey("token", "token", False),)], ids=["by creation", "sorted"])
def test_exceptions_are_those_that_do_not_match(
    trial: Trial, dialect: str, sort: tuple[SortKey, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "SELECTIVE", 0)

    @settings(
        max_examples=50 if dialect == "sqlite" else 15, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    @given(RESOURCES, st.lists(CONDITIONS, min_size=1, max_size=2))
    def answers(resources: list[Resource], conditions: list[Condition]) -> None:
        query = Query("Basic", tuple(conditions), sort)

        def check(work: Work) -> None:
            expected = naive.search(filled(work, resources), query)
            page = work.search(query)
            assert ([match.id for match in page.matches], page.total) == (expected, len(expected))

        trial.run(check)

    answers()


def test_the_complement_of_a_choice_is_all_of_its_complements() -> None:
    assert complement(Choice((A, B))) == Every((B, A))
    assert complement(Every((A, Choice((B, B))))) == Choice((B, Every((A, A))))
    assert complement(Choice((A, Leap("Basic", "link", "Basic", False, A)))) is None
