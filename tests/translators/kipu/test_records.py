"""What a push tells of a chart's other resources: their keys, and the records that both sides know from then on."""

from __future__ import annotations

from gateway.translation.contract import Linked
from tests.translators.kipu.desk import Desk
from tests.translators.kipu.people import COVERAGE, ENCOUNTER, chart
from translators.kipu.coverage import COVERAGE as POLICY
from translators.kipu.encounter import ENCOUNTER as STAY


async def test_stays_and_policies_are_remembered_as_they_were_pushed() -> None:
    desk = Desk()
    pushed = await desk.push(chart(encounters=(ENCOUNTER,), coverages=(COVERAGE,)), Linked("p-1"))
    if pushed.external_id is None:
        pushed = await desk.push(
            chart(encounters=(ENCOUNTER,), coverages=(COVERAGE,)), Linked("p-1", None, pushed.record)
        )
    stay, policy = f"Encounter/{ENCOUNTER['id']}", f"Coverage/{COVERAGE['id']}"
    assert set(pushed.records) == set(pushed.links) == {stay, policy}
    assert pushed.records[stay]["admission_date"]
    assert (
        POLICY.bound(desk.account.bindings).to_fhir(pushed.records[policy]).value["subscriberId"]
        == COVERAGE["subscriberId"]
    )
    assert STAY.bound(desk.account.bindings).to_fhir(pushed.records[stay]).value["status"]
