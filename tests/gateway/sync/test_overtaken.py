"""A reading that a push or another pull has overtaken sets nothing back; what was shown unchanged is counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gateway.sync.push import Begun
from gateway.translation.contract import Chart, Linked, PullPage, Pushed
from tests.gateway.sync.clinic import Clinic, patient
from tests.gateway.sync.vendor import chart, counts, record, take


async def test_what_was_asked_for_before_a_push_sets_nothing_back(clinic: Clinic) -> None:
    await clinic.connect("internal", push="false")
    await clinic.put(patient("p1", "Pushed"))
    push = clinic.services.sync.workflows.pushes.push
    begun, pushed = Begun(Chart(patient("p1")), Linked("p1"), "digest"), Pushed("7", record(last="Pushed"))
    await clinic.write(lambda tx: push.succeed(tx, clinic.realm, "internal", begun, pushed, 1, "w"))
    (link,) = await clinic.links("internal")
    synced = datetime.fromtimestamp(link.synced / 1_000_000, UTC)
    before, after = (synced + timedelta(seconds=seconds) for seconds in (-1, 1))
    assert await take(clinic, chart(record(last="Older"), asked=before)) == counts(unchanged=1)
    assert (await clinic.version("Patient", "p1"), (await clinic.links("internal"))[0].record) == (1, link.record)
    assert await take(clinic, chart(record(last="Newer"), asked=after)) == counts(updated=1)
    # What does not tell when it was asked for, and who is not known yet, is taken as it comes.
    assert await take(clinic, chart(record(last="Newest"))) == counts(updated=1)
    assert await take(clinic, chart(record(id="8", last="Other"), asked=before)) == counts(created=1)


async def test_what_an_emr_shows_unchanged_counts_as_that(clinic: Clinic) -> None:
    await clinic.connect("internal", push="false")
    pull, page = clinic.services.sync.workflows.pulls.pull, PullPage((), None, more=False, gone=20, unchanged=19)
    done = await clinic.write(lambda tx: pull.apply(tx, clinic.realm, "internal", page, None))
    assert done == counts(unchanged=19)
    assert (await clinic.connection("internal")).charts_seen == 20
    for last, told in (("First", counts(created=1)), ("First", counts()), ("Second", counts(updated=1))):
        page = PullPage((chart(record(last=last)),), None, more=False, counted=True)
        assert await clinic.write(lambda tx, page=page: pull.apply(tx, clinic.realm, "internal", page, None)) == told  # type: ignore[misc]
