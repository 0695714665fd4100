"""Signing in: who gets in, how long it lasts, and what a guesser meets."""

from __future__ import annotations

import pytest
from sqlmodel import Session, select

from gateway.auth.tables import UserAccount, UserSession
from gateway.console.session import ABSOLUTE_US, IDLE_US
from tests.gateway.console.conftest import MINUTE, PASSWORD, Browser, World

HTMX = {"HX-Request": "true"}
WRONG = "do not belong together"


async def test_a_user_signs_in_and_out(world: World) -> None:
    browser = world.browser()
    answer = await browser.sign_in("viewer")
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/")
    assert "North clinic" in browser.page.text
    cookie = browser.http.cookies["crosswalk_console"]
    out = await browser.send("/console/sign-out")
    assert out.headers["location"] == "/console/sign-in"
    browser.http.cookies.set("crosswalk_console", cookie)
    assert (await browser.open("/console/")).headers["location"] == "/console/sign-in"


async def test_a_user_signs_out_everywhere(world: World) -> None:
    here, there, another = world.browser(), world.browser(), world.browser()
    for browser, role in ((here, "viewer"), (there, "viewer"), (another, "operator")):
        await browser.sign_in(role)
        await browser.open("/console/")
    await here.send("/console/sign-out", {"everywhere": "yes"})
    assert (await there.open("/console/")).headers["location"] == "/console/sign-in"
    assert (await another.open("/console/")).status_code == 200


@pytest.mark.parametrize(
    "tried",
    [
        {"password": "not the right password"},
        {"email": "nobody@north.example"},
        {"org": "nowhere"},
        {"org": "south"},
        {"password": ""},
        {"password": "x" * 5000},
        {"email": "' OR 1=1 --"},
        {"email": "<script>alert(1)</script>"},
    ],
    ids=str,
)
async def test_every_wrong_combination_gets_the_same_answer(world: World, tried: dict[str, str]) -> None:
    browser = world.browser()
    answer = await browser.sign_in("admin", **tried)
    assert answer.status_code == 401
    assert WRONG in answer.text
    assert "<script>alert" not in answer.text
    assert "crosswalk_console" not in browser.http.cookies


async def test_the_cookie_stays_in_the_console(world: World) -> None:
    answer = await world.browser().sign_in("viewer")
    (cookie,) = [c for c in answer.headers.get_list("set-cookie") if c.startswith("crosswalk_console=")]
    attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/console"} <= attributes
    assert "secure" not in attributes


@pytest.mark.parametrize("world", ["https://gateway.example"], indirect=True)
async def test_behind_https_the_cookie_travels_over_https_only(world: World) -> None:
    answer = await world.browser().sign_in("viewer")
    assert all("secure" in cookie.lower() for cookie in answer.headers.get_list("set-cookie"))


async def test_the_database_holds_no_token_that_opens_a_session(world: World) -> None:
    browser = world.browser()
    await browser.sign_in("viewer")
    token = browser.http.cookies["crosswalk_console"].partition(".")[2]
    rows = await world.services.store.session_read(lambda s: s.exec(select(UserSession)).all())
    assert [token in str(row.model_dump()) for row in rows] == [False]


async def test_a_session_ends_when_nothing_is_done(world: World) -> None:
    browser = world.browser()
    await browser.sign_in("viewer")
    world.clock.now += IDLE_US - 1
    assert (await browser.open("/console/")).status_code == 200
    world.clock.now += IDLE_US
    assert (await browser.open("/console/")).status_code == 303


async def test_a_session_ends_after_half_a_day_of_work(world: World) -> None:
    browser = world.browser()
    await browser.sign_in("viewer")
    ends = world.clock.now + ABSOLUTE_US
    while world.clock.now + 20 * MINUTE < ends:
        world.clock.now += 20 * MINUTE
        assert (await browser.open("/console/")).status_code == 200
    world.clock.now = ends
    assert (await browser.open("/console/")).status_code == 303


async def test_a_page_left_open_does_not_keep_the_session(world: World) -> None:
    browser = world.browser()
    await browser.sign_in("viewer")
    row = "/console/connections/frontdesk/row?was=ok"
    world.clock.now += IDLE_US - MINUTE
    assert (await browser.open(row, HTMX)).status_code == 200
    world.clock.now += MINUTE
    ended = await browser.open(row, HTMX)
    assert (ended.status_code, ended.headers["hx-redirect"]) == (401, "/console/sign-in")


async def test_a_disabled_user_is_out_at_once(world: World) -> None:
    browser = world.browser()
    await browser.sign_in("operator")

    def disable(session: Session) -> None:
        user = session.get_one(UserAccount, (world.realm.org, "operator@north.example"))
        user.disabled = world.clock.now
        session.add(user)

    await world.services.store.session_write(disable)
    assert (await browser.open("/console/")).status_code == 303
    assert (await world.browser().sign_in("operator")).status_code == 401


@pytest.mark.parametrize("cookie", ["", "x", ".", "1.", "1.abc", "99999999999999999999.a", "²·a", "-1.a", "1.\x7f"])
async def test_a_made_up_cookie_opens_nothing(world: World, cookie: str) -> None:
    browser = world.browser()
    sent = [(b"Cookie", f"crosswalk_console={cookie}".encode("latin-1"))]
    answer = await browser.http.get("/console/", headers=sent)
    assert answer.status_code == 303


async def test_after_five_wrong_tries_one_has_to_wait(world: World) -> None:
    browser = world.browser()
    for _ in range(5):
        assert (await browser.sign_in("admin", "wrong wrong wrong")).status_code == 401
    paused = await browser.sign_in("admin")
    assert (paused.status_code, paused.headers["retry-after"]) == (429, "300")
    assert "Wait 5 minutes" in paused.text
    assert (await browser.sign_in("viewer")).status_code == 303, "another account is not touched"
    assert (await world.browser("192.0.2.8").sign_in("admin")).status_code == 303, "nor another address"
    world.clock.now += 5 * MINUTE
    assert (await browser.sign_in("admin")).status_code == 303


async def test_a_right_password_clears_the_count(world: World) -> None:
    browser = world.browser()
    for _ in range(2):
        for _ in range(4):
            assert (await browser.sign_in("admin", "wrong wrong wrong")).status_code == 401
        assert (await browser.sign_in("admin")).status_code == 303


async def test_the_sign_in_form_cannot_be_sent_from_elsewhere(world: World) -> None:
    browser, form = world.browser(), {"org": "north", "email": "viewer@north.example", "password": PASSWORD}
    no_token = await browser.http.post("/console/sign-in", data=form)
    assert (no_token.status_code, "crosswalk_console" in browser.http.cookies) == (403, False)
    await browser.open("/console/sign-in")
    cross = await browser.send("/console/sign-in", form, {"Sec-Fetch-Site": "cross-site"})
    assert cross.status_code == 403


async def test_the_e_mail_address_is_taken_in_any_case(world: World) -> None:
    browser: Browser = world.browser()
    assert (await browser.sign_in("", email=" Viewer@North.Example ")).status_code == 303


async def bind_to_a_patient(world: World, email: str) -> None:
    def bind(session: Session) -> None:
        user = session.get_one(UserAccount, (world.realm.org, email))
        user.patient = "somebody"
        session.add(user)

    await world.services.store.session_write(bind)


async def test_a_patient_has_no_business_here(world: World) -> None:
    """Who launches applications about themselves must not read what was delivered of others."""
    await bind_to_a_patient(world, "viewer@north.example")
    browser = world.browser()
    answer = await browser.sign_in("viewer")
    assert answer.status_code == 403
    assert "staff" in answer.text
    assert "crosswalk_console" not in browser.http.cookies


async def test_a_session_of_another_door_does_not_open_it_for_a_patient(world: World) -> None:
    browser = world.browser()
    await browser.sign_in("operator")
    await bind_to_a_patient(world, "operator@north.example")
    for path in ("/console/", "/console/connections/frontdesk", "/console/launch"):
        answer = await browser.open(path)
        assert answer.status_code == 403, path
        assert "frontdesk" not in answer.text
