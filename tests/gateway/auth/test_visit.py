"""The pages of a launch: their forms, cookies, headers, and what happens to forms from elsewhere."""

from __future__ import annotations

import html
import re

import pytest

from gateway.auth.attempts import MAX_TRIES
from gateway.auth.authorization_request import LIFETIME_US, seal, unseal
from gateway.auth.clients import disable_client
from gateway.auth.sessions import IDLE_US
from gateway.faults import Malformed
from tests.gateway.auth.launching import DOCTOR, OPERATOR, PATIENT, Browser, Clinic
from tests.gateway.auth.launching import clinic as clinic
from tests.gateway.conftest import issue

SECOND = 1_000_000


async def at_consent(clinic: Clinic, email: str = PATIENT, **asked: str) -> Browser:
    browser = clinic.browser()
    await browser.open(clinic.register().asks("openid patient/Patient.rs", **asked))
    await browser.sign_in(email)
    return browser


async def test_no_page_is_kept_or_framed(clinic: Clinic) -> None:
    browser = await at_consent(clinic)
    headers = browser.page.headers
    assert headers["cache-control"] == "no-store"
    assert headers["content-security-policy"] == (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' https://app.example; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    assert headers["referrer-policy"] == "no-referrer"
    assert "<script" not in browser.page.text


async def test_cookies(clinic: Clinic) -> None:
    browser = clinic.browser()
    await browser.open(clinic.register().asks())
    form = browser.page.headers["set-cookie"]
    await browser.sign_in(PATIENT)
    session = browser.page.headers.get_list("set-cookie")[0]
    for cookie in (form, session):
        said = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"httponly", "samesite=lax", "secure", "path=/oauth/north"} <= said


async def test_a_form_from_elsewhere_does_nothing(clinic: Clinic) -> None:
    browser = await at_consent(clinic)
    allow = {"request": browser.hidden("request"), "decision": "allow", "patient/Patient.rs": "on"}
    csrf = browser.hidden("csrf")
    other = (await at_consent(clinic)).hidden("csrf")
    for sent in (allow, {**allow, "csrf": ""}, {**allow, "csrf": other}, {**allow, "csrf": csrf + "0"}):
        answer = await browser.http.post("/oauth/north/consent", data=sent)
        assert answer.status_code == 403, answer.text
        assert "location" not in answer.headers
    cross = {"Sec-Fetch-Site": "cross-site"}
    assert (
        await browser.http.post("/oauth/north/consent", data={**allow, "csrf": csrf}, headers=cross)
    ).status_code == 403
    assert (await browser.http.post("/oauth/north/consent", data={**allow, "csrf": csrf})).status_code == 303


async def test_the_sign_in_form_is_bound_to_its_browser(clinic: Clinic) -> None:
    browser, other = clinic.browser(), clinic.browser()
    await browser.open(clinic.register().asks())
    other.page = browser.page
    assert (await other.sign_in(PATIENT)).status_code == 403


async def test_requests_cannot_be_made_up(clinic: Clinic) -> None:
    browser = await at_consent(clinic)
    sealed = browser.hidden("request")
    for text in ("", "made-up", sealed[:-4] + "AAA=", sealed.upper(), "é"):
        answer = await browser.send("consent", request=text, decision="allow")
        assert answer.status_code == 400, answer.text
        assert "location" not in answer.headers
        browser.page = (await at_consent(clinic)).page


async def test_a_request_of_one_organisation_is_none_at_another(clinic: Clinic) -> None:
    browser = await at_consent(clinic)
    south = clinic.services.auth.realm("south")
    asked = unseal(clinic.services.auth, clinic.realm, browser.hidden("request"))
    with pytest.raises(Malformed):
        unseal(clinic.services.auth, south, browser.hidden("request"))
    assert unseal(clinic.services.auth, south, seal(clinic.services.auth, south, asked)) == asked


async def test_a_page_that_was_open_for_too_long(clinic: Clinic) -> None:
    browser = await at_consent(clinic)
    clinic.clock.advance(LIFETIME_US / SECOND)
    answer = await browser.allow()
    assert (answer.status_code, "location" in answer.headers) == (400, False)


async def test_a_session_that_ended_meanwhile_is_asked_for_again(clinic: Clinic) -> None:
    app, browser = clinic.register(), clinic.browser()
    await browser.open(app.asks("openid patient/Patient.rs"))
    await browser.sign_in(PATIENT)
    clinic.clock.advance(IDLE_US / SECOND)
    await browser.open(app.asks("openid patient/Patient.rs"))
    assert "Sign in" in browser.text


async def test_a_client_that_went_meanwhile(clinic: Clinic) -> None:
    browser = await at_consent(clinic)
    client_id = unseal(clinic.services.auth, clinic.realm, browser.hidden("request")).client_id
    answer = await browser.http.get("/oauth/north/authorize", params={"client_id": client_id})
    assert answer.status_code == 400
    await clinic.services.store.session_write(lambda s: disable_client(s, clinic.realm.org, client_id, now=1))
    assert (await browser.allow()).status_code == 404


async def test_who_looks_over_the_shoulder_of_another_launch(clinic: Clinic) -> None:
    """A page made for a practitioner, sent in the session of a patient: the patient gets no other's record."""
    doctor, patient = clinic.browser(), clinic.browser()
    asked = clinic.register().asks("openid launch/patient patient/Patient.rs")
    await doctor.open(asked)
    await doctor.sign_in(DOCTOR)
    await doctor.send("patient", patient="p-2")
    stolen = doctor.hidden("request")
    await patient.open(asked)
    await patient.sign_in(PATIENT)
    await patient.send("consent", request=stolen, decision="allow", **{"patient/Patient.rs": "on"})
    assert patient.answer.params["error"] == "access_denied"
    assert "code" not in patient.answer.params


async def test_prompt_and_max_age(clinic: Clinic) -> None:
    app, browser = clinic.register(), clinic.browser()
    scope = "openid patient/Patient.rs"
    await browser.open(app.asks(scope))
    await browser.sign_in(PATIENT)
    await browser.allow()
    await browser.open(app.asks(scope, prompt="none"))
    assert "code" in browser.answer.params
    await browser.open(app.asks("openid patient/*.rs", prompt="none"))
    assert browser.answer.params["error"] == "consent_required"
    clinic.clock.advance(600)
    for again in ({"prompt": "login"}, {"max_age": "300"}):
        await browser.open(app.asks(scope, **again))
        assert "Sign in" in browser.text
    await browser.open(app.asks(scope, max_age="3600"))
    assert "code" in browser.answer.params
    await browser.open(app.asks(scope, prompt="login", login_hint=OPERATOR))
    assert OPERATOR in browser.text
    await browser.sign_in(PATIENT)
    assert "code" in browser.answer.params
    claims = await clinic.redeem(app, browser.answer.params["code"])
    assert claims.status_code == 200


async def test_guessing_passwords_is_paused(clinic: Clinic) -> None:
    browser = clinic.browser()
    await browser.open(clinic.register().asks())
    for _ in range(MAX_TRIES):
        assert (await browser.sign_in(PATIENT, "wrong wrong wrong")).status_code == 401
        assert "do not belong together" in browser.text
    paused = await browser.sign_in(PATIENT)
    assert paused.status_code == 429
    assert int(paused.headers["retry-after"]) > 0


async def test_a_name_is_text_and_no_markup(clinic: Clinic) -> None:
    browser = clinic.browser()
    name = "<script>alert(1)</script>"
    await browser.open(clinic.register(name=name).asks(login_hint='"><script>'))
    assert name in browser.text
    assert "<script" not in browser.page.text


async def test_what_is_told_about_a_fault_is_a_page(clinic: Clinic) -> None:
    answer = await clinic.http.post("/oauth/north/consent", content=b"{}", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (415, "text/html; charset=utf-8")
    wrong = await clinic.http.get("/oauth/north/consent")
    assert wrong.status_code == 405
    assert issue((await clinic.http.get("/oauth/north/nothing")).json())["code"] == "not-found"


async def test_a_sealed_request_shows_nothing(clinic: Clinic) -> None:
    browser = await at_consent(clinic)
    asked = unseal(clinic.services.auth, clinic.realm, browser.hidden("request"))
    shown = re.findall(r'name="request" value="([^"]*)"', html.unescape(browser.page.text))
    assert all(asked.code_challenge not in text and asked.state not in text for text in shown)
