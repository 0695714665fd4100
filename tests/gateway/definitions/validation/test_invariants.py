"""Each invariant is kept by one object and broken by another, whichever way the validator looks at it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pytest

from gateway.definitions.tables import Tables
from gateway.definitions.validation.checks import Checks
from gateway.definitions.validation.findings import Scope
from gateway.definitions.validation.further_invariants import INVARIANTS
from gateway.definitions.validation.invariants import ADVICE, advice_on
from gateway.definitions.validation.verdicts import Verdicts
from tests.gateway.definitions.strategies import DEFINITIONS
from tests.gateway.definitions.validation.invariant_cases import CASES

CHECKS = Checks(Tables())
VERDICTS = Verdicts(Tables(), CHECKS, lambda resource, scope: True)
KEY = re.compile(r"\(([a-z]+-[0-9]+[a-z]?)\)")
KNOWN = sorted((type, key) for type, cases in CASES.items() for key in cases)


def registered() -> set[tuple[str, str]]:
    tables = [*INVARIANTS.items(), *ADVICE.items()]
    return {(type, invariant.key) for type, invariants in tables for invariant in invariants}


def test_every_invariant_has_its_case() -> None:
    assert registered() == set(KNOWN)


def keys_of(advices: Iterable[str]) -> set[str]:
    return {found[1] if (found := KEY.search(advice)) else advice for advice in advices}


def broken_by(type: str, value: dict[str, Any]) -> set[str]:
    advised = [f.advice for f in advice_on(value)] if type in ADVICE else []
    return keys_of([*(f.advice for f in CHECKS[type](value, 0, Scope())), *advised]) - {"dom-6"}


ALSO = {"qty-3": {"drt-1"}}
"""Of a Duration, which cannot break the one without the other."""


@pytest.mark.parametrize(("type", "key"), KNOWN)
def test_kept_and_broken(type: str, key: str) -> None:
    kept, broken = CASES[type][key]
    assert broken_by(type, kept) == set()
    assert VERDICTS[type](kept, 0, Scope())
    assert key in broken_by(type, broken) <= {key} | ALSO.get(key, set())
    if not any(invariant.key == key for invariant in ADVICE.get(type, ())):
        assert not VERDICTS[type](broken, 0, Scope())


ORGANIZATION = {"resourceType": "Organization", "id": "o", "name": "x"}
XHTML = "http://www.w3.org/1999/xhtml"


def patient(**elements: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", **elements}


def holding(contained: dict[str, Any], reference: str = "#o") -> dict[str, Any]:
    return patient(contained=[contained], managingOrganization={"reference": reference})


def telling(div: str) -> dict[str, Any]:
    return patient(text={"status": "generated", "div": f'<div xmlns="{XHTML}">{div}</div>'})


@pytest.mark.parametrize(
    ("key", "kept", "broken", "place"),
    [
        ("dom-2", holding(ORGANIZATION), holding({**ORGANIZATION, "contained": [ORGANIZATION]}),
         "Patient.contained[0].contained"),
        ("dom-3", holding(ORGANIZATION), patient(contained=[ORGANIZATION]), "Patient.contained[0]"),
        ("dom-4", holding(ORGANIZATION), holding({**ORGANIZATION, "meta": {"versionId": "1"}}),
         "Patient.contained[0].meta.versionId"),
        ("dom-5", holding({**ORGANIZATION, "meta": {"profile": ["https://example.org/p"]}}),
         holding({**ORGANIZATION, "meta": {"security": [{"code": "x"}]}}), "Patient.contained[0].meta.security"),
        ("contained", holding(ORGANIZATION), holding(ORGANIZATION, "#x"), "Patient.managingOrganization.reference"),
        ("ele-1", patient(name=[{"id": "1", "text": "x"}]), patient(name=[{"id": "1"}]), "Patient.name[0]"),
        ("txt-1", telling("x"), telling("<script>x</script>"), "Patient.text.div"),
        ("txt-2", telling("x"), telling(" "), "Patient.text.div"),
    ],
)  # fmt: skip
def test_rules_of_every_resource(key: str, kept: dict[str, Any], broken: dict[str, Any], place: str) -> None:
    assert DEFINITIONS.validate(kept) == ()
    found = [(i.expression[0], i.diagnostics) for i in DEFINITIONS.validate(broken)]
    assert place in {expression for expression, _ in found}
    assert any(key in text for expression, text in found if expression == place)


def test_a_narrative_is_advised_as_dom_6() -> None:
    assert any("dom-6" in issue.diagnostics for issue in DEFINITIONS.examine(patient(active=True)))
    assert not any("dom-6" in issue.diagnostics for issue in DEFINITIONS.examine(telling("x")))
