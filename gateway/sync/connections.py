"""Connections: what an operator sets up, checked against what the translator declares, and made into an Account."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, select

from gateway.auth.authority import Auth, Realm
from gateway.auth.secrets import SecretBox
from gateway.definitions.contract import Resource
from gateway.faults import Conflict, Invalid, Misconfigured, NotFound
from gateway.sync.tables import Connection
from gateway.sync.tables import Mapping as MappingRow
from gateway.translation.contract import Account, Setting, Translator
from gateway.upstream import check_url

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,47}")
SECRETS = "connection-secrets"
HOOKS = "connection-hooks"
MAPPING_KINDS = ("payer", "program", "location", "custom-field", "definition")
SHARED_SETTINGS: Mapping[str, Setting] = {
    "push": Setting("whether writes go to this EMR", "true", ("true", "false")),
    "pull": Setting("whether changes are taken from this EMR", "true", ("true", "false")),
    "conflict": Setting("whose value wins when both changed", "emr", ("emr", "crm")),
    "write_delay_s": Setting("seconds to wait before a push", "0"),
    "ask_after_hours": Setting("hours until a person is asked about a delivery that the EMR does not show", "4"),
    "purpose": Setting(
        "purpose of use that the EMR takes records for; labels that it does not open stay here", "TREAT"
    ),
}
PURPOSES = re.compile(r"[A-Z]{2,20}(?: [A-Z]{2,20})*")
NUMBERS = {"poll_minutes": (1, 44_640), "write_delay_s": (0, 86_400), "ask_after_hours": (1, 20)}
"""Settings that are numbers, from and to: a minute to a month, nothing to a day, within the attempts of a push."""
ENDPOINT_TYPE = "http://terminology.hl7.org/CodeSystem/endpoint-connection-type"


@dataclass(frozen=True, slots=True)
class Changed:
    """What the operator gave: only these keys are changed."""

    settings: Mapping[str, str]
    secrets: Mapping[str, str]


class Connections:
    """The connections of all organisations. Every method takes an open session and commits nothing."""

    def __init__(self, translators: Mapping[str, Translator], auth: Auth, box: SecretBox) -> None:
        self.translators = translators
        self.auth = auth
        self.box = box

    def add(
        self, session: Session, realm: Realm, name: str, translator: str, base_url: str, given: Changed
    ) -> Connection:
        if not NAME.fullmatch(name):
            raise Invalid("A connection's name is 1 to 48 lower-case letters, digits and hyphens", "name")
        if translator not in self.translators:
            raise Invalid(f"There is no such translator; there are {', '.join(sorted(self.translators))}", "translator")
        if self._row(session, realm, name) is not None:
            raise Conflict(f"There is a connection {name} already; change it with `connection set`", "name")
        row = Connection(
            org=realm.org,
            name=name,
            translator=translator,
            base_url=base_url.rstrip("/"),
            settings={},
            secrets="",
            hook_token=self.box.seal(HOOKS, self.auth.random(24).hex().encode()),
            created=int(self.auth.clock() * 1_000_000),
        )
        self._change(row, given, secrets={})
        session.add(row)
        session.flush()
        return row

    def change(self, session: Session, realm: Realm, name: str, given: Changed) -> Connection:
        row = self.get(session, realm, name)
        self._change(row, given, secrets=self._secrets(row))
        session.add(row)
        session.flush()
        return row

    def get(self, session: Session, realm: Realm, name: str) -> Connection:
        row = self._row(session, realm, name)
        if row is None:
            raise NotFound(f"There is no connection {name}", "connection")
        return row

    def all(self, session: Session, org: int) -> list[Connection]:
        return list(session.exec(select(Connection).where(Connection.org == org).order_by(Connection.name)))

    def account(self, session: Session, realm: Realm, row: Connection) -> Account:
        """The connection as its translator sees it: defaults filled in, secrets open."""
        return Account(
            org=realm.slug,
            name=row.name,
            base_url=row.base_url,
            public_url=realm.public_url,
            settings=self.effective_settings(row),
            secrets=self._secrets(row),
            mappings=self.mappings(session, row),
            assertion=lambda claims: self.auth.keys.sign(None, dict(claims)),
        )

    def translator(self, row: Connection) -> Translator:
        """Raises Misconfigured when its plugin is no longer installed."""
        if row.translator not in self.translators:
            raise Misconfigured(f"The translator {row.translator} of connection {row.name} is not installed")
        return self.translators[row.translator]

    def is_usable(self, row: Connection) -> bool:
        """Whether its translator is there: one plugin that was taken out must not stop the other connections."""
        return row.translator in self.translators

    def effective_settings(self, row: Connection) -> dict[str, str]:
        own = self.translators[row.translator].settings if self.is_usable(row) else {}
        declared = {**SHARED_SETTINGS, **own}
        defaults = {key: setting.default for key, setting in declared.items() if setting.default is not None}
        return {**defaults, **row.settings}

    def mappings(self, session: Session, row: Connection) -> dict[str, dict[str, str]]:
        tables: dict[str, dict[str, str]] = {kind: {} for kind in MAPPING_KINDS}
        for mapping in session.exec(select(MappingRow).where(MappingRow.connection == row.id)):
            tables[mapping.kind][mapping.source] = mapping.target
        return tables

    def hooks(self, realm: Realm, row: Connection) -> dict[str, str]:
        """Webhook name → the address to enter at the EMR (interfaces.md, 4)."""
        token = self.box.open(HOOKS, row.hook_token).decode()
        prefix = f"{realm.public_url}/hooks/{realm.slug}/{row.name}"
        return {hook: f"{prefix}/{hook}/{token}" for hook in self.translator(row).webhooks}

    def hook_token(self, row: Connection) -> str:
        return self.box.open(HOOKS, row.hook_token).decode()

    def _row(self, session: Session, realm: Realm, name: str) -> Connection | None:
        wanted = select(Connection).where(Connection.org == realm.org, Connection.name == name)
        return session.exec(wanted).first()

    def _secrets(self, row: Connection) -> dict[str, str]:
        opened: dict[str, str] = json.loads(self.box.open(SECRETS, row.secrets))
        return opened

    def _change(self, row: Connection, given: Changed, secrets: dict[str, str]) -> None:
        translator = self.translator(row)
        check_url(row.base_url, allow_private=self.auth.settings.allow_private_upstreams)
        _check_known(given.settings, {**SHARED_SETTINGS, **translator.settings}, "--set")
        _check_known(given.secrets, translator.secrets, "--secret")
        secrets = {**secrets, **given.secrets}
        row.settings = {**row.settings, **given.settings}
        row.secrets = self.box.seal(SECRETS, json.dumps(secrets).encode())
        _check_complete(translator, self.effective_settings(row), secrets)


def _check_complete(translator: Translator, settings: Mapping[str, str], secrets: Mapping[str, str]) -> None:
    lacking = [f"--set {key}=…" for key in _lacking(translator.settings, settings)]
    lacking += [f"--secret {key}=…" for key in _lacking(translator.secrets, secrets)]
    if lacking:
        raise Invalid(f"{translator.title} also needs {', '.join(lacking)}", "settings")


def _lacking(declared: Mapping[str, Setting], given: Mapping[str, str]) -> Iterator[str]:
    return (key for key, setting in declared.items() if setting.default is None and not given.get(key, "").strip())


def _check_known(given: Mapping[str, str], declared: Mapping[str, Setting], option: str) -> None:
    for key, value in given.items():
        if key not in declared:
            raise Invalid(f"{option} {key}: no such key; there are {', '.join(sorted(declared))}", key)
        if declared[key].choices and value not in declared[key].choices:
            raise Invalid(f"{option} {key}: one of {', '.join(declared[key].choices)}", key)
        if not value.isprintable():
            raise Invalid(f"{option} {key}: printable characters only", key)
        if key == "purpose" and not PURPOSES.fullmatch(value):
            raise Invalid(f"{option} {key}: codes of v3-PurposeOfUse, such as TREAT or HPAYMT", key)
        if (words := declared[key].words) and not set(value.split()) <= set(words):
            raise Invalid(f"{option} {key}: some of {', '.join(words)}, with blanks between", key)
        span = declared[key].between or NUMBERS.get(key)
        if span and not _is_between(value, *span):
            raise Invalid(f"{option} {key}: a number from {span[0]:g} to {span[1]:g}", key)


def _is_between(text: str, low: float, high: float) -> bool:
    try:
        return low <= float(text) <= high
    except ValueError:
        return False


def endpoint_resource(realm: Realm, row: Connection, title: str) -> Resource:
    """The Endpoint that stands for the connection in Tasks and Provenance."""
    resource: dict[str, Any] = {
        "resourceType": "Endpoint",
        "id": row.name,
        "status": "active",
        "connectionType": {"system": ENDPOINT_TYPE, "code": "hl7-fhir-rest"},
        "name": f"{title} ({row.name})",
        "payloadType": [{"text": "FHIR R4, translated"}],
        "address": f"{realm.fhir_base}/via/{row.name}",
    }
    return resource
