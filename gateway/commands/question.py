"""crosswalk connection questions, answer: whose chart it is, where the gateway does not guess."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from sqlmodel import Session

from gateway.commands.answer import Json, print_json, realm_of, with_services
from gateway.commands.conflict import app as app
from gateway.commands.connection import Org, patient_id
from gateway.faults import Invalid
from gateway.services import Services
from gateway.store import document
from gateway.sync import deliveries


@app.command("questions")
def show(org: Org, name: str) -> None:
    """Patients of whom nobody knows which chart of the EMR is theirs; the oldest first."""

    async def work(services: Services) -> None:
        print_json(await questions_of(services, org, name))

    with_services(work)


@app.command("answer")
def answer(
    org: Org,
    name: str,
    patient: Annotated[str, typer.Argument(metavar="Patient/ID")],
    chart: Annotated[str | None, typer.Option(help="The EMR's id of the patient's chart.")] = None,
    deliver_again: Annotated[bool, typer.Option("--deliver-again", help="The EMR never got the patient.")] = False,
) -> None:
    """Say which chart is the patient's, or that the patient is to be delivered again."""

    async def work(services: Services) -> None:
        print_json(await take_answer(services, org, name, patient, chart, deliver_again=deliver_again))

    with_services(work)


async def questions_of(services: Services, org: str, name: str) -> Json:
    realm, rooms = await realm_of(services, org), services.sync.connections

    def read(session: Session) -> list[dict[str, Any]]:
        rows = deliveries.asked(session, rooms.get(session, realm, name).id or 0)
        return [_shown(row) for row in rows]

    return {"questions": await services.store.session_read(read)}


def _shown(row: deliveries.Delivery) -> Json:
    sent = None if row.sent is None else document.instant(row.sent)
    return {"patient": f"Patient/{row.patient}", "sent": sent, "candidates": row.asked or []}


async def take_answer(
    services: Services, org: str, name: str, patient: str, chart: str | None, *, deliver_again: bool
) -> Json:
    """The push that follows waits in its queue."""
    if (chart is None) != deliver_again:
        raise Invalid("Give one of the two: the chart, or that it is to be delivered again", "chart")
    id, realm = patient_id(patient), await realm_of(services, org)
    answers = services.sync.outbox.answers
    await services.store.write(realm.org, lambda tx: answers.take(tx, realm, name, id, chart))
    return {"patient": patient, "answered": "deliver-again" if chart is None else "chart"}
