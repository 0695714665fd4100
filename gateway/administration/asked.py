"""What may be posted to /admin/v1, each shape by its name; nothing else is taken."""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.auth.initial_tokens import DEFAULT_SCOPE


class Posted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A JSON object with these members and no others."""


class NewClient(Posted, frozen=True):
    """As `client add` takes it."""

    name: str
    scope: str
    secret: bool = False
    public: bool = False
    jwks: dict[str, Any] | None = None
    jwks_url: str | None = None
    redirect_uris: list[str] = []
    grants: list[str] = []
    launch_url: str | None = None
    purposes: list[str] = []


class NewAccount(Posted, frozen=True):
    """As `user add` takes it, with the password that the command reads from stdin."""

    email: str
    role: str
    password: str
    patient: str | None = None
    practitioner: str | None = None


class NewToken(Posted, frozen=True):
    """As `client token` takes it."""

    scope: str = DEFAULT_SCOPE
    hours: int = 24
    uses: int = 1


class NewLaunch(Posted, frozen=True):
    """What an EHR launch is about; the members are named as in SMART's token response."""

    patient: str | None = None
    encounter: str | None = None
    intent: str | None = None
    need_patient_banner: bool = True
    smart_style_url: str | None = None
    fhirContext: list[dict[str, Any]] = []  # noqa: N815 — SMART's own name
    client_id: str | None = None
    user: str | None = None


class NewConnection(Posted, frozen=True):
    """As `connection add` takes it."""

    name: str
    translator: str
    base_url: str
    set: dict[str, str] = {}
    secret: dict[str, str] = {}


class ChangedConnection(Posted, frozen=True):
    """As `connection set` takes it."""

    set: dict[str, str] = {}
    secret: dict[str, str] = {}


class Pull(Posted, frozen=True):
    """As `connection pull` takes it."""

    resource: list[str] = []


class Push(Posted, frozen=True):
    """As `connection push` takes it."""

    patient: str


class Unlock(Posted, frozen=True):
    """As `connection unlock` takes it."""

    patient: str


class NewMapping(Posted, frozen=True, rename={"source": "from"}):
    """As `mapping set` takes it."""

    kind: str
    source: str
    to: str


class OldMapping(Posted, frozen=True, rename={"source": "from"}):
    """As `mapping remove` takes it."""

    kind: str
    source: str


class NewDemands(Posted, frozen=True):
    """As `org set` takes it."""

    profile: dict[str, str] = {}
    no_profile: list[str] = []


class NewProvider(Posted, frozen=True):
    """As `org provider` takes it."""

    issuer: str
    client_id: str
    client_secret: str
    name: str = "your organisation's account"
