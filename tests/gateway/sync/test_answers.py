"""Whose chart it is: questions are listed and answered, once, and only what is asked."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import Session

from gateway.commands.question import questions_of, take_answer
from gateway.faults import Conflict, Fault, Invalid, NotFound, Unprocessable
from gateway.sync import deliveries, stays
from gateway.sync.deliveries import Delivery
from gateway.sync.tables import Link
from tests.gateway.sync.clinic import Clinic, patient

AT = 1_780_000_000_000_000


@pytest.fixture
async def kipu(clinic: Clinic) -> Clinic:
    await clinic.connect("kipu")
    await clinic.put(patient("p1"), patient("p2"))
    connection = (await clinic.connection("kipu")).id or 0

    def write(session: Session) -> None:
        for id in ("p1", "p2"):
            session.add(Link(org=1, connection=connection, type="Patient", local_id=id, pushed="x", record=b"{}"))
            session.add(Delivery(connection=connection, patient=id, sent=AT, asked=["7:m", "8:m"]))

    await clinic.session(write)
    return clinic


async def answer(kipu: Clinic, id: str, chart: str | None, *, again: bool = False) -> Any:
    return await take_answer(kipu.services, "north", "kipu", f"Patient/{id}", chart, deliver_again=again)


async def asked(kipu: Clinic) -> list[Any]:
    told: list[Any] = (await questions_of(kipu.services, "north", "kipu"))["questions"]
    return told


async def test_questions_are_listed_and_answered_once(kipu: Clinic) -> None:
    first, second = await asked(kipu)
    assert first == {"patient": "Patient/p1", "sent": "2026-05-28T20:26:40.000000Z", "candidates": ["7:m", "8:m"]}
    assert await answer(kipu, "p1", "7:m") == {"patient": "Patient/p1", "answered": "chart"}
    assert await asked(kipu) == [second]
    assert await answer(kipu, "p2", None, again=True) == {"patient": "Patient/p2", "answered": "deliver-again"}
    links = {link.local_id: (link.external_key, link.record, link.pushed) for link in await kipu.links("kipu")}
    assert links == {"p1": ("7:m", None, None), "p2": (None, None, None)}
    details = [entry.detail for entry in await kipu.entries("kipu")]
    assert details == ["answered: it is chart 7:m", "answered: deliver again"]
    connection = (await kipu.connection("kipu")).id or 0
    assert await kipu.services.store.session_read(lambda s: deliveries.outstanding(s, connection)) == []


async def test_charts_that_were_left_aside_are_fetched_once_more(kipu: Clinic) -> None:
    await answer(kipu, "p1", "7:m")
    connection = (await kipu.connection("kipu")).id or 0
    recalled = await kipu.services.store.session_read(lambda s: stays.recalled(s, connection, 9))
    assert [row.key for row in recalled] == ["7:m", "8:m"]


@pytest.mark.parametrize(
    ("id", "chart", "again", "fault", "said"),
    [
        ("p1", None, False, Invalid, "one of the two"),
        ("p1", "7:m", True, Invalid, "one of the two"),
        ("p1", " ", False, Invalid, "no id of a chart"),
        ("p1", "7\n", False, Invalid, "no id of a chart"),
        ("p3", "7:m", False, Unprocessable, "Nothing is asked about Patient/p3"),
    ],
)
async def test_what_is_no_answer_changes_nothing(
    kipu: Clinic, id: str, chart: str | None, again: bool, fault: type[Fault], said: str
) -> None:
    before = await asked(kipu)
    with pytest.raises(fault, match=said):
        await answer(kipu, id, chart, again=again)
    assert await asked(kipu) == before


async def test_a_chart_is_one_patient_s(kipu: Clinic) -> None:
    await answer(kipu, "p1", "7:m")
    with pytest.raises(Conflict, match="That chart is Patient/p1 already"):
        await answer(kipu, "p2", "7:m")
    with pytest.raises(NotFound):
        await take_answer(kipu.services, "north", "none", "Patient/p2", "8:m", deliver_again=False)
