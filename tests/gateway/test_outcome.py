"""Faults as OperationOutcomes."""

from __future__ import annotations

import pytest

from gateway import faults
from gateway.faults import ClientFault, Fault, Issue
from gateway.outcome import ANSWERS, answer_for, outcome_of, unforeseen_outcome

KINDS: list[type[Fault]] = [
    kind for kind in vars(faults).values() if isinstance(kind, type) and issubclass(kind, Fault)
]
GENERAL: set[type[Fault]] = {Fault, ClientFault, faults.EmrFault}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in GENERAL])
def test_every_kind_has_its_answer(kind: type[Fault]) -> None:
    assert (kind in ANSWERS) is True
    answer = ANSWERS[kind]
    assert (400 <= answer.status < 500) is (issubclass(kind, ClientFault) or kind is faults.EmrRefused)


def test_a_kind_of_a_kind_is_answered_alike() -> None:
    class Stale(faults.PreconditionFailed):
        """A refinement."""

    assert answer_for(Stale("x")) == ANSWERS[faults.PreconditionFailed]
    assert answer_for(Fault("x")).status == 500


def test_issues_in_full() -> None:
    fault = faults.Invalid((Issue("one", ("Patient.name",), "value"), Issue("two", severity="warning")))
    assert outcome_of(fault) == {
        "resourceType": "OperationOutcome",
        "issue": [
            {"severity": "error", "code": "value", "diagnostics": "one", "expression": ["Patient.name"]},
            {"severity": "warning", "code": "invalid", "diagnostics": "two"},
        ],
    }


def test_the_unforeseen() -> None:
    assert unforeseen_outcome()["issue"][0]["code"] == "exception"
