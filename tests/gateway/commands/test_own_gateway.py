"""A gateway of its own, for a stand-in: made once, the same again afterwards, and let in as any other."""

from __future__ import annotations

from pathlib import Path

import httpx

from gateway.commands.own_gateway import ADDRESS, CLIENT, own_gateway
from gateway.translation.sandbox import Own


async def token(own: Own, http: httpx.AsyncClient) -> str:
    form = {"grant_type": "client_credentials", "scope": "system/Patient.cruds"}
    answer = await http.post("/oauth/practice/token", data=form, auth=(own.client_id, own.client_secret))
    return str(answer.raise_for_status().json()["access_token"])


async def test_what_was_written_is_there_the_next_time(tmp_path: Path) -> None:
    clients, totals = set(), []
    for _ in range(2):
        async with own_gateway(tmp_path / "own", "practice") as own:
            transport = httpx.ASGITransport(own.app)
            async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as http:
                http.headers["Authorization"] = f"Bearer {await token(own, http)}"
                made = await http.post("/fhir/r4/practice/Patient", json={"resourceType": "Patient"})
                found = await http.get("/fhir/r4/practice/Patient?_summary=count")
                assert made.status_code == 201, made.text
                totals.append(found.json()["total"])
        clients.add(own.client_id)
    assert (totals, len(clients)) == ([1, 2], 1)
    assert (tmp_path / "own" / CLIENT).stat().st_mode & 0o077 == 0


async def test_nobody_comes_in_without_a_token(tmp_path: Path) -> None:
    async with own_gateway(tmp_path, "practice") as own:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(own.app), base_url=ADDRESS) as http:
            assert (await http.get("/fhir/r4/practice/Patient")).status_code == 401
        assert own.client_secret not in repr(own)
