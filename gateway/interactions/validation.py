"""Validation before a write: every issue of a resource, told at its place."""

from __future__ import annotations

from dataclasses import replace

from gateway.definitions.contract import Definitions, Resource
from gateway.faults import Invalid, Issue


def check_valid(definitions: Definitions, resource: Resource, place: str = "") -> None:
    """Raises Invalid with all issues; `place` is where the resource stands (`Bundle.entry[2].resource`)."""
    issues = definitions.validate(resource)
    if issues:
        raise Invalid(tuple(within(issue, place) for issue in issues))


def within(issue: Issue, place: str) -> Issue:
    """The same issue, its expressions starting at `place` instead of at the resource's type."""
    if not place:
        return issue
    return replace(issue, expression=tuple(_moved(expression, place) for expression in issue.expression))


def _moved(expression: str, place: str) -> str:
    _, dot, below = expression.partition(".")
    return f"{place}{dot}{below}"
