"""Policies over time: which payer, which of Ritten's items, and what becomes of those that end or go."""

from __future__ import annotations

import shlex
from typing import Any

from gateway.translation.contract import Chart, Linked, Pushed
from gateway.translation.lens import LeftOut
from gateway.translation.unmapped import Unmapped
from tests.translators.ritten.driving import LINK, MOMENT, Clinic, account, chart, coverage, patient, payer
from translators.ritten import translator

SECOND: dict[str, Any] = {"id": "cov-2", "subscriberId": "M77", "order": 2}


async def push(clinic: Clinic, chart: Chart, link: Linked = LINK) -> Pushed:
    return await clinic(translator.push(clinic.account, chart, link, MOMENT))


def after(pushed: Pushed) -> Linked:
    """What the gateway remembers."""
    return Linked("pat-1", pushed.external_id, pushed.record, keys=pushed.links)


def told(pushed: Pushed, expression: str) -> LeftOut:
    return next(lost for lost in pushed.left_out if lost.expression == expression)


def items(clinic: Clinic) -> list[dict[str, Any]]:
    (stored,) = clinic.patients("Winter")
    found: list[dict[str, Any]] = stored["insurance"]
    return sorted(found, key=lambda item: item.get("orderNumber", 0))


async def test_the_two_causes_are_told_apart_and_noted() -> None:
    none = told(await push(Clinic(), chart(patient())), "Coverage")
    blank = told(await push(Clinic(), chart(patient(), coverage(payor=[{"display": "Prairie"}]))), "Coverage/cov-1")
    unknown = told(await push(Clinic(), chart(patient(), coverage(), referenced=(payer("EVG"),))), "Coverage/cov-1")
    assert "the CRM has none for this patient" in none.reason
    assert "the CRM left the payer blank" in blank.reason
    assert "payer code EVG is not mapped" in unknown.reason
    assert all(lost.notable for lost in (none, blank, unknown))
    assert [lost.unmapped for lost in (none, blank)] == [(), ()]


async def test_an_unmapped_code_names_the_payers_that_are_most_like_it() -> None:
    organization = payer("PR AIRIE") | {"name": "Prairie Health Plan"}
    lost = told(await push(Clinic(), chart(patient(), coverage(), referenced=(organization,))), "Coverage/cov-1")
    assert lost.unmapped == (Unmapped("payer", "PR AIRIE", None, ("60054 (Prairie Health)",)),)
    assert lost.reason.endswith("most like it in Ritten: 60054 (Prairie Health)")
    command = shlex.split(lost.reason.split("`")[1])
    assert command[-4:] == ["clinic", "payer", "PR AIRIE", "PAYERIDENTIFIER"]


async def test_a_mapping_to_nothing_tells_its_target() -> None:
    clinic = Clinic(account=account(mappings={"payer": {"EVG": "6005"}}))
    lost = told(await push(clinic, chart(patient(), coverage(), referenced=(payer("EVG"),))), "Coverage/cov-1")
    assert (lost.unmapped[0].source, lost.unmapped[0].target) == ("EVG", "6005")


async def test_payers_that_share_a_code_are_told_apart_by_their_names() -> None:
    clinic = Clinic()
    clinic.sandbox.state["payers"].append({"id": "twin", "payerIdentifier": "60054", "name": "Prairie Gold"})
    gold = payer() | {"name": "prairie gold"}
    await push(clinic, chart(patient(), coverage(), referenced=(gold,)))
    assert items(clinic)[0]["payerId"] == "twin"
    other = Clinic()
    other.sandbox.state["payers"].append({"id": "twin", "payerIdentifier": "60054", "name": "Prairie Gold"})
    lost = told(await push(other, chart(patient(), coverage(), referenced=(payer(),))), "Coverage/cov-1")
    assert "several payers" in lost.reason
    assert "twin (Prairie Gold)" in lost.unmapped[0].near


async def test_who_pays_alone_has_no_policy() -> None:
    lost = told(
        await push(Clinic(), chart(patient(), coverage(payor=[{"reference": "Patient/pat-1"}]))), "Coverage/cov-1"
    )
    assert not lost.notable


async def test_of_two_policies_the_one_that_maps_travels() -> None:
    clinic = Clinic()
    unknown = coverage(**SECOND, payor=[{"identifier": {"value": "NOBODY"}}])
    pushed = await push(clinic, chart(patient(), coverage(), unknown, referenced=(payer(),)))
    assert [item["memberIdentifier"] for item in items(clinic)] == ["M42"]
    assert "payer code NOBODY" in told(pushed, "Coverage/cov-2").reason
    clinic.account = account(mappings={"payer": {"NOBODY": "87726"}})
    await push(clinic, chart(patient(), coverage(), unknown, referenced=(payer(),)), after(pushed))
    assert [(item["orderNumber"], item["memberIdentifier"]) for item in items(clinic)] == [(1, "M42"), (2, "M77")]


async def test_policies_keep_their_order_whichever_came_first() -> None:
    clinic = Clinic()
    await push(clinic, chart(patient(), coverage(**SECOND), coverage(), referenced=(payer(),)))
    (stored,) = clinic.patients("Winter")
    assert [item["orderNumber"] for item in stored["insurance"]] == [1, 2]


async def test_a_policy_that_changed_altogether_is_still_the_same() -> None:
    clinic = Clinic()
    first = await push(clinic, chart(patient(), coverage(), referenced=(payer(),)))
    (before,) = items(clinic)
    changed = coverage(subscriberId="NEW", payor=[{"identifier": {"value": "87726"}}])
    await push(clinic, chart(patient(), changed), after(first))
    (item,) = items(clinic)
    assert (item["id"], item["memberIdentifier"]) == (before["id"], "NEW")
    assert item["payerId"] == clinic.payer("87726")


async def test_a_payer_that_was_corrected_makes_no_second_policy_even_without_a_key() -> None:
    clinic = Clinic()
    first = await push(clinic, chart(patient(), coverage(), referenced=(payer(),)))
    changed = coverage(payor=[{"identifier": {"value": "87726"}}])
    await push(clinic, chart(patient(), changed), Linked("pat-1", first.external_id, first.record))
    assert [item["payerId"] for item in items(clinic)] == [clinic.payer("87726")]


async def test_a_policy_that_was_cancelled_ends_in_ritten_too() -> None:
    clinic = Clinic()
    first = await push(clinic, chart(patient(), coverage(), referenced=(payer(),)))
    over = coverage(status="cancelled", period={"end": "2025-02-28"})
    pushed = await push(clinic, chart(patient(), over, referenced=(payer(),)), after(first))
    assert [(item["expirationDate"], item["payerId"]) for item in items(clinic)] == [
        ("2025-02-28", clinic.payer("60054"))
    ]
    assert not any(lost.notable for lost in pushed.left_out)
    clinic.sent.clear()
    await push(clinic, chart(patient(), over, referenced=(payer(),)), after(pushed))
    assert [call.method for call in clinic.sent] == ["GET"]


async def test_a_policy_that_the_chart_lost_is_told() -> None:
    clinic = Clinic()
    first = await push(clinic, chart(patient(), coverage(), coverage(**SECOND), referenced=(payer(),)))
    pushed = await push(clinic, chart(patient(), coverage(), referenced=(payer(),)), after(first))
    assert "end it in Ritten" in told(pushed, "Coverage (Ritten: insurance)").reason
    assert len(items(clinic)) == 2
    unmapped = coverage(**SECOND, payor=[{"identifier": {"value": "NOBODY"}}])
    kept = await push(clinic, chart(patient(), coverage(), unmapped, referenced=(payer(),)), after(first))
    assert not any("Ritten: insurance" in lost.expression for lost in kept.left_out)
