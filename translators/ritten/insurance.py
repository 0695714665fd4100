"""Coverages of a chart as Ritten's `insurance`: only with a payer that Ritten knows.

A policy with another payer would be refused with the whole PATCH, so it stays out and the operator is told why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.translation.contract import Account, Call, Chart, Flow, send
from gateway.translation.lens import LeftOut
from gateway.translation.rows import Record, Resource
from translators.ritten.coverage import COVERAGE, SUBSCRIBER
from translators.ritten.documents import entries
from translators.ritten.payers import Payer, Payers, resolved
from translators.ritten.sendable import sendable

ENDED = frozenset({"cancelled", "entered-in-error", "draft"})
SUBSCRIBED = ("Coverage.subscriber", "Coverage.policyHolder", "Coverage.contained")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A coverage that goes to Ritten."""

    coverage: Resource
    payer: str
    subscriber: Resource | None
    person: str
    """`RelatedPerson/id` of the subscriber, where it is a resource of its own."""


@dataclass(slots=True)
class Policies:
    """What becomes of the chart's coverages."""

    whole: list[Record]
    """Ritten's list as it should be."""
    placed: list[tuple[Wanted, Record]] = field(default_factory=list)
    """Each coverage, and the item that it became."""
    payers: dict[str, str] = field(default_factory=dict)
    """payerId → `Organization/id`."""
    left_out: list[LeftOut] = field(default_factory=list)

    def links(self, document: Record) -> dict[str, str]:
        """`Type/id` → Ritten's key, from the document that Ritten answered."""
        links = {organization: payer for payer, organization in self.payers.items()}
        items = list(document.get("insurance") or ())
        for wanted, item in self.placed:
            found = next((other for other in items if _is_same(item, other)), None)
            if found is not None and found.get("id"):
                items.remove(found)
                names = (f"Coverage/{wanted.coverage['id']}", wanted.person)
                links |= {name: found["id"] for name in names if name}
        return links


def policies(account: Account, chart: Chart, base: Record | None, current: Record) -> Flow[Policies]:
    found = Policies(list(current.get("insurance") or ()))
    coverages = [coverage for coverage in chart.of("Coverage") if _is_open(coverage, found)]
    if not chart.of("Coverage"):
        found.left_out.append(LeftOut("Coverage", "no insurance was sent: the chart has no Coverage; add the policy"))
    if coverages:
        reply = yield from send(Call("GET", "/insurance/payers"))
        payers = Payers(account, chart, entries(reply.json(), "payer"))
        placing = _Placing(account, (base or {}).get("insurance") or [], found)
        placing.place([wanted for coverage in coverages for wanted in _wanted(payers, coverage, found)])
    return found


def _is_open(coverage: Resource, found: Policies) -> bool:
    if coverage.get("status") in ENDED:
        reason = f"a policy of status {coverage['status']} is not sent; end it in Ritten if it stands there"
        found.left_out.append(LeftOut(f"Coverage/{coverage['id']}", reason))
        return False
    return True


def _wanted(payers: Payers, coverage: Resource, found: Policies) -> Iterator[Wanted]:
    payer = payers.of(coverage)
    if not isinstance(payer, Payer):
        found.left_out.append(payer)
        return
    if payer.organization:
        found.payers.setdefault(payer.id, payer.organization)
    holder: Mapping[str, Any] = coverage.get("subscriber") or coverage.get("policyHolder") or {}
    subscriber = resolved(payers.chart, coverage, holder, "RelatedPerson")
    if subscriber is None:
        yield Wanted(coverage, payer.id, None, "")
        return
    person = "" if holder["reference"].startswith("#") else holder["reference"]
    spelt, unsendable = sendable(subscriber, person or "RelatedPerson")
    found.left_out += unsendable
    yield Wanted(coverage, payer.id, spelt, person)


@dataclass(frozen=True, slots=True)
class _Placing:
    """Puts coverages into the list."""

    account: Account
    base: list[Record]
    found: Policies

    def place(self, coverages: list[Wanted]) -> None:
        claims = self._claims(coverages)
        for number, wanted in enumerate(coverages):
            index = claims.get(number)
            item = self._written(wanted, None if index is None else self.found.whole[index])
            if index is None:
                self.found.whole.append(item)
            else:
                self.found.whole[index] = item
            self.found.placed.append((wanted, item))
            self.found.left_out += self._lost(wanted)

    def _claims(self, coverages: list[Wanted]) -> dict[int, int]:
        """Which of Ritten's items each coverage is: the one of its key, else of its member id and payer.

        What is left of a payer and was there at the last sync had its member id corrected in the chart.
        """
        synced = {item.get("id") for item in self.base}
        rules: tuple[Callable[[Wanted, Record], bool], ...] = (
            lambda wanted, item: item.get("id") in self._keys(wanted.coverage),
            lambda wanted, item: (
                _of_payer(wanted, item) and item.get("memberIdentifier") == wanted.coverage.get("subscriberId")
            ),
            lambda wanted, item: _of_payer(wanted, item) and item.get("id") in synced,
        )
        claims: dict[int, int] = {}
        for fits in rules:
            for number, wanted in enumerate(coverages):
                free = (index for index in range(len(self.found.whole)) if index not in claims.values())
                index = next((index for index in free if fits(wanted, self.found.whole[index])), None)
                if number not in claims and index is not None:
                    claims[number] = index
        return claims

    def _keys(self, coverage: Resource) -> set[str]:
        system = self.account.system("id")
        identifiers = (item for item in coverage.get("identifier", ()) if item.get("system") == system)
        return {item["value"] for item in identifiers if "value" in item}

    def _written(self, wanted: Wanted, old: Record | None) -> Record:
        """A policy that the chart has not changed since the last sync stays as Ritten has it."""
        if old is None:
            return self._merged(wanted, {})
        before = next((item for item in self.base if item.get("id") == old.get("id")), None)
        return old if before is not None and self._merged(wanted, before) == before else self._merged(wanted, old)

    def _merged(self, wanted: Wanted, onto: Record) -> Record:
        item = COVERAGE.bound(self.account.bindings).merge(wanted.coverage, onto=onto).value
        if wanted.subscriber is not None:
            item = SUBSCRIBER.bound(self.account.bindings).merge(wanted.subscriber, onto=item).value
        return item | {"payerId": wanted.payer}

    def _lost(self, wanted: Wanted) -> Iterator[LeftOut]:
        """`payor` travels as payerId, and the subscriber in the same item."""
        sent = ("Coverage.payor", *(SUBSCRIBED if wanted.subscriber else ()))
        for lost in COVERAGE.bound(self.account.bindings).unmapped(wanted.coverage):
            if not _is_below(lost.expression, sent) and not _is_patient(wanted.coverage, lost.expression):
                where = lost.expression.replace("Coverage", f"Coverage/{wanted.coverage['id']}", 1)
                yield LeftOut(where, lost.reason)
        if wanted.subscriber is not None:
            for lost in SUBSCRIBER.bound(self.account.bindings).unmapped(wanted.subscriber):
                where = lost.expression.replace("RelatedPerson", wanted.person or "RelatedPerson", 1)
                yield LeftOut(where, lost.reason)


def _of_payer(wanted: Wanted, item: Record) -> bool:
    return bool(item.get("payerId") == wanted.payer)


def _is_below(expression: str, places: tuple[str, ...]) -> bool:
    return any(expression == place or expression.startswith((f"{place}.", f"{place}[")) for place in places)


def _is_patient(coverage: Resource, expression: str) -> bool:
    """A subscriber who is the patient is said by `relationship` self."""
    name = expression.removeprefix("Coverage.").partition(".")[0].partition("[")[0]
    reference = coverage.get(name)
    return isinstance(reference, dict) and reference == coverage.get("beneficiary")


def _is_same(item: Record, other: Record) -> bool:
    if item.get("id"):
        return bool(item["id"] == other.get("id"))
    return all(item.get(name) == other.get(name) for name in ("payerId", "memberIdentifier"))
