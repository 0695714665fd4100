"""Launching an application from the console."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlmodel import Session

from gateway.auth.clients import Registration, add_client
from tests.gateway.console.conftest import NOW, Browser, World

LAUNCH_URL = "https://app.example/launch"
REDIRECT = "https://app.example/after"


async def given(world: World) -> str:
    services = world.services
    services.auth.clock = lambda: world.clock() / 1_000_000

    def client(session: Session) -> str:
        registration = Registration(
            name="Chart View", scope="launch openid patient/*.rs", public=True, redirect_uris=(REDIRECT,),
            launch_url=LAUNCH_URL,
        )  # fmt: skip
        made, _ = add_client(
            session, world.realm.org, registration, types=services.definitions.all_types, allow_private=True, now=NOW,
            random=services.auth.random,
        )  # fmt: skip
        return made.client_id

    def records(transaction: Any) -> None:
        transaction.put({"resourceType": "Patient", "id": "p-1", "name": [{"given": ["Ada"], "family": "Quill"}]})

    await services.store.write(world.realm.org, records)
    return await services.store.session_write(client)


async def at_launch(world: World, role: str = "operator") -> Browser:
    browser = world.browser()
    await browser.sign_in(role)
    await browser.open("/console/launch")
    return browser


async def test_an_operator_launches_an_application(world: World) -> None:
    client_id = await given(world)
    browser = await at_launch(world)
    assert "Chart View" in browser.page.text
    browser.page = await browser.send("/console/launch", {"client_id": client_id, "name": "quill"})
    assert "1 found" in browser.page.text
    browser.page = await browser.send("/console/launch", {"client_id": client_id, "patient": "p-1"})
    found = re.search(r'id="begin" href="([^"]+)"', browser.page.text)
    assert found, browser.page.text
    address = html.unescape(found[1])
    assert address.startswith(f"{LAUNCH_URL}?")
    params = parse_qs(urlsplit(address).query)
    assert params["iss"] == [world.realm.fhir_base]
    assert "p-1" not in address
    asked = {
        "response_type": "code", "client_id": client_id, "redirect_uri": REDIRECT, "state": "s",
        "scope": "launch openid patient/Patient.rs", "launch": params["launch"][0], "aud": world.realm.fhir_base,
        "code_challenge": "c" * 43, "code_challenge_method": "S256",
    }  # fmt: skip
    page = await browser.http.get("/oauth/north/authorize", params=asked)
    assert "Let Chart View in?" in page.text, "whoever is signed in to the console is signed in"
    assert "Ada Quill" in page.text


async def test_what_is_not_there(world: World) -> None:
    browser = await at_launch(world)
    assert "No application has an address" in browser.page.text
    client_id = await given(world)
    for form in ({"client_id": "nobody"}, {"client_id": client_id, "patient": "nobody"}):
        assert (await browser.send("/console/launch", form)).status_code == 404


@pytest.mark.parametrize("role", ["viewer"])
async def test_viewers_launch_nothing(world: World, role: str) -> None:
    browser = await at_launch(world, role)
    assert browser.page.status_code == 403
    await browser.open("/console/")
    assert 'id="launch-app"' not in browser.page.text
