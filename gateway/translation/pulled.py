"""What a pull brings: charts and lists as parts, each with the table that reads it, and what is told of a stay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gateway.translation.rows import Record
from gateway.translation.view import View


@dataclass(frozen=True, slots=True)
class Part:
    """One resource within a pulled chart or list: the record, and the table that reads it.

    `key` is the EMR's own key of this part, unique per connection and type. References to other parts are written
    `emr:Type/key` in `references` or by the table; sync turns them into the store's.
    """

    lens: View
    key: str
    record: Record = field(repr=False)
    references: Mapping[str, str] = field(default_factory=dict)
    """FHIR path → `emr:Type/key`, set after the table has read the record."""
    match: tuple[str, ...] = ()
    """FHIR paths by which a part that is not linked yet is recognised among the patient's own resources of its type:

    all values equal, and one such resource only (a Coverage by `subscriberId`). Empty: it is never recognised so.
    """


@dataclass(frozen=True, slots=True)
class Referral:
    """Where a stay discharges to: one order of it is active at most, and there is one per stay and destination."""

    part: Part | None
    """The active order; None where the chart names no destination. It stands beside the chart's own parts."""
    lens: View
    """Reads every order of this kind."""
    revoked: Mapping[str, Any]
    """Laid over the record of an order that the chart no longer names."""


@dataclass(frozen=True, slots=True)
class DischargeLock:
    """What the EMR's users expect when a discharge is found that the EMR did not announce."""

    hook: str
    """The webhook that announces changes of charts."""
    reason: str
    """In the words that the EMR's users know."""


@dataclass(frozen=True, slots=True)
class Stay:
    """The EMR's document that a chart was read from: of two readings of it the older never replaces the newer."""

    key: str
    changed: datetime | None = None
    """When the EMR last changed it."""
    rank: int = 0
    """Among the stays of one person: the higher, the later. News of an earlier stay are no news of the person."""
    discharged: bool = False
    referral: Referral | None = None
    lock: DischargeLock | None = None


@dataclass(frozen=True, slots=True)
class Whole:
    """A list that leaves nothing out."""

    lens: View
    """Reads its records; its type is what the list is of."""
    gone: Mapping[str, Any]
    """Laid over the record of one that the list no longer has: it stays, for those who refer to it, and is closed."""
    once: str = ""
    """A field that says so of one that is closed already, where `gone` is another each time, as a moment is."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """One chart: the Patient part first. Lists (Location, Practitioner …) come as Pulled without `patient_key`.

    A chart without parts has news whose details were not asked for, as its known stay is locked; or, without a stay, is
    there no more.
    """

    patient_key: str | None
    parts: tuple[Part, ...]
    local_id: str | None = None
    """Our own id, when the EMR gave it back."""
    incomplete: tuple[str, ...] = ()
    """What the chart still lacks before updates are taken (`MR number` …); such a chart is linked but not applied."""
    unaccounted: tuple[str, ...] = ()
    """Vendor paths that no table knows, for the log."""
    stay: Stay | None = None
    """None where the EMR has no stays, or none that could be out of order, referred or locked."""
    admitted: bool = True
    """Before the EMR has admitted the patient the CRM's value stands where both sides changed a fact."""
    asked: datetime | None = None
    """When the EMR was asked for it, by our clock: what was synced since is not set back. None: it does not tell."""
    whole: Whole | None = None
    """A list with everything that the EMR has of a type: what was there before and is not in it is gone."""
    wholes: tuple[Whole, ...] = ()
    """The same of a chart, type by type: everything that the EMR has of this patient's."""


@dataclass(frozen=True, slots=True)
class PullPage:
    """A bounded part of a pull. The cursor is stored in the transaction that applies the page."""

    charts: tuple[Pulled, ...]
    cursor: str | None
    more: bool
    total: int | None = None
    """How many charts the whole pull is about, when the EMR says; for progress only."""
    gone: int | None = None
    """How many of them this page dealt with, those without news included; None: its charts."""
    notes: tuple[str, ...] = ()
    """What the operator should know and what stops nothing (a list that is switched off), without patient data."""
    wait: float = 0.0
    """Seconds until it is worth asking for the next page: the EMR is still preparing it."""
    unchanged: int = 0
    """How many charts the EMR has shown to be as they were, so that they were not read."""
    counted: bool = False
    """Its charts were counted so by an earlier page: only what is not unchanged counts."""
