"""Stays: the older reading never replaces the newer one, and a destination is ordered once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.sync import lock
from gateway.translation.contract import DischargeLock, Part, Referral, Stay
from gateway.translation.lens import ResourceMap
from gateway.translation.rows import Field, Way
from tests.gateway.sync.clinic import Clinic
from tests.gateway.sync.vendor import BINDINGS, chart, counts, record, stay, take

ORDER = ResourceMap(
    "ServiceRequest",
    frozenset(),
    (Field("status", "status", way=Way.READ), Field("name", "performer[0].display", way=Way.READ)),
    constants={"intent": "order"},
).bound(BINDINGS)
LOCK = DischargeLock("chart-update", "Discharged: locked")
NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
PEOPLE = count(100)
Json = dict[str, Any]


@pytest.fixture
async def emr(clinic: Clinic) -> Clinic:
    await clinic.connect("internal", push="false")
    return clinic


def reading(
    at: int = 0, to: tuple[str, str] | None = None, *, who: str = "7", key: str = "s1", rank: int = 1, **said: Any
) -> Any:
    """A chart as it was at minute `at`; `to`: key and name of where the stay discharges to."""
    parts = {"subject": f"emr:Patient/{who}", "encounter": f"emr:Encounter/{key}"}
    part = Part(ORDER, f"{key}/{to[0]}", {"status": "active", "name": to[1]}, parts) if to else None
    referral = Referral(part, ORDER, {"status": "revoked"})
    of = Stay(key, NOON + timedelta(minutes=at), rank, referral=referral)
    return chart(record(id=who, **said), stay(key, who), stay=of)


async def phone(clinic: Clinic) -> str:
    (patient,) = await clinic.all("Patient")
    return str(patient["telecom"][0]["value"])


async def orders(clinic: Clinic, who: str = "7") -> dict[str, str]:
    """Key of the destination → status of its order; one that was made twice is seen."""
    patient = next(link.local_id for link in await clinic.links("internal") if link.external_key == who)
    mine = {
        order["id"]: order["status"]
        for order in await clinic.all("ServiceRequest")
        if order["subject"] == {"reference": f"Patient/{patient}"}
    }
    links = {link.local_id: link.external_key for link in await clinic.links("internal", "ServiceRequest")}
    found = {str(links[id]).rpartition("/")[2]: status for id, status in mine.items()}
    assert len(found) == len(mine)
    return found


class TestOrder:
    async def test_what_was_fetched_before_and_comes_after_is_not_taken(self, emr: Clinic) -> None:
        await take(emr, reading(5, phone="2"))
        assert await take(emr, reading(4, phone="1")) == counts(unchanged=1)
        assert await phone(emr) == "2"
        assert await take(emr, reading(5, phone="3")) == counts(updated=1)

    async def test_side_by_side_the_newest_wins(self, emr: Clinic) -> None:
        await asyncio.gather(*(take(emr, reading(at, phone=str(at + 1))) for at in (3, 9, 1, 7, 5)))
        assert await phone(emr) == "10"
        assert len(await emr.all("Patient")) == 1

    async def test_each_stay_has_an_order_of_its_own_and_the_latest_stay_tells_of_the_person(self, emr: Clinic) -> None:
        await take(emr, reading(1, phone="1"))
        await take(emr, reading(2, key="s2", rank=2, phone="2"))
        told = reading(9, phone="3", to=("a", "Harbor House"))
        assert await take(emr, told) == counts(updated=1)
        assert (await phone(emr), await orders(emr)) == ("2", {"a": "active"})

    async def test_a_chart_of_no_known_age_is_taken(self, emr: Clinic) -> None:
        await take(emr, reading(5, phone="2"))
        ageless = chart(record(phone="1"), stay(), stay=Stay("s1"))
        assert await take(emr, ageless) == counts(updated=1)

    async def test_a_chart_that_is_refused_leaves_the_stay_as_it_was(self, emr: Clinic) -> None:
        await take(emr, reading(1, phone="1"))
        assert await take(emr, reading(9, tongue="yes")) == counts(failed=1)
        assert await take(emr, reading(5, phone="5")) == counts(updated=1)


class TestReferral:
    async def test_the_order_is_the_stay_s(self, emr: Clinic) -> None:
        await take(emr, reading(1, ("a", "Harbor House")))
        (order,), (stay_,), (patient,) = (
            await emr.all("ServiceRequest"), await emr.all("Encounter"), await emr.all("Patient"),
        )  # fmt: skip
        assert order["encounter"] == {"reference": f"Encounter/{stay_['id']}"}
        assert order["subject"] == {"reference": f"Patient/{patient['id']}"}
        assert order["meta"]["source"].endswith("/Endpoint/internal")
        told = [p for p in await emr.all("Provenance") if order["id"] in str(p["target"])]
        assert len(told) == 1

    async def test_what_a_client_says_of_the_order_stays(self, emr: Clinic) -> None:
        await take(emr, reading(1, ("a", "Harbor House")))
        (order,) = await emr.all("ServiceRequest")
        await emr.put({**order, "status": "completed"})
        assert await take(emr, reading(2, ("a", "Harbor Recovery House"))) == counts(updated=1)
        (after,) = await emr.all("ServiceRequest")
        assert (after["status"], after["performer"]) == ("completed", [{"display": "Harbor Recovery House"}])

    async def test_pulls_at_once_make_one(self, emr: Clinic) -> None:
        await asyncio.gather(*(take(emr, reading(1, ("a", "Harbor House"))) for _ in range(4)))
        assert await orders(emr) == {"a": "active"}


DESTINATIONS = st.sampled_from((None, ("a", "Harbor House"), ("b", "Cedar House"), ("a", "Harbor Recovery")))
PULLS = st.tuples(st.integers(0, 9), st.booleans())
HISTORIES = st.lists(st.tuples(DESTINATIONS, st.lists(PULLS, max_size=3)), min_size=1, max_size=8)
"""What staff fill in, one after the other, and the pulls between: of how many changes ago, and if by two at once."""


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(history=HISTORIES)
async def test_any_history_of_destinations_leaves_one_order_for_each(emr: Clinic, history: list[Any]) -> None:
    who, filled = str(next(PEOPLE)), [destination for destination, _ in history]
    pulls = [(max(0, now - age), twice) for now, (_, some) in enumerate(history) for age, twice in some]
    newest, made = -1, set[str]()
    for at, twice in (*pulls, (len(filled) - 1, False)):
        taken = [take(emr, reading(at, filled[at], who=who, key=f"stay-{who}")) for _ in range(1 + twice)]
        assert all(found["failed"] == 0 for found in await asyncio.gather(*taken))
        if at >= newest:
            newest = at
            made |= {filled[at][0]} if filled[at] else set()
        active = filled[newest][0] if filled[newest] else None
        assert await orders(emr, who) == {key: "active" if key == active else "revoked" for key in made}


async def test_a_lock_holds_back_what_is_known_and_nothing_else(emr: Clinic) -> None:
    def discharged(at: int, key: str, rank: int, **said: Any) -> Any:
        of = Stay(key, datetime.now(UTC) + timedelta(minutes=at), rank, discharged=True, lock=LOCK)
        return chart(record(**said), stay(key, status="finished"), stay=of)

    assert await take(emr, discharged(1, "s1", 1, phone="1")) == counts(created=1)
    assert await take(emr, discharged(2, "s1", 1, phone="2")) == counts(skipped=1)
    # A later stay that ended unseen as well: taken once, and the record stays locked.
    assert await take(emr, discharged(3, "s2", 2, phone="3")) == counts(updated=1)
    assert await take(emr, discharged(4, "s2", 2, phone="4")) == counts(skipped=1)
    assert (await phone(emr), len(await emr.all("Encounter"))) == ("3", 2)
    id = (await emr.connection("internal")).id or 0
    (one,) = await emr.session(lambda session: lock.locked(session, id, 10))
    assert (one["reason"], one["patient"]) == (LOCK.reason, f"Patient/{(await emr.all('Patient'))[0]['id']}")
