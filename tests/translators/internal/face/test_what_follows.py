"""What follows a write of staff: a version with its Provenance, an entry of the audit trail, a push, a notification."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from gateway.provenance.witness import provenance_witness
from gateway.services import Services
from tests.gateway.audit.administrator import ADMIN, events
from tests.gateway.conftest import Fhir, Outbox, Template
from tests.gateway.subscriptions.conftest import Line, line
from tests.gateway.subscriptions.conftest import events as notified
from tests.gateway.subscriptions.wishes import wish
from tests.security.world import World
from tests.translators.internal.face.api import Api

__all__ = ["line"]


async def test_a_new_version_says_who_has_made_it(
    api: Api, client: Fhir, template: Template, services: Services
) -> None:
    services.store.witnesses.append(provenance_witness)
    made = await api.patient()
    await api.patch(f"/patients/{made['id']}", {"base_version": 1, "city": "Ellery"})
    found = (await client.ask("GET", f"Provenance?target=Patient/{made['id']}&_sort=recorded")).json()
    told = [each["resource"] for each in found["entry"]]
    assert [each["activity"]["coding"][0]["code"] for each in told] == ["CREATE", "UPDATE"]
    assert [each["target"][0]["reference"] for each in told] == [
        f"Patient/{made['id']}/_history/{version}" for version in (1, 2)
    ]
    assert {each["agent"][0]["who"]["identifier"]["value"] for each in told} == {template.clients["north"][0]}


async def test_the_audit_trail_names_the_patient_and_the_client(
    api: Api, http: httpx.AsyncClient, services: Services, template: Template
) -> None:
    made = await api.patient()
    await api.get(f"/patients/{made['id']}")
    await api.patch(f"/patients/{made['id']}", {"base_version": 1, "city": "Ellery"})
    await api.ask("PATCH", f"/patients/{made['id']}", {"base_version": 1, "city": "Lost"})
    await services.audit.flush()
    trail = await events(World(http, services).caller(ADMIN), f"entity=Patient/{made['id']}")
    assert [(each["subtype"][0]["code"], each["outcome"]) for each in reversed(trail)] == [
        ("create", "0"), ("read", "0"), ("update", "0"), ("update", "4"),
    ]  # fmt: skip
    assert all(template.clients["north"][0] in repr(each["agent"]) for each in trail)
    assert "Ellery" not in repr(trail)


async def test_a_write_is_handed_over_to_be_pushed_and_a_refused_one_is_not(api: Api, outbox: Outbox) -> None:
    made = await api.patient()
    await api.patch(f"/patients/{made['id']}", {"base_version": 1, "city": "Ellery"})
    refused = await api.ask("PATCH", f"/patients/{made['id']}", {"base_version": 1, "city": "Lost"})
    assert refused.status_code == 409
    assert outbox.handed == [[f"Patient/{made['id']}/1"], [f"Patient/{made['id']}/2"]]


@pytest.mark.parametrize("criteria", ["Patient?address-city=Ellery"])
async def test_subscribers_are_told(api: Api, line: Line, criteria: str) -> None:
    await line.subscribe(wish(criteria=criteria))
    made = await api.patient()
    await line.deliver()
    assert line.receiver.told("event-notification") == []
    await api.patch(f"/patients/{made['id']}", {"base_version": 1, "city": "Ellery"})
    await line.deliver()
    (told,) = line.receiver.told("event-notification")
    focus: Any = [event["focus"]["valueReference"]["reference"] for event in notified(told)]
    assert [place.rpartition("/Patient/")[2] for place in focus] == [made["id"]]
