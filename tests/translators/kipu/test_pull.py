"""Pulls: windows and walks, and that nothing is missed or made twice."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from gateway.faults import Misconfigured
from gateway.translation.contract import Linked
from tests.translators.kipu.desk import Desk, account
from tests.translators.kipu.pulls import charts, linked, many
from translators.kipu import translator


async def test_the_first_load_walks_the_census_and_later_ones_the_news() -> None:
    desk = Desk()
    await many(desk, 60)
    pages, cursor = await desk.pull()
    found = {chart.patient_key for chart in charts(pages)}
    assert len(found) == 62  # two of the sandbox's own
    assert max(len(charts([page])) for page in pages) <= 50
    assert cursor is not None
    assert json.loads(cursor) == {"since": desk.now.isoformat(), "lists": desk.now.isoformat()}
    assert not any(path == "/api/patients/latest" for _, path in desk.calls)
    known = linked(list({c.patient_key: c for c in charts(pages)}.values()))
    desk.now += timedelta(hours=1)
    await desk.staff("chart", last_name="Person007", fields={"email": "seven@example.org"})
    desk.calls.clear()
    pages, cursor = await desk.pull(cursor, known)
    assert [c.parts[0].record["email"] for c in charts(pages)] == ["seven@example.org"]
    assert not any(path == "/api/patients/census" for _, path in desk.calls)
    fresh = linked(charts(pages))
    others = tuple(link for link in known if link.external_id != fresh[0].external_id)
    pages, _ = await desk.pull(cursor, (*others, *fresh))
    assert charts(pages) == []


async def test_a_row_that_moves_between_pages_is_not_missed() -> None:
    desk = Desk()
    await many(desk, 55)
    first = await desk.run(translator.pull(desk.account, None, (), desk.moment, frozenset({"Patient"})))
    gone = charts([first])[0].patient_key
    del desk.charts[str(gone).partition(":")[0]]  # everything behind it moves one place up
    rest, _ = await desk.pull(first.cursor, linked(charts([first])), frozenset({"Patient"}))
    found = {chart.patient_key for chart in charts([first, *rest])}
    assert found - {gone} == {chart["casefile_id"] for chart in desk.charts.values()}


async def test_the_second_walk_fetches_only_what_is_unknown() -> None:
    desk = Desk()
    await many(desk, 3)
    first = await desk.run(translator.pull(desk.account, None, (), desk.moment, frozenset({"Patient"})))
    assert first.more
    desk.calls.clear()
    rest, _ = await desk.pull(first.cursor, linked(charts([first])), frozenset({"Patient"}))
    assert charts(rest) == []
    assert desk.calls[0] == ("GET", "/api/patients/census")
    assert {path for _, path in desk.calls[1:]} == {"/api/patients/admissions"}


async def test_a_chart_that_vanishes_meanwhile_is_passed_over() -> None:
    desk = Desk()
    await many(desk, 2)
    flow = translator.pull(desk.account, None, (), desk.moment, frozenset({"Patient"}))
    (call,) = next(flow)
    reply = await desk.send(call)
    desk.charts.popitem()
    details = flow.send((reply,))
    replies = tuple([await desk.send(call) for call in details])
    with pytest.raises(StopIteration) as done:
        flow.send(replies)
    assert len(charts([done.value.value])) == len(details) - 1


async def test_a_re_admission_is_a_second_stay_of_the_same_patient() -> None:
    desk = Desk()
    first = await desk.staff("admit", last_name="Twice", first_name="Ada")
    await desk.staff("discharge", last_name="Twice")
    second = await desk.staff("admit", last_name="Twice", first_name="Ada")
    assert first["casefile_id"] != second["casefile_id"]
    census = await desk.run(translator.pull(desk.account, None, (), desk.moment, frozenset({"Patient"})))
    (newest,) = [c for c in charts([census]) if c.parts[0].record["last_name"] == "Twice"]
    assert newest.patient_key == second["casefile_id"]
    link = Linked("p-9", newest.patient_key, newest.parts[0].record)
    pages, cursor = await desk.pull(census.cursor, (link,), frozenset({"Patient"}))
    (earlier,) = [c for c in charts(pages) if c.parts[0].record["last_name"] == "Twice"]
    assert earlier.patient_key == second["casefile_id"]
    stays = [part for c in (newest, earlier) for part in c.parts if part.lens.type == "Encounter"]
    assert [part.key for part in stays] == [second["casefile_id"], first["casefile_id"]]
    assert earlier.parts[0].record == link.record
    await desk.staff("chart", mr_number=first["mr_number"], fields={"email": "old@example.org"})
    pages, _ = await desk.pull(cursor, (link,))
    late = next(
        c for c in charts(pages) if any(p.key == first["casefile_id"] and p.lens.type == "Encounter" for p in c.parts)
    )
    assert late.parts[0].record == link.record  # the earlier stay tells nothing new of the person


async def test_the_window_holds_every_zone() -> None:
    desk = Desk()
    cursor = json.dumps({"since": "2026-04-10T00:30:00+00:00"})
    (call,) = next(translator.pull(desk.account, cursor, (), desk.moment, frozenset({"Patient"})))
    assert {"start_date": "2026-04-09", "end_date": "2026-04-17", "phi_level": "low"}.items() <= dict(
        call.query
    ).items()


async def test_who_is_not_in_the_census_any_more_comes_by_the_admissions() -> None:
    desk = Desk(account(history_days="60"))
    for number, ago in enumerate((3, 40, 59, 80)):
        day = f"{desk.now - timedelta(days=ago):%Y-%m-%d} 00:00:00"
        await desk.staff("admit", last_name=f"Left{number}", admission_date=day)
        await desk.staff("discharge", last_name=f"Left{number}")
    pages, _ = await desk.pull(types=frozenset({"Patient"}))
    found = {chart.parts[0].record["last_name"] for chart in charts(pages)}
    assert {name for name in found if name.startswith("Left")} == {"Left0", "Left1", "Left2"}
    asked = [path for _, path in desk.calls if path == "/api/patients/admissions"]
    assert len(asked) == 3
    assert pages[-1].total == sum(page.gone or 0 for page in pages)


async def test_no_history_is_the_census_alone() -> None:
    desk = Desk(account(history_days="0"))
    await desk.pull(types=frozenset({"Patient"}))
    assert not any(path == "/api/patients/admissions" for _, path in desk.calls)
    with pytest.raises(Misconfigured, match="history_days"):
        await Desk(account(history_days="a year")).pull(types=frozenset({"Patient"}))


async def test_rows_that_name_no_chart_are_told() -> None:
    desk = Desk()
    desk.charts["1001"]["casefile_id"] = "1001"
    pages, _ = await desk.pull(types=frozenset({"Patient"}))
    assert any("name no chart" in note for page in pages for note in page.notes)
