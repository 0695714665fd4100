"""Every refusal of an EMR becomes a fault that explains itself and repeats nothing of what the EMR said."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.faults import EmrBusy, Fault, Forbidden, Unauthenticated
from gateway.outcome import outcome_of
from gateway.translation.contract import Reply, Translator
from tests.contract.plugins import each_translator

CANARY = "Zebulon-Quimby"
ISSUE_TYPES = (
    "invalid structure required value invariant security login unknown expired forbidden suppressed processing"
    " not-supported duplicate multiple-matches not-found deleted too-long code-invalid extension too-costly"
    " business-rule conflict transient lock-error no-store exception timeout incomplete throttled informational"
)
"""http://hl7.org/fhir/R4/valueset-issue-type.html"""
STATUSES = [*range(400, 432), 451, 498, 499, *range(500, 512), 520, 522, 599]
SHAPES: list[Any] = [
    {"error": CANARY},
    {"errors": [{"message": CANARY, "code": CANARY, "field": CANARY}]},
    {"errors": {CANARY: [CANARY]}},
    {"error": {"code": CANARY, "message": CANARY, "details": [{"issue": CANARY}]}},
    {"message": CANARY, "status": CANARY},
    {"detail": [{"loc": ["body", CANARY], "msg": CANARY, "type": CANARY}]},
    {
        "resourceType": "OperationOutcome",
        "issue": [{"code": CANARY, "diagnostics": CANARY, "details": {"text": CANARY}}],
    },
    {"resourceType": "OperationOutcome", "issue": {}},
    {"code": 409, "errors": None},
    [CANARY],
    CANARY,
    None,
    7,
]
BODIES = [b"", CANARY.encode(), b"\xff\xfe", f"<html>{CANARY}</html>".encode(), b"[" * 5000]
BODIES += [json.dumps(shape).encode() for shape in SHAPES]
AFTER = ["0", "120", "soon", "-5", "1e309", "nan", "Wed, 21 Oct 2015 07:28:00 GMT", "", "9" * 400]


def check(fault: Any) -> None:
    assert isinstance(fault, Fault)
    # The EMR's refusal of our credentials is never the client's.
    assert not isinstance(fault, Unauthenticated | Forbidden)
    outcome = outcome_of(fault)
    assert outcome["resourceType"] == "OperationOutcome"
    assert outcome["issue"]
    for issue in outcome["issue"]:
        assert issue["severity"] in {"fatal", "error", "warning", "information"}
        assert issue["code"] in ISSUE_TYPES.split()
        assert issue["diagnostics"].strip()
        assert len(issue["diagnostics"]) < 1000
    assert CANARY not in json.dumps(outcome)
    assert CANARY not in str(fault)


@each_translator
@pytest.mark.parametrize("status", STATUSES)
def test_every_status_is_a_fault_without_the_body(translator: Translator, status: int) -> None:
    for body in BODIES:
        check(translator.fault(Reply(status, {"content-type": "application/json"}, body)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(CANARY),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "errors", "message", "code", "issue", "detail", CANARY]), inner, max_size=3
        )
    ),
    max_leaves=12,
)


@each_translator
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(status=st.integers(400, 599), body=st.one_of(st.binary(), JSON.map(lambda shape: json.dumps(shape).encode())))
def test_faults_are_total(translator: Translator, status: int, body: bytes) -> None:
    check(translator.fault(Reply(status, {}, body)))


@each_translator
@pytest.mark.parametrize("after", AFTER)
@pytest.mark.parametrize("status", [429, 503])
def test_whatever_retry_after_says_the_wait_is_a_number(translator: Translator, status: int, after: str) -> None:
    fault = translator.fault(Reply(status, {"retry-after": after}, b""))
    check(fault)
    if isinstance(fault, EmrBusy) and fault.after is not None:
        assert math.isfinite(fault.after)
        assert fault.after >= 0
