"""The description and its page over HTTP: for everybody, and never from a cache that is out of date."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import httpx

from tests.gateway.conftest import PUBLIC, Fhir

DESCRIPTION = f"{PUBLIC}/ward/v1/openapi.json"
DOCS = f"{PUBLIC}/ward/v1/docs"


async def test_the_description_needs_no_token(http: httpx.AsyncClient) -> None:
    answer = await http.get(DESCRIPTION)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert "/ward/v1/{clinic}/people/{person}" in answer.json()["paths"]


async def test_it_is_sent_once(http: httpx.AsyncClient) -> None:
    etag = (await http.get(DESCRIPTION)).headers["etag"]
    again = await http.get(DESCRIPTION, headers={"If-None-Match": f'"other", {etag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert (await http.get(DESCRIPTION, headers={"If-None-Match": '"other"'})).status_code == 200


async def test_its_addresses_take_no_other_method(http: httpx.AsyncClient) -> None:
    assert (await http.post(DESCRIPTION)).status_code == 405
    assert (await http.head(DESCRIPTION)).status_code == 200


async def test_every_operation_is_served(http: httpx.AsyncClient, ward: Fhir) -> None:
    """None is described in vain: without a token, each address says that it wants one."""
    for path, methods in (await http.get(DESCRIPTION)).json()["paths"].items():
        for method in methods:
            answer = await http.request(method, PUBLIC + re.sub(r"\{clinic\}", "north", path))
            assert answer.status_code == 401, (method, path)


class Page(HTMLParser):
    """What a page loads, and what it runs."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.labels: set[str | None] = set()
        self.inputs: set[str | None] = set()
        self.operations: set[tuple[str | None, str | None]] = set()
        self.inline: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.inline += [name for name in given if name.startswith("on") or name == "style"]
        if tag == "script" and "src" not in given:
            self.inline.append(tag)
        if tag in ("script", "link"):
            self.loads.append(given.get("src") or given.get("href") or "")
        if tag == "label":
            self.labels.add(given.get("for"))
        if tag == "input":
            self.inputs.add(given.get("id"))
        if "data-method" in given:
            self.operations.add((given["data-method"], given["data-path"]))


async def test_the_page_shows_every_operation_and_loads_only_what_is_here(http: httpx.AsyncClient) -> None:
    answer = await http.get(DOCS)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    page = Page(answer.text)
    described = (await http.get(DESCRIPTION)).json()["paths"]
    assert page.operations == {(method.upper(), path) for path, place in described.items() for method in place}
    assert page.inline == []
    assert page.inputs <= page.labels, "each field has its label"
    for address in page.loads:
        assert address.startswith("/"), "nothing comes from elsewhere"
        loaded = await http.get(PUBLIC + address)
        assert loaded.status_code == 200, address
        assert "immutable" in loaded.headers["cache-control"]


async def test_a_file_that_is_not_there(http: httpx.AsyncClient) -> None:
    assert (await http.get(f"{DOCS}/static/other.js")).status_code == 404
    assert (await http.get(f"{DOCS}/static/../docs.py")).status_code == 404
