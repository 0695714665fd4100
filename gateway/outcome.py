"""Turns faults into OperationOutcomes: the one table from meaning to HTTP status and issue code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gateway import faults
from gateway.faults import Fault, Issue


@dataclass(frozen=True, slots=True)
class Answer:
    """How a fault is told over HTTP."""

    status: int
    code: str
    """A code of http://hl7.org/fhir/issue-type."""


ANSWERS: dict[type[Fault], Answer] = {
    faults.Malformed: Answer(400, "structure"),
    faults.Invalid: Answer(400, "invalid"),
    faults.Unprocessable: Answer(422, "business-rule"),
    faults.Unauthenticated: Answer(401, "login"),
    faults.Forbidden: Answer(403, "forbidden"),
    faults.NotFound: Answer(404, "not-found"),
    faults.Gone: Answer(410, "deleted"),
    faults.Conflict: Answer(409, "conflict"),
    faults.PreconditionFailed: Answer(412, "conflict"),
    faults.NotSupported: Answer(400, "not-supported"),
    faults.MethodNotAllowed: Answer(405, "not-supported"),
    faults.NotAcceptable: Answer(406, "not-supported"),
    faults.UnsupportedMedia: Answer(415, "not-supported"),
    faults.TooLarge: Answer(413, "too-long"),
    faults.TooSlow: Answer(408, "timeout"),
    faults.Throttled: Answer(429, "throttled"),
    faults.EmrUnreachable: Answer(504, "timeout"),
    faults.EmrBusy: Answer(503, "throttled"),
    faults.EmrNonsense: Answer(502, "exception"),
    faults.EmrDenied: Answer(502, "exception"),
    faults.EmrRefused: Answer(422, "business-rule"),
    faults.EmrUnsettled: Answer(504, "incomplete"),
    faults.EmrSwitchedOff: Answer(502, "not-supported"),
    faults.DatabaseBusy: Answer(503, "transient"),
    faults.Misconfigured: Answer(500, "exception"),
}
UNKNOWN = Answer(500, "exception")


def answer_for(fault: Fault) -> Answer:
    return next((ANSWERS[kind] for kind in type(fault).__mro__ if kind in ANSWERS), UNKNOWN)


def issue_json(issue: Issue, default_code: str) -> dict[str, Any]:
    body: dict[str, Any] = {
        "severity": issue.severity,
        "code": issue.code or default_code,
        "diagnostics": issue.diagnostics,
    }
    if issue.expression:
        body["expression"] = list(issue.expression)
    return body


def operation_outcome(issues: tuple[Issue, ...], code: str = "informational") -> dict[str, Any]:
    """An OperationOutcome as a plain dict; `code` serves issues that name none."""
    return {"resourceType": "OperationOutcome", "issue": [issue_json(issue, code) for issue in issues]}


def outcome_of(fault: Fault) -> dict[str, Any]:
    return operation_outcome(fault.issues, answer_for(fault).code)


def unforeseen_outcome() -> dict[str, Any]:
    """For what no fault foresaw; its cause is in the log only."""
    advice = "Something went wrong here and was not done. Tell the operator the X-Request-Id of this answer"
    return operation_outcome((Issue(advice),), UNKNOWN.code)
