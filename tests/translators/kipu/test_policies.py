"""Policies that changed: their patients are fetched again, unless the chart says it already."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.translation.contract import Linked
from tests.translators.kipu.desk import NOW, Desk
from tests.translators.kipu.pulls import charts, linked
from translators.kipu.policies import is_told


async def _since_an_hour(desk: Desk) -> tuple[str | None, tuple[Linked, ...]]:
    """A first load is over, an hour ago."""
    pages, cursor = await desk.pull()
    desk.now += timedelta(hours=1)
    desk.calls.clear()
    return cursor, linked(list({c.patient_key: c for c in charts(pages)}.values()))


async def test_a_changed_policy_has_its_patient_fetched_again() -> None:
    desk = Desk()
    await desk.staff("admit", last_name="Insured")
    cursor, known = await _since_an_hour(desk)
    (policy,) = desk.of("Insured")[0]["insurances"]
    policy |= {"group_ID": "NEW-1", "_changed": f"{desk.now:%Y-%m-%dT%H:%M:%S}.000Z"}  # the chart's own time stays
    pages, cursor = await desk.pull(cursor, known)
    (again,) = charts(pages)
    assert again.parts[0].record["insurances"][0]["group_ID"] == "NEW-1"
    assert sum(path.startswith("/api/patients/10") for _, path in desk.calls) == 1
    others = tuple(link for link in known if link.external_id != again.patient_key)
    pages, _ = await desk.pull(cursor, (*others, *linked([again])))
    assert charts(pages) == []  # the chart as it is known shows it


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ({"id": 7, "group_ID": "G"}, True),
        ({"id": 7, "group_number": "G", "member_id": "M"}, True),
        ({"id": 7, "group_ID": "H"}, False),
        ({"id": 8, "group_ID": "G"}, False),
        ({"id": 7}, False),
        ({"id": 7, "group_ID": "H", "updated_at": "2026-04-16T11:00:00.000Z"}, True),
        ({"id": 7, "group_ID": "H", "updated_at": "2026-04-16T14:00:00.000Z"}, False),
        ({"id": 7, "group_ID": "H", "updated_at": "yesterday"}, False),
        ({"policy_no": "M", "group_ID": "G"}, False),
    ],
)
def test_a_policy_that_the_known_chart_shows_is_no_news(policy: dict[str, object], told: bool) -> None:
    record = {"casefile_id": "1:x", "insurances": [{"id": 7, "policy_no": "M", "group_ID": "G"}]}
    link = Linked("p", "1:x", record)
    assert is_told(policy, link, NOW - timedelta(hours=2)) is told
    assert not is_told(policy, None, NOW)
