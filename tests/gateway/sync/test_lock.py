"""The discharge lock, with KIPU's sandbox: when it closes, what it holds back, and what opens it."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from gateway.commands.connection import list_connections, push_order, unlock_record
from gateway.faults import Invalid, NotFound
from gateway.sync.orders import Order
from tests.gateway.sync.clinic import Clinic, outputs, until

pytestmark = pytest.mark.asyncio(loop_scope="module")
REASON = "Patient Discharged: EMR Updates Locked"
NUMBERS = count(1)
Json = dict[str, Any]


class Ward:
    """One patient of KIPU's, seen over a connection of its own or over one whose webhooks are never called."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic, self.number = clinic, next(NUMBERS)
        self.name, self.family = "silent", f"Lock{self.number:03d}"

    async def open(self, own: bool = True, **settings: str) -> Ward:
        self.name = f"ward-{self.number}" if own else "silent"
        rows = (await list_connections(self.clinic.services, "north"))["connections"]
        if all(row["connection"] != self.name for row in rows):
            await self.clinic.connect("kipu", as_=self.name, push="false", **settings)
        return self

    async def admit(self) -> str:
        return str((await self.clinic.staff("kipu", "admit", last_name=self.family))["casefile_id"])

    async def discharge(self, **arguments: Any) -> None:
        await self.clinic.staff("kipu", "discharge", last_name=self.family, **arguments)

    async def edit(self, **fields: Any) -> None:
        await self.clinic.staff("kipu", "chart", last_name=self.family, fields=fields)

    async def pull(self) -> Json:
        counts = await self.clinic.services.sync.workflows.now("pull", Order(1, "north", self.name))
        assert counts["failed"] == 0
        assert "error" not in counts
        return counts

    async def hook(self, hook: str = "chart-update") -> None:
        connection = await self.clinic.connection(self.name)
        url = self.clinic.services.sync.connections.hooks(self.clinic.realm, connection)[hook]
        assert (await self.clinic.fhir.http.post(url)).status_code == 202

    async def patient(self) -> str:
        found = [one for one in await self.clinic.all("Patient") if self.is_mine(one)]
        return str(found[0]["id"])

    def is_mine(self, patient: Json) -> bool:
        mine = f"/NamingSystem/{self.name}-id"
        return any(i.get("system", "").endswith(mine) for i in patient["identifier"]) and self.family in str(patient)

    async def listed(self) -> Json:
        rows = (await list_connections(self.clinic.services, "north"))["connections"]
        return dict(next(row for row in rows if row["connection"] == self.name))

    async def is_locked(self) -> bool:
        id = await self.patient()
        return any(link.locked for link in await self.clinic.links(self.name) if link.local_id == id)

    async def orders(self) -> list[Json]:
        subject = {"reference": f"Patient/{await self.patient()}"}
        return [order for order in await self.clinic.all("ServiceRequest") if order["subject"] == subject]

    async def is_known(self) -> bool:
        return any(self.is_mine(one) for one in await self.clinic.all("Patient"))

    async def stays(self) -> list[Json]:
        subject = {"reference": f"Patient/{await self.patient()}"}
        return [stay for stay in await self.clinic.all("Encounter") if stay["subject"] == subject]

    def details(self, casefile: str) -> int:
        return self.clinic.network.made("kipu", "GET", f"/api/patients/{casefile.partition(':')[0]}")


@pytest.fixture
def ward(busy: Clinic) -> Ward:
    busy.network.calls.clear()
    return Ward(busy)


async def test_a_discharge_that_nothing_announced_is_taken_once_and_locks(ward: Ward) -> None:
    await ward.open(own=False)
    casefile = await ward.admit()
    await ward.pull()
    await ward.discharge()
    await ward.pull()
    (stay,) = await ward.stays()
    assert (stay["status"], await ward.is_locked()) == ("finished", True)
    assert (await ward.listed())["locked"] >= 1
    id = await ward.patient()
    task = await ward.clinic.task(ward.name, id)
    assert (task["status"], task["statusReason"]["text"], task["owner"]["reference"]) == (
        "completed", REASON, f"Endpoint/{ward.name}",
    )  # fmt: skip
    (told,) = [entry for entry in await ward.clinic.entries(ward.name) if entry.operation == "lock"]
    assert (told.resource, told.detail) == (
        f"Patient/{id}", f"{REASON}: the webhook chart-update has never been seen",
    )  # fmt: skip
    # What is filled in now is not taken, and not even asked for.
    asked = ward.details(casefile)
    await ward.edit(
        discharge_or_transition_name="Lakeside Program", discharge_or_transition_id=44, phone="+15135550199"
    )
    assert (await ward.pull())["skipped"] >= 1
    assert (await ward.pull())["skipped"] >= 1
    assert (ward.details(casefile), await ward.orders()) == (asked, [])
    # Pushes go on, and leave the lock to be seen.
    order = await push_order(ward.clinic.services, "north", ward.name, f"Patient/{id}")
    pushed = await ward.clinic.services.sync.workflows.now("push", order)
    assert pushed["status"] == "completed"
    assert (await ward.clinic.task(ward.name, id))["statusReason"]["text"] == REASON
    # Unlocked, the next pull takes the chart and makes the referral; it does not lock again.
    told_ = await unlock_record(ward.clinic.services, "north", ward.name, f"Patient/{id}")
    assert told_ == {"patient": f"Patient/{id}", "unlocked": True}
    assert "statusReason" not in await ward.clinic.task(ward.name, id)
    assert (await ward.pull())["updated"] >= 1
    (made,) = await ward.orders()
    assert (made["status"], made["performer"][0]["display"], await ward.is_locked()) == (
        "active",
        "Lakeside Program",
        False,
    )
    # The order came from this EMR: it is neither sent to it nor told as left out.
    order = await push_order(ward.clinic.services, "north", ward.name, f"Patient/{id}")
    await ward.clinic.services.sync.workflows.now("push", order)
    assert not any("ServiceRequest" in told for told in outputs(await ward.clinic.task(ward.name, id), "left-out"))
    await ward.edit(discharge_or_transition_name="", discharge_or_transition_id=None)
    await ward.pull()
    assert ([each["status"] for each in await ward.orders()], await ward.is_locked()) == (["revoked"], False)


async def test_unlocking_fetches_a_chart_that_lies_before_the_cursor(ward: Ward) -> None:
    await ward.open(own=False)
    casefile = await ward.admit()
    await ward.pull()
    await ward.discharge()
    await ward.pull()
    await ward.edit(discharge_or_transition_name="Cedar House", discharge_or_transition_id=45)
    chart = ward.clinic.emrs["kipu"].state["patients"][casefile.partition(":")[0]]
    chart["last_updated_at"] = chart["last_updated_at"].replace("2026", "2024")  # no window shows it any more
    await ward.pull()
    chart["last_updated_at"] = "2999-01-01T00:00:00.000Z"
    await unlock_record(ward.clinic.services, "north", ward.name, f"Patient/{await ward.patient()}")
    assert (await ward.pull())["updated"] >= 1
    assert [order["performer"][0]["display"] for order in await ward.orders()] == ["Cedar House"]


async def test_where_the_webhook_is_called_nothing_locks(ward: Ward) -> None:
    await ward.open()
    await ward.admit()
    await ward.hook()
    await ward.pull()
    await ward.discharge(discharging_to="Harbor Recovery")
    await ward.pull()
    assert (await ward.is_locked(), len(await ward.orders())) == (False, 1)
    assert await ward.clinic.status(ward.name, await ward.patient()) is None


async def test_a_new_stay_opens_the_record(ward: Ward) -> None:
    await ward.open(own=False)
    first = await ward.admit()
    await ward.pull()
    await ward.discharge()
    await ward.pull()
    assert await ward.is_locked()
    again = await ward.clinic.staff("kipu", "admit", casefile_id=first)
    assert again["casefile_id"] != first
    await ward.pull()
    assert (await ward.is_locked(), sorted(stay["status"] for stay in await ward.stays())) == (
        0,
        ["finished", "in-progress"],
    )
    assert "statusReason" not in await ward.clinic.task(ward.name, await ward.patient())


async def test_a_discharge_from_before_the_connection_could_not_be_announced(ward: Ward) -> None:
    await ward.admit()
    await ward.discharge()
    await ward.open()
    await ward.pull()
    assert (await ward.is_locked(), [stay["status"] for stay in await ward.stays()]) == (False, ["finished"])


async def test_a_record_that_is_not_locked_stays_as_it_is(ward: Ward) -> None:
    await ward.open(own=False)
    await ward.admit()
    await ward.pull()
    services, id = ward.clinic.services, await ward.patient()
    assert (await unlock_record(services, "north", ward.name, f"Patient/{id}"))["unlocked"] is False
    with pytest.raises(NotFound, match="has no chart of Patient/nobody"):
        await unlock_record(services, "north", ward.name, "Patient/nobody")
    with pytest.raises(Invalid, match="Write the patient as Patient/ID"):
        await unlock_record(services, "north", ward.name, id)


async def test_the_sandbox_calls_its_webhooks_and_the_news_comes_by_itself(ward: Ward) -> None:
    await ward.open(poll_minutes="44640")
    connection = await ward.clinic.connection(ward.name)
    hooks = ward.clinic.services.sync.connections.hooks(ward.clinic.realm, connection)
    await ward.clinic.staff("kipu", "webhooks", **hooks)
    ward.clinic.emrs["kipu"].switch(("hooks-twice",))
    try:
        await ward.admit()
        await until(ward.is_known)
        await ward.discharge(discharging_to="Harbor Recovery")
        await until(ward.orders)
    finally:
        ward.clinic.emrs["kipu"].switch(())
        await ward.clinic.staff("kipu", "webhooks")
    assert (await ward.is_locked(), len(await ward.orders())) == (False, 1)
    row = await ward.listed()
    assert all(hook["last_seen"] for hook in row["webhooks"].values())
    assert row["warnings"] == []
