"""Addresses below their base, and what only looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.translation.addresses import Addresses

THEIRS, OURS = "https://fhir.emr.test/fhir/r4/ABCDEF", "http://gate.test/fhir/r4/demo/via/emr"
MADE = Addresses(THEIRS, OURS)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ('{"reference":"https://fhir.emr.test/fhir/r4/ABCDEF/Patient/a_b"}', f'{{"reference":"{OURS}/Patient/a_b"}}'),
        ('"http://fhir.emr.test/fhir/r4/ABCDEF/Binary/1"', f'"{OURS}/Binary/1"'),
        ('"https://FHIR.emr.test:443/fhir/r4/ABCDEF"', f'"{OURS}"'),
        (r'"https:\/\/fhir.emr.test\/fhir\/r4\/ABCDEF\/Binary\/1"', rf'"{OURS}\/Binary\/1"'),
        ('"https://fhir.emr.test/fhir/r4/ABCDEF?page=2"', f'"{OURS}?page=2"'),
        (r'"<a href=\"https://fhir.emr.test/fhir/r4/ABCDEF/Binary/1\">"', rf'"<a href=\"{OURS}/Binary/1\">"'),
        (r'"see\nhttps://fhir.emr.test/fhir/r4/ABCDEF/x"', rf'"see\n{OURS}/x"'),
        ('"at (https://fhir.emr.test/fhir/r4/ABCDEF)"', f'"at ({OURS})"'),
        ('"https://fhir.emr.test/fhir/r4/ABCDEF|1"', f'"{OURS}|1"'),
    ],
)  # fmt: skip
def test_what_is_below_their_base(theirs: str, ours: str) -> None:
    assert MADE.to_ours(theirs.encode()).decode() == ours


@pytest.mark.parametrize(
    "text",
    [
        '"https://fhir.emr.test/fhir/r4/ABCDEFG/Patient/1"', '"https://fhir.emr.test.evil.test/fhir/r4/ABCDEF/Patient/1"',
        '"https://other.test/?u=https://fhir.emr.test/fhir/r4/ABCDEF/Patient/1"', '"Patient/1"',
        '"https://fhir.emr.test:8443/fhir/r4/ABCDEF/Patient/1"', '"xhttps://fhir.emr.test/fhir/r4/ABCDEF/Patient/1"',
        '"https://fhir.emr.test/fhir/r4/abcdef/Patient/1"', '"https://fhir.emr.test/fhir/r4/"',
    ],
)  # fmt: skip
def test_what_is_not(text: str) -> None:
    assert MADE.to_ours(text.encode()).decode() == text


def test_what_a_client_refers_to() -> None:
    assert MADE.to_theirs(f"{OURS}/Patient/1,Patient/2") == f"{THEIRS}/Patient/1,Patient/2"
    assert MADE.to_theirs(f"{OURS}2/Patient/1") == f"{OURS}2/Patient/1"


@pytest.mark.parametrize(
    ("url", "rest"),
    [
        (f"{THEIRS}/Location?name=x&page=2", "/Location?name=x&page=2"), ("Location?page=2", "/Location?page=2"),
        ("?page=2", "/Location?page=2"), ("/fhir/r4/ABCDEF/Location?page=2", "/Location?page=2"),
        (f"{THEIRS}?_getpages=1", "?_getpages=1"), (f"{THEIRS}/../OTHERS/Patient", None), ("//evil.test/x", None),
        ("https://evil.test/fhir/r4/ABCDEF/x", None), ("../../x", None), ("file:///etc/passwd", None),
    ],
)  # fmt: skip
def test_where_a_link_leads(url: str, rest: str | None) -> None:
    assert MADE.below(url, "Location") == rest


@given(st.text("htps:/.emrfABCDEF4?\"' ", max_size=60))
def test_nothing_without_their_host_is_touched(text: str) -> None:
    assert MADE.to_ours(text.encode()).decode() == text
