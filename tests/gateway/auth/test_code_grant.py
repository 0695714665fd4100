"""Codes and refresh tokens: good once, for whom they were made, and what happens to those who come second."""

from __future__ import annotations

from typing import Any

import anyio
import httpx
import pytest
from sqlmodel import Session

from gateway.auth.grants import OFFLINE_US
from gateway.auth.sessions import ABSOLUTE_US, IDLE_US
from gateway.auth.tables import Client, UserAccount
from gateway.auth.verification import REMEMBERED
from tests.gateway.auth.conftest import payload
from tests.gateway.auth.launching import CHALLENGE, DOCTOR, OPERATOR, PATIENT, REDIRECT, STANDALONE, VERIFIER, Clinic
from tests.gateway.auth.launching import clinic as clinic

SECOND = 1_000_000


def refused(answer: httpx.Response, error: str = "invalid_grant") -> None:
    assert answer.status_code in (400, 401), answer.text
    assert answer.json()["error"] == error, answer.text
    assert "access_token" not in answer.text


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"code_verifier": ""}, "invalid_request"),
        ({"code_verifier": "w" * 43}, "invalid_grant"),
        ({"code_verifier": CHALLENGE}, "invalid_grant"),
        ({"code_verifier": "short"}, "invalid_request"),
        ({"redirect_uri": f"{REDIRECT}/"}, "invalid_grant"),
        ({"redirect_uri": ""}, "invalid_grant"),
        ({"code": "made-up"}, "invalid_grant"),
        ({"code": "x" * 9999}, "invalid_grant"),
        ({"code": ""}, "invalid_request"),
        ({"client_id": "nobody"}, "invalid_client"),
    ],
)
async def test_a_wrong_exchange_gives_nothing_and_uses_nothing(
    clinic: Clinic, changed: dict[str, str], error: str
) -> None:
    app = clinic.register()
    code = await clinic.code(app)
    refused(await clinic.redeem(app, **{"code": code, **changed}), error)
    assert (await clinic.redeem(app, code)).status_code == 200


async def test_a_code_is_another_clients(clinic: Clinic) -> None:
    app, other = clinic.register(), clinic.register()
    code = await clinic.code(app)
    refused(await clinic.redeem(other, code))
    assert (await clinic.redeem(app, code)).status_code == 200


async def test_a_code_expires(clinic: Clinic) -> None:
    app = clinic.register()
    code = await clinic.code(app)
    clinic.clock.advance(60)
    refused(await clinic.redeem(app, code))


async def test_a_second_use_of_a_code_ends_what_the_first_one_gave(clinic: Clinic) -> None:
    app = clinic.register()
    code = await clinic.code(app)
    tokens = (await clinic.redeem(app, code)).json()
    assert await clinic.works(tokens["access_token"])
    refused(await clinic.redeem(app, code))
    clinic.clock.advance(REMEMBERED)
    assert not await clinic.works(tokens["access_token"])
    refused(await clinic.refresh(app, tokens["refresh_token"]))


async def test_of_two_uses_at_once_one_wins_and_both_lose(clinic: Clinic) -> None:
    app = clinic.register()
    code = await clinic.code(app)
    answers: list[httpx.Response] = []

    async def redeem() -> None:
        answers.append(await clinic.redeem(app, code))

    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(redeem)
    good = [answer for answer in answers if answer.status_code == 200]
    assert len(good) == 1
    assert not await clinic.works(good[0].json()["access_token"])


@pytest.mark.parametrize("kind", ["basic", "post"])
async def test_a_confidential_client_has_to_prove_itself(clinic: Clinic, kind: str) -> None:
    app = clinic.register(public=False)
    form = {
        "grant_type": "authorization_code", "code": await clinic.code(app), "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    }  # fmt: skip
    refused(await clinic.http.post("/oauth/north/token", data={**form, "client_id": app.client_id}), "invalid_client")
    if kind == "basic":
        wrong = (app.client_id, "wrong")
        refused(await clinic.http.post("/oauth/north/token", data=form, auth=wrong), "invalid_client")
        answer = await clinic.http.post("/oauth/north/token", data=form, auth=(app.client_id, app.secret or ""))
    else:
        named = {"client_id": app.client_id, "client_secret": app.secret or ""}
        answer = await clinic.http.post("/oauth/north/token", data={**form, **named})
    assert answer.status_code == 200, answer.text


async def test_a_confidential_client_needs_pkce_too(clinic: Clinic) -> None:
    app = clinic.register(public=False)
    code = await clinic.code(app)
    refused(await clinic.redeem(app, code, code_verifier=""), "invalid_request")


async def test_refresh_tokens_rotate(clinic: Clinic) -> None:
    app = clinic.register()
    first = await clinic.tokens(app)
    answer = await clinic.refresh(app, first["refresh_token"])
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    second = answer.json()
    assert second["refresh_token"] != first["refresh_token"]
    assert (second["scope"], second["patient"]) == (STANDALONE, "p-1")
    assert await clinic.works(second["access_token"])
    assert payload(second["id_token"])["sub"] == payload(first["id_token"])["sub"]
    third = (await clinic.refresh(app, second["refresh_token"], scope=STANDALONE)).json()
    refused(await clinic.refresh(app, second["refresh_token"]))
    refused(await clinic.refresh(app, third["refresh_token"]))
    clinic.clock.advance(REMEMBERED)
    assert not await clinic.works(second["access_token"])
    assert not await clinic.works(third["access_token"])


async def test_a_refresh_token_of_another_client_does_no_harm(clinic: Clinic) -> None:
    app, other = clinic.register(), clinic.register()
    tokens = await clinic.tokens(app)
    used = tokens["refresh_token"]
    refused(await clinic.refresh(other, used))
    newer = (await clinic.refresh(app, used)).json()["refresh_token"]
    refused(await clinic.refresh(other, used))
    assert (await clinic.refresh(app, newer)).status_code == 200


@pytest.mark.parametrize("text", ["made-up", "", "x" * 9999])
async def test_a_refresh_token_that_is_none(clinic: Clinic, text: str) -> None:
    app = clinic.register()
    refused(await clinic.refresh(app, text), "invalid_grant" if text else "invalid_request")


@pytest.mark.parametrize(
    ("scope", "granted"),
    [
        ("patient/Patient.rs", "patient/Patient.rs"),
        ("patient/Observation.r", "patient/Observation.r"),
        ("patient/Observation.rs?category=laboratory", "patient/Observation.rs?category=laboratory"),
    ],
)
async def test_a_refresh_may_ask_for_less(clinic: Clinic, scope: str, granted: str) -> None:
    app = clinic.register()
    answer = await clinic.refresh(app, (await clinic.tokens(app))["refresh_token"], scope=scope)
    assert answer.json()["scope"] == granted
    again = await clinic.refresh(app, answer.json()["refresh_token"])
    assert again.json()["scope"] == STANDALONE, "what was granted stays"


@pytest.mark.parametrize("scope", ["patient/*.rs", "patient/Patient.cruds", "user/Patient.rs", "system/*.rs", "x"])
async def test_a_refresh_may_not_ask_for_more(clinic: Clinic, scope: str) -> None:
    app = clinic.register()
    token = (await clinic.tokens(app))["refresh_token"]
    refused(await clinic.refresh(app, token, scope=scope), "invalid_scope")
    assert (await clinic.refresh(app, token)).status_code == 200, "a refusal uses nothing"


async def test_offline_access_outlives_the_session_and_three_months(clinic: Clinic) -> None:
    app = clinic.register()
    token = (await clinic.tokens(app))["refresh_token"]
    clinic.clock.advance(93 * 24 * 3600)
    token = (await clinic.refresh(app, token)).json()["refresh_token"]
    clinic.clock.advance(OFFLINE_US / SECOND)
    refused(await clinic.refresh(app, token))


async def test_online_access_ends_with_the_session(clinic: Clinic) -> None:
    app, browser = clinic.register(), clinic.browser()
    await browser.open(app.asks("openid online_access patient/Patient.rs"))
    await browser.sign_in(PATIENT)
    await browser.allow()
    tokens = (await clinic.redeem(app, browser.answer.params["code"])).json()
    token = tokens["refresh_token"]
    for _ in range(3):  # an application in use keeps its user online
        clinic.clock.advance(IDLE_US / SECOND - 60)
        token = (await clinic.refresh(app, token)).json()["refresh_token"]
    clinic.clock.advance(ABSOLUTE_US / SECOND)
    refused(await clinic.refresh(app, token))


async def test_signing_out_ends_online_access(clinic: Clinic) -> None:
    app, browser = clinic.register(), clinic.browser()
    await browser.open(app.asks("openid online_access patient/Patient.rs"))
    await browser.sign_in(PATIENT)
    page = browser.page
    await browser.allow()
    tokens = (await clinic.redeem(app, browser.answer.params["code"])).json()
    browser.page = page
    await browser.send("sign-out")
    assert "Sign in" in browser.text
    refused(await clinic.refresh(app, tokens["refresh_token"]))


async def test_signing_out_everywhere_ends_all_that_came_of_it(clinic: Clinic) -> None:
    app, phone, browser = clinic.register(), clinic.browser(), clinic.browser()
    offline = await clinic.tokens(app, scope="openid offline_access patient/Patient.rs")
    of_doctor = await clinic.tokens(app, DOCTOR, "openid offline_access user/Patient.rs")
    await phone.open(app.asks("openid patient/Patient.rs"))
    await phone.sign_in(PATIENT)
    await browser.open(app.asks("openid patient/Patient.rs", prompt="consent"))
    await browser.sign_in(PATIENT)
    await browser.send("sign-out", everywhere="yes")
    assert "Sign in" in browser.text
    await phone.open(app.asks("openid patient/Patient.rs"))
    assert "Sign in" in phone.text, "the session of another browser"
    refused(await clinic.refresh(app, offline["refresh_token"]))
    assert (await clinic.refresh(app, of_doctor["refresh_token"])).status_code == 200, "somebody else's"
    clinic.clock.advance(REMEMBERED)
    assert not await clinic.works(offline["access_token"])
    assert await clinic.works(of_doctor["access_token"])


async def change(clinic: Clinic, model: Any, key: str, **values: Any) -> None:
    def write(session: Session) -> None:
        row = session.get_one(model, (clinic.realm.org, key))
        for name, value in values.items():
            setattr(row, name, value)
        session.add(row)

    await clinic.services.store.session_write(write)


async def test_a_disabled_user_is_out_within_seconds(clinic: Clinic) -> None:
    app = clinic.register()
    tokens = await clinic.tokens(app)
    assert await clinic.works(tokens["access_token"])
    await change(clinic, UserAccount, PATIENT, disabled=1)
    clinic.clock.advance(REMEMBERED)
    assert not await clinic.works(tokens["access_token"])
    refused(await clinic.refresh(app, tokens["refresh_token"]))


async def test_a_narrowed_registration_narrows_what_was_granted(clinic: Clinic) -> None:
    app = clinic.register()
    tokens = await clinic.tokens(app)
    await change(clinic, Client, app.client_id, scopes="openid patient/Patient.rs")
    assert (await clinic.refresh(app, tokens["refresh_token"])).json()["scope"] == "openid patient/Patient.rs"


async def test_the_caller_of_a_users_token(clinic: Clinic) -> None:
    app = clinic.register()
    await change(clinic, Client, app.client_id, purposes="TREAT HPAYMT")
    tokens = await clinic.tokens(app, OPERATOR, "openid launch/patient patient/Patient.rs user/Observation.rs")
    caller = await clinic.services.auth.verifier.verify(clinic.realm, tokens["access_token"])
    assert (caller.patient, caller.fhir_user, caller.user_email) == ("p-1", None, OPERATOR)
    assert caller.purposes == {"TREAT", "HPAYMT"}
    assert caller.grant == payload(tokens["access_token"])["grant"]
    assert str(caller.scopes) == "openid launch/patient patient/Patient.rs user/Observation.rs"
