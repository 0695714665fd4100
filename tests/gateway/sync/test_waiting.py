"""Charts that are not complete yet are counted by what they lack, until they are taken."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.sync import overview, waiting
from gateway.sync.tables import Link
from tests.gateway.sync.clinic import Clinic
from tests.gateway.sync.vendor import chart, counts, record, take


@pytest.fixture
async def emr(clinic: Clinic) -> Clinic:
    await clinic.connect("internal", push="false")
    return clinic


async def lacking(clinic: Clinic) -> dict[str, int]:
    row = await clinic.connection("internal")
    return await clinic.session(lambda session: waiting.lacking(session, row.id or 0))


def without(*missing: str, **fields: Any) -> Any:
    return chart(record(**fields), incomplete=missing)


async def test_a_chart_of_nobody_waits_until_it_is_complete(emr: Clinic) -> None:
    await take(emr, without("admission date", "MR number"), without("MR number", id="8"), without("MR number", id="9"))
    assert await lacking(emr) == {"MR number": 2, "admission date, MR number": 1}
    assert (await emr.links("internal"), await emr.all("Patient")) == ([], [])
    await take(emr, without("MR number"), without("MR number", id="8"))
    assert await lacking(emr) == {"MR number": 3}
    assert await take(emr, chart(record()), chart(record(id="9"))) == counts(created=2)
    assert await lacking(emr) == {"MR number": 1}


async def test_one_whose_patient_is_here_says_it_on_the_link(emr: Clinic) -> None:
    await take(emr, chart(record()))
    await take(emr, without("MR number"), without("MR number", id="8"))
    assert await lacking(emr) == {"MR number": 2}
    ((link,)) = await emr.links("internal")
    assert link.missing == "MR number"
    await take(emr, chart(record()))
    assert await lacking(emr) == {"MR number": 1}


async def test_a_chart_that_cannot_be_taken_waits_on(emr: Clinic) -> None:
    await take(emr, without("MR number"))
    assert await take(emr, chart(record(tongue="yes"))) == counts(failed=1)
    assert await lacking(emr) == {"MR number": 1}


async def test_the_overview_shows_both(emr: Clinic) -> None:
    await take(emr, without("MR number"), without("MR number", id="8"))
    row, rooms = await emr.connection("internal"), emr.services.sync.connections
    link = Link(org=row.org, connection=row.id or 0, type="Patient", local_id="p", missing="date of birth")
    await emr.session(lambda session: session.add(link))
    told = await emr.session(lambda session: overview.connection(session, rooms, emr.realm, row, 0))
    assert (told["incomplete"], told["lacking"]) == (3, {"MR number": 2, "date of birth": 1})
