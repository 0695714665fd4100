"""Laws of policies: whatever a CRM makes of a patient's insurance, push after push, and wherever a push is cut."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.translation.contract import Call, Linked, Reply
from gateway.translation.rows import Resource
from tests.translators.ritten.driving import LINK, MOMENT, Clinic, Cut, chart, coverage, patient
from translators.ritten import translator

CODES = ("60054", "87726", "NOBODY")
MEMBERS = ("M1", "M2", "M3", "M4")


def policy(number: int, code: str, member: str, order: int, status: str) -> Resource:
    more: dict[str, Any] = {"period": {"end": "2025-01-31"}} if status == "cancelled" else {}
    payor = [{"identifier": {"value": code}}]
    return coverage(id=f"cov-{number}", subscriberId=member, payor=payor, order=order, status=status, **more)


@st.composite
def insurances(draw: st.DrawFn) -> list[Resource]:
    """Up to three policies; no two with one member id."""
    numbers = draw(st.lists(st.integers(1, 3), unique=True))
    members = draw(st.permutations(MEMBERS))
    status = st.sampled_from(("active", "active", "cancelled"))
    return [
        policy(number, draw(st.sampled_from(CODES)), member, draw(st.integers(1, 3)), draw(status))
        for number, member in zip(numbers, members, strict=False)
    ]


class Forgetful(Clinic):
    """Loses the answer of call number `lost`, which the EMR has carried out; remembers halves as the gateway does."""

    lost: int | None = None
    link: Linked = LINK

    async def attempt(self, call: Call) -> Reply:
        reply = await super().attempt(call)
        if call.halfway is not None and self.link.external_id is None:
            half = call.halfway(reply)
            self.link = replace(self.link, external_id=half.external_id, record=half.record)
        return reply

    async def send(self, call: Call) -> Reply:
        reply = await super().send(call)
        if call.token is not None and len(self.sent) == self.lost:
            self.lost = None
            raise Cut
        return reply

    async def pushed(self, *policies: Resource) -> None:
        """Until it is through, as the gateway would try again."""
        while True:
            try:
                done = await self(translator.push(self.account, chart(patient(), *policies), self.link, MOMENT))
            except Cut:
                continue
            keys = {**self.link.keys, **done.links}
            self.link = Linked("pat-1", done.external_id, done.record, keys=keys)
            return

    @property
    def items(self) -> dict[str, dict[str, Any]]:
        (stored,) = self.patients("Winter")
        return {item["id"]: item for item in stored["insurance"]}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(insurances(), min_size=1, max_size=4), st.integers(1, 14), st.sampled_from(["merge", "replace"]))
def test_each_policy_stands_there_once_as_the_chart_has_it(
    versions: list[list[Resource]], lost: int, arrays: str
) -> None:
    async def run() -> None:
        clinic = Forgetful(options={"arrays": arrays})
        clinic.lost = lost
        told: set[str] = set()
        for policies in versions:
            await clinic.pushed(*policies)
            sent = [each for each in policies if each["status"] == "active" and is_known(each)]
            told |= {each["id"] for each in sent}
            keys = [clinic.link.keys[f"Coverage/{each['id']}"] for each in sent]
            assert len(set(keys)) == len(keys)
            for each, key in zip(sent, keys, strict=True):
                item = clinic.items[key]
                assert item["memberIdentifier"] == each["subscriberId"]
                assert item["payerId"] == clinic.payer(each["payor"][0]["identifier"]["value"])
                assert item["orderNumber"] == each["order"]
            assert len(clinic.items) <= len(told)

    asyncio.run(run())


def is_known(policy: Resource) -> bool:
    return bool(policy["payor"][0]["identifier"]["value"] != "NOBODY")
