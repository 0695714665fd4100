"""Faults in the shape of the API that they happened in: a face's own below its root, an OperationOutcome elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic_core import to_json
from starlette.responses import Response
from starlette.types import Scope

from gateway.faults import Fault, Gone, Invalid, Malformed, PreconditionFailed
from gateway.interactions.exchange import json_response
from gateway.outcome import UNKNOWN, answer_for, outcome_of, unforeseen_outcome
from gateway.translation.face import Face, Problem

JSON = "application/json"
STATUSES: Mapping[type[Fault], int] = {Malformed: 422, Invalid: 422, Gone: 404, PreconditionFailed: 409}
"""What REST APIs of this day commonly say; FHIR says otherwise."""


class NotAsDeclared(Invalid):
    """Something of a request is not as the operation declares it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(problem.text for problem in problems))
        self.problems = problems


def face_of(scope: Scope) -> Face | None:
    """The face that an address belongs to."""
    faces: tuple[Face, ...] = getattr(getattr(scope.get("app"), "state", None), "faces", ())
    path = scope["path"]
    return next((face for face in faces if path.startswith(f"{face.root}/")), None)


def refusal(scope: Scope, fault: Fault, headers: Mapping[str, str]) -> Response:
    face = face_of(scope)
    if face is None:
        return json_response(outcome_of(fault), answer_for(fault).status, dict(headers))
    return of_face(face, status_of(face, fault), tuple(problems_of(fault)), headers)


def unforeseen(scope: Scope) -> Response:
    """The answer to an error of ours: where it happened is in the log, nothing of it is told."""
    if (face := face_of(scope)) is None:
        return json_response(unforeseen_outcome(), UNKNOWN.status)
    problem = Problem((), unforeseen_outcome()["issue"][0]["diagnostics"], UNKNOWN.code)
    return of_face(face, UNKNOWN.status, (problem,), {})


def of_face(face: Face, status: int, problems: tuple[Problem, ...], headers: Mapping[str, str]) -> Response:
    return Response(to_json(face.refusal(status, problems)), status, dict(headers), JSON)


def status_of(face: Face, fault: Fault) -> int:
    for kind in type(fault).__mro__:
        if kind in face.statuses or kind in STATUSES:
            return face.statuses.get(kind) or STATUSES[kind]
    return answer_for(fault).status


def problems_of(fault: Fault) -> Iterator[Problem]:
    if isinstance(fault, NotAsDeclared):
        yield from fault.problems
        return
    for issue in fault.issues:
        parts = issue.expression[0].split(".") if issue.expression else ()
        place = tuple(int(part) if part.isdecimal() else part for part in parts)
        yield Problem(place, issue.diagnostics, issue.code or answer_for(fault).code)
