"""Applying one pulled chart: whose it is, what is news in it, and which versions that makes; all in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from uuid import uuid4

from sqlmodel import Session

from gateway.auth.authority import Realm
from gateway.auth.secrets import SecretBox
from gateway.definitions.contract import Definitions, Resource
from gateway.faults import Issue
from gateway.search.query import Criterion, Query, ReferenceValue
from gateway.store import document
from gateway.store.contract import Stored, Transaction
from gateway.sync import deliveries, links, tasks
from gateway.sync.absent import absent_of_patient
from gateway.sync.conflicts import Recorder
from gateway.sync.lock import Lock
from gateway.sync.origins import origin_of
from gateway.sync.page import PageMemory
from gateway.sync.recognition import ask, waiting_for
from gateway.sync.reconcile import Disagreement
from gateway.sync.sent import as_sent
from gateway.sync.stays import Reading, microseconds
from gateway.sync.tables import Connection, Link
from gateway.sync.taking import Taking, winner_of
from gateway.translation import path
from gateway.translation.contract import Account, Part, Pulled, Pushed


class Became(Enum):
    """What a pulled chart came to."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Applied:
    """The outcome of one chart, with the words for the log."""

    became: Became
    resource: str | None = None
    detail: str = ""
    parts: tuple[Became, ...] = ()
    """What each of its resources came to."""


class RefusedResource(Exception):
    """What the tables made of a record is not valid FHIR; the chart is not applied."""

    def __init__(self, type: str, issues: tuple[Issue, ...]) -> None:
        places = ", ".join(place for issue in issues for place in issue.expression)
        super().__init__(f"the EMR's {type} does not translate to valid FHIR at {places}")


@dataclass(slots=True)
class ChartApplication:
    """One chart of one connection, within one transaction."""

    tx: Transaction
    session: Session
    realm: Realm
    connection: Connection
    account: Account
    definitions: Definitions
    pulled: Pulled
    box: SecretBox
    page: PageMemory
    _alike: list[Link] | None = None

    def run(self) -> Applied:
        """Raises RefusedResource; the caller then rolls back to where the chart began."""
        patient = self._patient_link()
        if unclear := self._unclear(patient):
            return unclear
        if self._is_overtaken(patient):
            return Applied(Became.UNCHANGED, _subject(patient))
        reading = Reading.of(self.session, self.connection, self.pulled.stay)
        if held := self._held_back(reading, patient):
            return held
        if self.pulled.incomplete:
            return self._incomplete(patient)
        if reading is not None and patient is not None:
            self._lock.admit(reading, patient)
        parts = reading.parts(self.pulled.parts, patient) if reading else self.pulled.parts
        bound = [(part, self._link_for(part, patient)) for part in parts]
        here = {f"{part.lens.type}/{part.key}": f"{part.lens.type}/{link.local_id}" for part, link in bound}
        became = [self._taken_once(part, link, here) for part, link in bound]
        became += [self._taken_once(part, self._link_for(part, patient), here) for part in self._absent(patient)]
        if patient is not None and patient.external_key is not None:
            self.page.wait_no_more(patient.external_key)
        self._tell_waiting_task(patient)
        overall = _overall(became)
        if overall is Became.CREATED and patient is not None and bound[0][0].lens.type != "Patient":
            overall = Became.UPDATED  # news of a patient who is here, such as a policy
        if reading is not None and patient is not None:
            self._lock.settle(reading, patient, news=overall is not Became.UNCHANGED)
        self.session.flush()  # all links of the chart at once
        return Applied(overall, _subject(patient), self._detail(), tuple(became))

    @property
    def _lock(self) -> Lock:
        return Lock(self.tx, self.session, self.realm, self.connection)

    def _held_back(self, reading: Reading | None, patient: Link | None) -> Applied | None:
        """What was overtaken by a later reading, or is locked, is not taken."""
        if reading is None:
            return None
        if reading.is_stale:
            return Applied(Became.UNCHANGED, _subject(patient))
        if self._lock.holds_back(reading, patient):
            return Applied(Became.SKIPPED, _subject(patient), patient.locked or "" if patient else "")
        # Unlocked since it was looked at: the unlocking has the details fetched.
        return None if self.pulled.parts else Applied(Became.SKIPPED, _subject(patient))

    def _is_overtaken(self, patient: Link | None) -> bool:
        """A push or another pull has synced the patient after the EMR was asked for this reading."""
        asked = self.pulled.asked
        return (
            asked is not None
            and patient is not None
            and patient.id is not None
            and patient.synced > microseconds(asked)
        )

    def _detail(self) -> str:
        unknown = self.pulled.unaccounted
        return f"fields without a rule: {', '.join(unknown[:20])}" if unknown else ""

    def _patient_link(self) -> Link | None:
        key = self.pulled.patient_key
        if key is None:
            return None
        found = self.page.link("Patient", key)
        return found or self._recognised(key) or self._new("Patient", key, str(uuid4()))

    def _recognised(self, key: str) -> Link | None:
        """Our own id that the EMR gave back, else the one delivered patient with this name and birth date."""
        local_id = self.pulled.local_id
        if local_id and self._exists("Patient", local_id):
            link = links.by_local(self.session, self._id, "Patient", local_id) or self._new("Patient", key, local_id)
            if link.external_key in (None, key):
                return self._found(link, key)
        waiting = self._waiting()
        return self._found(waiting[0], key) if len(waiting) == 1 and not self.page.has_twin(self.pulled) else None

    def _found(self, link: Link, key: str) -> Link:
        link.external_key = key
        if link.record is None and self.pulled.parts:
            lens = self.pulled.parts[0].lens
            link.record = links.encode_record(as_sent(self.tx, self.session, link, lens))
        deliveries.settle(self.session, self._id, link.local_id, self.tx.now)
        return link

    def _waiting(self) -> list[Link]:
        """Delivered patients without a record who have the chart's name and birth date."""
        if self._alike is None and not self.page.somebody_waits:
            self._alike = []
        if self._alike is None:
            fresh = self.pulled.parts[0].lens.to_fhir(self.pulled.parts[0].record).value if self.pulled.parts else {}
            self._alike = waiting_for(self.tx, self.session, self._id, fresh)
        return self._alike

    def _unclear(self, patient: Link | None) -> Applied | None:
        """A chart of nobody yet that may be a waiting patient's is nobody's until a person says whose it is."""
        if patient is None or patient.id is not None or self._exists("Patient", patient.local_id):
            return None
        waiting = self._waiting()
        for link in waiting:
            ask(self.tx, self.session, self.realm, self.connection, link, patient.external_key or "", "The EMR")
        told = "not taken: it may be the chart of a patient who waits for it; a person is asked, see the Task"
        return Applied(Became.SKIPPED, None, told) if waiting else None

    def _incomplete(self, patient: Link | None) -> Applied:
        missing = ", ".join(self.pulled.incomplete)
        if patient is not None and self._exists("Patient", patient.local_id):
            patient.missing = missing
            self._keep(patient)
        elif patient is not None and patient.external_key is not None:
            self.page.wait(patient.external_key, missing, self.tx.now)
        return Applied(Became.SKIPPED, _subject(patient), f"not taken yet; the EMR's chart lacks: {missing}")

    def _link_for(self, part: Part, patient: Link | None) -> Link:
        if part.lens.type == "Patient" and patient is not None and part.key == self.pulled.patient_key:
            return patient
        found = self.page.link(part.lens.type, part.key)
        if found is None and patient is not None and part.match and not self._is_new(patient):
            found = self._matched(part, patient)
        return found or self._new(part.lens.type, part.key, str(uuid4()))

    def _is_new(self, patient: Link) -> bool:
        """Nothing of them is here that a part could be."""
        return patient.id is None and not self._exists("Patient", patient.local_id)

    def _matched(self, part: Part, patient: Link) -> Link | None:
        """The patient's one resource of the type that says the same at `part.match` and is not linked yet."""
        fresh = part.lens.to_fhir(part.record).value
        wanted = [path.get(fresh, path.parse(place)) for place in part.match]
        same = [
            id
            for id, resource in self._of_patient(part.lens.type, patient.local_id)
            if [path.get(resource, path.parse(place)) for place in part.match] == wanted
            and links.by_local(self.session, self._id, part.lens.type, id) is None
        ]
        return self._new(part.lens.type, part.key, same[0]) if len(same) == 1 and None not in wanted else None

    def _of_patient(self, type: str, patient_id: str) -> Iterable[tuple[str, Resource]]:
        criterion = Criterion("patient", "reference", "", (ReferenceValue("Patient", patient_id),))
        page = self.tx.search(Query(type, (criterion,), count=1000, want_total=False))
        return ((stored.id, document.decode(stored.body)) for stored in page.matches)

    def _absent(self, patient: Link | None) -> list[Part]:
        """What the EMR had of this patient, and does not have any more."""
        if patient is None or not self.pulled.wholes or self._is_new(patient):
            return []
        self.session.flush()  # what this chart has brought is linked

        def ids_of(type: str) -> Iterable[str]:
            return (id for id, _ in self._of_patient(type, patient.local_id))

        return list(absent_of_patient(self.session, self._id, self.pulled, ids_of))

    def _taken_once(self, part: Part, link: Link, here: Mapping[str, str]) -> Became:
        if self.page.has_said(part):
            return Became.UNCHANGED
        became = self._write(part, link, here)
        self.page.said(part)
        return became

    def _write(self, part: Part, link: Link, here: Mapping[str, str]) -> Became:
        taking = Taking(self.session, self.connection, self.account.system("id"), self._winner, here, self.page.link)
        stored = self.tx.read(part.lens.type, link.local_id)
        if stored is None or stored.deleted:
            became = self._put(taking.fresh(part, link), None)
        else:
            before = document.decode(stored.body)
            found = taking.taken(part, link, before)
            became = self._put(found.resource, before)
            self._record(stored, before, found.disagreements)
        links.remember(link, part, self.tx.now)
        self._keep(link)
        return became

    @property
    def _winner(self) -> str:
        return winner_of(self.connection, self.pulled)

    def _record(self, stored: Stored, before: Resource, found: Iterable[Disagreement]) -> None:
        """What both sides changed is kept for somebody to look at, with whose values they are."""
        recorder = Recorder(self.tx, self.session, self.box, self.connection)
        for each in found:
            ours = origin_of(self.tx, stored, {name: before.get(name) for name in each.ours})
            recorder.record(stored.type, stored.id, each, self._winner, ours)

    def _put(self, resource: Resource, before: Resource | None) -> Became:
        if before is not None and _content(resource) == _content(before):
            return Became.UNCHANGED
        resource["meta"] = {
            **resource.get("meta", {}),
            "source": f"{self.realm.fhir_base}/Endpoint/{self.connection.name}",
        }
        issues = self.definitions.validate(resource)
        if issues:
            raise RefusedResource(resource["resourceType"], issues)
        self.tx.put(resource)
        return Became.CREATED if before is None else Became.UPDATED

    def _tell_waiting_task(self, patient: Link | None) -> None:
        """A push that waited for the EMR's key is complete once the chart has come back."""
        if patient is None or patient.external_key is None:
            return
        stored = self.tx.read("Task", tasks.task_id(self.realm, self.connection.name, patient.local_id))
        if stored is None or stored.deleted or document.decode(stored.body).get("status") != "in-progress":
            return
        if deliveries.of(self.session, self._id, patient.local_id).halfway is not None:
            return  # the push that brings the rest tells it
        if patient.holder is None:
            told = Pushed(patient.external_key, detail="recognised when it came back")
            tasks.report(self.tx, self.realm, self.connection.name, patient.local_id, "completed", pushed=told)

    @property
    def _id(self) -> int:
        return self.connection.id or 0

    def _new(self, type: str, key: str, local_id: str) -> Link:
        return Link(org=self.connection.org, connection=self._id, type=type, local_id=local_id, external_key=key)

    def _keep(self, link: Link) -> None:
        self.page.keep(link)

    def _exists(self, type: str, id: str) -> bool:
        return self._read(type, id) is not None

    def _read(self, type: str, id: str) -> Resource | None:
        stored = self.tx.read(type, id)
        return None if stored is None or stored.deleted else document.decode(stored.body)


def _subject(patient: Link | None) -> str | None:
    return f"Patient/{patient.local_id}" if patient and patient.id else None


def _content(resource: Resource) -> Resource:
    return {name: value for name, value in resource.items() if name != "meta"}


def _overall(became: list[Became]) -> Became:
    """The chart was created when its first part (the Patient) was; updated when any part changed."""
    if became and became[0] is Became.CREATED:
        return Became.CREATED
    return Became.UPDATED if set(became) - {Became.UNCHANGED} else Became.UNCHANGED
