"""24: script that is stored: in narratives, in Binaries, in what a refusal repeats, on the console's pages."""

from __future__ import annotations

from base64 import b64encode
from urllib.parse import quote

import httpx
import pytest

from tests.gateway.conftest import NORTH, PUBLIC, Fhir, patient

SCRIPT = "<script>alert(1)</script>"


@pytest.mark.parametrize(
    "inside",
    [
        SCRIPT,
        '<img src="x" onerror="alert(1)"/>',
        '<a href="javascript:alert(1)">x</a>',
        "<iframe/>",
        "<object/>",
        '<p style="background:url(javascript:alert(1))">x</p>',
        "<form/>",
        '<p onclick="x()">x</p>',
        "<svg/>",
        "<style/>",
        '<a href="JaVaScRiPt:alert(1)">x</a>',
        '<a href=" javascript:alert(1)">x</a>',
        "<base/>",
        "<link/>",
        "<meta/>",
    ],
)
async def test_24_narratives_hold_no_script(client: Fhir, inside: str) -> None:
    div = f'<div xmlns="http://www.w3.org/1999/xhtml">{inside}</div>'
    answer = await client.ask("POST", "Patient", {**patient(), "text": {"status": "generated", "div": div}})
    assert answer.status_code == 400, inside


async def test_24_a_binary_is_never_a_page(client: Fhir) -> None:
    data = b64encode(f"<html>{SCRIPT}</html>".encode()).decode()
    for kind in ("text/html", "image/svg+xml", "application/xhtml+xml"):
        made = await client.create({"resourceType": "Binary", "contentType": kind, "data": data})
        for accept in ("text/html", "*/*", kind, "text/html,application/xhtml+xml,*/*;q=0.8", "application/fhir+json"):
            answer = await client.ask("GET", f"Binary/{made['id']}", headers={"Accept": accept})
            assert answer.status_code in (200, 406)
            assert answer.headers["Content-Type"].startswith("application/fhir+")
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("place", ["{}", "Patient/{}", "Patient?{}=x", "Patient?_sort={}", "Patient?_format={}", "${}"])
async def test_24_refusals_are_no_pages(client: Fhir, place: str) -> None:
    answer = await client.ask("GET", place.format(quote(SCRIPT, safe="")))
    assert answer.headers["Content-Type"].startswith("application/fhir+")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("where", ["/console/{}", "/console/sign-in?org={}", "/oauth/north/authorize?client_id={}"])
async def test_24_pages_escape_what_they_repeat(http: httpx.AsyncClient, where: str) -> None:
    answer = await http.get(PUBLIC + where.format(quote(f'">{SCRIPT}', safe="")))
    assert SCRIPT not in answer.text
    assert "script-src 'unsafe-inline'" not in answer.headers.get("Content-Security-Policy", "")
    assert answer.headers["Content-Security-Policy"]


async def test_24_outcomes_are_json_to_browsers(http: httpx.AsyncClient) -> None:
    answer = await http.get(f"{NORTH}/Patient/x", headers={"Accept": "text/html"})
    assert answer.headers["Content-Type"].startswith("application/fhir+json")
