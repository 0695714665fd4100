"""One run of a pull: what it is to bring, how many calls it may cost, and where it stands.

A run has stages: the lists of the practice, the known patients again (the oldest reading first), patients whom nobody
here knows, and the Group export. The cursor says where in them it is. A run that was cut off goes on there as long as
it is the same run; another one starts with the lists, and with the patients that its forerunner did not come to. What
lasts longer than a run stays in the cursor: until when encounters were searched, and the export that is under way.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import msgspec

from gateway.translation.contract import Account, Acquainted, Call, Calls, Flow, Linked, Moment, Pulled, Replies
from gateway.translation.known import Known, Place, known_of
from translators.ecw import scopes

T = TypeVar("T")
Query = tuple[tuple[str, str], ...]
LISTS = ("Organization", "Location", "Practitioner")
"""In this order: a Location refers to its Organization."""
OF_PATIENT = ("Coverage", "Encounter")
PULLED = frozenset({"Patient", *OF_PATIENT, *LISTS})
CHARTS = 25
"""Of one page."""
CALLS_A_MINUTE = 250
SHARE, MINUTES, NEW_DAYS = "50", "120", "30"
AHEAD_S = 30.0
"""A run may be ahead of its share by the calls of so many seconds: a small one need not wait at all."""
HEADERS = {"Accept": "application/fhir+json"}
GONE = frozenset({404, 410})


class Job(msgspec.Struct, frozen=True, omit_defaults=True):
    """A Group export that was asked for: first its address, later its files."""

    url: str
    waited: float = 0.0
    """Seconds, within this run."""
    files: tuple[tuple[str, str], ...] = ()
    """Type and address of each; empty while eCW prepares them."""
    time: str = ""
    """From when on the next export has to tell."""
    file: int = 0
    offset: int = 0
    """How far the file was read, in bytes."""
    flawed: bool = False
    """Something was missing: the next export tells all of it again."""

    def but(self, **changed: object) -> Job:
        return msgspec.structs.replace(self, **changed)


class Cursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a run stands; empty: at its beginning."""

    run: int = 0
    """When the run began (`Run.started`)."""
    stage: str = ""
    list: str = ""
    looked: int = -1
    after: str = ""
    """With `looked`: the place of the last known patient that was read."""
    query: Query = ()
    page: int = 0
    calls: int = 0
    missed: bool = False
    """A new patient could not be told: the next run searches the same days again."""
    searched: str = ""
    """The day from which on encounters are searched for new patients."""
    exported: str = ""
    """The time from which on the next export tells."""
    job: Job | None = None

    @property
    def place(self) -> Place:
        return self.looked, self.after

    def but(self, **changed: object) -> Cursor:
        return msgspec.structs.replace(self, **changed)

    def kept(self) -> Cursor:
        """What lasts longer than a run."""
        job = self.job.but(waited=0.0) if self.job else None
        return Cursor(searched=self.searched, exported=self.exported, job=job)


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of a pull is about."""

    account: Account
    known: Known[Linked]
    now: datetime
    """When it began."""
    types: frozenset[str]
    is_full: bool
    """It goes by the settings; else somebody has asked for some types, and for all of them."""

    @classmethod
    def of(cls, account: Account, acquainted: Acquainted, moment: Moment, types: frozenset[str]) -> Run:
        modules = frozenset(account.settings.get("modules", "").split()) or PULLED
        return cls(account, known_of(acquainted), moment.now, types or modules, not types)

    def wants(self, *types: str) -> bool:
        return bool(self.types & {*types})

    @property
    def of_patient(self) -> tuple[str, ...]:
        return tuple(type for type in OF_PATIENT if type in self.types)

    @property
    def started(self) -> int:
        return int(self.now.timestamp() * 1_000_000)

    @property
    def calls_a_minute(self) -> float:
        """Of the practice's, the pull's share."""
        return CALLS_A_MINUTE * float(self.account.settings.get("pull_share", SHARE)) / 100

    def room(self, place: Cursor) -> int:
        """How many charts the next page may read: as many calls as make its share until the next run is due."""
        if not self.is_full:
            return CHARTS
        minutes = float(self.account.settings.get("poll_minutes", MINUTES))
        left = self.calls_a_minute * minutes - place.calls
        return min(CHARTS, int(left // (1 + len(self.of_patient))))

    def pause(self, calls: int, sent: datetime | None) -> float:
        """Seconds until the next page may be asked for, so that others find their share of each minute free."""
        elapsed = (sent - self.now).total_seconds() if sent else 0.0
        return max(0.0, calls / self.calls_a_minute * 60 - AHEAD_S - elapsed)

    def search(self, type: str, query: Query, accepts: frozenset[int] = frozenset()) -> Call:
        scope = scopes.reading(self.account, type)
        return Call("GET", f"/{type}", query, headers=HEADERS, token=scope, accepts=accepts)


@dataclass(frozen=True, slots=True)
class Step:
    """What a page of a stage has brought."""

    charts: tuple[Pulled, ...]
    place: Cursor
    is_over: bool
    """The stage; the next one follows."""
    notes: tuple[str, ...] = ()
    wait: float = 0.0


Stage = Callable[[Run, Cursor], Flow[Step]]
Stages = Mapping[str, Stage]


def resumed(cursor: str | None, run: Run) -> Cursor:
    """The place of this very run; a new run starts with what lasts."""
    try:
        place = msgspec.json.decode(cursor, type=Cursor) if cursor else Cursor()
    except msgspec.DecodeError:
        place = Cursor()
    return place if place.run == run.started else place.kept()


def written(place: Cursor) -> str:
    return msgspec.json.encode(place).decode()


def metered(flow: Flow[T]) -> Generator[Calls, Replies, tuple[T, int, datetime | None]]:
    """The flow, how many calls it has made, and when the last of them went out."""
    count, sent = 0, None
    try:
        calls = next(flow)
        while True:
            count += len(calls)
            try:
                replies = yield calls
            except Exception as fault:
                calls = flow.throw(fault)
            else:
                sent = max((reply.sent for reply in replies if reply.sent), default=sent)
                calls = flow.send(replies)
    except StopIteration as stop:
        return stop.value, count, sent
