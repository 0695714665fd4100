"""Searches by date, each prefix on each precision: what comes back is what an interval computation of our own says.

search.html#date and #prefix: a date is the span of time that it may mean, a search compares span with span.
"""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.conformance.judgement import compares, span, span_of

pytestmark = pytest.mark.blackbox

TAG = {"system": "urn:dates", "code": "dates"}
STORED: dict[str, Any] = {
    "year": "2020",
    "month": "2020-03",
    "day": "2020-03-09",
    "day-before": "2020-03-08",
    "leap-day": "2020-02-29",
    "last-day": "2019-12-31",
    "second": "2020-03-09T10:30:15Z",
    "fraction": "2020-03-09T10:30:15.250Z",
    "east": "2020-03-10T00:30:00+05:45",
    "west": "2020-03-08T23:30:00-05:00",
    "midnight": "2020-03-09T00:00:00Z",
    "stay": {"start": "2020-03-01", "end": "2020-03-31"},
    "short-stay": {"start": "2020-03-09T08:00:00Z", "end": "2020-03-09T12:00:00Z"},
    "since": {"start": "2020-03-09"},
    "until": {"end": "2020-03-08T12:00:00Z"},
    "long": {"start": "2015-01-01", "end": "2025-06-30"},
}
"""Observations' effective[x], a dateTime or a Period."""
SEARCHED = (
    "2020", "2019", "2020-03", "2020-02", "2020-03-09", "2020-02-29", "2020-03-31", "2020-03-09T10:30",
    "2020-03-09T10:30:15Z", "2020-03-09T10:30:15.250Z", "2020-03-09T00:00:00Z", "2020-03-10T00:30:00+05:45",
    "2020-03-09T04:30:00Z",
)  # fmt: skip
PREFIXES = ("", "eq", "ne", "gt", "ge", "lt", "le", "sa", "eb")


@pytest.fixture(scope="module")
def observed(live: httpx.Client) -> httpx.Client:
    for name, effective in STORED.items():
        kind = "effectiveDateTime" if isinstance(effective, str) else "effectivePeriod"
        observation = {
            "resourceType": "Observation", "id": f"dates-{name}", "meta": {"tag": [TAG]}, "status": "final",
            "code": {"text": "test"}, kind: effective,
        }  # fmt: skip
        assert live.put(f"Observation/dates-{name}", json=observation).status_code in (200, 201)
    undated = {"resourceType": "Observation", "id": "dates-none", "status": "final", "code": {"text": "test"}}
    assert live.put("Observation/dates-none", json={**undated, "meta": {"tag": [TAG]}}).status_code in (200, 201)
    return live


def found(live: httpx.Client, *dates: str) -> set[str]:
    answer = live.get("Observation", params=[("_tag", "urn:dates|dates"), *(("date", date) for date in dates)])
    assert answer.status_code == 200, answer.text
    return {each["resource"]["id"].removeprefix("dates-") for each in answer.json().get("entry", ())}


def expected(prefix: str, text: str) -> set[str]:
    return {name for name, value in STORED.items() if compares(prefix or "eq", span_of(value), span(text))}


@pytest.mark.parametrize("text", SEARCHED)
@pytest.mark.parametrize("prefix", PREFIXES)
def test_one_date(observed: httpx.Client, prefix: str, text: str) -> None:
    assert found(observed, prefix + text) == expected(prefix, text)


def test_the_table_tells_prefixes_apart() -> None:
    """Were two of them the same everywhere, the table would hold less than it seems to."""
    told = {prefix: tuple(frozenset(expected(prefix, text)) for text in SEARCHED) for prefix in PREFIXES[1:]}
    assert len(set(told.values())) == len(told)


@pytest.mark.parametrize("text", SEARCHED)
def test_about(observed: httpx.Client, text: str) -> None:
    """How much is about the same is the server's choice; what overlaps always is."""
    assert found(observed, f"ap{text}") >= expected("ap", text)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("ge2020-03-01", "le2020-03-31"),
        ("ge2020-03-09", "lt2020-03-10"),
        ("gt2019", "lt2021"),
        ("sa2020-02", "eb2020-04"),
    ],
)
def test_two_dates_hold_together(observed: httpx.Client, first: str, second: str) -> None:
    assert found(observed, first, second) == expected(first[:2], first[2:]) & expected(second[:2], second[2:])


def test_a_comma_is_or(observed: httpx.Client) -> None:
    assert found(observed, "2020-02-29,lt2020") == expected("eq", "2020-02-29") | expected("lt", "2020")


@pytest.mark.parametrize(
    "text", ["2020-3", "2020-13", "2020-02-30", "20200309", "09.03.2020", "2020-03-09T25:00:00Z", "2020-03-09T10",
             "xx2020", "gt", "2020-03-09T10:30:15+99:00", "0000", "today", "2020/03/09"],
)  # fmt: skip
def test_no_date(observed: httpx.Client, text: str) -> None:
    answer = observed.get("Observation", params={"date": text})
    assert (answer.status_code, answer.json()["issue"][0]["expression"]) == (400, ["date"])
