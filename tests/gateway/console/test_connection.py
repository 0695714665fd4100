"""One connection's page: settings, mapping tables and the log."""

from __future__ import annotations

import re
from html import escape

import pytest
from sqlmodel import Session

from gateway.sync import log
from tests.gateway.console.conftest import SECRET, World
from tests.gateway.console.test_connections import HERE, HTMX, signed_in, words

HOSTILE = "<script>alert('x')</script>\"'&"


async def write_log(world: World, entries: list[tuple[str, str]]) -> None:
    def write(session: Session) -> None:
        row = world.services.sync.connections.get(session, world.realm, "frontdesk")
        for status, detail in entries:
            log.write(
                session, row, world.clock.now, direction="pull", operation="updated", status=status, detail=detail
            )

    await world.services.store.session_write(write)


def details(html: str) -> list[str]:
    return re.findall(r'class="detail">([^<]*)<', html)


@pytest.mark.parametrize("role", ["viewer", "operator", "admin"])
async def test_settings_are_shown_and_secrets_are_not(world: World, role: str) -> None:
    page = await (await signed_in(world, role)).open(HERE)
    assert "app-17" in page.text
    assert SECRET not in page.text
    assert "access-of-north" not in page.text


async def test_webhook_addresses_are_the_admins(world: World) -> None:
    shown = {role: (await (await signed_in(world, role)).open(HERE)).text for role in ("viewer", "operator", "admin")}
    assert {role: "/hooks/north/frontdesk/patient-creation/" in text for role, text in shown.items()} == {
        "viewer": False,
        "operator": False,
        "admin": True,
    }


async def test_an_operator_adds_replaces_and_removes_a_mapping(world: World) -> None:
    browser = await signed_in(world, "operator")
    await browser.open(HERE)
    added = await browser.send(f"{HERE}/mappings", {"kind": "payer", "source": "AET", "target": "Aetna"})
    assert (added.status_code, added.headers["location"]) == (303, f"{HERE}#mappings")
    await browser.send(f"{HERE}/mappings", {"kind": "payer", "source": "AET", "target": "Aetna PPO"})
    assert "payer AET Aetna PPO Remove" in words((await browser.open(HERE)).text)
    await browser.send(f"{HERE}/mappings/remove", {"kind": "payer", "source": "AET"})
    assert "AET" not in (await browser.open(HERE)).text
    gone = await browser.send(f"{HERE}/mappings/remove", {"kind": "payer", "source": "AET"})
    assert gone.status_code == 404


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"kind": "color", "source": "a", "target": "b"}, "A mapping is one of"),
        ({"kind": "payer", "source": " ", "target": "b"}, 'id="source-wrong"'),
        ({"kind": "payer", "source": "a", "target": ""}, 'id="target-wrong"'),
        ({"kind": "payer", "source": "a", "target": "b" * 501}, 'id="target-wrong"'),
        ({"kind": "payer", "source": "a\nb", "target": "c"}, 'id="source-wrong"'),
        ({}, "A mapping is one of"),
    ],
    ids=str,
)
async def test_a_wrong_mapping_is_refused_where_it_is_wrong(world: World, wrong: dict[str, str], place: str) -> None:
    browser = await signed_in(world, "operator")
    await browser.open(HERE)
    refused = await browser.send(f"{HERE}/mappings", wrong)
    assert refused.status_code == 400
    assert place in refused.text
    assert "No mappings yet" in (await browser.open(HERE)).text


async def test_text_of_others_is_shown_as_text(world: World) -> None:
    browser = await signed_in(world, "operator")
    await browser.open(HERE)
    await browser.send(f"{HERE}/mappings", {"kind": "payer", "source": HOSTILE, "target": HOSTILE})
    await write_log(world, [("failed", HOSTILE)])
    page = await browser.open(HERE)
    assert "<script>alert" not in page.text
    assert page.text.count(escape("<script>alert(", quote=False)) == 5, "twice shown, twice in form fields, once logged"
    removed = await browser.send(f"{HERE}/mappings/remove", {"kind": "payer", "source": HOSTILE})
    assert removed.status_code == 303


async def test_the_log_starts_with_the_newest_and_goes_back_page_by_page(world: World) -> None:
    await write_log(world, [("ok", f"entry {number}") for number in range(120)])
    browser = await signed_in(world, "viewer")
    page, seen = await browser.open(HERE), []
    while True:
        seen += details(page.text)
        more = re.search(r'hx-get="([^"]+/log[^"]+)"', page.text)
        if more is None:
            break
        page = await browser.open(more[1].replace("&amp;", "&"), HTMX)
        assert page.text.lstrip().startswith("<tr>")
    assert seen == [f"entry {number}" for number in reversed(range(120))]


@pytest.mark.parametrize(("failed", "others"), [(70, 60), (50, 10), (100, 1), (0, 60), (3, 0), (49, 52)])
async def test_failed_first_loses_and_repeats_nothing(world: World, failed: int, others: int) -> None:
    every = [("failed" if number % 2 else "ok", f"entry {number}") for number in range(2 * min(failed, others))]
    every += [("failed", f"more {number}") for number in range(failed - min(failed, others))]
    every += [("ok", f"more {number}") for number in range(others - min(failed, others))]
    await write_log(world, every)
    browser, seen = await signed_in(world, "viewer"), []
    address: str | None = f"{HERE}?order=failed-first"
    while address:
        page = await browser.open(address)
        seen += details(page.text)
        more = re.search(r'hx-get="([^"]+/log[^"]+)"', page.text)
        address = more[1].replace("&amp;", "&") if more else None
    newest = [*reversed(every)]
    assert seen == [d for s, d in newest if s == "failed"] + [d for s, d in newest if s != "failed"]


async def test_failed_only(world: World) -> None:
    await write_log(world, [("ok", "fine"), ("failed", "not fine"), ("retry", "later")])
    page = await (await signed_in(world, "viewer")).open(f"{HERE}?order=failed")
    assert details(page.text) == ["not fine"]


@pytest.mark.parametrize("query", ["before=x", "before=-1", "before=9" * 40, "order=<b>", "part=rest&before=²"])
async def test_a_tampered_address_shows_the_log_from_its_start(world: World, query: str) -> None:
    await write_log(world, [("ok", "fine")])
    page = await (await signed_in(world, "viewer")).open(f"{HERE}/log?{query}")
    assert (page.status_code, details(page.text)) == (200, ["fine"])
