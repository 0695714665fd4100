"""Questions of a connection: whose chart it is, where the gateway does not guess."""

from __future__ import annotations

from gateway.administration.asked import Posted
from gateway.administration.errand import Errand, Json
from gateway.commands import question


class Answered(Posted, frozen=True):
    """As `connection answer` takes it."""

    patient: str
    chart: str | None = None
    deliver_again: bool = False


async def listed(errand: Errand) -> Json:
    """GET connections/[name]/questions"""
    return await question.questions_of(errand.services, errand.org, errand.name)


async def answer(errand: Errand) -> Json:
    """POST connections/[name]/questions"""
    asked = errand.posted(Answered)
    return await question.take_answer(
        errand.services, errand.org, errand.name, asked.patient, asked.chart, deliver_again=asked.deliver_again
    )
