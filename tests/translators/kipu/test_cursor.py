"""The cursor: kept with each page, so that a pull that is cut off ends as if it had not been."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from gateway.faults import Misconfigured
from gateway.translation.contract import Linked
from tests.translators.kipu.desk import Desk, Lost, account
from translators.kipu import translator
from translators.kipu.cursor import Cursor


@dataclass
class Kept:
    """What a gateway keeps of pulls: the cursor with what it follows, charts by person, parts of lists by key."""

    cursor: str | None = None
    links: dict[str, Linked] = field(default_factory=dict)
    listed: set[str] = field(default_factory=set)

    async def pull(self, desk: Desk) -> None:
        """From where the last page was kept to the end."""
        more = True
        while more:
            flow = translator.pull(desk.account, self.cursor, list(self.links.values()), desk.moment, frozenset())
            page = await desk.run(flow)
            for one in page.charts:
                self.listed |= {f"{part.lens.type}/{part.key}" for part in one.parts if one.patient_key is None}
                if one.patient_key is not None and not one.incomplete:
                    self.links[one.patient_key] = Linked("p", one.patient_key, one.parts[0].record)
            self.cursor, more = page.cursor, page.more


async def _busy_instance() -> Desk:
    desk = Desk(account(history_days="30"))
    await desk.staff("admit", last_name="Here")
    await desk.staff("admit", last_name="Left")
    await desk.staff("discharge", last_name="Left")
    return desk


async def _two_pulls(desk: Desk, kept: Kept, cut: int | None) -> None:
    """A first load and, after changes, a second pull; whoever is cut off begins again where the cursor stands."""
    for number in range(2):
        try:
            desk.cut = cut
            await kept.pull(desk)
        except Lost:
            desk.cut = None
            await kept.pull(desk)
        if number == 0:
            desk.cut = None
            await desk.staff("chart", last_name="Here", fields={"email": "new@example.org"})
            desk.now += timedelta(hours=1)


async def test_a_pull_that_is_cut_off_after_any_call_ends_the_same() -> None:
    whole = await _busy_instance()
    expected = Kept()
    await _two_pulls(whole, expected, None)
    assert len(expected.links) == 2
    for cut in range(1, len(whole.calls) + 1):
        desk, kept = await _busy_instance(), Kept()
        await _two_pulls(desk, kept, cut)
        assert desk.cut is None or len(desk.calls) >= cut
        assert (kept.links, kept.listed, kept.cursor) == (expected.links, expected.listed, expected.cursor), cut


@pytest.mark.parametrize("text", ["nonsense", "[]", '{"sinces": 1}', '{"since": "yesterday"}'])
async def test_a_cursor_that_is_none_is_named(text: str) -> None:
    desk = Desk()
    with pytest.raises(Misconfigured, match="cursor"):
        await desk.pull(text, types=frozenset({"Patient"}))


def test_a_cursor_survives_being_written() -> None:
    at = Cursor("2026-04-16T15:30:00+00:00", None, None, "census", 3, "1:x", 70)
    assert Cursor.read(at.written(), Desk().now) == at
