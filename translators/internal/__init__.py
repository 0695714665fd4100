"""The internal REST API: translator and sandbox. What flows which way stands in README.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.faults import Fault
from gateway.translation.contract import (
    NO_CUSTOM_FIELDS,
    Account,
    Acquainted,
    Call,
    Chart,
    Flow,
    Found,
    Linked,
    Minting,
    Moment,
    Pulled,
    PullPage,
    Pushed,
    Rate,
    RecordKind,
    Reply,
    Setting,
    Target,
    Token,
)
from gateway.translation.lens import LeftOut
from gateway.translation.rows import Resource
from gateway.translation.view import Viewed
from translators.internal import live, system
from translators.internal import pull as pulling
from translators.internal import push as pushing
from translators.internal.catalogue import ALLERGEN, DRUG
from translators.internal.chart import CHART, TYPES
from translators.internal.custom_fields import PATIENT_WITH_FIELDS
from translators.internal.documents import KINDS
from translators.internal.entity import BILLING_TYPE, EMPLOYER, PRACTITIONER
from translators.internal.location import LOCATION

_NO_OPERATION = "the API has no operation that takes it; enter it there by hand where it is needed"
REFUSED: Mapping[str, str] = {
    "Coverage": "the API has no insurance policies; enter them in the practice's billing system",
    "Encounter": "the API has no stays or visits; book them in the practice's schedule",
    "MedicationRequest": "the API has what a patient takes, and no orders: send a MedicationStatement",
    **dict.fromkeys(("Appointment", "DocumentReference", "Procedure", "Immunization", "CarePlan"), _NO_OPERATION),
}
LISTED: Mapping[str, Viewed] = {
    "Location": LOCATION,
    "Practitioner": PRACTITIONER,
    "Organization": EMPLOYER,
    "Substance": ALLERGEN,
    "Medication": DRUG,
    "Basic": BILLING_TYPE,
}
"""What a pull brings of catalogues; Basic is that of several."""
MAPS: Mapping[str, Viewed] = {"Patient": PATIENT_WITH_FIELDS, **{kind.type: kind.map for kind in CHART}, **LISTED}


@dataclass(frozen=True, slots=True)
class Internal:
    """The practice-management API that the organisation runs itself."""

    name: str = "internal"
    title: str = "Internal REST API"
    settings: Mapping[str, Setting] = field(default_factory=lambda: system.SETTINGS)
    secrets: Mapping[str, Setting] = field(default_factory=lambda: system.SECRETS)
    webhooks: tuple[str, ...] = ()
    maps: Mapping[str, Viewed] = field(default_factory=lambda: MAPS)
    refused: Mapping[str, str] = field(default_factory=lambda: REFUSED)
    pulled: frozenset[str] = frozenset(MAPS)
    compared: frozenset[str] = TYPES
    kinds: tuple[RecordKind, ...] = KINDS
    custom_fields: Mapping[str, Target] = field(default_factory=lambda: NO_CUSTOM_FIELDS)
    concurrency: int = 4
    rate: Rate | None = None
    minting: Minting | None = None

    def authorize(
        self, account: Account, call: Call, target: str, body: bytes, token: str | None, moment: Moment
    ) -> Mapping[str, str]:
        return system.authorize(account, call)

    def token(self, account: Account, scope: str, moment: Moment) -> Flow[Token] | None:
        return None

    def fault(self, reply: Reply) -> Fault:
        return system.fault(reply)

    def test(self, account: Account, moment: Moment) -> Flow[str]:
        return system.test(account)

    def push(self, account: Account, chart: Chart, link: Linked, moment: Moment) -> Flow[Pushed]:
        return pushing.push(account, chart, link, _whole_refusals(chart))

    def pull(
        self, account: Account, cursor: str | None, known: Acquainted, moment: Moment, types: frozenset[str]
    ) -> Flow[PullPage]:
        return pulling.pull(account, cursor, known, moment, types)

    def fetch(
        self, account: Account, keys: Sequence[str], known: Acquainted, moment: Moment
    ) -> Flow[tuple[Pulled, ...]]:
        return pulling.fetch(account, keys, moment)

    def read(self, account: Account, type: str, id: str) -> Flow[Resource]:
        return live.read(account, type, id)

    def search(self, account: Account, type: str, params: Sequence[tuple[str, str]]) -> Flow[Found]:
        return live.search(account, type, params)


def _whole_refusals(chart: Chart) -> tuple[LeftOut, ...]:
    """Every resource of the chart that does not travel at all."""
    return tuple(
        LeftOut(f"{type}/{resource['id']}", REFUSED.get(type, _NO_OPERATION))
        for type, resources in chart.resources.items()
        for resource in resources
        if type not in MAPS
    )


translator = Internal()
