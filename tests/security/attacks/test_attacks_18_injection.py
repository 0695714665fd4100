"""18: SQL by way of `_sort`, names, modifiers, values, patterns and NUL."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.gateway.conftest import Fhir, patient

SNIPPETS = (
    "'",
    '"',
    "';DROP TABLE resource;--",
    "1 OR 1=1",
    "' UNION SELECT body FROM resource --",
    "%",
    "_",
    "\\",
    "name) --",
    "a|b|c",
    "|",
    "||",
    "$",
    "\x00",
    "x\x00y",
    "?",
    ":org",
    "%(org)s",
    "{0}",
    "${x}",
    "/**/",
    "birthdate;select 1",
)
PLACES = (
    "_sort={}",
    "_sort=-{}",
    "{}=x",
    "name:{}=x",
    "name={}",
    "identifier={}",
    "identifier=x|{}",
    "_id={}",
    "name:contains={}",
    "name:exact={}",
    "_has:Observation:{}:code=x",
    "_include=Patient:{}",
    "_elements={}",
    "general-practitioner.{}=x",
    "birthdate={}",
    "_lastUpdated={}",
    "_page={}",
    "_type={}",
    "_list={}",
)


@pytest.mark.parametrize("place", PLACES)
async def test_18_what_is_sent_is_never_sql(client: Fhir, place: str) -> None:
    await client.create(patient(family="Alone"))
    for snippet in SNIPPETS:
        answer = await client.ask("GET", f"Patient?{place.format(quote(snippet, safe=''))}")
        assert answer.status_code < 500, (snippet, answer.text)
        assert answer.status_code in (200, 400, 403, 413), snippet
        assert "sqlite" not in answer.text.lower()
        assert "syntax" not in answer.text.lower()
    assert await client.total("Patient?family=Alone") == 1


@pytest.mark.parametrize("wildcard", ["%", "_", "%25", "A%", "A_one", "\\%"])
async def test_18_wildcards_of_like_are_letters(client: Fhir, wildcard: str) -> None:
    await client.create(patient(family="Alone"))
    for modifier in ("", ":contains", ":exact"):
        assert await client.total(f"Patient?family{modifier}={quote(wildcard, safe='')}") == 0
