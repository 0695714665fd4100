"""Pages of a pull: the cursor goes with what it follows, counts, and a log that is not flooded."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from gateway.faults import DatabaseBusy
from gateway.store.contract import Transaction
from gateway.sync import log
from gateway.sync.apply import Applied, Became, ChartApplication
from gateway.sync.pull import After, Counts
from gateway.sync.tables import Link
from gateway.translation.contract import Part, Pulled, PullPage
from tests.gateway.sync.clinic import Clinic
from tests.gateway.sync.vendor import PATIENT, chart, counts, places, record, take

TYPES = frozenset({"Patient"})


@pytest.fixture
async def emr(clinic: Clinic) -> Clinic:
    await clinic.connect("internal", push="false")
    return clinic


async def page(clinic: Clinic, types: frozenset[str], cursor: str | None) -> tuple[Counts, str | None, bool]:
    """One page from the sandbox."""
    sync = clinic.services.sync
    runner, _, _ = await sync.runners.runner(clinic.realm, "internal")
    moment = runner.moment()
    done = await sync.workflows.pulls.pull.page(clinic.realm, "internal", runner, moment, types, cursor)
    return done.counts, done.cursor, done.more


async def test_the_cursor_is_kept_with_the_page(emr: Clinic) -> None:
    await emr.staff("internal", "register", first_name="Ines", last_name="Example", date_of_birth="1971-02-03")
    done, cursor, _ = await page(emr, frozenset(), None)
    assert done["created"] >= 1
    assert cursor is not None
    assert (await emr.connection("internal")).cursor == cursor


async def test_one_pull_of_certain_types_leaves_the_cursor_alone(emr: Clinic) -> None:
    _, cursor, _ = await page(emr, TYPES, None)
    assert cursor is not None
    assert (await emr.connection("internal")).cursor is None


async def test_a_page_that_cannot_be_kept_leaves_the_cursor_where_it_was(emr: Clinic) -> None:
    class Broken:
        type = PATIENT.type

        def to_fhir(self, record: Any) -> Any:
            raise OperationalError("INSERT", {}, Exception("database is locked"))

    await take(emr, chart(record()), cursor="one", after=After(None))
    broken = Pulled("9", (Part(Broken(), "9", {}),))  # type: ignore[arg-type]
    with pytest.raises(DatabaseBusy):
        await take(emr, chart(record(id="8")), broken, cursor="two", after=After("one"))
    assert (await emr.connection("internal")).cursor == "one"
    assert len(await emr.all("Patient")) == 1


async def test_a_slower_pull_does_not_set_a_faster_one_back(emr: Clinic) -> None:
    await take(emr, cursor="one", after=After(None))
    await take(emr, cursor="two", after=After("one"))
    assert await take(emr, chart(record()), cursor="one", after=After(None)) == counts(created=1)
    assert (await emr.connection("internal")).cursor == "two"
    await take(emr, cursor=None, after=After("two"))
    assert (await emr.connection("internal")).cursor is None


async def test_lists_are_no_charts(emr: Clinic) -> None:
    assert await take(emr, places(b1="Bed 1", b2="Bed 2"), chart(record()), total=5) == counts(created=1)
    row = await emr.connection("internal")
    assert (row.charts_seen, row.charts_total) == (1, 5)
    assert len(await emr.all("Location")) == 2


async def test_the_rows_of_a_list_count_where_it_was_asked_for(emr: Clinic) -> None:
    pull = emr.services.sync.workflows.pulls.pull

    async def taken(**names: str) -> Counts:
        page = PullPage((places(**names),), None, more=False)
        return await emr.write(lambda tx: pull.apply(tx, emr.realm, "internal", page, None, lists=True))

    assert await taken(b1="Bed 1", b2="Bed 2") == counts(created=2)
    assert await taken(b1="Bed 1", b2="Bed 7", b3="Bed 3") == counts(created=1, updated=1, unchanged=1)


async def test_notes_are_told_once(emr: Clinic) -> None:
    pull = emr.services.sync.workflows.pulls.pull
    for gone in (0, 3):
        page = PullPage((), None, more=False, gone=gone, notes=("a list is switched off",))
        await emr.write(partial(pull.apply, realm=emr.realm, name="internal", page=page, after=None))
    (entry,) = await emr.entries("internal")
    assert (entry.operation, entry.status, entry.detail) == ("note", "skipped", "a list is switched off")
    assert (await emr.connection("internal")).charts_seen == 3


async def test_each_change_is_logged_and_nothing_else(emr: Clinic) -> None:
    for news in (record(), record(), record(phone="2"), record(phone="2")):
        await take(emr, chart(news))
    assert [(entry.operation, entry.status) for entry in await emr.entries("internal")] == [
        ("created", "ok"),
        ("updated", "ok"),
    ]


async def test_what_is_skipped_or_refused_pull_after_pull_is_logged_once_until_its_reason_changes(emr: Clinic) -> None:
    lacking, wrong = chart(record(), incomplete=("MR number",)), chart(record(id="8", tongue="yes"))
    for _ in range(3):
        assert await take(emr, lacking, wrong) == counts(skipped=1, failed=1)
    assert [entry.operation for entry in await emr.entries("internal")] == ["skipped", "failed"]
    await take(emr, chart(record(), incomplete=("admission date",)))
    assert [entry.detail for entry in await emr.entries("internal")][-1].endswith("admission date")


async def test_fields_without_a_rule_are_logged_once(emr: Clinic) -> None:
    for _ in range(3):
        await take(emr, chart(record(), unaccounted=("shoe_size", "hat")))
    details = [entry.detail for entry in await emr.entries("internal")]
    assert details == ["fields without a rule: shoe_size, hat"] * 2
    assert [entry.operation for entry in await emr.entries("internal")] == ["created", "unchanged"]


async def test_a_pull_is_seen_from_its_start_to_its_end(emr: Clinic) -> None:
    pull = emr.services.sync.workflows.pulls.pull
    await take(emr, chart(record()), cursor="one", after=After(None))
    cursor = await emr.write(lambda tx: pull.started(tx, emr.realm, "internal"))
    row = await emr.connection("internal")
    assert (cursor, row.charts_seen, row.charts_total) == ("one", 0, None)
    assert (row.pull_started is None, row.pull_finished is None) == (False, True)
    await emr.write(lambda tx: pull.finished(tx, emr.realm, "internal", counts(created=2), "the EMR is down"))
    row = await emr.connection("internal")
    assert (row.pull_error, row.cursor) == ("the EMR is down", "one")
    assert (row.pull_finished or 0) >= (row.pull_started or 0)
    await emr.write(lambda tx: pull.finished(tx, emr.realm, "internal", counts(created=2), None))
    entries = (await emr.entries("internal"))[-2:]
    assert [(entry.operation, entry.status) for entry in entries] == [("pull", "failed"), ("pull", "ok")]
    assert entries[-1].detail == "2 created, 0 updated, 0 unchanged, 0 skipped, 0 failed"
    assert (await emr.connection("internal")).pull_error is None


async def test_the_log_is_read_newest_first_in_pages(emr: Clinic) -> None:
    row = await emr.connection("internal")

    def write(session: Session) -> None:
        for number in range(5):
            status = "failed" if number % 2 else "ok"
            log.write(session, row, number, direction="pull", operation="o", status=status, detail=f"{number}" * 2000)

    await emr.session(write)
    shown = await emr.session(lambda session: log.latest(session, row.id or 0, 3))
    assert [entry["detail"][0] for entry in shown] == ["4", "3", "2"]
    assert {len(entry["detail"]) for entry in shown} == {log.MAX_DETAIL}
    assert list(shown[0]) == ["time", "direction", "resource", "operation", "status", "detail", "attempt"]
    failed = await emr.session(lambda session: log.page(session, row.id or 0, 10, failed=True))
    fine = await emr.session(lambda session: log.page(session, row.id or 0, 10, failed=False))
    assert [entry.time for entry in failed] == [3, 1]
    assert [entry.time for entry in fine] == [4, 2, 0]
    older = await emr.session(lambda session: log.page(session, row.id or 0, 10, before=failed[0].id))
    assert [entry.time for entry in older] == [2, 1, 0]


async def test_a_name_that_is_taken_is_a_race_first_and_the_chart_s_own_fault_only_when_it_is_so_each_time(
    emr: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    pull, attempts = emr.services.sync.workflows.pulls.pull, list[bool]()
    taken = [Link(org=1, connection=1, type="Patient", local_id=id, external_key="7") for id in ("p-one", "p-two")]

    def run(application: ChartApplication) -> Applied:
        application.session.add_all([Link(**link.model_dump(exclude={"id"})) for link in taken])
        application.session.flush()
        return Applied(Became.CREATED)

    def apply(tx: Transaction, racing: bool) -> Counts:
        attempts.append(racing)
        return pull.apply(
            tx, emr.realm, "internal", PullPage((chart(record()),), None, more=False), None, racing=racing
        )

    monkeypatch.setattr(ChartApplication, "run", run)
    assert await pull.write(emr.realm, apply) == counts(failed=1)
    is_one_of_several_writers = emr.services.store.engine.dialect.name == "postgresql"
    assert (attempts[0], attempts[-1], len(attempts) > 2) == (
        True,
        not is_one_of_several_writers,
        is_one_of_several_writers,
    )
    taken.pop()
    attempts.clear()
    assert (await pull.write(emr.realm, apply), attempts) == (counts(created=1), [True])
