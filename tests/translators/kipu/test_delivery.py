"""Creates: what is delivered once is not delivered again, and what KIPU shows late is recognised, never guessed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.faults import EmrRefused
from gateway.translation.contract import Candidate, Linked
from tests.translators.kipu.desk import Desk, account
from tests.translators.kipu.people import PATIENT, chart
from translators.kipu.push import LOST

NEW = Linked("p-1")


async def test_a_create_whose_answer_is_lost_is_not_made_again() -> None:
    desk = Desk()
    desk.sandbox.switch(["drop-after-commit"])
    with pytest.raises(Exception, match="did not answer"):
        await desk.push(chart(), NEW)
    desk.sandbox.switch([])
    changed = {**PATIENT, "gender": "female"}
    pushed = await desk.push(chart(changed), NEW)
    (made,) = desk.of("Test2")
    assert pushed.external_id == made["casefile_id"]
    assert made["gender"] == "Female"


async def test_a_chart_that_kipu_does_not_show_yet_is_found_later() -> None:
    desk = Desk()
    desk.sandbox.switch(["delayed"])
    first = await desk.push(chart(), NEW)
    assert (first.external_id, first.detail) == (None, "201 delivered; KIPU has not shown the chart yet")
    waiting = Linked("p-1", None, first.record)
    still = await desk.push(chart(), waiting)
    assert (still.external_id, still.detail) == (None, "delivered; KIPU has not shown the chart yet")
    assert still.record == first.record
    await desk.staff("show")
    second = await desk.push(chart({**PATIENT, "gender": "female"}), waiting)
    (made,) = desk.of("Test2")
    assert second.external_id == made["casefile_id"]
    assert made["gender"] == "Female"


async def test_a_lost_answer_and_a_chart_that_is_slow_to_show_make_no_second_patient() -> None:
    desk = Desk()
    desk.sandbox.switch(["delayed", "drop-after-commit"])
    with pytest.raises(Exception, match="did not answer"):
        await desk.push(chart(), NEW)
    desk.sandbox.switch(["delayed"])
    cut_off = await desk.push(chart(), NEW)  # the same flow anew, as after a crash
    assert (cut_off.external_id, cut_off.detail) == (None, LOST)
    waiting = Linked("p-1", None, None, sent=desk.now)
    still = await desk.push(chart(), waiting)
    assert (still.external_id, still.candidates) == (None, ())
    assert len(desk.of("Test2")) == 1
    await desk.staff("show")
    found = await desk.push(chart({**PATIENT, "gender": "female"}), waiting)
    (made,) = desk.of("Test2")
    assert (found.external_id, made["gender"]) == (made["casefile_id"], "Female")
    assert [method for method, _ in desk.calls].count("POST") == 1


async def test_a_refused_create_goes_again_once_it_is_corrected() -> None:
    desk = Desk(account(location_id="9"))
    with pytest.raises(EmrRefused, match="no location 9"):
        await desk.push(chart(), NEW)
    desk.account = account()
    assert (await desk.push(chart(), NEW)).external_id == desk.of("Test2")[0]["casefile_id"]


async def test_charts_of_the_same_name_and_birth_date_are_candidates_and_nothing_is_guessed() -> None:
    desk = Desk()
    named = {"first_name": " test1", "last_name": "TEST2 ", "dob": "2000-01-01"}
    await desk.staff("admit", last_name="Older", first_name="Staff")
    await desk.staff("chart", last_name="Older", fields=named)
    desk.now += timedelta(hours=1)
    desk.sandbox.switch(["delayed"])
    waiting = Linked("p-1", None, (await desk.push(chart(), NEW)).record, sent=desk.now)
    await desk.staff("admit", last_name="Newer", first_name="Staff")
    await desk.staff("chart", last_name="Newer", fields=named)
    await desk.staff("admit", last_name="Another", first_name="Test1")
    pushed = await desk.push(chart(), waiting)
    older, newer = (c["casefile_id"] for c in desk.charts.values() if c["dob"] == "2000-01-01" and not c.get("_hidden"))
    assert pushed.external_id is None
    assert pushed.candidates == (Candidate(older, False), Candidate(newer, True))
    await desk.staff("show")
    found = await desk.push(chart(), waiting)
    assert found.external_id == desk.of("Test2")[0]["casefile_id"]  # our own id beats every likeness
    assert found.external_id not in {older, newer}


async def test_a_create_that_tells_its_casefile_needs_no_looking_up() -> None:
    desk = Desk()
    desk.sandbox.switch(["tell-casefile"])
    pushed = await desk.push(chart(), NEW)
    assert pushed.external_id == desk.of("Test2")[0]["casefile_id"]
    assert [path for _, path in desk.calls].count("/api/patients/latest") == 1  # the guard's
