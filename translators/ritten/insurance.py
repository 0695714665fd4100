"""Coverages of a chart as Ritten's `insurance`: only with a payer that Ritten knows.

A policy with another payer would be refused with the whole PATCH, so it stays out and the operator is told why. The
list is sent whole: Ritten's items as they are, the policies of the chart as the chart has them, new ones at the end.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.translation.contract import Account, Call, Chart, Flow, Linked, send
from gateway.translation.lens import LeftOut
from gateway.translation.rows import Record, Resource
from translators.ritten.claims import Keys, claimed, is_like, keys
from translators.ritten.coverage import COVERAGE, SUBSCRIBER
from translators.ritten.documents import entries
from translators.ritten.payers import Payer, Payers, resolved
from translators.ritten.sendable import sendable

ENDED = frozenset({"cancelled", "entered-in-error", "draft"})
SUBSCRIBED = ("Coverage.subscriber", "Coverage.policyHolder", "Coverage.contained")
NONE = LeftOut(
    "Coverage",
    "insurance was not sent: the CRM has none for this patient (the chart has no Coverage); add the policy there",
    notable=True,
)
STAYS = LeftOut(
    "Coverage (Ritten: insurance)",
    "Ritten has a policy that the chart does not have any more; end it in Ritten, whose API takes none away",
    notable=True,
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A coverage that goes to Ritten."""

    coverage: Resource
    payer: str | None
    """None: the payer stays as it is, of a policy that has ended."""
    subscriber: Resource | None = None
    person: str = ""
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
        known = {item["id"] for item in self.whole if item.get("id")}
        for wanted, item in self.placed:
            found = next((other for other in items if _is_same(item, other, known)), None)
            if found is not None and found.get("id"):
                items.remove(found)
                names = (f"Coverage/{wanted.coverage['id']}", wanted.person)
                links |= {name: found["id"] for name in names if name}
        return links


def policies(account: Account, chart: Chart, link: Linked, current: Record) -> Flow[Policies]:
    found = Policies(list(current.get("insurance") or ()))
    base = (link.record or {}).get("insurance") or []
    if not chart.of("Coverage"):
        found.left_out.append(NONE)
    ended = [wanted for coverage in chart.of("Coverage") for wanted in _ended(coverage, link, found)]
    running = [coverage for coverage in chart.of("Coverage") if coverage.get("status") not in ENDED]
    if running:
        reply = yield from send(Call("GET", "/insurance/payers"))
        payers = Payers(account, chart, entries(reply.json(), "payer"))
        ended += [wanted for coverage in running for wanted in _wanted(payers, coverage, found)]
    _Placing(account, chart, link, base, found).place(sorted(ended, key=_order))
    gone = [item for item in base if not any(is_like(each, item, link, account) for each in chart.of("Coverage"))]
    still = {item.get("id") for item in found.whole} - {item.get("id") for _, item in found.placed}
    found.left_out += [STAYS for item in gone if item.get("id") in still][:1]
    return found


def _order(wanted: Wanted) -> int:
    order = wanted.coverage.get("order")
    return order if isinstance(order, int) else 99


def _ended(coverage: Resource, link: Linked, found: Policies) -> Iterator[Wanted]:
    """Of a cancelled policy that Ritten has, the last day travels. Ritten has no status."""
    status = coverage.get("status")
    if status not in ENDED:
        return
    has_day = "end" in (coverage.get("period") or {})
    if status == "cancelled" and has_day and f"Coverage/{coverage['id']}" in link.keys:
        yield Wanted(coverage, None)
        return
    reason = f"a policy of status {status} is not sent; end it in Ritten if it stands there"
    found.left_out.append(LeftOut(f"Coverage/{coverage['id']}", reason))


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
        yield Wanted(coverage, payer.id)
        return
    person = "" if holder["reference"].startswith("#") else holder["reference"]
    spelt, unsendable = sendable(subscriber, person or "RelatedPerson")
    found.left_out += unsendable
    yield Wanted(coverage, payer.id, spelt, person)


@dataclass(frozen=True, slots=True)
class _Placing:
    """Puts coverages into the list."""

    account: Account
    chart: Chart
    link: Linked
    base: list[Record]
    found: Policies

    def place(self, coverages: list[Wanted]) -> None:
        told = [(wanted.coverage, wanted.payer) for wanted in coverages]
        claims = claimed(told, self.found.whole, self.base, self._keys(coverages))
        for number, wanted in enumerate(coverages):
            index = claims.get(number)
            if index is None and wanted.payer is None:
                continue  # it has gone in Ritten: there is nothing to end
            item = self._written(wanted, None if index is None else self.found.whole[index])
            if index is None:
                self.found.whole.append(item)
            else:
                self.found.whole[index] = item
            self.found.placed.append((wanted, item))
            self.found.left_out += self._lost(wanted)

    def _keys(self, coverages: list[Wanted]) -> Keys:
        travelling = {wanted.coverage["id"] for wanted in coverages}
        each = {coverage["id"]: keys(coverage, self.link, self.account) for coverage in self.chart.of("Coverage")}
        staying = (found for id, found in each.items() if id not in travelling)
        return Keys(each, frozenset(key for found in staying for key in found))

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
        return item if wanted.payer is None else item | {"payerId": wanted.payer}

    def _lost(self, wanted: Wanted) -> Iterator[LeftOut]:
        """`payor` travels as payerId, and the subscriber in the same item."""
        sent = ("Coverage.payor", *(SUBSCRIBED if wanted.subscriber or wanted.payer is None else ()))
        for lost in COVERAGE.bound(self.account.bindings).unmapped(wanted.coverage):
            if not _is_below(lost.expression, sent) and not _is_patient(wanted.coverage, lost.expression):
                where = lost.expression.replace("Coverage", f"Coverage/{wanted.coverage['id']}", 1)
                yield LeftOut(where, lost.reason)
        if wanted.subscriber is not None:
            for lost in SUBSCRIBER.bound(self.account.bindings).unmapped(wanted.subscriber):
                where = lost.expression.replace("RelatedPerson", wanted.person or "RelatedPerson", 1)
                yield LeftOut(where, lost.reason)


def _is_below(expression: str, places: tuple[str, ...]) -> bool:
    return any(expression == place or expression.startswith((f"{place}.", f"{place}[")) for place in places)


def _is_patient(coverage: Resource, expression: str) -> bool:
    """A subscriber who is the patient is said by `relationship` self."""
    name = expression.removeprefix("Coverage.").partition(".")[0].partition("[")[0]
    reference = coverage.get(name)
    return isinstance(reference, dict) and reference == coverage.get("beneficiary")


def _is_same(item: Record, other: Record, known: Container[str]) -> bool:
    """An item that went out without an id is one of those that were not there before."""
    if item.get("id"):
        return bool(item["id"] == other.get("id"))
    return other.get("id") not in known and all(
        item.get(name) == other.get(name) for name in ("payerId", "memberIdentifier")
    )
