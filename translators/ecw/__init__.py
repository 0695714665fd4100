"""The translator for eClinicalWorks, which speaks FHIR R4: its resources pass, its ways of writing are adapted to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
)  # fmt: skip
from gateway.translation.passing import Passable, Query
from gateway.translation.passthrough import PassThrough
from gateway.translation.rows import Resource
from translators.ecw import (
    coverage,
    encounter,
    live,
    location,
    look,
    oauth,
    organization,
    patient,
    practitioner,
    probe,
    reading,
    system,
)
from translators.ecw import pull as pulling
from translators.ecw import push as pushing
from translators.ecw.facade import MAPS
from translators.ecw.hints import hints


class ECW:
    """Ties the parts to the plugin contract."""

    name = "ecw"
    title = "eClinicalWorks"
    settings: Mapping[str, Setting] = system.SETTINGS
    secrets: Mapping[str, Setting] = system.SECRETS
    webhooks: tuple[str, ...] = ()
    maps: Mapping[str, PassThrough] = MAPS
    refused: Mapping[str, str] = pushing.REFUSED
    owned: Mapping[str, str] = {"Coverage": coverage.OWNED, "Encounter": encounter.OWNED}
    pulled: frozenset[str] = pulling.PULLED
    kinds: tuple[RecordKind, ...] = tuple(
        module.KIND for module in (patient, encounter, coverage, location, practitioner, organization)
    )
    custom_fields: Mapping[str, Target] = NO_CUSTOM_FIELDS
    concurrency = 4
    rate: Rate | None = system.RATE
    minting: Minting | None = None

    def authorize(
        self, account: Account, call: Call, target: str, body: bytes, token: str | None, moment: Moment
    ) -> Mapping[str, str]:
        return system.authorize(token)

    def token(self, account: Account, scope: str, moment: Moment) -> Flow[Token] | None:
        return oauth.token(account, scope, moment)

    def fault(self, reply: Reply) -> Fault:
        return system.fault(reply)

    def test(self, account: Account, moment: Moment) -> Flow[str]:
        return probe.test(account, moment)

    def push(self, account: Account, chart: Chart, link: Linked, moment: Moment) -> Flow[Pushed]:
        return pushing.push(account, chart, link)

    def pull(
        self, account: Account, cursor: str | None, known: Acquainted, moment: Moment, types: frozenset[str]
    ) -> Flow[PullPage]:
        return pulling.pull(account, cursor, known, moment, types)

    def fetch(
        self, account: Account, keys: Sequence[str], known: Acquainted, moment: Moment
    ) -> Flow[tuple[Pulled, ...]]:
        return look.fetch(account, keys)

    def hints(self, settings: Mapping[str, str]) -> tuple[str, ...]:
        return hints(settings)

    def read(self, account: Account, type: str, id: str) -> Flow[Resource]:
        return reading.read(account, type, id)

    def search(self, account: Account, type: str, params: Sequence[tuple[str, str]]) -> Flow[Found]:
        return reading.search(account, type, params)

    def passable(self, account: Account) -> Mapping[str, Passable]:
        return live.passable(account)

    def passing(self, account: Account, type: str, path: str, query: Query, accept: str) -> Call:
        return live.passing(account, type, path, query, accept)

    def statement(self, account: Account) -> Call:
        return live.statement(account)

    def not_passed(self, operation: str) -> str:
        return live.not_passed(operation)


translator = ECW()
