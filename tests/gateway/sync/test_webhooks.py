"""What is remembered of webhooks: when they were seen, and since when they are silent about changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest
from sqlmodel import Session

from gateway.commands.connection import change_connection, list_connections
from gateway.sync import webhooks
from gateway.sync.connections import Changed
from gateway.sync.webhooks import DAY, SKEW
from tests.gateway.sync.clinic import Clinic

T = TypeVar("T")
HOOK, OTHER = "chart-update", "patient-creation"
MONDAY = 1_780_000_000_000_000
NEVER = "the webhook chart-update has never been seen"
SILENT = "the webhook chart-update has told of no change for more than a day of changes"


@pytest.fixture
async def kipu(clinic: Clinic) -> Clinic:
    await clinic.connect("kipu")
    return clinic


async def told(clinic: Clinic, work: Callable[[Session, int], T]) -> T:
    id = (await clinic.connection("kipu")).id or 0
    return await clinic.session(lambda session: work(session, id))


async def test_one_that_was_never_seen_is_silent(kipu: Clinic) -> None:
    def story(session: Session, id: int) -> list[str | None]:
        webhooks.note_seen(session, id, {OTHER}, MONDAY)
        webhooks.note_change(session, id, HOOK, MONDAY, MONDAY)
        return [webhooks.silence(session, id, hook, MONDAY) for hook in (HOOK, OTHER)]

    assert await told(kipu, story) == [NEVER, None]


@pytest.mark.parametrize(
    ("changed", "found", "looked", "said"),
    [
        (MONDAY, MONDAY + SKEW, MONDAY + 9 * DAY, None),  # what the call was about
        (MONDAY + 2 * SKEW, MONDAY + DAY, MONDAY + 2 * DAY, None),  # a change since, but not a day of them
        (MONDAY + 2 * SKEW, MONDAY + DAY, MONDAY + 2 * DAY + 1, SILENT),
        (None, MONDAY + DAY, MONDAY + 9 * DAY, None),  # nobody knows when it was
    ],
)
async def test_a_silence_counts_in_changes_that_it_did_not_tell_of(
    kipu: Clinic, changed: int | None, found: int, looked: int, said: str | None
) -> None:
    def story(session: Session, id: int) -> list[str | None]:
        webhooks.note_seen(session, id, {HOOK}, MONDAY)
        webhooks.note_change(session, id, HOOK, changed, found)
        webhooks.note_change(session, id, HOOK, changed, found + DAY)  # the first one counts
        before = webhooks.silence(session, id, HOOK, looked)
        webhooks.note_seen(session, id, {HOOK}, looked)
        return [before, webhooks.silence(session, id, HOOK, looked + 9 * DAY)]

    assert await told(kipu, story) == [said, None]


async def test_the_list_of_connections_tells_and_warns(kipu: Clinic) -> None:
    await told(kipu, lambda session, id: webhooks.note_seen(session, id, {HOOK}, MONDAY))
    (row,) = (await list_connections(kipu.services, "north"))["connections"]
    assert row["webhooks"] == {OTHER: {"last_seen": None}, HOOK: {"last_seen": "2026-05-28T20:26:40.000+00:00"}}
    assert row["warnings"] == [
        "the webhook patient-creation has never been seen: enter its address in KIPU and see that it is active"
    ]


async def test_nothing_is_warned_of_where_nothing_is_pulled_or_called(clinic: Clinic) -> None:
    await clinic.connect("kipu", pull="false")
    await clinic.connect("ritten")
    rows = (await list_connections(clinic.services, "north"))["connections"]
    assert [(row["connection"], row["warnings"]) for row in rows if row["connection"] == "kipu"] == [("kipu", [])]
    await change_connection(clinic.services, "north", "kipu", Changed({"pull": "true"}, {}))
    rows = (await list_connections(clinic.services, "north"))["connections"]
    assert [len(row["warnings"]) for row in rows if row["connection"] == "kipu"] == [2]
