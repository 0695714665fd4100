"""Ritten as the gateway knows it: what is declared, and which flow does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.faults import Fault
from gateway.translation.announced import Heard
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
from gateway.translation.rows import Resource
from gateway.translation.view import Viewed
from translators.ritten import announcing, live, system
from translators.ritten.chart import IN_CHART, MAPS
from translators.ritten.kinds import KINDS
from translators.ritten.pull import LISTS, fetch, pull
from translators.ritten.push import REFUSED, push


@dataclass(frozen=True, slots=True)
class Ritten:
    """External API v1 of Ritten."""

    name: str = "ritten"
    title: str = "Ritten"
    settings: Mapping[str, Setting] = field(default_factory=lambda: system.SETTINGS)
    secrets: Mapping[str, Setting] = field(default_factory=lambda: system.SECRETS)
    webhooks: tuple[str, ...] = announcing.WEBHOOKS
    incidental: frozenset[str] = announcing.INCIDENTAL
    maps: Mapping[str, Viewed] = field(default_factory=lambda: MAPS)
    refused: Mapping[str, str] = field(default_factory=lambda: REFUSED)
    pulled: frozenset[str] = IN_CHART | frozenset(LISTS)
    kinds: tuple[RecordKind, ...] = KINDS
    custom_fields: Mapping[str, Target] = field(default_factory=lambda: NO_CUSTOM_FIELDS)
    concurrency: int = system.CONCURRENCY
    rate: Rate | None = system.RATE
    minting: Minting | None = system.MINTING

    def authorize(
        self, account: Account, call: Call, target: str, body: bytes, token: str | None, moment: Moment
    ) -> Mapping[str, str]:
        return system.headers(account, token)

    def token(self, account: Account, scope: str, moment: Moment) -> Flow[Token] | None:
        return system.token(account)

    def fault(self, reply: Reply) -> Fault:
        return system.fault(reply)

    def test(self, account: Account, moment: Moment) -> Flow[str]:
        return system.test(account)

    def push(self, account: Account, chart: Chart, link: Linked, moment: Moment) -> Flow[Pushed]:
        return push(account, chart, link)

    def pull(
        self, account: Account, cursor: str | None, known: Acquainted, moment: Moment, types: frozenset[str]
    ) -> Flow[PullPage]:
        return pull(account, cursor, known, moment, types)

    def fetch(
        self, account: Account, keys: Sequence[str], known: Acquainted, moment: Moment
    ) -> Flow[tuple[Pulled, ...]]:
        return fetch(account, keys, known)

    def heard(self, body: bytes) -> Heard:
        return announcing.heard(body)

    def named(self, body: bytes) -> Sequence[str]:
        return announcing.named(body)

    def read(self, account: Account, type: str, id: str) -> Flow[Resource]:
        return live.read(account, type, id)

    def search(self, account: Account, type: str, params: Sequence[tuple[str, str]]) -> Flow[Found]:
        return live.search(account, type, params)
