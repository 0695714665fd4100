"""A PATCH whose answer was lost makes its new items once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.faults import EmrUnreachable
from gateway.translation.contract import Call, Reply
from gateway.translation.rows import Record
from tests.translators.ritten.driving import LINK, MOMENT, Clinic, chart, coverage, patient, payer
from translators.ritten import translator
from translators.ritten.said import guard


class Lossy(Clinic):
    """Loses the first answer to a PATCH, and sends it once more as the runner does."""

    lost = False

    async def attempt(self, call: Call) -> Reply:
        reply = await super().attempt(call)
        if call.method != "PATCH" or self.lost:
            return reply
        self.lost = True
        with pytest.raises(EmrUnreachable):
            raise translator.fault(Reply(504, {}, b""))
        return await super().attempt(call)


async def test_what_an_earlier_attempt_has_made_is_not_made_again() -> None:
    clinic = Lossy()
    said = chart(patient(), coverage(), referenced=(payer(),))
    pushed = await clinic(translator.push(clinic.account, said, LINK, MOMENT))
    (stored,) = clinic.patients("Winter")
    assert (len(stored["addresses"]), len(stored["insurance"])) == (1, 1)
    assert [call.method for call in clinic.sent].count("PATCH") == 1
    assert pushed.record is not None
    assert pushed.record["addresses"] == stored["addresses"]
    assert pushed.links["Coverage/cov-1"] == stored["insurance"][0]["id"]


def outcome(current: Record, body: Record, now: Record) -> bool:
    """Whether the guard takes the patient as it is for what the PATCH would have answered."""
    flow = guard(current, body)
    assert flow is not None
    running = flow()
    next(running)
    try:
        running.send((Reply(200, {}, json.dumps({"id": "p1", **now}).encode()),))
    except StopIteration as stop:
        return stop.value is not None
    raise AssertionError("one read is enough")


HOME: dict[str, Any] = {"line": "1 Elm Row", "city": "Topeka", "country": "usa"}


@pytest.mark.parametrize(
    ("before", "now", "is_said"),
    [
        ([], [], False),
        ([], [HOME | {"id": "a1", "line": "1 ELM ROW ", "country": "US"}], True),
        ([HOME | {"id": "a1"}], [HOME | {"id": "a1"}], False),  # an equal one stood there before
        ([HOME | {"id": "a1"}], [HOME | {"id": "a1"}, HOME | {"id": "a2"}], True),
        ([], [HOME | {"id": "a1", "line": "2 Elm Row"}], False),
    ],
)
def test_new_items_are_known_by_what_they_say(before: list[Record], now: list[Record], is_said: bool) -> None:
    body = {"addresses": [*before, HOME]}
    assert outcome({"id": "p1", "addresses": before}, body, {"addresses": now}) is is_said


def test_as_many_as_are_sent_have_to_be_there() -> None:
    body = {"addresses": [HOME, HOME]}
    assert not outcome({"id": "p1"}, body, {"addresses": [HOME | {"id": "a1"}]})
    assert outcome({"id": "p1"}, body, {"addresses": [HOME | {"id": "a1"}, HOME | {"id": "a2"}]})


def test_a_patch_that_makes_nothing_needs_no_guard() -> None:
    assert guard({"id": "p1"}, {"dob": "2001-05-27", "addresses": [HOME | {"id": "a1"}]}) is None
