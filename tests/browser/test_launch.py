"""Launches in a real browser: signing in, choosing, deciding, and back again, by mouse, keyboard and phone."""

from __future__ import annotations

import base64
import hashlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By

from tests.blackbox.conftest import commands, free_port
from tests.browser.conftest import PASSWORD, process
from tests.browser.openid_provider import CLIENT, SECRET, OpenIdProvider, providing
from tests.browser.test_console import by_id, overflows, until

pytestmark = pytest.mark.blackbox
DOCTOR = "doctor@clinic.example"
VERIFIER = "v" * 64
SCOPE = "openid fhirUser launch/patient offline_access patient/Patient.rs patient/Observation.rs"
LAUNCHED = "launch openid patient/Patient.rs patient/Observation.rs?category=laboratory"


@dataclass
class Clinic:
    """The server, and an application that listens on a port of its own."""

    url: str
    client_id: str
    redirect: str
    patient: str
    admin: httpx.Client

    def address(self, scope: str = SCOPE, **more: str) -> str:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code", "client_id": self.client_id, "redirect_uri": self.redirect, "scope": scope,
            "state": "s-1", "aud": f"{self.url}/fhir/r4/clinic", "code_challenge": challenge,
            "code_challenge_method": "S256", **more,
        }  # fmt: skip
        return f"{self.url}/oauth/clinic/authorize?{urlencode(asked)}"

    def tokens(self, code: str) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": self.redirect,
            "code_verifier": VERIFIER, "client_id": self.client_id,
        }  # fmt: skip
        answer = httpx.post(f"{self.url}/oauth/clinic/token", data=form)
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens


class Application(BaseHTTPRequestHandler):
    """Says that it was reached."""

    def do_GET(self) -> None:
        body = b"<!doctype html><link rel='icon' href='data:,'><title>App</title><h1>Back in the application</h1>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Not to stderr."""


@pytest.fixture(scope="module")
def application() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Application)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/after"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def clinic(chromium: Any, application: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    folder, port = tmp_path_factory.mktemp("launch"), free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "CROSSWALK_DATABASE_URL": f"sqlite:///{folder / 'crosswalk.db'}",
        "CROSSWALK_PUBLIC_URL": url,
        "CROSSWALK_ALLOW_PRIVATE_UPSTREAMS": "1",
        "CROSSWALK_LOG_LEVEL": "WARNING",
    }
    run = commands(environment)
    run("migrate")
    run("org", "add", "clinic", "--name", "Riverside Clinic")
    person = ("user", "add", "--org", "clinic", DOCTOR, "--role", "operator", "--practitioner", "dr-1")
    run(*person, input=PASSWORD)
    app = run(
        "client", "add", "--org", "clinic", "--name", "Chart View", "--public", "--redirect-uri", application,
        "--scope", f"{SCOPE} launch patient/*.rs",
    )  # fmt: skip
    backend = run("client", "add", "--org", "clinic", "--name", "CRM", "--scope", "system/*.cruds gateway/admin")
    with (
        process(["serve", "--port", str(port)], environment, folder / "server.log", f"{url}/readyz"),
        httpx.Client(timeout=30) as http,
    ):
        yield _filled(http, url, app["client_id"], application, (backend["client_id"], backend["client_secret"]))


def _filled(http: httpx.Client, url: str, client_id: str, redirect: str, backend: tuple[str, str]) -> Clinic:
    form = {"grant_type": "client_credentials"}
    token = httpx.post(f"{url}/oauth/clinic/token", data=form, auth=backend).raise_for_status().json()["access_token"]
    http.headers["Authorization"] = f"Bearer {token}"
    ids = []
    for given, family in (("Ada", "Quill"), ("Ben", "Rook")):
        patient = {"resourceType": "Patient", "name": [{"given": [given], "family": family}], "birthDate": "1980-02-03"}
        ids.append(http.post(f"{url}/fhir/r4/clinic/Patient", json=patient).raise_for_status().json()["id"])
    return Clinic(url, client_id, redirect, ids[0], http)


@pytest.fixture(scope="module")
def provider(clinic: Clinic) -> Iterator[OpenIdProvider]:
    """The clinic's own, where the doctor has an account, and somebody whom the clinic does not know."""
    place = f"{clinic.url}/admin/v1/clinic/org/provider"
    with providing({"reed": DOCTOR, "stranger": "stranger@elsewhere.example"}) as provider:
        asked = {"issuer": provider.issuer, "client_id": CLIENT, "client_secret": SECRET, "name": "Clinic Login"}
        clinic.admin.post(place, json=asked).raise_for_status()
        yield provider
        clinic.admin.delete(place).raise_for_status()


def heading(browser: Chrome) -> str:
    return browser.find_element(By.TAG_NAME, "h1").text


def sign_in(browser: Chrome) -> None:
    """The cursor stands where one starts to write."""
    browser.switch_to.active_element.send_keys(DOCTOR, Keys.TAB)
    browser.switch_to.active_element.send_keys(PASSWORD, Keys.ENTER)


def came_back(browser: Chrome, clinic: Clinic) -> dict[str, str]:
    until(browser, lambda: heading(browser) == "Back in the application", "the application")
    assert browser.current_url.startswith(f"{clinic.redirect}?")
    return dict(parse_qsl(urlsplit(browser.current_url).query))


def tab_to(browser: Chrome, id: str) -> None:
    for _ in range(30):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        if browser.switch_to.active_element.get_attribute("id") == id:
            return
    raise AssertionError(f"#{id} is not reached by the tab key")


def phone(browser: Chrome) -> None:
    metrics = {"width": 360, "height": 740, "deviceScaleFactor": 3, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def test_standalone_with_picker_and_fewer_scopes(browser: Chrome, clinic: Clinic) -> None:
    browser.get(clinic.address())
    assert "Chart View" in browser.find_element(By.TAG_NAME, "main").text
    sign_in(browser)
    until(browser, lambda: heading(browser) == "Choose a patient", "the picker")
    by_id(browser, "name").send_keys("qui", Keys.ENTER)
    until(browser, lambda: "1 found" in by_id(browser, "results").text, "the search")
    browser.find_element(By.CSS_SELECTOR, ".people button").click()
    until(browser, lambda: heading(browser) == "Let Chart View in?", "the consent page")
    assert "Ada Quill" in by_id(browser, "patient").text
    for box in browser.find_elements(By.CSS_SELECTOR, "input[type=checkbox]"):
        if box.get_attribute("name") in ("patient/Observation.rs", "offline_access"):
            box.click()
    by_id(browser, "allow").click()
    answer = came_back(browser, clinic)
    assert answer["state"] == "s-1"
    tokens = clinic.tokens(answer["code"])
    assert tokens["patient"] == clinic.patient
    assert tokens["scope"] == "openid fhirUser launch/patient patient/Patient.rs"


def test_ehr_launch_by_keyboard_alone(browser: Chrome, clinic: Clinic) -> None:
    body = {"patient": clinic.patient, "client_id": clinic.client_id, "need_patient_banner": False}
    made = clinic.admin.post(f"{clinic.url}/admin/v1/clinic/launch", json=body)
    browser.get(clinic.address(LAUNCHED, launch=made.raise_for_status().json()["launch"]))
    sign_in(browser)
    until(browser, lambda: heading(browser) == "Let Chart View in?", "the consent page, and no picker")
    main = browser.find_element(By.TAG_NAME, "main").text
    assert "only where category is laboratory" in main
    tab_to(browser, "choice-2")
    browser.switch_to.active_element.send_keys(Keys.SPACE)
    tab_to(browser, "allow")
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    tokens = clinic.tokens(came_back(browser, clinic)["code"])
    assert (tokens["patient"], tokens["need_patient_banner"]) == (clinic.patient, False)
    assert tokens["scope"] == "launch openid patient/Patient.rs"


def test_on_a_phone(browser: Chrome, clinic: Clinic) -> None:
    phone(browser)
    browser.get(clinic.address())
    assert not overflows(browser)
    sign_in(browser)
    until(browser, lambda: heading(browser) == "Choose a patient", "the picker")
    assert not overflows(browser)
    by_id(browser, "name").send_keys("rook", Keys.ENTER)
    until(browser, lambda: "1 found" in by_id(browser, "results").text, "the search")
    assert not overflows(browser)
    browser.switch_to.active_element.send_keys(Keys.ENTER)  # the first patient found has the focus
    until(browser, lambda: heading(browser) == "Let Chart View in?", "the consent page")
    assert not overflows(browser)
    for id in ("allow", "deny"):
        assert by_id(browser, id).size["height"] >= 44, "a thumb hits it"
    by_id(browser, "deny").click()
    assert came_back(browser, clinic)["error"] == "access_denied"


def test_every_field_has_its_label(browser: Chrome, clinic: Clinic) -> None:
    browser.get(clinic.address())
    for step in ("Sign in", "Choose a patient", "Let Chart View in?"):
        until(browser, lambda step=step: heading(browser) == step, step)  # type: ignore[misc]
        unnamed = browser.execute_script(
            "return [...document.querySelectorAll('input:not([type=hidden]), button')]"
            ".filter(e => !(e.labels && e.labels.length) && !e.textContent.trim()).map(e => e.outerHTML)"
        )
        assert unnamed == []
        if step == "Sign in":
            sign_in(browser)
        elif step == "Choose a patient":
            by_id(browser, "name").send_keys("quill", Keys.ENTER)
            until(browser, lambda: "1 found" in by_id(browser, "results").text, "the search")
            browser.find_element(By.CSS_SELECTOR, ".people button").click()


def go_to_provider(browser: Chrome, clinic: Clinic, account: str) -> None:
    browser.get(clinic.address(prompt="login"))
    by_id(browser, "provider").click()
    until(browser, lambda: heading(browser) == "Clinic Login", "the provider's page")
    browser.switch_to.active_element.send_keys(account)


def test_signing_in_at_the_clinics_own_provider(browser: Chrome, clinic: Clinic, provider: OpenIdProvider) -> None:
    go_to_provider(browser, clinic, "reed")
    by_id(browser, "go").click()
    until(browser, lambda: heading(browser) == "Choose a patient", "the picker")
    assert DOCTOR in browser.find_element(By.TAG_NAME, "header").text
    by_id(browser, "name").send_keys("quill", Keys.ENTER)
    until(browser, lambda: "1 found" in by_id(browser, "results").text, "the search")
    browser.find_element(By.CSS_SELECTOR, ".people button").click()
    until(browser, lambda: heading(browser) == "Let Chart View in?", "the consent page")
    by_id(browser, "allow").click()
    tokens = clinic.tokens(came_back(browser, clinic)["code"])
    assert (tokens["patient"], provider.redeemed) == (clinic.patient, 1)
    read = httpx.get(
        f"{clinic.url}/fhir/r4/clinic/Patient/{clinic.patient}",
        headers={"Authorization": f"Bearer {tokens['access_token']}"},
    )
    assert read.json()["name"][0]["family"] == "Quill"
    browser.get(clinic.address("openid", prompt="none"))
    assert came_back(browser, clinic)["error"] == "consent_required", "signed in, so that only this is missing"


@pytest.mark.parametrize(
    ("account", "button", "said"),
    [("stranger", "go", "Nobody here has the e-mail address"), ("reed", "cancel", "did not work")],
)
def test_who_does_not_come_back_as_a_user(
    browser: Chrome, clinic: Clinic, provider: OpenIdProvider, account: str, button: str, said: str
) -> None:
    go_to_provider(browser, clinic, account)
    by_id(browser, button).click()
    until(browser, lambda: heading(browser) == "Sign in", "the sign-in page")
    assert said in by_id(browser, "wrong").text
    assert by_id(browser, "provider").is_displayed()
    refusals = [entry["message"] for entry in browser.get_log("browser")]  # type: ignore[no-untyped-call]
    assert all("responded with a status of" in message for message in refusals), refusals
    sign_in(browser)
    until(browser, lambda: heading(browser) == "Choose a patient", "the picker, by password")


def test_signing_out_everywhere(browser: Chrome, clinic: Clinic) -> None:
    browser.get(clinic.address())
    sign_in(browser)
    until(browser, lambda: heading(browser) == "Choose a patient", "the picker")
    assert not by_id(browser, "sign-out-everywhere").is_displayed(), "nobody hits it by mistake"
    tab_to(browser, "everywhere")
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    tab_to(browser, "sign-out-everywhere")
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    until(browser, lambda: heading(browser) == "Sign in", "the sign-in page")
    browser.get(clinic.address())
    assert heading(browser) == "Sign in"


def test_the_way_of_the_tab_key_and_where_the_cursor_is(browser: Chrome, clinic: Clinic) -> None:
    """From top to bottom, with an outline that can be seen; what is wrong has the cursor."""
    browser.get(clinic.address(prompt="login"))
    sign_in(browser)
    until(browser, lambda: heading(browser) == "Choose a patient", "the picker")
    browser.execute_script("document.getElementById('sign-out').focus()")
    for id in ("everywhere", "name", "birthdate", "identifier", "search", "deny"):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        focused = browser.switch_to.active_element
        assert focused.get_attribute("id") == id
        assert focused.value_of_css_property("outline-style") == "solid", id
        assert focused.value_of_css_property("outline-width") == "3px", id
    by_id(browser, "birthdate").send_keys("31.12.1980", Keys.ENTER)
    until(browser, lambda: "1980-12-31, or the year" in by_id(browser, "wrong").text, "what is wrong")
    until(browser, lambda: browser.switch_to.active_element.get_attribute("id") == "birthdate", "the cursor there")
    assert by_id(browser, "birthdate").get_attribute("aria-describedby") == "wrong"
