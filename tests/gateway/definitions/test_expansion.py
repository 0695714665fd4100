"""Value sets as lists of codes."""

from __future__ import annotations

from gateway.definitions.expansion import ValueSets

SYSTEMS = [
    {"url": "cs", "content": "complete", "concept": [{"code": "a", "concept": [{"code": "b"}]}]},
    {"url": "part", "content": "fragment", "concept": [{"code": "x"}]},
]
SETS = [
    {"url": "all", "compose": {"include": [{"system": "cs"}]}},
    {"url": "some", "compose": {"include": [{"system": "other", "concept": [{"code": "z"}]}, {"system": "cs"}]}},
    {
        "url": "nested",
        "compose": {"include": [{"valueSet": ["all|1.0"]}, {"system": "cs", "concept": [{"code": "c"}]}]},
    },
    {"url": "filtered", "compose": {"include": [{"system": "cs", "filter": [{"property": "concept"}]}]}},
    {"url": "less", "compose": {"include": [{"system": "cs"}], "exclude": [{"system": "cs"}]}},
    {"url": "partial", "compose": {"include": [{"system": "part"}]}},
]


def test_expansion() -> None:
    sets = ValueSets(SETS, SYSTEMS)
    assert sets.expand("all") == {"cs": ["a", "b"]}
    assert sets.expand("some") == {"cs": ["a", "b"], "other": ["z"]}
    assert sets.expand("nested") == {"cs": ["a", "b", "c"]}


def test_what_cannot_be_listed_is_left_alone() -> None:
    sets = ValueSets(SETS, SYSTEMS)
    assert [sets.expand(url) for url in ("filtered", "less", "partial", "unheard-of")] == [None] * 4
