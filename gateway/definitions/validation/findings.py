"""What a check finds wrong, and the shapes that all checks share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from gateway.faults import Issue, Severity

MOST = 100
"""Findings are counted up to here; a body of rubbish is not worth a list as long as itself."""
DEEPEST = 64
"""Levels of nesting that are followed."""

Code = Literal["structure", "required", "value", "code-invalid", "invariant", "not-found"]


@dataclass(slots=True)
class Finding:
    """One thing wrong. `trail` is its path, innermost step first."""

    advice: str
    code: Code
    trail: list[str] = field(default_factory=list)
    severity: Severity = "error"

    def issue(self, root: str) -> Issue:
        return Issue(self.advice, (root + "".join(reversed(self.trail)),), self.code, self.severity)


Findings = Sequence[Finding]
FINE: Findings = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """What a check has to know about the resource around the value."""

    contained_ids: frozenset[str] = frozenset()
    extensions: list[tuple[str, dict[str, Any]]] | None = None
    """The extensions met so far, each with the type that holds it; None where nobody asks."""
    demanded: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Resource type → the profiles that resources of it have to satisfy, whatever they claim."""
    advises: bool = False
    """Whether what is no error is told too."""


Check = Callable[[Any, int, Scope], Findings]


def one(advice: str, code: Code, *steps: str) -> Findings:
    """A single finding, at the place reached by `steps` from here."""
    return [Finding(advice, code, list(reversed(steps)))]


def placed(findings: Findings, step: str) -> Findings:
    for finding in findings:
        finding.trail.append(step)
    return findings
