"""One push: make one EMR agree with one patient's chart as the store has it now.

A push is level-triggered: it sends the present state, not the write that caused it, so running it again, late or twice
is harmless. It has three parts. `begin` takes the link and the chart in one transaction; the translator's flow then
talks to the EMR, each step journaled by the caller; `succeed` or `fail` writes what became of it in one transaction.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Container
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial

from sqlmodel import Session

from gateway.auth.authority import Realm
from gateway.canonical import IDENTIFIER_TYPE
from gateway.definitions.contract import Resource
from gateway.faults import EmrRefused, Fault
from gateway.store import document
from gateway.store.contract import Transaction
from gateway.sync import deliveries, gaps, links, log, tasks
from gateway.sync.chart import digest, load_chart, patients_named
from gateway.sync.connections import Connections
from gateway.sync.files import without_bytes
from gateway.sync.recognition import Question, Recognised, decide
from gateway.sync.tables import Connection, Link
from gateway.sync.withholding import REASON, is_open, opened, rule_of
from gateway.translation.contract import Account, Chart, Linked, Pushed, Translator
from gateway.translation.lens import LeftOut
from gateway.translation.row import Way

UNSTAMPED = frozenset({"purpose", "ask_after_hours"})
"""The purpose shows in the chart, and when a person is asked changes nothing that is sent."""
RECOGNISED = "recognised by name and birth date; what has changed since is sent"


@dataclass(frozen=True, slots=True)
class Begun:
    """What a push starts from; plain data, so that a journal can keep it."""

    chart: Chart
    link: Linked
    digest: str
    withheld: tuple[LeftOut, ...] = ()
    """What of the chart the connection's purpose does not open."""
    tables: str = ""
    """A mark of the mapping tables that it goes by."""


class Waits(Enum):
    """A push that the EMR has taken without telling its record."""

    RECOGNISED = "recognised"
    """It was found by name and birth date: another push brings over what has changed."""
    LOOKED_FOR = "looked for"
    """Another push looks again."""
    HOPED_FOR = "hoped for"
    """Only a pull can bring it."""
    REFUSED = "refused"
    """The EMR took the record without a part of it: only a person can help."""
    REMAPPED = "remapped"
    """A word that it lacked was mapped while it was under way: another push says what that kept back."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A push that the EMR accepted."""

    translator: str
    waits: Waits | None = None


class Push:
    """The database side of pushes."""

    def __init__(self, connections: Connections) -> None:
        self.connections = connections

    def begin(
        self, tx: Transaction, realm: Realm, name: str, patient_id: str, holder: str, *, force: bool
    ) -> Begun | None:
        """None when there is nothing to push: no such patient, or the EMR has this very chart already."""
        with Session(tx.connection) as session:
            row = self.connections.get(session, realm, name)
            account = self.connections.account(session, realm, row)
            stored = load_chart(tx, patient_id)
            if stored is None:
                deliveries.forget_halfway(session, row.id or 0, patient_id)
                gaps.forget(session, row.id or 0, patient_id)
                return None
            rule = rule_of(account.settings["purpose"])
            if not is_open(stored.patient, rule):
                tasks.report(tx, realm, name, patient_id, "failed", REASON)
                return None
            stored, withheld = opened(stored, rule)
            if getattr(self.connections.translator(row), "files", False):
                stored = without_bytes(stored, partial(_resource, tx), realm.fhir_base, rule)
            own = frozenset({account.system("id"), account.system("mr")})
            chart = _without_identifiers(stored, realm, but=own)
            link = links.by_local(session, row.id or 0, "Patient", patient_id) or _new_link(row, "Patient", patient_id)
            stamp = digest(_without_identifiers(stored, realm), _stamp(account, stored))
            if not force and link.external_key is not None and link.pushed == stamp:
                if tasks.status(tx, realm, name, patient_id) != "completed":
                    tasks.report(tx, realm, name, patient_id, "completed")
                return None
            links.hold(session, link, holder, tx.now)
            has = deliveries.of(session, row.id or 0, patient_id).halfway
            tasks.report(tx, realm, name, patient_id, "in-progress", has and f"{has}; the rest follows")
            known = deliveries.linked(session, link, links.linked(link))
            known = _acquainted(session, row, self.connections.translator(row), chart, known)
            return Begun(chart, known, stamp, withheld, _tables(account))

    def succeed(
        self, tx: Transaction, realm: Realm, name: str, begun: Begun, pushed: Pushed, attempt: int, holder: str
    ) -> Ended:
        patient_id = begun.link.local_id
        with Session(tx.connection) as session:
            row = self.connections.get(session, realm, name)
            account, translator = self.connections.account(session, realm, row), self.connections.translator(row)
            pushed = _with_the_unspoken(pushed, begun, translator, lambda *named: _is_theirs(session, row, *named))
            link = links.by_local(session, row.id or 0, "Patient", patient_id) or _new_link(row, "Patient", patient_id)
            if _is_overtaken(session, row, begun, pushed):
                links.release(link, holder)
                session.add(link)
                return Ended(row.translator, Waits.HOPED_FOR)
            if pushed.external_id is not None:
                deliveries.refuse_anothers(session, row.id or 0, patient_id, pushed.external_id)
            _remember(session, link, pushed, begun.digest, tx.now, holder)
            self._link_parts(session, row, pushed, tx.now)
            _keep_delivery(session, row, link, pushed, tx.now)
            gaps.keep(session, row.id or 0, patient_id, pushed.left_out, tx.now)
            operation = "create" if begun.link.external_id is None else "update"
            waiting = link.external_key is None
            told = "failed" if pushed.refused else "waiting" if waiting else "ok"
            _log(session, row, tx.now, patient_id, operation, told, _detail(pushed), attempt)
            if pushed.refused is not None and not waiting:
                tasks.report(tx, realm, name, patient_id, "failed", pushed.refused, pushed)
                _add_identifiers(tx, account, patient_id, pushed)
                return Ended(row.translator, Waits.REFUSED)
            if not waiting:
                tasks.report(tx, realm, name, patient_id, "completed", None, pushed)
                _add_identifiers(tx, account, patient_id, pushed)
                return Ended(row.translator, Waits.REMAPPED if _is_remapped(account, begun, pushed) else None)
            hours = float(account.settings["ask_after_hours"])
            decision = decide(tx, session, row, patient_id, pushed, hours, translator.title)
            return self._waits(tx, session, realm, row, link, pushed, decision, attempt)

    def _waits(
        self,
        tx: Transaction,
        session: Session,
        realm: Realm,
        row: Connection,
        link: Link,
        pushed: Pushed,
        decision: Recognised | Question | None,
        attempt: int,
    ) -> Ended:
        patient_id, reason = link.local_id, pushed.detail
        if isinstance(decision, Recognised):
            link.external_key, link.record, link.pushed = decision.key, None, None
            session.add(link)
            deliveries.settle(session, row.id or 0, patient_id, tx.now)
            tasks.report(tx, realm, row.name, patient_id, "requested", RECOGNISED, pushed, settled=True)
            _log(session, row, tx.now, patient_id, "recognise", "ok", RECOGNISED, attempt)
            return Ended(row.translator, Waits.RECOGNISED)
        asked = decision.candidates if decision else None
        delivery = deliveries.of(session, row.id or 0, patient_id)
        delivery.asked = None if asked is None else list(asked)
        deliveries.keep(session, delivery)
        said = decision.text if decision else reason
        tasks.report(tx, realm, row.name, patient_id, "in-progress", said, pushed, asked=asked, settled=asked is None)
        return Ended(row.translator, Waits.LOOKED_FOR if pushed.awaited else Waits.HOPED_FOR)

    def fail(
        self,
        tx: Transaction,
        realm: Realm,
        name: str,
        patient_id: str,
        fault: Fault,
        attempt: int,
        again: float | None,
        holder: str,
    ) -> str:
        """`again`: in how many seconds the next attempt is due; None when only a person can help.

        Answers the translator's name.
        """
        reason = str(fault) if again is None else f"{fault}; next attempt in {_spoken(again)}"
        with Session(tx.connection) as session:
            row = self.connections.get(session, realm, name)
            has = deliveries.of(session, row.id or 0, patient_id).halfway
            if has is not None:
                reason = f"{has}; the rest {'was not taken' if again is None else 'follows'}: {reason}"
            link = links.by_local(session, row.id or 0, "Patient", patient_id)
            if link is not None:
                links.release(link, holder)
                session.add(link)
            if isinstance(fault, EmrRefused):
                gaps.add(session, row.id or 0, patient_id, fault.unmapped, tx.now)
            later = "requested" if has is None else "in-progress"
            tasks.report(tx, realm, name, patient_id, "failed" if again is None else later, reason)
            _log(session, row, tx.now, patient_id, "push", "failed" if again is None else "retry", reason, attempt)
            return row.translator

    def _link_parts(self, session: Session, row: Connection, pushed: Pushed, now: int) -> None:
        for reference, key in pushed.links.items():
            type, _, local_id = reference.partition("/")
            link = links.by_local(session, row.id or 0, type, local_id) or _new_link(row, type, local_id)
            other = links.by_external(session, row.id or 0, type, key)
            if other is None or other.id == link.id:
                link.external_key, link.synced = key, now
                if reference in pushed.records:
                    link.record = links.encode_record(pushed.records[reference])
                session.add(link)
        session.flush()


def _acquainted(session: Session, row: Connection, translator: Translator, chart: Chart, known: Linked) -> Linked:
    """With what the EMR is known to have besides the patient."""
    taken = {name for name in chart.resources if _takes(translator, name)}
    keys = links.keys(session, row.id or 0, chart, taken)
    compared: frozenset[str] = getattr(translator, "compared", frozenset())
    if not compared:
        return replace(known, keys=keys)
    keys |= links.keys_of_patients(session, row.id or 0, patients_named(chart))
    return replace(known, keys=keys, records=links.records(session, row.id or 0, chart, compared))


def _with_the_unspoken(
    pushed: Pushed, begun: Begun, translator: Translator, is_theirs: Callable[[str, str], bool]
) -> Pushed:
    """Also names the resources that the translator neither takes nor mentions: nothing is dropped in silence.

    What the EMR itself has told, such as a referral that a pull made, need not be told to it.
    """
    spoken = {left_out.expression for left_out in pushed.left_out}
    told = tuple(each for each in pushed.left_out if not is_theirs(*_resource_of(each.expression)))
    unspoken = tuple(
        LeftOut(
            f"{type}/{resource['id']}", translator.refused.get(type, f"{translator.title} does not take it from us")
        )
        for type, resources in begun.chart.resources.items()
        if not _takes(translator, type)
        for resource in resources
        if f"{type}/{resource['id']}" not in spoken and f"{type}/{resource['id']}" not in pushed.carried
        if not is_theirs(type, resource["id"])
    )
    return replace(pushed, left_out=(*told, *unspoken, *begun.withheld))


def _detail(pushed: Pushed) -> str:
    """For the log: the EMR's answer, how much was left out, and what of that somebody can mend."""
    number = len(pushed.left_out)
    counted = [f"{number} facts left out, see the Task"] if number else []
    said = pushed.refused or pushed.detail
    return "; ".join((said, *counted, *(tasks.sentence(each) for each in pushed.left_out if each.notable)))


def _is_remapped(account: Account, begun: Begun, pushed: Pushed) -> bool:
    """A word was missing, and the tables are others by now: it may be there."""
    return bool(gaps.unmapped(pushed.left_out)) and _tables(account) != begun.tables


def _tables(account: Account) -> str:
    return hashlib.sha256(json.dumps(account.mappings, sort_keys=True, default=dict).encode()).hexdigest()


def _resource_of(expression: str) -> tuple[str, str]:
    """Type and id of a resource that was left out as a whole."""
    type, _, id = expression.partition("/")
    return type, id


def _is_theirs(session: Session, row: Connection, type: str, id: str) -> bool:
    link = links.by_local(session, row.id or 0, type, id) if id else None
    return link is not None and link.record is not None


def _takes(translator: Translator, type: str) -> bool:
    return type in translator.maps and Way.WRITE in translator.maps[type].ways()


def _new_link(row: Connection, type: str, local_id: str) -> Link:
    return Link(org=row.org, connection=row.id or 0, type=type, local_id=local_id)


def _remember(session: Session, link: Link, pushed: Pushed, stamp: str, now: int, holder: str) -> None:
    # A pull may have brought the record while the push was under way: then it knows better.
    if pushed.record is not None and not (pushed.external_id is None and link.external_key):
        link.record = links.encode_record(pushed.record)
    link.external_key = pushed.external_id or link.external_key
    link.pushed, link.synced = None if pushed.refused else stamp, now
    links.release(link, holder)
    session.add(link)
    session.flush()


def _is_overtaken(session: Session, row: Connection, begun: Begun, pushed: Pushed) -> bool:
    """While it looked for the record in vain, a person has answered: another push goes by that."""
    was_out = begun.link.external_id is None and begun.link.sent is not None
    return (
        was_out and pushed.external_id is None and deliveries.of(session, row.id or 0, begun.link.local_id).sent is None
    )


def _keep_delivery(session: Session, row: Connection, link: Link, pushed: Pushed, now: int) -> None:
    delivery = deliveries.of(session, row.id or 0, link.local_id)
    if pushed.files is not None:
        delivery.files = dict(pushed.files)
    if link.external_key is None and delivery.sent is None:
        delivery.sent = now
    delivery.halfway = delivery.halfway_since = None
    deliveries.keep(session, delivery)
    if link.external_key is not None:
        deliveries.settle(session, row.id or 0, link.local_id, now)


def _resource(tx: Transaction, type: str, id: str) -> Resource | None:
    stored = tx.read(type, id)
    return None if stored is None or stored.deleted else document.decode(stored.body)


def _log(
    session: Session, row: Connection, now: int, patient: str, operation: str, status: str, detail: str, attempt: int
) -> None:
    log.write(
        session,
        row,
        now,
        direction="push",
        resource=f"Patient/{patient}",
        operation=operation,
        status=status,
        detail=detail,
        attempt=attempt,
    )


def _add_identifiers(tx: Transaction, account: Account, patient_id: str, pushed: Pushed) -> None:
    """The EMR's own keys become identifiers of the Patient (mapping.md), without starting another push."""
    stored = tx.read("Patient", patient_id)
    if stored is None or stored.deleted or not pushed.identifiers:
        return
    patient = document.decode(stored.body)
    for kind, value in pushed.identifiers.items():
        _set_identifier(patient, account.system(kind), value, kind)
    tx.put(patient)


def _set_identifier(patient: Resource, system: str, value: str, kind: str) -> None:
    identifiers = patient.setdefault("identifier", [])
    mine = next((identifier for identifier in identifiers if identifier.get("system") == system), None)
    if mine is None:
        mine = {"system": system}
        if kind == "mr":
            mine = {"type": {"coding": [{"system": IDENTIFIER_TYPE, "code": "MR"}]}, "system": system}
        identifiers.append(mine)
    mine["value"] = value


def _without_identifiers(chart: Chart, realm: Realm, but: Container[str] = ()) -> Chart:
    """The chart without what connections call its resources: an EMR is not told the keys of another."""
    ours = f"{realm.fhir_base}/NamingSystem/"

    def is_told(identifier: Resource) -> bool:
        system = str(identifier.get("system", ""))
        return system in but or not system.startswith(ours)

    def told(resource: Resource) -> Resource:
        if not isinstance(resource.get("identifier"), list):
            return resource
        kept = [identifier for identifier in resource["identifier"] if is_told(identifier)]
        rest = {name: value for name, value in resource.items() if name != "identifier"}
        return {**rest, "identifier": kept} if kept else rest

    resources = {type: tuple(map(told, group)) for type, group in chart.resources.items()}
    referenced = {reference: told(resource) for reference, resource in chart.referenced.items()}
    return replace(chart, patient=told(chart.patient), resources=resources, referenced=referenced)


def _stamp(account: Account, chart: Chart) -> str:
    """Settings, mappings and files that a push depends on: when they change, unchanged charts go out again."""
    settings = {name: value for name, value in account.settings.items() if name not in UNSTAMPED}
    told: list[object] = [account.base_url, settings, account.mappings]
    if files := {place: file.digest for place, file in chart.files.items()}:
        told.append(files)
    return json.dumps(told, sort_keys=True, default=dict)


def _spoken(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
