"""Who may ask, and that what is refused is told in the API's own shape."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import httpx

from tests.gateway.conftest import Fhir, GetToken
from tests.translators.internal.face.api import Api, Catalogue, refused

Staff = Callable[[str], Awaitable[Api]]


async def test_without_a_token_nothing_is_told(http: httpx.AsyncClient, catalogue: Catalogue) -> None:
    answer = await Api(http, None).ask("GET", "/patients")
    assert refused(answer, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_the_token_of_another_organisation_opens_nothing(http: httpx.AsyncClient, token: GetToken) -> None:
    answer = await Api(http, await token(org="south")).ask("GET", "/patients")
    assert refused(answer, 401)


async def test_who_may_see_patients_only_sees_them_whole(
    api: Api, staff: Staff, client: Fhir, catalogue: Catalogue
) -> None:
    """What stands in resources that the caller may not read is left out; the rest is told all the same."""
    made = await api.patient(location_uuid=catalogue.clinic)
    renamed = {"resourceType": "Location", "id": catalogue.clinic, "name": "Renamed"}
    assert (await client.ask("PUT", f"Location/{catalogue.clinic}", renamed)).status_code == 200
    assert (await api.get(f"/patients/{made['id']}"))["location"]["name"] == "Renamed"
    limited = await staff("system/Patient.cruds")
    shown = await limited.get(f"/patients/{made['id']}")
    assert shown["location"] == {"id": catalogue.clinic, "name": "Harbor Street Clinic"}, "as it was called then"
    assert shown["latest_vitals_date"] is None
    assert (await limited.get("/patients"))["items"] == [shown]
    assert refused(await limited.ask("GET", "/patients", location_uuid=catalogue.clinic), 403)
    body = {"base_version": 1, "location_uuid": catalogue.branch}
    assert refused(await limited.ask("PATCH", f"/patients/{made['id']}", body), 403)
    assert refused(await limited.ask("GET", "/patients/counts/by-location"), 403)
    reader = await staff("system/Patient.rs")
    assert refused(await reader.ask("POST", f"/patients/{made['id']}/archive"), 403)
    assert (await reader.post("/patients/check-duplicates", {"last_name": "x"}, 200))["total"] == 0
