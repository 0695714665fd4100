"""FHIR delete: http.html#delete."""

from __future__ import annotations

from tests.gateway.conftest import Fhir, Outbox, issue, patient


async def test_deletes_and_says_so_again(client: Fhir, outbox: Outbox) -> None:
    made = await client.create(patient())
    first = await client.ask("DELETE", f"Patient/{made['id']}")
    assert (first.status_code, first.content, first.headers["etag"]) == (204, b"", 'W/"2"')
    again = await client.ask("DELETE", f"Patient/{made['id']}")
    assert (again.status_code, "etag" in again.headers) == (204, False)
    assert await client.total("Patient?") == 0
    assert outbox.handed[1:] == [[f"Patient/{made['id']}/2"]]


async def test_what_never_was_is_deleted(client: Fhir) -> None:
    assert (await client.ask("DELETE", "Patient/unheard-of")).status_code == 204


async def test_if_match(client: Fhir) -> None:
    await client.ask("PUT", "Patient/p", patient(id="p"))
    refused = await client.ask("DELETE", "Patient/p", headers={"If-Match": 'W/"2"'})
    assert (refused.status_code, issue(refused)["code"]) == (412, "conflict")
    assert (await client.ask("DELETE", "Patient/none", headers={"If-Match": 'W/"1"'})).status_code == 412
    assert (await client.ask("DELETE", "Patient/p", headers={"If-Match": "1"})).status_code == 400
    assert (await client.ask("DELETE", "Patient/p", headers={"If-Match": 'W/"1"'})).status_code == 204


async def test_a_type_that_is_not_served(client: Fhir) -> None:
    assert (await client.ask("DELETE", "Starship/1")).status_code == 404


async def test_another_organisation_deletes_nothing(client: Fhir, south: Fhir) -> None:
    made = await client.create(patient())
    assert (await south.ask("DELETE", f"Patient/{made['id']}")).status_code == 204
    assert (await client.ask("GET", f"Patient/{made['id']}")).status_code == 200
