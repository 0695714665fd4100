"""A create whose answer was lost, and the chart that a pull then shows: what the CRM changed since is not undone."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.sync import deliveries
from gateway.sync.deliveries import Delivery
from gateway.sync.links import LEASE_SECONDS
from tests.gateway.sync.clinic import Clinic, patient
from tests.gateway.sync.vendor import chart, counts, record, take

AT_FIRST = [{"system": "phone", "value": "9135550142", "use": "home"}]
SINCE = [{"system": "phone", "value": "9135550199", "use": "home"}]


@pytest.fixture
async def emr(clinic: Clinic) -> Clinic:
    await clinic.connect("internal", push="false")
    return clinic


async def went_out(clinic: Clinic, sent: int | None) -> None:
    id = (await clinic.connection("internal")).id or 0
    await clinic.session(lambda session: deliveries.keep(session, Delivery(connection=id, patient="p1", sent=sent)))


def shown(**more: Any) -> Any:
    return chart(record(phone="9135550142", **more), local_id="p1")


async def test_both_sides_changes_survive(emr: Clinic) -> None:
    (first,) = await emr.put(patient(telecom=AT_FIRST))
    await went_out(emr, first.updated)
    await emr.put(patient(telecom=SINCE))
    assert await take(emr, shown(last="Newname")) == counts(updated=1)
    (after,) = await emr.all("Patient")
    assert (after["name"][0]["family"], after["telecom"][0]["value"]) == ("Newname", "9135550199")
    (link,) = await emr.links("internal")
    assert (link.local_id, link.external_key) == ("p1", "7")


async def test_what_the_create_had_is_the_base_not_what_was_before(emr: Clinic) -> None:
    await emr.put(patient(telecom=AT_FIRST))
    (last,) = await emr.put(patient(telecom=SINCE))
    await went_out(emr, last.updated + 2 * LEASE_SECONDS * 1_000_000)
    await take(emr, shown())
    assert (await emr.all("Patient"))[0]["telecom"][0]["value"] == "9135550142"


async def test_without_a_create_the_record_is_news(emr: Clinic) -> None:
    await emr.put(patient(telecom=AT_FIRST))
    await emr.put(patient(telecom=SINCE))
    await take(emr, shown())
    assert (await emr.all("Patient"))[0]["telecom"][0]["value"] == "9135550142"
