"""Discharging To as an order, stays, locked charts, charts by their keys, and the sandbox's webhooks."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from gateway.translation.contract import Linked, Pulled
from gateway.translation.sandbox import SandboxSetup
from tests.translators.kipu.desk import NOW, Desk
from translators.kipu import translator
from translators.kipu.referral import LOCK, changed, destination
from translators.kipu.sandbox import create

HOOKS = {"patient-creation": "https://gw.example/hooks/c", "chart-update": "https://gw.example/hooks/u"}


async def one(desk: Desk, key: str, *known: Linked) -> Pulled:
    (found,) = await desk.run(translator.fetch(desk.account, [key], known, desk.moment))
    return found


async def discharged(desk: Desk, **arguments: Any) -> str:
    admitted = await desk.staff("admit", last_name="Goeson")
    await desk.staff("discharge", last_name="Goeson", **arguments)
    return str(admitted["casefile_id"])


async def test_a_destination_is_an_order_of_the_stay() -> None:
    desk = Desk()
    key = await discharged(desk, discharging_to="Lakeside Program")
    found = await one(desk, key)
    assert found.stay is not None
    assert (found.stay.key, found.stay.discharged, found.stay.lock) == (key, True, LOCK)
    assert found.stay.changed == desk.now
    assert found.stay.referral is not None
    part = found.stay.referral.part
    assert part is not None
    assert part.key == f"{key}/destination-id:4"
    assert part.references == {
        "subject": f"emr:Patient/{key}",
        "encounter": f"emr:Encounter/{key}",
        "performer[0]": "emr:Organization/destination-id:4",
        "requester": "emr:Organization/facility:2",
    }
    order = part.lens.to_fhir(part.record).value
    assert (order["status"], order["intent"], order["performer"][0]["display"]) == (
        "active",
        "order",
        "Lakeside Program",
    )
    assert order["category"][0]["coding"][0]["code"] == "outbound-referral"
    assert order["code"]["coding"][0] == {
        "system": "http://snomed.info/sct",
        "code": "3457005",
        "display": "Patient referral",
    }
    assert order["occurrenceDateTime"].startswith("2026-04-16T15:32")
    revoked = {**part.record, **found.stay.referral.revoked}
    assert part.lens.absorb(revoked, order, part.record).value == {**order, "status": "revoked"}
    destinations = [p for p in found.parts if p.key == "destination-id:4"]
    assert [p.lens.to_fhir(p.record).value["name"] for p in destinations] == ["Lakeside Program"]


async def test_no_destination_is_no_order() -> None:
    desk = Desk()
    found = await one(desk, await discharged(desk))
    assert found.stay is not None
    assert found.stay.referral is not None
    assert found.stay.referral.part is None


@pytest.mark.parametrize(
    ("number", "name", "key"),
    [
        (4, "Cedar House", "destination-id:4"),
        ("4", "Cedar Home", "destination-id:4"),
        (None, " Cedar House ", "destination:Cedar House"),
        ("", "", None),
        (7, "", "destination-id:7"),
    ],
)
def test_a_destination_is_known_by_its_key_else_by_its_name(number: Any, name: str, key: str | None) -> None:
    assert destination({"discharge_or_transition_id": number, "discharge_or_transition_name": name}) == key


@pytest.mark.parametrize("text", ["", None, "yesterday", "2026-13-01T00:00:00Z"])
def test_a_chart_whose_age_cannot_be_read_has_none(text: str | None) -> None:
    assert changed({"last_updated_at": text}) is None
    naive = changed({"last_updated_at": "2026-04-16T15:30:00"})
    assert naive == NOW


async def test_details_of_a_locked_chart_are_not_asked_for() -> None:
    desk = Desk()
    key = await discharged(desk)
    _, cursor = await desk.pull()
    record = {**desk.of("Goeson")[0], "last_updated_at": "2026-04-16T15:31:00.000Z"}
    link = Linked("p1", key, record, locked=True)
    await desk.staff("chart", last_name="Goeson", fields={"phone": "+15135550100"})
    desk.calls.clear()
    pages, _ = await desk.pull(cursor, (link,))
    (held,) = [chart for page in pages for chart in page.charts if chart.patient_key == key]
    assert (held.parts, held.stay and held.stay.key, held.stay and held.stay.changed) == ((), key, desk.now)
    number = key.partition(":")[0]
    assert ("GET", f"/api/patients/{number}") not in desk.calls
    # A new stay of the same person is asked for.
    again = (await desk.staff("admit", casefile_id=key))["casefile_id"]
    pages, _ = await desk.pull(cursor, (link,))
    charts = {chart.stay.key: chart for page in pages for chart in page.charts if chart.stay}
    assert (charts[key].parts, bool(charts[again].parts), charts[again].patient_key) == ((), True, key)


async def test_keys_that_kipu_does_not_have_are_left_out() -> None:
    desk = Desk()
    key = await discharged(desk)
    master = key.partition(":")[2]
    wanted = [key, f"99999:{master}", "no key", "7", key]
    found = await desk.run(translator.fetch(desk.account, wanted, (), desk.moment))
    assert [chart.patient_key for chart in found] == [key]
    assert len(desk.calls) == 2


class TestWebhooks:
    """Of the sandbox."""

    async def called(self, *faults: str) -> list[tuple[str, str]]:
        """(address, casefile id) of what is called for an admission and a change."""
        calls: list[tuple[str, str]] = []

        def answer(request: httpx.Request) -> httpx.Response:
            calls.append((str(request.url), json.loads(request.content)["casefile_id"]))
            return httpx.Response(202)

        setup = SandboxSetup(clock=lambda: NOW + timedelta(seconds=len(calls)), faults=faults)
        sandbox = create(setup, transport=httpx.MockTransport(answer))
        http = httpx.AsyncClient(transport=httpx.ASGITransport(sandbox.app()), base_url="http://kipu.test")
        assert (await http.post("/_sandbox/webhooks", json=HOOKS)).json() == {"webhooks": sorted(HOOKS)}
        for command, told in (("admit", {}), ("chart", {"fields": {"phone": "1"}})):
            answered = await http.post(f"/_sandbox/{command}", json={"last_name": "Calls", **told})
            assert answered.status_code == 200, answered.text
        while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.gather(*tasks)
        return calls

    async def test_they_are_called_for_what_is_new_and_what_changed(self) -> None:
        calls = await self.called()
        assert [address for address, _ in calls] == [HOOKS["patient-creation"], *[HOOKS["chart-update"]] * 2]
        assert len({casefile for _, casefile in calls}) == 1

    async def test_twice_and_never(self) -> None:
        assert len(await self.called("hooks-twice")) == 6
        assert await self.called("hooks-lost") == []

    async def test_unknown_ones_are_refused(self) -> None:
        sandbox = create(SandboxSetup(options={"chart-update": "https://gw.example/u"}))
        assert sandbox.state["webhooks"] == {"chart-update": "https://gw.example/u"}
        with pytest.raises(ValueError, match="no such webhook"):
            await sandbox.commands["webhooks"]({"chart-deletion": "https://gw.example/d"})
