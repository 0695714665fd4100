"""What a check finds wrong, and the shapes that all checks share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from gateway.faults import Issue

MOST = 100
"""Findings are counted up to here; a body of rubbish is not worth a list as long as itself."""
DEEPEST = 64
"""Levels of nesting that are followed."""

Code = Literal["structure", "required", "value", "code-invalid", "invariant"]


@dataclass(slots=True)
class Finding:
    """One thing wrong. `trail` is its path, innermost step first."""

    advice: str
    code: Code
    trail: list[str] = field(default_factory=list)

    def issue(self, root: str) -> Issue:
        return Issue(self.advice, (root + "".join(reversed(self.trail)),), self.code)


Findings = Sequence[Finding]
FINE: Findings = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """What a check has to know about the resource around the value."""

    contained_ids: frozenset[str] = frozenset()


Check = Callable[[Any, int, Scope], Findings]


def one(advice: str, code: Code, *steps: str) -> Findings:
    """A single finding, at the place reached by `steps` from here."""
    return [Finding(advice, code, list(reversed(steps)))]


def placed(findings: Findings, step: str) -> Findings:
    for finding in findings:
        finding.trail.append(step)
    return findings
