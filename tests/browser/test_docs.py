"""The docs page of the internal API in a real browser: requests are sent from it, and it keeps nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.blackbox.conftest import Server, serving
from tests.browser.test_console import by_id, narrow, overflows, until

pytestmark = pytest.mark.blackbox


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("practice")) as server:
        yield server


def visit(browser: Chrome, practice: Server) -> None:
    browser.get(f"{practice.url}/api/v1/docs")


def opened(browser: Chrome, name: str) -> WebElement:
    """By keyboard, as by mouse: the head of an operation opens it."""
    operation = by_id(browser, name)
    operation.find_element(By.TAG_NAME, "summary").send_keys(Keys.ENTER)
    until(browser, lambda: bool(operation.find_elements(By.CSS_SELECTOR, "button.main")), "the form")
    return operation


def sent(browser: Chrome, operation: WebElement) -> str:
    """The state that the answer is shown with."""
    operation.find_element(By.CSS_SELECTOR, "button.main").send_keys(Keys.ENTER)
    until(browser, lambda: bool(operation.find_elements(By.CSS_SELECTOR, ".answer .state")), "the answer")
    return operation.find_element(By.CSS_SELECTOR, ".answer .state").text


def test_a_patient_is_created_and_found_from_the_page(browser: Chrome, practice: Server) -> None:
    visit(browser, practice)
    by_id(browser, "org").send_keys(practice.org, Keys.TAB)
    browser.switch_to.active_element.send_keys(practice.token())
    create = opened(browser, "post_patients")
    body = by_id(browser, "post_patients-body")
    assert json.loads(str(body.get_property("value"))) == {"first_name": "text", "last_name": "text"}
    body.clear()
    body.send_keys('{"first_name": "<b>Wren</b>", "last_name": "Halloway"}')
    create.find_element(By.CSS_SELECTOR, ".members summary").send_keys(Keys.ENTER)
    create.find_element(By.CSS_SELECTOR, "[aria-label='Add gender to the body']").send_keys(Keys.ENTER)
    assert json.loads(str(body.get_property("value")))["gender"] == "female"
    assert sent(browser, create).startswith("201")
    shown = json.loads(create.find_element(By.CSS_SELECTOR, ".answer pre").text)
    assert (shown["first_name"], shown["gender"], shown["version"]) == ("<b>Wren</b>", "female", 1)
    searched = opened(browser, "get_patients_search")
    by_id(browser, "get_patients_search-q").send_keys("hallo")
    assert sent(browser, searched).startswith("200")
    assert json.loads(searched.find_element(By.CSS_SELECTOR, ".answer pre").text)["items"][0]["id"] == shown["id"]


def test_what_is_needed_is_asked_for_and_refusals_are_shown(browser: Chrome, practice: Server) -> None:
    visit(browser, practice)
    read = opened(browser, "get_patients_patient_uuid")
    read.find_element(By.CSS_SELECTOR, "button.main").send_keys(Keys.ENTER)
    assert "organisation, patient_uuid" in read.find_element(By.CSS_SELECTOR, ".answer").text
    assert browser.switch_to.active_element.get_attribute("id") == "org"
    by_id(browser, "org").send_keys(practice.org)
    by_id(browser, "get_patients_patient_uuid-patient_uuid").send_keys("a b?c=d")
    assert sent(browser, read).startswith("401")
    (complaint,) = [each["message"] for each in browser.get_log("browser")]  # type: ignore[no-untyped-call]
    assert "/patients/a%20b%3Fc%3Dd" in complaint, "what is typed stays within its place in the address"


def test_the_token_is_kept_nowhere(browser: Chrome, practice: Server) -> None:
    visit(browser, practice)
    by_id(browser, "token").send_keys("a-token")
    kept = browser.execute_script("return [localStorage.length, sessionStorage.length, document.cookie]")
    assert kept == [0, 0, ""]
    browser.refresh()
    assert by_id(browser, "token").get_property("value") == ""


def test_operations_are_found_by_a_word_and_by_their_address(browser: Chrome, practice: Server) -> None:
    visit(browser, practice)
    by_id(browser, "filter").send_keys("Vital")
    seen = [each for each in browser.find_elements(By.CSS_SELECTOR, ".operation") if each.is_displayed()]
    assert {"vital" in each.text.lower() for each in seen} == {True}
    assert len(seen) == 5
    by_id(browser, "filter").send_keys("xyz")
    assert by_id(browser, "nothing").is_displayed()
    browser.get(f"{practice.url}/api/v1/docs#post_patients")
    until(browser, lambda: by_id(browser, "post_patients-body").is_displayed(), "the named operation")


def test_a_phone_shows_all_of_it(browser: Chrome, practice: Server) -> None:
    narrow(browser)
    visit(browser, practice)
    for name in ("get_patients", "patch_patients_patient_uuid", "get_patients_counts_by_location"):
        operation = opened(browser, name)
        for members in operation.find_elements(By.CSS_SELECTOR, ".members summary"):
            members.send_keys(Keys.ENTER)
    assert not overflows(browser)
