"""Pages of whole lists, of parts of charts, and what is noted of each: what a list no longer has is closed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from gateway.sync.pull import After
from gateway.translation.contract import Pulled, Whole
from tests.gateway.sync.clinic import Clinic
from tests.gateway.sync.vendor import PLACE, POLICY, chart, counts, places, policy, record, take

WHOLE = Whole(PLACE, {"name": "closed"})


def whole(**names: str) -> Pulled:
    return replace(places(**names), whole=WHOLE)


async def seen(clinic: Clinic) -> dict[str, tuple[str, str]]:
    found: list[Any] = sorted(await clinic.all("Location"), key=lambda place: place["id"])
    keys = {link.local_id: link.external_key or "" for link in await clinic.links("internal", "Location")}
    return {keys[place["id"]]: (place["name"], place["meta"]["versionId"]) for place in found}


async def test_what_a_whole_list_no_longer_has_is_closed_and_opened_again(clinic: Clinic) -> None:
    await clinic.connect("internal", push="false")
    await take(clinic, whole(a="North", b="South"))
    await take(clinic, places(a="North"))
    assert await seen(clinic) == {"a": ("North", "1"), "b": ("South", "1")}, "a list that is not whole closes nothing"
    for _ in range(2):
        await take(clinic, whole(a="North"))
        assert await seen(clinic) == {"a": ("North", "1"), "b": ("closed", "2")}
    await take(clinic, whole(a="North", b="South"))
    assert await seen(clinic) == {"a": ("North", "1"), "b": ("South", "3")}


async def test_a_policy_that_comes_by_itself_is_news_of_its_patient(clinic: Clinic) -> None:
    await clinic.connect("internal", push="false")
    assert await take(clinic, chart(record())) == counts(created=1)
    assert await take(clinic, Pulled("7", (policy("c1", "M-1"),))) == counts(updated=1)
    assert await take(clinic, Pulled("7", (policy("c1", "M-1"),))) == counts(unchanged=1)
    assert len(await clinic.all("Coverage")) == len(await clinic.all("Patient")) == 1


async def test_what_a_whole_chart_no_longer_has_is_closed(clinic: Clinic) -> None:
    await clinic.connect("internal", push="false")
    gone = (Whole(POLICY, {"member": "gone"}),)
    await take(clinic, chart(record(), policy("c1", "M-1"), policy("c2", "M-2")), chart(record(id="8", first="Kim")))
    mine = {
        "resourceType": "Coverage",
        "id": "mine",
        "status": "active",
        "subscriberId": "M-9",
        "payor": [{"display": "x"}],
    }
    await clinic.put({**mine, "beneficiary": {"reference": f"Patient/{(await clinic.links('internal'))[0].local_id}"}})
    part = chart(record(), policy("c1", "M-1"))
    assert await take(clinic, part) == counts(unchanged=1)
    for expected in (counts(updated=1), counts(unchanged=1)):
        assert await take(clinic, replace(part, wholes=gone)) == expected
        assert sorted(each["subscriberId"] for each in await clinic.all("Coverage")) == ["M-1", "M-9", "gone"]
    await take(clinic, replace(chart(record(), policy("c2", "M-2"), policy("c1", "M-1")), wholes=gone))
    assert sorted(each["subscriberId"] for each in await clinic.all("Coverage")) == ["M-1", "M-2", "M-9"]
    stale = replace(part, wholes=gone, asked=datetime(2026, 1, 1, tzinfo=UTC))
    assert await take(clinic, stale) == counts(unchanged=1), "an older reading closes nothing"
    assert sorted(each["subscriberId"] for each in await clinic.all("Coverage")) == ["M-1", "M-2", "M-9"]


async def test_one_that_is_closed_at_a_moment_is_closed_once(clinic: Clinic) -> None:
    await clinic.connect("internal", push="false")
    await take(clinic, chart(record(), policy("c1", "M-1")))
    for moment, expected in (("Monday", counts(updated=1)), ("Tuesday", counts(unchanged=1))):
        whole = Whole(POLICY, {"member": moment, "ended": moment}, once="ended")
        assert await take(clinic, replace(chart(record()), wholes=(whole,))) == expected
        assert [each["subscriberId"] for each in await clinic.all("Coverage")] == ["Monday"]


async def test_a_full_pull_notes_whose_charts_it_has_read(clinic: Clinic) -> None:
    await clinic.connect("internal", push="false")
    assert await take(clinic, chart(record()), chart(record(id="8", first="Kim"))) == counts(created=2)
    assert [link.looked for link in await clinic.links("internal")] == [0, 0], "certain types only were asked for"
    await take(clinic, chart(record()), after=After(None))
    (read, other) = await clinic.links("internal")
    assert read.looked > 0 == other.looked
