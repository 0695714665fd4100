"""Links of a document: found with their places, replaced where they have to be and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.interactions.references import Link, references, rewritten, root_of

URN = "urn:uuid:5a4ffbc6-60b1-4d1a-9d9e-1d1f0a6f0001"
LITERAL = {URN: "Patient/1", "https://old.example/fhir/Patient/7": "Patient/2", "Patient?identifier=x": "Patient/3"}


@pytest.mark.parametrize(
    ("text", "root", "becomes"),
    [
        (URN, "", "Patient/1"),
        (f"{URN}#part", "", "Patient/1#part"),
        ("https://old.example/fhir/Patient/7", "", "Patient/2"),
        ("Patient/7", "https://old.example/fhir/", "Patient/2"),
        ("Patient/7", "https://other.example/fhir/", "Patient/7"),
        ("Patient/7", "", "Patient/7"),
        ("Patient/8", "https://old.example/fhir/", "Patient/8"),
        ("Patient?identifier=x", "https://old.example/fhir/", "Patient/3"),
        ("#contained", "https://old.example/fhir/", "#contained"),
        (f"{URN}2", "", f"{URN}2"),
    ],
)
def test_a_reference_becomes(text: str, root: str, becomes: str) -> None:
    assert rewritten({"subject": {"reference": text}}, LITERAL, root) == {"subject": {"reference": becomes}}


def test_only_links_are_replaced() -> None:
    node = {"identifier": [{"system": URN, "value": URN}], "note": [URN], "reference": {"reference": [URN]}, "url": URN}
    assert rewritten(node, LITERAL) == {**node, "url": "Patient/1"}


def test_links_of_the_narrative() -> None:
    div = f'<div>{URN}<a href="{URN}">x</a><img src=\'{URN}#a\'/><a href = "other">y</a></div>'
    changed = f'<div>{URN}<a href="Patient/1">x</a><img src=\'Patient/1#a\'/><a href = "other">y</a></div>'
    assert rewritten({"text": {"div": div}}, LITERAL) == {"text": {"div": changed}}


def test_places() -> None:
    node = {"a": [{"b": {"reference": URN}}, {"reference": "Patient?x=y"}], "reference": "#c"}
    assert list(references(node, "R")) == [
        Link("R.a[0].b.reference", URN),
        Link("R.a[1].reference", "Patient?x=y"),
        Link("R.reference", "#c"),
    ]


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("Patient?identifier=http://x|1", ("Patient", "identifier=http://x|1")),
        ("Patient?", None),
        ("Patient/1?x=y", None),
        ("http://x.example/Patient?x=y", None),
        ("?x=y", None),
        ("patient?x=y", None),
    ],
)
def test_conditions(text: str, condition: tuple[str, str] | None) -> None:
    assert Link("", text).condition == condition


@pytest.mark.parametrize(
    ("full_url", "root"),
    [
        ("https://old.example/fhir/Patient/7", "https://old.example/fhir/"),
        ("https://old.example/Patient/7", "https://old.example/"),
        (URN, ""),
        (None, ""),
        ("https://old.example/fhir/Patient/7/_history/1", ""),
        ("ftp://old.example/Patient/7", ""),
    ],
)
def test_roots(full_url: str | None, root: str) -> None:
    assert root_of(full_url) == root


@given(st.recursive(st.text() | st.integers(), lambda v: st.lists(v) | st.dictionaries(st.text(), v), max_leaves=8))
def test_nothing_else_is_touched(node: Any) -> None:
    assert rewritten(node, {}) == node
