"""25: spellings of paths, methods in disguise, and headers that would decide what links say."""

from __future__ import annotations

import httpx
import pytest

from tests.gateway.conftest import NORTH, Fhir, GetToken, patient


@pytest.mark.parametrize(
    "spelling",
    [
        "patient/{}", "PATIENT/{}", "Patient%2f{}", "Patient;x=1/{}", "Patient./{}", "Patient/{}.", "Patient/{};v=1",
        "./Patient/{}", "Observation/../Patient/{}", "Patient/{}/", "Patient//{}", "Patient/%2e%2e/Patient/{}",
        "Patient/{}%00", "Patient/{}%0d%0aX-Evil:%201", "Patient/{}/..%2f", "Patient%20/{}", "\uff30atient/{}",
    ],
)  # fmt: skip
async def test_25_one_spelling_only(client: Fhir, http: httpx.AsyncClient, token: GetToken, spelling: str) -> None:
    """Whoever may not read Patients finds no other name for them."""
    made = await client.create(patient(family="Secret"))
    limited = await token("system/Observation.rs")
    request = http.build_request("GET", f"{NORTH}/x", headers={"Authorization": f"Bearer {limited}"})
    raw = f"/fhir/r4/north/{spelling.format(made['id'])}".encode()
    request.url = request.url.copy_with(raw_path=httpx.URL(f"https://x{raw.decode()}").raw_path)
    answer = await http.send(request)
    assert answer.status_code in (400, 403, 404, 405), answer.text
    assert "Secret" not in answer.text
    assert "x-evil" not in answer.headers


@pytest.mark.parametrize(
    "header",
    ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method", "X-Original-URL", "X-Rewrite-URL"],
)
async def test_25_no_method_in_disguise(client: Fhir, header: str) -> None:
    made = await client.create(patient())
    place = f"Patient/{made['id']}"
    await client.ask("GET", f"{place}?_method=DELETE", headers={header: "DELETE"})
    await client.ask("POST", f"{place}?_method=DELETE", None, headers={header: "DELETE"})
    assert (await client.ask("GET", place)).status_code == 200


async def test_25_links_come_from_the_settings(client: Fhir) -> None:
    evil = {
        "Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher",
        "Forwarded": "host=evil.example;proto=http", "X-Forwarded-Prefix": "/evil", "X-Forwarded-Port": "1",
    }  # fmt: skip
    made = await client.ask("POST", "Patient", patient(), headers=evil)
    assert made.headers["Location"].startswith(f"{NORTH}/Patient/")
    for asked in ("Patient?_count=1", "metadata", ".well-known/smart-configuration", "_history"):
        answer = await client.ask("GET", asked, headers=evil)
        assert answer.status_code == 200, asked
        assert "evil.example" not in answer.text


@pytest.mark.parametrize("id", ["a\r\nX-Evil: 1", "a\nb", "../x", "a b", "a/b", "", "x" * 65, "a;b", "%0d%0a", "ä"])
async def test_25_ids_that_are_no_ids(client: Fhir, id: str) -> None:
    answer = await client.ask("POST", "", {
        "resourceType": "Bundle", "type": "transaction",
        "entry": [{"resource": {**patient(), "id": id}, "request": {"method": "PUT", "url": f"Patient/{id}"}}],
    })  # fmt: skip
    assert answer.status_code == 400
    assert "x-evil" not in answer.headers


@pytest.mark.parametrize("value", ["x\r\nX-Evil: 1", "short", "y" * 129, "<script>", "a b c d e f g h"])
async def test_25_a_request_id_that_is_not_plausible_is_not_repeated(client: Fhir, value: str) -> None:
    answer = await client.ask("GET", "metadata", headers={"X-Request-Id": value})
    assert answer.headers["X-Request-Id"] != value
    assert "x-evil" not in answer.headers
