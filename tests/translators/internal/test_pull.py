"""Pulls against the sandbox: nothing is missed, and a page is bounded."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from gateway.faults import EmrRefused
from gateway.translation.contract import Call, Moment, Pulled, PullPage, Reply
from gateway.translation.rows import Record
from gateway.translation.wire import ENCODER
from tests.translators.internal.driving import START, World, account
from translators.internal import pull as pulling
from translators.internal import translator
from translators.internal.examples import FULL
from translators.internal.pull import Cursor

PAGE = 5


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short pages, so that a few patients make several."""
    monkeypatch.setattr(pulling, "PAGE", PAGE)


async def one(world: World, cursor: str | None, types: frozenset[str] = frozenset()) -> PullPage:
    return await world.run(translator.pull(world.account, cursor, (), world.moment(), types))


async def whole(world: World, cursor: str | None = None) -> tuple[list[Pulled], str | None]:
    charts: list[Pulled] = []
    more = True
    while more:
        page = await one(world, cursor)
        charts, cursor, more = [*charts, *page.charts], page.cursor, page.more
    return charts, cursor


def keys(charts: list[Pulled]) -> list[str]:
    return [chart.patient_key for chart in charts if chart.patient_key]


async def register(world: World, count: int) -> None:
    for number in range(count):
        await world.staff("register", first_name="Ada", last_name=f"Row{number:03}")


async def test_the_first_pull_brings_everybody_in_pages(world: World) -> None:
    await register(world, PAGE)
    charts, _ = await whole(world)
    assert sorted(keys(charts)) == sorted(await world.patients())
    assert len(keys(charts)) == len(set(keys(charts)))


async def test_related_entities_come_first_and_once(world: World) -> None:
    charts, _ = await whole(world)
    catalogues, entities = charts[:2]
    assert (catalogues.patient_key, entities.patient_key) == (None, None)
    assert sorted(part.key[-4:] for part in catalogues.parts) == ["91e1", "92f1"]
    parts = [(part.lens.type, part.key[-4:]) for part in entities.parts]
    assert sorted(parts) == [("Basic", "40b1"), ("Location", "10c1"), ("Location", "10c2"), ("Practitioner", "20d1")]
    location = next(part for part in entities.parts if part.key.endswith("10c1"))
    assert location.lens.to_fhir(location.record).value["name"] == "Harbor Street Clinic"


async def test_the_next_pull_brings_what_has_changed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """And, for the overlap, who was saved shortly before the last watermark; not who rested for long."""
    earlier = await world.staff("edit", last_name="Holloway", city="Elsewhere")
    _, cursor = await whole(world)
    monkeypatch.setattr(pulling, "OVERLAP", timedelta(0))
    changed = await world.staff("edit", last_name="Amberly", city="Port Ellery")
    charts, cursor = await whole(world, cursor)
    assert keys(charts) == [changed["id"], earlier["id"]]
    assert msgspec.json.decode(cursor or "", type=Cursor).after == ""


async def test_who_is_saved_during_a_pull_is_met_by_that_or_the_next(world: World) -> None:
    await register(world, PAGE)
    page = await one(world, None)
    assert page.more
    last = min((await world.patients()).values(), key=lambda p: (p["updated_at"], p["id"]))
    await world.staff("edit", id=last["id"], city="Moved while the pull was under way")
    rest, cursor = await whole(world, page.cursor)
    again, _ = await whole(world, cursor)
    assert set(keys([*page.charts, *rest, *again])) == set(await world.patients())
    newest = [chart for chart in again if chart.patient_key == last["id"]]
    assert newest[0].parts[0].record["city"].startswith("Moved")


async def test_the_archived_come_in_a_round_of_their_own(world: World) -> None:
    gone = await world.staff("archive", last_name="Amberly")
    charts, _ = await whole(world)
    (chart,) = [chart for chart in charts if chart.patient_key == gone["id"]]
    assert chart.parts[0].lens.to_fhir(chart.parts[0].record).value["active"] is False


async def test_summaries_are_completed(world: World) -> None:
    original = world.make

    async def short(call: Call) -> Reply:
        """As the contract's open row shape would allow."""
        reply = await original(call)
        if not call.path.endswith("/cursor"):
            return reply
        body = reply.json()
        body["data"] = [{"id": row["id"], "last_name": row["last_name"]} for row in body["data"]]
        return replace(reply, body=ENCODER.encode(body))

    world.make = short  # type: ignore[method-assign]
    charts, _ = await whole(world)
    assert sorted(keys(charts)) == sorted(await world.patients())
    assert all("version" in chart.parts[0].record for chart in charts if chart.patient_key)


async def test_a_cursor_that_the_emr_has_thrown_away_starts_the_round_again_but_not_for_ever(world: World) -> None:
    stale = Cursor(until=datetime.now(UTC), after="worn-out")
    page = await one(world, msgspec.json.encode(stale).decode())
    assert page.more
    charts, _ = await whole(world, page.cursor)
    assert sorted(keys(charts)) == sorted(await world.patients())
    worn = Cursor(until=datetime.now(UTC), after="worn-out", restarts=pulling.RESTARTS)
    with pytest.raises(EmrRefused):
        await one(world, msgspec.json.encode(worn).decode())


async def test_only_the_types_that_are_asked_for(world: World) -> None:
    page = await one(world, None, frozenset({"Location"}))
    assert {part.lens.type for chart in page.charts for part in chart.parts} == {"Location"}
    page = await one(world, None, frozenset({"Patient"}))
    assert {part.lens.type for chart in page.charts for part in chart.parts} == {"Patient"}


def pulled(*rows: Record) -> PullPage:
    """What a pull makes of rows of a deployment without lists of charts."""
    flow = translator.pull(account(), None, (), Moment(START, "nonce"), frozenset())
    body = ENCODER.encode({"data": rows, "page_info": {"end_cursor": None}})
    calls = next(flow)
    while True:
        is_page = calls[0].path.endswith("/cursor")
        replies = tuple(Reply(200, {}, body) if is_page else Reply(404, {}, b"") for _ in calls)
        try:
            calls = flow.send(replies)
        except StopIteration as end:
            page: PullPage = end.value
            return page


def test_a_field_that_the_contract_does_not_have_is_named() -> None:
    (_, chart) = pulled({**FULL, "shoe_size": 41}).charts
    assert chart.unaccounted == ("shoe_size",)


def test_an_entity_that_is_none_stops_nothing() -> None:
    page = pulled({**FULL, "location": "Harbor Street", "employer": {"id": 7}})
    assert keys(list(page.charts)) == [FULL["id"]]
    assert {part.lens.type for part in page.charts[0].parts} == {"Practitioner", "Basic"}


def test_an_entity_without_a_name_is_referred_to_by_its_key() -> None:
    rows = ({**FULL, "location": {"id": "0b0a4c1e-0000-4a56-8a43-0a5b8f3f1c99", "name": None}},)
    entities, chart = pulled(*rows).charts
    assert "Location" not in {part.lens.type for part in entities.parts}
    (facility,) = [
        each["valueReference"]["reference"]
        for each in chart.parts[0].lens.to_fhir(chart.parts[0].record).value["extension"]
        if each["url"].endswith("/facility")
    ]
    assert facility == "emr:Location/0b0a4c1e-0000-4a56-8a43-0a5b8f3f1c99"


def test_what_a_deployment_does_not_show_is_not_taken_for_gone() -> None:
    (_, chart) = pulled(FULL).charts
    assert (len(chart.parts), chart.wholes) == (1, ())
    assert "fields" not in chart.parts[0].lens.vendor_paths()
