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
from gateway.translation.unmapped import OFFERED, Unmapped, mapping_command, nearest

KIND, PLACEHOLDER = "payer", "PAYERIDENTIFIER"
NO_CODE = (
    "insurance was not sent: the CRM left the payer blank (no payer code); give the Organization in Coverage.payor the "
    "code as an identifier"
)
SELF_PAY = "the patient pays: Ritten's insurance has payers only"


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
class Named:
    """How the chart calls a payer."""

    code: str
    name: str
    organization: str
    """`Organization/id`; "" where it is no resource of its own."""


@dataclass(frozen=True, slots=True)
class Payers:
    """Ritten's list, seen from one connection and one chart."""

    account: Account
    chart: Chart
    entries: Sequence[Record]

    def of(self, coverage: Resource) -> Payer | LeftOut:
        """The payer, or why there is none."""
        named = list(dict.fromkeys(self._named(coverage)))
        for each in named:
            found = self._known(each)
            if len(found) == 1:
                return Payer(found[0]["id"], each.organization)
        where = f"Coverage/{coverage['id']}"
        if named:
            return self._unmapped(where, named)
        payors = coverage.get("payor", ())
        if payors and all(str(payor.get("reference", "")).startswith("Patient/") for payor in payors):
            return LeftOut(where, SELF_PAY)
        return LeftOut(where, NO_CODE, notable=True)

    def _named(self, coverage: Resource) -> Iterator[Named]:
        """Each code that the payer is known by."""
        for payor in coverage.get("payor", ()):
            organization = resolved(self.chart, coverage, payor, "Organization") or {}
            name = str(organization.get("name") or payor.get("display") or "")
            if code := str((payor.get("identifier") or {}).get("value", "")).strip():
                yield Named(code, name, "")
            for identifier in organization.get("identifier", ()):
                if code := str(identifier.get("value", "")).strip():
                    yield Named(code, name, payor.get("reference", "").partition("#")[0])

    def _known(self, named: Named) -> Sequence[Record]:
        """Ritten's payers of that code. Some share one: then the name decides, if it can."""
        target = self._mapped().get(named.code, named.code)
        found = [entry for entry in self.entries if target in (str(entry.get("payerIdentifier")), entry["id"])]
        namesakes = [entry for entry in found if named.name and _name(entry).casefold() == named.name.casefold()]
        return namesakes if len(found) > 1 and namesakes else found

    def _unmapped(self, where: str, named: Sequence[Named]) -> LeftOut:
        words = tuple(self._word(each) for each in named)
        reason = f"insurance was not sent: {self._why(named[0], words[0])}"
        return LeftOut(where, reason, notable=True, unmapped=words)

    def _word(self, named: Named) -> Unmapped:
        several = self._known(named)
        near = [_offered(entry, by_id=True) for entry in several] or self._near(named)
        return Unmapped(KIND, named.code, self._mapped().get(named.code), tuple(near[:OFFERED]))

    def _why(self, named: Named, word: Unmapped) -> str:
        several = self._known(named)
        placeholder = "PAYERID" if several else PLACEHOLDER
        command = mapping_command(self.account.org, self.account.name, KIND, named.code, placeholder)
        near = f"; most like it in Ritten: {', '.join(word.near)}" if word.near else ""
        if several:
            return f"payer code {named.code} is that of several payers in Ritten; map it to one with `{command}`{near}"
        if word.target is None:
            return f"payer code {named.code} is not mapped to a payer of Ritten's; map it with `{command}`{near}"
        return (
            f"payer code {named.code} is mapped to {word.target}, which is no payerIdentifier in Ritten; "
            f"mend it with `{command}`{near}"
        )

    def _near(self, named: Named) -> list[str]:
        """By the name, then by the code."""
        by_name = {_name(entry): entry for entry in self.entries if _name(entry)}
        by_code = {str(entry["payerIdentifier"]): entry for entry in self.entries if entry.get("payerIdentifier")}
        found = [by_name[name] for name in (nearest(named.name, by_name) if named.name else ())]
        found += [by_code[code] for code in nearest(named.code, by_code)]
        return list(dict.fromkeys(_offered(entry) for entry in found))

    def _mapped(self) -> Mapping[str, str]:
        return self.account.mappings.get(KIND, {})


def _name(entry: Record) -> str:
    return str(entry.get("name") or "")


def _offered(entry: Record, *, by_id: bool = False) -> str:
    code = entry["id"] if by_id else str(entry.get("payerIdentifier") or entry["id"])
    return f"{code} ({_name(entry)})" if _name(entry) else code
