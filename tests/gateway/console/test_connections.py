"""Connections at a glance: what each role sees and may do."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

import pytest
from sqlmodel import Session

from gateway.sync import tasks
from gateway.sync.tables import Connection, Link
from tests.gateway.console.conftest import MINUTE, SECRET, Browser, World

HTMX = {"HX-Request": "true"}
HERE = "/console/connections/frontdesk"


async def signed_in(world: World, role: str) -> Browser:
    browser = world.browser()
    assert (await browser.sign_in(role)).status_code == 303
    return browser


async def change(world: World, work: Callable[[Connection], None]) -> None:
    def write(session: Session) -> None:
        row = world.services.sync.connections.get(session, world.realm, "frontdesk")
        work(row)
        session.add(row)

    await world.services.store.session_write(write)


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.mark.parametrize("path", ["/console/", HERE, f"{HERE}/row", f"{HERE}/log"])
async def test_nobody_sees_a_page_without_signing_in(world: World, path: str) -> None:
    answer = await world.browser().open(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/sign-in")


async def test_the_row_tells_state_lag_and_counts(world: World) -> None:
    browser = await signed_in(world, "viewer")
    assert "Not pulled yet" in words(browser.page.text)

    def pulled(row: Connection) -> None:
        row.pull_started, row.pull_finished = world.clock.now, world.clock.now

    def link(session: Session) -> None:
        row = world.services.sync.connections.get(session, world.realm, "frontdesk")
        for number, (missing, locked) in enumerate([(None, None), ("MR number", None), (None, "merged")]):
            session.add(
                Link(
                    org=row.org,
                    connection=row.id or 0,
                    type="Patient",
                    local_id=f"p{number}",
                    external_key=f"k{number}",
                    missing=missing,
                    locked=locked,
                )
            )

    await change(world, pulled)
    await world.services.store.session_write(link)
    for patient, status in (("p0", "requested"), ("p1", "in-progress"), ("p2", "failed"), ("p3", "completed")):
        report = partial(tasks.report, realm=world.realm, connection="frontdesk", patient_id=patient, status=status)
        await world.services.store.write(world.realm.org, report)
    world.clock.now += 125 * MINUTE
    await browser.sign_in("viewer")
    seen = words(browser.page.text)
    assert "OK" in seen
    assert "2 hours 5 minutes ago" in seen
    assert "3 linked 1 incomplete: without MR number 1 locked 2 waiting 1 failed" in seen


async def test_a_failing_connection_says_why(world: World) -> None:
    def failed(row: Connection) -> None:
        row.pull_started = row.pull_finished = world.clock.now
        row.pull_error = "the EMR refuses our credentials <b>"

    await change(world, failed)
    browser = await signed_in(world, "viewer")
    assert "Failing" in browser.page.text
    assert "refuses our credentials &lt;b&gt;" in browser.page.text


async def test_a_pull_under_way_shows_how_far_it_is_and_tells_its_end(world: World) -> None:
    def begun(row: Connection) -> None:
        row.pull_started, row.charts_seen, row.charts_total = world.clock.now, 3, 10

    await change(world, begun)
    browser = await signed_in(world, "operator")
    assert '<progress max="10" value="3"' in browser.page.text
    assert 'hx-trigger="every 1s"' in browser.page.text
    assert "already" in (await browser.send(f"{HERE}/pull", headers=HTMX)).text

    def done(row: Connection) -> None:
        row.pull_finished, row.charts_seen = world.clock.now + 1, 10

    await change(world, done)
    row = await browser.open(f"{HERE}/row?was=pulling", HTMX)
    assert "the pull is done, 10 charts seen" in row.text
    assert "every 20s" in row.text
    assert "the pull is done" not in (await browser.open(f"{HERE}/row?was=ok", HTMX)).text


async def test_pull_now_queues_a_pull_and_the_row_waits_for_it(world: World) -> None:
    browser = await signed_in(world, "operator")
    row = await browser.send(f"{HERE}/pull", headers=HTMX)
    assert row.status_code == 200
    assert row.text.startswith('<tr id="row-frontdesk"')
    assert "Queued" in row.text
    queued = await world.services.sync.client.list_queued_workflows_async()
    assert [workflow.name for workflow in queued] == ["pull"]
    again = re.search(r'hx-get="([^"]+)"', row.text)
    assert again is not None
    assert "Queued" in (await browser.open(again[1].replace("&amp;", "&"), HTMX)).text
    await change(world, lambda row: setattr(row, "pull_started", world.clock.now))
    assert "Pulling" in (await browser.open(again[1].replace("&amp;", "&"), HTMX)).text


async def test_one_kind_of_record_is_pulled_from_the_connections_own_page(world: World) -> None:
    browser = await signed_in(world, "operator")
    page = (await browser.open(HERE)).text
    assert "<option>Coverage</option>" in page
    assert (await browser.send(f"{HERE}/pull", {"resource": "Coverage"})).status_code == 303
    (queued,) = await world.services.sync.client.list_queued_workflows_async()
    assert queued.input is not None
    assert queued.input["args"][0].types == ("Coverage",)
    assert (await browser.send(f"{HERE}/pull", {"resource": "Slot"})).status_code == 400
    assert "<option>Coverage</option>" not in (await (await signed_in(world, "viewer")).open(HERE)).text


async def test_without_script_the_buttons_lead_to_pages(world: World) -> None:
    browser = await signed_in(world, "operator")
    assert (await browser.send(f"{HERE}/pull")).headers["location"] == "/console/"
    tested = await browser.send(f"{HERE}/test")
    assert tested.text.startswith("<!doctype html>")


async def test_the_test_of_a_connection_says_what_is_wrong(world: World) -> None:
    browser = await signed_in(world, "operator")
    answer = await browser.send(f"{HERE}/test", headers=HTMX)
    assert answer.status_code == 200
    assert "frontdesk does not work" in answer.text
    assert SECRET not in answer.text


@pytest.mark.parametrize("path", ["pull", "test", "mappings", "mappings/remove"])
async def test_a_viewer_acts_on_nothing(world: World, path: str) -> None:
    browser = await signed_in(world, "viewer")
    assert "Pull now" not in browser.page.text
    refused = await browser.send(f"{HERE}/{path}", {"kind": "payer", "source": "a", "target": "b"})
    assert refused.status_code == 403
    assert "needs the role operator" in refused.text
    assert await world.services.sync.client.list_queued_workflows_async() == []


@pytest.mark.parametrize("path", ["pull", "test", "mappings", "mappings/remove"])
@pytest.mark.parametrize("token", [None, "", "0" * 64, "é"], ids=str)
async def test_a_form_without_its_token_does_nothing(world: World, path: str, token: str | None) -> None:
    browser = await signed_in(world, "admin")
    form = {"kind": "payer", "source": "a", "target": "b", **({} if token is None else {"csrf": token})}
    refused = await browser.http.post(f"{HERE}/{path}", data=form)
    assert refused.status_code == 403
    assert "load the page again" in refused.text


async def test_a_token_of_another_session_does_nothing(world: World) -> None:
    browser, other = await signed_in(world, "admin"), await signed_in(world, "admin")
    assert (await browser.http.post(f"{HERE}/pull", data={"csrf": other.csrf})).status_code == 403


async def test_another_organisation_sees_nothing_of_it(world: World) -> None:
    browser = world.browser()
    await browser.sign_in("", org="south", email="admin@south.example")
    assert "frontdesk" not in browser.page.text
    assert (await browser.open(HERE)).status_code == 404
    await browser.open("/console/")
    assert (await browser.send(f"{HERE}/pull")).status_code == 404


async def test_errors_are_pages(world: World) -> None:
    browser = await signed_in(world, "viewer")
    for path, status in (("/console/nothing", 404), ("/console/connections/none", 404), (f"{HERE}/pull", 405)):
        answer = await browser.open(path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
        assert answer.text.startswith("<!doctype html>")
    missing = await browser.open("/console/connections/none", HTMX)
    assert (missing.headers["hx-retarget"], missing.text.startswith("<p")) == ("#said", True)


async def test_what_nobody_foresaw_is_a_page_that_tells_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = await signed_in(world, "viewer")
    monkeypatch.setattr("gateway.sync.overview.connection", lambda *_: 1 / 0)
    answer = await browser.open("/console/")
    assert answer.status_code == 500
    assert answer.headers["x-request-id"] in answer.text
    assert "division" not in answer.text


async def test_forms_have_bounds(world: World) -> None:
    browser = await signed_in(world, "operator")
    for form, status in (
        ({"kind": "x" * 70_000}, 413),
        ({str(number): "" for number in range(50)}, 400),
        ({"kind": "payer", "source": "a\0b", "target": "c"}, 400),
    ):
        assert (await browser.send(f"{HERE}/mappings", form)).status_code == status
    files = await browser.http.post(f"{HERE}/mappings", files={"csrf": b"x"})
    assert files.status_code == 415


async def test_no_page_can_run_what_is_not_ours(world: World) -> None:
    browser = await signed_in(world, "admin")
    for path in ("/console/", HERE, "/console/sign-in", "/console/none"):
        answer = await browser.open(path)
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style| style=| on[a-z]+=", answer.text)


async def test_static_files_are_served_and_kept(world: World) -> None:
    browser = world.browser()
    page = await browser.open("/console/sign-in")
    for address in re.findall(r'(?:href|src)="(/console/static/[^"]+)"', page.text):
        answer = await browser.open(address)
        assert (answer.status_code, "immutable" in answer.headers["cache-control"]) == (200, True)


async def test_the_console_has_one_address(world: World) -> None:
    assert (await world.browser().open("/console")).headers["location"] == "/console/"
