"""Which of Ritten's payers pays for a Coverage.

The payer's code is an identifier of the Organization in `Coverage.payor`. The connection's payer table translates it,
or it is a `payerIdentifier` of Ritten's already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.translation.contract import Account, Chart
from gateway.translation.lens import LeftOut
from gateway.translation.rows import Record, Resource


def resolved(chart: Chart, owner: Resource, reference: Mapping[str, Any], type: str) -> Resource | None:
    """What the reference means: contained, referred to by the chart, or part of it."""
    target = reference.get("reference", "")
    inside = (item for item in owner.get("contained", ()) if target == f"#{item.get('id')}")
    beside = (item for item in chart.of(type) if target == f"{type}/{item['id']}")
    found = next(inside, None) or chart.resolve(reference) or next(beside, None)
    return found if found is not None and found.get("resourceType") == type else None


@dataclass(frozen=True, slots=True)
class Payer:
    """A payer of Ritten's, and the Organization of the chart that it is, if it is one."""

    id: str
    organization: str = ""


@dataclass(frozen=True, slots=True)
class Payers:
    """Ritten's list, seen from one connection and one chart."""

    account: Account
    chart: Chart
    entries: Sequence[Record]

    def of(self, coverage: Resource) -> Payer | LeftOut:
        """The payer, or why there is none."""
        codes = dict(self._codes(coverage))
        known = {str(name): e["id"] for e in self.entries for name in (e.get("payerIdentifier"), e["id"]) if name}
        for code, organization in codes.items():
            if id := known.get(self._mapped().get(code, code)):
                return Payer(id, organization)
        reason = self._unknown(next(iter(codes))) if codes else "no payer code; give Coverage.payor's Organization one"
        return LeftOut(f"Coverage/{coverage['id']}", f"insurance not sent: {reason}")

    def _codes(self, coverage: Resource) -> Iterator[tuple[str, str]]:
        """Each code that the payer is known by, and the Organization that has it."""
        for payor in coverage.get("payor", ()):
            if value := (payor.get("identifier") or {}).get("value"):
                yield value, ""
            organization = resolved(self.chart, coverage, payor, "Organization") or {}
            for identifier in organization.get("identifier", ()):
                if "value" in identifier:
                    yield identifier["value"], payor.get("reference", "").partition("#")[0]

    def _unknown(self, code: str) -> str:
        command = f"crosswalk mapping set --org {self.account.org} {self.account.name} payer {code} PAYERIDENTIFIER"
        if code not in self._mapped():
            return f"payer code {code} is not mapped; map it with `{command}`"
        target = self._mapped()[code]
        return (
            f"payer code {code} is mapped to {target}, which is no payerIdentifier in Ritten; mend it with `{command}`"
        )

    def _mapped(self) -> Mapping[str, str]:
        return self.account.mappings.get("payer", {})
