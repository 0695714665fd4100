"""Charts of one page share what they name, and a chart that fails takes nothing of it along."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session

from gateway.translation.contract import Part
from tests.gateway.sync.clinic import Clinic
from tests.gateway.sync.vendor import PLACE, chart, counts, record, stay, take


@pytest.fixture
async def emr(clinic: Clinic) -> Clinic:
    await clinic.connect("internal", push="false")
    return clinic


def housed(number: int, bed: str = "A", **more: Any) -> Any:
    key = str(number)
    return chart(record(id=key, **more), Part(PLACE, "b1", {"name": bed}), stay(f"s{key}", key, bed="b1"))


async def test_what_many_charts_name_is_written_once(emr: Clinic) -> None:
    assert await take(emr, *(housed(number) for number in range(8))) == counts(created=8)
    (place,) = await emr.all("Location")
    assert place["meta"]["versionId"] == "1"
    stays = await emr.all("Encounter")
    assert {one["location"][0]["location"]["reference"] for one in stays} == {f"Location/{place['id']}"}
    assert await take(emr, housed(1, "A"), housed(2, "B"), housed(3, "B")) == counts(unchanged=2, updated=1)
    (place,) = await emr.all("Location")
    assert (place["name"], place["meta"]["versionId"]) == ("B", "2")


async def test_what_a_failed_chart_brought_is_brought_by_the_next_one(emr: Clinic) -> None:
    wrong = housed(1, tongue="yes")
    late = chart(record(id="2"), Part(PLACE, "b1", {"name": "A"}), stay("s2", "2", bed="b1", status="asleep"))
    assert await take(emr, wrong, late, housed(3), housed(4)) == counts(created=2, failed=2)
    (place,) = await emr.all("Location")
    assert place["name"] == "A"
    assert len(await emr.all("Encounter")) == 2
    assert {link.external_key for link in await emr.links("internal")} == {"3", "4"}


async def test_a_page_that_brings_nothing_new_asks_for_its_links_at_once(emr: Clinic) -> None:
    """However many charts there are."""
    statements: list[str] = []
    await take(emr, *(housed(number) for number in range(40)))

    def seen(state: ORMExecuteState) -> None:
        statements.append(str(state.statement))

    event.listen(Session, "do_orm_execute", seen)
    try:
        asked = []
        for many in (4, 40):
            statements.clear()
            assert await take(emr, *(housed(number) for number in range(many))) == counts(unchanged=many)
            asked.append(sum("external_key IN" in statement for statement in statements))
    finally:
        event.remove(Session, "do_orm_execute", seen)
    assert asked == [3, 3]
