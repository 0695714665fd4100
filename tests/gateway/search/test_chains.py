"""Chains, reverse chains and composites: the database answers as the naive evaluation does, on every road."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.definitions.contract import Resource
from gateway.search.parse import Authority, parse
from gateway.store import searcher as searching
from tests.gateway.search import naive
from tests.gateway.search.test_against_naive import Trial, Work, all_pages, filled, trial
from tests.gateway.store.basic_definitions import BasicDefinitions
from tests.gateway.store.conftest import NOW

__all__ = ["trial"]

EVERYTHING = Authority(lambda _: True, lambda _: None)
CODES = st.sampled_from(["a", "b"])
NUMBERS = st.sampled_from(["1", "1.0", "2", "100"])


def several(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(values, max_size=2)


RESOURCES = st.fixed_dictionaries(
    {},
    optional={
        "token": several(st.tuples(st.just(""), CODES)),
        "string": several(st.sampled_from(["Mu", "Muñoz", "x"])),
        "link": several(st.sampled_from(["Basic/r0", "Basic/r1", "Basic/r2", "Basic/r3", "Basic/none"])),
        "pair": several(
            st.tuples(st.tuples(st.just("urn:s"), CODES), st.tuples(NUMBERS, st.just("urn:u"), CODES).map(list))
        ),
    },
)
ENDS = st.one_of(
    st.tuples(st.sampled_from(["token", "token:not"]), CODES),
    st.tuples(st.sampled_from(["string", "string:contains", "string:exact"]), st.sampled_from(["mu", "Mu", "x"])),
    st.tuples(st.sampled_from(["token:missing", "link:missing", "pair:missing"]), st.sampled_from(["true", "false"])),
    st.tuples(st.just("link"), st.sampled_from(["r0", "Basic/r1"])),
    st.tuples(st.just("_id"), st.sampled_from(["r0", "r2,r3"])),
    st.tuples(st.just("_lastUpdated"), st.sampled_from(["gt2020", "lt2020"])),
    st.tuples(
        st.just("pair"),
        st.builds("{}${}{}".format, CODES, st.sampled_from(["", "gt", "le", "ne"]), NUMBERS)
        | st.builds("urn:s|{}${}|urn:u|{}".format, CODES, NUMBERS, CODES),
    ),
)
LINKS = st.lists(st.sampled_from(["link.", "link:Basic.", "_has:Basic:link:"]), max_size=3).map("".join)
CRITERIA = st.lists(st.builds(lambda link, end: (link + end[0], end[1]), LINKS, ENDS), min_size=1, max_size=2)


@pytest.mark.parametrize("selective", [0, 1000], ids=["walking", "gathering"])
def test_chains_answer_as_the_naive_evaluation(trial: Trial, selective: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "SELECTIVE", selective)

    @settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(RESOURCES, max_size=5), CRITERIA, st.sampled_from(["_id", "-string"]))
    def answers(resources: list[Resource], params: list[tuple[str, str]], sort: str) -> None:
        asked = [*params, ("_sort", sort), ("_count", "2"), ("_total", "accurate")]
        query, unknown = parse(BasicDefinitions(), "Basic", asked, base="", now=NOW, authority=EVERYTHING)
        assert unknown == []

        def compared(work: Work) -> None:
            expected = naive.search(filled(work, resources), query)
            assert [id for page in all_pages(work, query) for id in page] == expected
            assert work.search(query).total == len(expected)

        trial.run(compared)

    answers()
