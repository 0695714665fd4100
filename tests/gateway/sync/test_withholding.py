"""Labelled records go to an EMR for the purpose that its connection serves; what stays here is told in the Task."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.faults import Invalid
from gateway.search.labels import LabelRule
from gateway.sync.connections import Changed
from gateway.sync.withholding import opened, rule_of
from gateway.translation.contract import Chart, Pushed
from tests.gateway.sync.clinic import Clinic, outputs, patient
from tests.gateway.sync.test_push import begin, succeed
from tests.gateway.sync.test_push import ritten as ritten

ACT_CODE, REASON = (f"http://terminology.hl7.org/CodeSystem/v3-{name}" for name in ("ActCode", "ActReason"))


def condition(id: str, *labels: dict[str, str]) -> dict[str, Any]:
    subject = {"reference": "Patient/p1"}
    plain = {"resourceType": "Condition", "id": id, "subject": subject}
    return {**plain, "meta": {"security": list(labels)}} if labels else plain


PART_2 = {"system": ACT_CODE, "code": "42CFRPart2"}
FOR_RESEARCH = {"system": REASON, "code": "HRESCH"}


async def set_purpose(ritten: Clinic, codes: str) -> None:
    rooms, changed = ritten.services.sync.connections, Changed({"purpose": codes}, {})
    await ritten.session(lambda s: rooms.change(s, ritten.realm, "ritten", changed))


async def test_an_emr_treats_and_nothing_else(ritten: Clinic) -> None:
    await ritten.put(condition("open"), condition("treated", PART_2), condition("research", PART_2, FOR_RESEARCH))
    begun = await begin(ritten)
    assert begun is not None
    assert {each["id"] for each in begun.chart.of("Condition")} == {"open", "treated"}
    await succeed(ritten, begun, Pushed("17"))
    told = outputs(await ritten.task("ritten", "p1"), "left-out")
    assert any(each.startswith("Condition/research: Its security labels") for each in told)


async def test_a_purpose_that_is_set(ritten: Clinic) -> None:
    await ritten.put(condition("treated", PART_2), condition("research", PART_2, FOR_RESEARCH))
    await set_purpose(ritten, "HRESCH HPAYMT")
    begun = await begin(ritten)
    assert begun is not None
    assert {each["id"] for each in begun.chart.of("Condition")} == {"research"}
    with pytest.raises(Invalid, match="purpose"):
        await set_purpose(ritten, "anything")


async def test_a_patient_who_is_closed_is_not_pushed(ritten: Clinic) -> None:
    await ritten.put({**patient("p1"), "meta": {"security": [PART_2, FOR_RESEARCH]}})
    assert await begin(ritten) is None
    assert await ritten.status("ritten", "p1") == "failed"


def test_what_is_referred_to_is_withheld_too() -> None:
    closed = {"resourceType": "Organization", "id": "o", "meta": {"security": [PART_2]}}
    chart = Chart({"resourceType": "Patient", "id": "p"}, {}, {"Organization/o": closed})
    kept, withheld = opened(chart, LabelRule(()))
    assert kept.referenced == {}
    assert [each.expression for each in withheld] == ["Organization/o"]
    assert opened(chart, rule_of("TREAT")) == (chart, ())
