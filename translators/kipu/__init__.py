"""KIPU, over its signed JSON API (versions 3 and 4). README.md tells what flows which way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.faults import Fault
from gateway.translation.contract import (
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
from gateway.translation.rows import Resource
from gateway.translation.view import Viewed
from translators.kipu import diagnosis, live, system
from translators.kipu.chart import CHART_TYPES
from translators.kipu.coverage import COVERAGE
from translators.kipu.custom_fields import CUSTOM
from translators.kipu.encounter import ENCOUNTER
from translators.kipu.fetch import fetch, named
from translators.kipu.kinds import KINDS
from translators.kipu.lists import LIST_TYPES
from translators.kipu.location import SITE
from translators.kipu.patient import PATIENT
from translators.kipu.pull import pull
from translators.kipu.push import push
from translators.kipu.refused import REFUSED
from translators.kipu.staff import CARE_LEVEL, LISTED_PAYER, USER, USER_ROLE

__all__ = ["Kipu", "translator"]


class Kipu:
    """The translator of KIPU."""

    name = "kipu"
    title = "KIPU"
    settings: Mapping[str, Setting] = system.SETTINGS
    secrets: Mapping[str, Setting] = system.SECRETS
    webhooks = ("patient-creation", "chart-update")
    refused: Mapping[str, str] = REFUSED
    pulled: frozenset[str] = CHART_TYPES | LIST_TYPES
    kinds: tuple[RecordKind, ...] = KINDS
    custom_fields: Mapping[str, Target] = CUSTOM
    files = True
    concurrency = 6
    rate: Rate | None = None
    minting: Minting | None = None

    @property
    def maps(self) -> Mapping[str, Viewed]:
        listed = (USER, USER_ROLE, LISTED_PAYER, CARE_LEVEL)
        return {table.type: table for table in (PATIENT, ENCOUNTER, COVERAGE, SITE, *listed)}

    def authorize(
        self, account: Account, call: Call, target: str, body: bytes, token: str | None, moment: Moment
    ) -> Mapping[str, str]:
        return system.authorize(account, call, target, body, moment)

    def token(self, account: Account, scope: str, moment: Moment) -> Flow[Token] | None:
        return None

    def fault(self, reply: Reply) -> Fault:
        return system.fault(reply)

    def test(self, account: Account, moment: Moment) -> Flow[str]:
        return diagnosis.test(account)

    def push(self, account: Account, chart: Chart, link: Linked, moment: Moment) -> Flow[Pushed]:
        return diagnosis.explained(account, push(account, chart, link, moment))

    def pull(
        self, account: Account, cursor: str | None, known: Acquainted, moment: Moment, types: frozenset[str]
    ) -> Flow[PullPage]:
        return diagnosis.explained(account, pull(account, cursor, known, moment, types))

    def named(self, body: bytes) -> Sequence[str]:
        return named(body)

    def fetch(
        self, account: Account, keys: Sequence[str], known: Acquainted, moment: Moment
    ) -> Flow[tuple[Pulled, ...]]:
        return diagnosis.explained(account, fetch(account, keys, known, moment))

    def read(self, account: Account, type: str, id: str) -> Flow[Resource]:
        return live.read(account, type, id)

    def search(self, account: Account, type: str, params: Sequence[tuple[str, str]]) -> Flow[Found]:
        return live.search(account, type, params)


translator = Kipu()
