"""Whose chart it is: what an operator answers on the page of a connection."""

from __future__ import annotations

from starlette.responses import Response

from gateway.commands.question import take_answer
from gateway.console.pages import see_other
from gateway.console.visit import Visit


async def answer(visit: Visit) -> Response:
    """POST /console/connections/[name]/answer"""
    name, patient = visit.request.path_params["name"], visit.form.get("patient", "")
    chart = visit.form.get("chart", "").strip() or None
    again = visit.form.get("answer") == "deliver-again"
    await take_answer(
        visit.services, visit.realm.slug, name, patient, None if again else chart or "", deliver_again=again
    )
    visit.did("answer", connection=name, patient=patient)
    return see_other(f"/console/connections/{name}#questions")
