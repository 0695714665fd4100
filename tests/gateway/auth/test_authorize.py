"""The road of the authorization code: what is asked, who answers, and what the application gets."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from tests.gateway.auth.conftest import payload
from tests.gateway.auth.launching import (
    DOCTOR,
    NORTH,
    OPERATOR,
    PATIENT,
    REDIRECT,
    STANDALONE,
    VIEWER,
    Clinic,
)
from tests.gateway.auth.launching import clinic as clinic


async def test_a_patient_launches_an_application(clinic: Clinic) -> None:
    app, browser = clinic.register(), clinic.browser()
    await browser.open(app.asks())
    assert browser.page.status_code == 200
    assert "Chart app" in browser.text
    await browser.sign_in(PATIENT)
    assert "Ada Quill" in browser.text, "a patient is not asked which one they are"
    await browser.allow()
    assert browser.answer.to == REDIRECT
    assert browser.answer.params.keys() == {"code", "state", "iss"}
    assert browser.answer.params["state"] == "a-state"
    assert browser.answer.params["iss"] == NORTH
    answer = await clinic.redeem(app, browser.answer.params["code"])
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    tokens = answer.json()
    assert (tokens["token_type"], tokens["expires_in"], tokens["patient"]) == ("bearer", 3600, "p-1")
    assert tokens["scope"] == STANDALONE
    assert tokens.keys() >= {"access_token", "refresh_token", "id_token"}
    claims = payload(tokens["access_token"])
    assert (claims["patient"], claims["fhirUser"]) == ("p-1", f"{NORTH}/Patient/p-1")
    assert claims["sub"] == payload(tokens["id_token"])["sub"]
    assert await clinic.works(tokens["access_token"])


async def test_a_practitioner_finds_and_chooses_a_patient(clinic: Clinic) -> None:
    app, browser = clinic.register(), clinic.browser()
    await browser.open(app.asks())
    await browser.sign_in(DOCTOR)
    assert "Choose a patient" in browser.text
    await browser.send("patient", name="rook", birthdate="1980")
    assert "Ben Rook" in browser.text
    assert "Ada Quill" not in browser.text
    await browser.send("patient", patient="p-2")
    assert "Ben Rook" in browser.text
    await browser.allow()
    tokens = (await clinic.redeem(app, browser.answer.params["code"])).json()
    assert tokens["patient"] == "p-2"
    assert payload(tokens["id_token"])["fhirUser"] == f"{NORTH}/Practitioner/dr-1"


async def test_a_search_that_is_none_is_said_on_the_page(clinic: Clinic) -> None:
    app, browser = clinic.register(), clinic.browser()
    await browser.open(app.asks())
    await browser.sign_in(OPERATOR)
    await browser.send("patient", birthdate="yesterday")
    assert browser.page.status_code == 200
    assert 'role="alert"' in browser.text
    assert "Write the birth date as 1980-12-31" in browser.text
    await browser.send("patient", name="nobody at all")
    assert "No patient found" in browser.text


async def test_a_user_grants_less(clinic: Clinic) -> None:
    app, browser = clinic.register(), clinic.browser()
    await browser.open(app.asks())
    await browser.sign_in(PATIENT)
    assert set(browser.ticked) == {"offline_access", "patient/Patient.rs", "patient/Observation.rs"}
    await browser.allow("patient/Observation.rs", "offline_access")
    tokens = (await clinic.redeem(app, browser.answer.params["code"])).json()
    assert tokens["scope"] == "openid fhirUser launch/patient patient/Patient.rs"
    assert "refresh_token" not in tokens


async def test_a_form_cannot_add_a_scope(clinic: Clinic) -> None:
    app, browser = clinic.register(), clinic.browser()
    await browser.open(app.asks("openid patient/Patient.rs"))
    await browser.sign_in(PATIENT)
    await browser.send("consent", decision="allow", **{"patient/*.cruds": "on", "patient/Patient.rs": "on"})
    tokens = (await clinic.redeem(app, browser.answer.params["code"])).json()
    assert tokens["scope"] == "openid patient/Patient.rs"


async def test_a_user_denies(clinic: Clinic) -> None:
    app, browser = clinic.register(), clinic.browser()
    await browser.open(app.asks())
    await browser.sign_in(PATIENT)
    await browser.send("consent", decision="deny")
    assert browser.answer.to == REDIRECT
    assert browser.answer.params["error"] == "access_denied"
    assert browser.answer.params["state"] == "a-state"
    assert "code" not in browser.answer.params


async def test_granting_nothing_is_denying(clinic: Clinic) -> None:
    app, browser = clinic.register(), clinic.browser()
    await browser.open(app.asks("patient/Patient.rs offline_access"))
    await browser.sign_in(PATIENT)
    await browser.allow("patient/Patient.rs")
    assert browser.answer.params["error"] == "access_denied"


async def test_scopes_beyond_the_registration_are_not_offered(clinic: Clinic) -> None:
    app = clinic.register(scope="openid launch/patient patient/Patient.rs patient/Observation.rs?category=laboratory")
    scope = "openid fhirUser launch/patient system/*.cruds gateway/admin patient/Patient.cruds patient/Observation.read"
    tokens = await clinic.tokens(app, scope=scope)
    assert tokens["scope"].split() == [
        "openid", "launch/patient", "patient/Patient.rs", "patient/Observation.rs?category=laboratory",
    ]  # fmt: skip


async def test_a_viewer_who_treats_nobody_only_looks(clinic: Clinic) -> None:
    app, browser = clinic.register(), clinic.browser()
    await browser.open(app.asks("openid fhirUser launch/patient patient/*.rs user/Patient.cruds"))
    await browser.sign_in(VIEWER)
    await browser.allow()
    tokens = (await clinic.redeem(app, browser.answer.params["code"])).json()
    assert tokens["scope"] == "openid user/Patient.rs", "no resource stands for the user, and no patient either"
    assert "patient" not in tokens


async def test_consent_is_remembered_for_no_more_than_was_granted(clinic: Clinic) -> None:
    app, browser = clinic.register(), clinic.browser()
    await browser.open(app.asks("openid launch/patient patient/Patient.rs patient/Observation.rs"))
    await browser.sign_in(PATIENT)
    await browser.allow()
    await browser.open(app.asks("openid launch/patient patient/Patient.rs"))
    assert "code" in browser.answer.params, "signed in, and granted before"
    await browser.open(app.asks("openid launch/patient patient/Patient.rs", prompt="consent"))
    assert "Let Chart app in?" in browser.text
    await browser.open(app.asks("openid launch/patient patient/Condition.rs"))
    assert "Let Chart app in?" in browser.text
    await browser.open(app.asks("openid launch/patient patient/Patient.rs offline_access"))
    assert "Let Chart app in?" in browser.text, "access that stays is asked for each time"


async def test_a_native_application_is_never_taken_for_granted(clinic: Clinic) -> None:
    uri = "com.example.app:/after"
    app, browser = clinic.register(redirect_uris=(uri,)), clinic.browser()
    asked = app.asks("openid patient/Patient.rs", redirect_uri=uri)
    await browser.open(asked)
    await browser.sign_in(PATIENT)
    assert "form-action 'self' com.example.app:;" in browser.page.headers["content-security-policy"]
    await browser.allow()
    assert browser.answer.to == uri
    await browser.open(asked)
    assert "Let Chart app in?" in browser.text


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"aud": "https://other.example/fhir"}, "invalid_request"),
        ({"aud": None}, "invalid_request"),
        ({"aud": f"{NORTH}/via/emr"}, "invalid_request"),
        ({"state": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"scope": "nothing/Known.rs"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "system/*.cruds gateway/admin"}, "invalid_scope"),
        ({"scope": "launch openid", "launch": "made-up"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"request": "e30.e30."}, "request_not_supported"),
        ({"state": "s" * 3000}, "invalid_request"),
    ],
)
async def test_a_wrong_request_goes_back_with_its_error(
    clinic: Clinic, changed: dict[str, str | None], error: str
) -> None:
    app, browser = clinic.register(), clinic.browser()
    await browser.open(app.asks(**changed))
    assert browser.answer.to == REDIRECT
    assert browser.answer.params["error"] == error, browser.answer.params
    assert "code" not in browser.answer.params
    if "state" not in changed:
        assert browser.answer.params["state"] == "a-state"


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "nobody"},
        {"client_id": None},
        {"redirect_uri": None},
        {"redirect_uri": f"{REDIRECT}/more"},
        {"redirect_uri": f"{REDIRECT}?x=y"},
        {"redirect_uri": f"{REDIRECT}#x"},
        {"redirect_uri": "https://app.example.evil.example/after"},
        {"redirect_uri": "https://app.example/%61fter"},
        {"redirect_uri": "HTTPS://app.example/after"},
        {"redirect_uri": "//app.example/after"},
        {"redirect_uri": "javascript:alert(1)"},
    ],
)
async def test_nothing_is_sent_to_an_address_that_is_not_registered(
    clinic: Clinic, changed: dict[str, str | None]
) -> None:
    app, browser = clinic.register(), clinic.browser()
    await browser.open(app.asks(**changed))
    assert browser.page.status_code == 400
    assert "location" not in browser.page.headers
    assert browser.page.headers["content-type"].startswith("text/html")
    assert "This cannot go on" in browser.text


async def test_a_parameter_given_twice_is_refused(clinic: Clinic) -> None:
    app, browser = clinic.register(), clinic.browser()
    asked = urlencode([*app.asks().items(), ("redirect_uri", "https://evil.example/after")])
    answer = await browser.http.get(f"/oauth/north/authorize?{asked}")
    assert (answer.status_code, "location" in answer.headers) == (400, False)


async def test_the_request_by_post(clinic: Clinic) -> None:
    app, browser = clinic.register(), clinic.browser()
    browser.page = await browser.http.post("/oauth/north/authorize", data=app.asks())
    await browser.sign_in(PATIENT)
    await browser.allow()
    assert "code" in browser.answer.params


async def test_a_client_of_another_organisation_is_nobody_here(clinic: Clinic) -> None:
    app, browser = clinic.register(), clinic.browser()
    answer = await browser.http.get("/oauth/south/authorize", params=app.asks(aud=NORTH.replace("north", "south")))
    assert answer.status_code == 400
    assert (await browser.http.get("/oauth/nowhere/authorize", params=app.asks())).status_code == 404


async def test_a_client_for_backends_alone_cannot_ask_people(clinic: Clinic) -> None:
    app = clinic.register(public=False, grants=("client_credentials",))
    browser = clinic.browser()
    await browser.open(app.asks())
    assert browser.answer.params["error"] == "unauthorized_client"
