"""What an operator does at the console, with mouse, keyboard and a phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException, WebDriverException
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from tests.browser.conftest import PASSWORD, USER, Console

pytestmark = pytest.mark.blackbox
ROW = "row-frontdesk"


def until(browser: Chrome, holds: Callable[[], bool], what: str) -> None:
    """Looks again and again for up to 20 s; elements may be swapped away under the eye."""
    moving = (NoSuchElementException, StaleElementReferenceException)

    def looked(_: Chrome) -> bool:
        try:
            return holds()
        except WebDriverException as error:
            # What Chromium says of an element whose page goes away in the middle of a question about it.
            if "does not belong to the document" in str(error.msg):
                return False
            raise

    WebDriverWait(browser, 20, 0.1, ignored_exceptions=moving).until(looked, what)


def by_id(browser: Chrome, id: str) -> WebElement:
    return browser.find_element(By.ID, id)


def said(browser: Chrome) -> str:
    return by_id(browser, "said").text


def sign_in(browser: Chrome, console: Console) -> None:
    """By keyboard alone: the cursor stands where one starts to write."""
    browser.get(f"{console.url}/console/")
    keys = (console.org, Keys.TAB, USER, Keys.TAB, PASSWORD, Keys.ENTER)
    browser.switch_to.active_element.send_keys(*keys[:2])
    browser.switch_to.active_element.send_keys(*keys[2:4])
    browser.switch_to.active_element.send_keys(*keys[4:])
    until(browser, lambda: browser.find_element(By.TAG_NAME, "h1").text == "Connections", "the connections")


def narrow(browser: Chrome) -> None:
    phone = {"width": 375, "height": 800, "deviceScaleFactor": 2, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)


def overflows(browser: Chrome) -> bool:
    return bool(browser.execute_script("return document.documentElement.scrollWidth > innerWidth"))


def test_an_operator_pulls_and_watches_it_end(browser: Chrome, console: Console) -> None:
    sign_in(browser, console)
    assert "Riverside Clinic" in browser.find_element(By.TAG_NAME, "header").text
    by_id(browser, f"{ROW}-pull").click()
    until(browser, lambda: "the pull is done" in said(browser), "the end of the pull")
    row = by_id(browser, ROW).text
    assert "OK" in row
    assert "less than a minute ago" in row
    assert "0 linked" not in row
    by_id(browser, f"{ROW}-open").click()
    until(browser, lambda: "created" in by_id(browser, "log").text, "the log")


def test_the_button_keeps_the_focus_while_its_row_changes(browser: Chrome, console: Console) -> None:
    sign_in(browser, console)
    by_id(browser, f"{ROW}-pull").send_keys(Keys.ENTER)
    until(browser, lambda: "the pull is done" in said(browser), "the end of the pull")
    assert browser.switch_to.active_element.get_attribute("id") == f"{ROW}-pull"


def test_the_connection_is_tested(browser: Chrome, console: Console) -> None:
    sign_in(browser, console)
    by_id(browser, f"{ROW}-test").click()
    until(browser, lambda: "frontdesk works" in said(browser), "the outcome of the test")


def test_a_mapping_with_markup_is_text(browser: Chrome, console: Console) -> None:
    sign_in(browser, console)
    browser.get(f"{console.url}/console/connections/{console.connection}")
    by_id(browser, "source").send_keys("<img src=x onerror=alert(1)>")
    by_id(browser, "target").send_keys("<b>Aetna</b>", Keys.ENTER)
    until(browser, lambda: "<img src=x onerror=alert(1)> <b>Aetna</b>" in by_id(browser, "mappings").text, "the row")
    browser.find_element(By.CSS_SELECTOR, "#mappings .actions button").click()
    until(browser, lambda: "No mappings yet" in by_id(browser, "mappings").text, "its removal")


def test_on_a_phone_everything_fits(browser: Chrome, console: Console) -> None:
    narrow(browser)
    sign_in(browser, console)
    assert not overflows(browser)
    assert by_id(browser, f"{ROW}-pull").rect["height"] >= 44
    for page in (f"connections/{console.connection}", "keys"):
        browser.get(f"{console.url}/console/{page}")
        assert not overflows(browser)


def test_signed_out_is_signed_out(browser: Chrome, console: Console) -> None:
    sign_in(browser, console)
    by_id(browser, "sign-out").click()
    until(browser, lambda: browser.find_element(By.TAG_NAME, "h1").text == "Sign in", "the sign-in page")
    browser.get(f"{console.url}/console/")
    assert browser.current_url.endswith("/console/sign-in")


def test_a_session_that_ended_leads_back_to_the_sign_in(browser: Chrome, console: Console) -> None:
    sign_in(browser, console)
    browser.delete_all_cookies()
    by_id(browser, f"{ROW}-test").click()
    until(browser, lambda: browser.current_url.endswith("/console/sign-in"), "the sign-in page")
    assert browser.get_log("browser")  # type: ignore[no-untyped-call] # the refusal is told there, and read away here
