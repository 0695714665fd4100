"""What a narrative may hold, and other rules beyond a type's table."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.definitions.strategies import DEFINITIONS

NAMESPACE = 'xmlns="http://www.w3.org/1999/xhtml"'


def issues(resource: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(issue.expression[0], issue.code) for issue in DEFINITIONS.validate(resource)]


def narrated(div: str) -> dict[str, Any]:
    return {"resourceType": "Patient", "text": {"status": "generated", "div": div}}


@pytest.mark.parametrize(
    "inner",
    ["x", '<p class="a" style="color: red">é</p>', '<a href="https://example.org">x</a>', '<img src="#a" alt="x"/>'],
)
def test_narratives_that_are_taken(inner: str) -> None:
    assert issues(narrated(f"<div {NAMESPACE}>{inner}</div>")) == []


@pytest.mark.parametrize(
    "div",
    [
        "<div>x</div>",
        f"<p {NAMESPACE}>x</p>",
        f"<div {NAMESPACE}> </div>",
        f"<div {NAMESPACE}><p>x</div>",
        f"<div {NAMESPACE}>&nbsp;x</div>",
        f"<div {NAMESPACE}><script>x</script></div>",
        f"<div {NAMESPACE}><form>x</form></div>",
        f'<div {NAMESPACE} onclick="x()">x</div>',
        f'<div {NAMESPACE}><a href="java&#9;script:x()">x</a></div>',
        f'<div {NAMESPACE}><a href="data:text/html,x">x</a></div>',
        f'<div {NAMESPACE}><p style="background: url(https://example.org/x)">x</p></div>',
        f'<!DOCTYPE div [<!ENTITY a "x">]><div {NAMESPACE}>&a;</div>',
    ],
)
def test_narratives_that_are_refused(div: str) -> None:
    assert issues(narrated(div)) == [("Patient.text.div", "invariant")]


ORGANIZATION = {"resourceType": "Organization", "id": "o", "name": "x"}


def test_what_is_contained_is_referred_to() -> None:
    idle = {"resourceType": "Patient", "contained": [ORGANIZATION]}
    assert issues(idle) == [("Patient.contained[0]", "invariant")]
    assert issues({**idle, "managingOrganization": {"reference": "#o"}}) == []


@pytest.mark.parametrize(
    ("resource", "expression"),
    [
        ({"resourceType": "Patient", "language": "e"}, "Patient.language"),
        ({"resourceType": "Binary", "contentType": "pdf"}, "Binary.contentType"),
    ],
)
def test_codes_of_open_sets(resource: dict[str, Any], expression: str) -> None:
    assert issues(resource) == [(expression, "code-invalid")]
