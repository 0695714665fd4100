"""20: what is parsed before it is known who sent it."""

from __future__ import annotations

import httpx
import pytest

from tests.gateway.conftest import NORTH

GARBAGE = b'{"resourceType": [[[['
PLACES = [
    ("POST", ""), ("POST", "Patient"), ("PUT", "Patient/x"), ("PATCH", "Patient/x"), ("DELETE", "Patient/x"),
    ("POST", "Patient/_search"), ("POST", "Patient/$validate"), ("POST", "Patient/$match"), ("POST", "$import"),
    ("POST", "Patient/x/$meta-add"), ("GET", "Patient?_sort=';--"), ("GET", "Patient?unknown:bad:bad=1"),
    ("GET", "Nothing/x"), ("GET", "via/none/Patient/x"), ("PUT", "Patient?identifier=|||"), ("GET", "AuditEvent"),
]  # fmt: skip


@pytest.mark.parametrize("token", [None, "garbage"])
@pytest.mark.parametrize(("method", "path"), PLACES)
async def test_20_who_is_unknown_learns_nothing_of_what_they_sent(
    http: httpx.AsyncClient, method: str, path: str, token: str | None
) -> None:
    headers = {"Content-Type": "application/fhir+json", "X-Provenance": "{"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    body = GARBAGE if method != "GET" else None
    answer = await http.request(method, f"{NORTH}/{path}".rstrip("/"), content=body, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["issue"][0]["code"] == "login"
