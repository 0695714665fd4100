"""Pages by offset, and what was first written when: as the naive evaluation has it, on every road of the searcher."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.definitions.contract import Resource
from gateway.search.parse import parse
from gateway.search.query import Query, SortKey
from gateway.store import searcher as searching
from tests.gateway.search import naive
from tests.gateway.search.naive import Known
from tests.gateway.search.test_against_naive import CRITERIA, RESOURCES, SORTS, Trial, Work, trial
from tests.gateway.store.basic_definitions import BasicDefinitions
from tests.gateway.store.conftest import NOW

__all__ = ["trial"]

SECOND = 1_000_000
MOMENTS = st.integers(0, 4)
CREATED = st.none() | st.tuples(MOMENTS, MOMENTS)
WRITTEN = st.lists(st.tuples(RESOURCES, MOMENTS), max_size=7)
BY_CREATION = st.sampled_from([(), (SortKey("_created", "date", False),), (SortKey("_created", "date", True),)])


def rewritten(work: Work, resources: list[tuple[Resource, int]]) -> list[Known]:
    """Each written first at a moment of its own, whatever its key, and once more afterwards."""
    known = []
    for number, (content, moment) in enumerate(resources):
        created = NOW + moment * SECOND
        id = {"resourceType": "Basic", "id": f"r{number}"}
        work.transaction(1, created).put({**id, "language": "en"})
        stored = work.transaction(1, NOW + (10 + number) * SECOND).put({**content, **id})
        assert stored.created == created
        known.append(Known({**content, **id}, stored.updated, created))
    return known


def read(params: list[tuple[str, str]], sort: list[str], by_creation: tuple[SortKey, ...]) -> Query:
    ways = [("_sort", ",".join(sort))] if sort else []
    query, _ = parse(BasicDefinitions(), "Basic", [*params, *ways], base="https://own.example", now=NOW)
    return replace(query, sort=(*by_creation, *query.sort), want_total=True)


ROADS = {
    "walking": {"SELECTIVE": 0},
    "walking, nothing known before": {"SELECTIVE": 0, "EXCEPTIONS": 0},
    "mixed": {"SELECTIVE": 2, "WIDER": 2},
    "gathering": {},
}


@pytest.mark.parametrize("road", ROADS)
def test_a_page_begins_after_as_many_as_it_skips(
    trial: Trial, dialect: str, road: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ROADS[road].items():
        monkeypatch.setattr(searching, name, value)

    @settings(
        max_examples=80 if dialect == "sqlite" else 20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    @given(WRITTEN, CRITERIA, SORTS, BY_CREATION, CREATED, st.integers(1, 4), st.integers(0, 8))
    def answers(
        resources: list[tuple[Resource, int]],
        params: list[tuple[str, str]],
        sort: list[str],
        by_creation: tuple[SortKey, ...],
        created: tuple[int, int] | None,
        size: int,
        skip: int,
    ) -> None:
        within = (NOW + created[0] * SECOND, NOW + created[1] * SECOND) if created else None
        whole = replace(read(params, sort, by_creation), created=within, count=size)

        def check(work: Work) -> None:
            expected = naive.search(rewritten(work, resources), whole)
            first = work.search(replace(whole, skip=skip))
            assert [match.id for match in first.matches] == expected[skip : skip + size]
            assert first.total == len(expected)
            assert (first.after is None) == (len(expected) <= skip + size)
            if first.after is not None:
                then = work.search(replace(whole, after=first.after, skip=1))
                assert [match.id for match in then.matches] == expected[skip + size + 1 : skip + 2 * size + 1]
                assert then.total == len(expected)

        trial.run(check)

    answers()
