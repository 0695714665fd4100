"""The environment variables that configure a gateway process."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.faults import Misconfigured

MAX_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Settings:
    """See docs/environment.md; each field is the variable CROSSWALK_<NAME>."""

    database_url: str = "sqlite:///data/crosswalk.db"
    public_url: str = "http://127.0.0.1:8080"
    secret_key: str | None = None
    log_level: str = "INFO"
    allow_private_upstreams: bool = False
    audit_sync: str = "security"
    audit_days: int = 2192
    client_rate: int = 1000
    client_at_once: int = 256
    failures: int = 300
    request_seconds: int = 300
    body_seconds: int = 30
    idle_seconds: int = 75

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        default = cls()

        def value(name: str, otherwise: str) -> str:
            return environment.get(f"CROSSWALK_{name}") or otherwise

        def whole(name: str, otherwise: int) -> int:
            text = value(name, str(otherwise))
            if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
                raise Misconfigured("Write a whole number, 0 or greater", f"CROSSWALK_{name}")
            return int(text)

        return cls(
            database_url=value("DATABASE_URL", default.database_url),
            public_url=value("PUBLIC_URL", default.public_url).rstrip("/"),
            secret_key=environment.get("CROSSWALK_SECRET_KEY") or None,
            log_level=value("LOG_LEVEL", default.log_level).upper(),
            allow_private_upstreams=value("ALLOW_PRIVATE_UPSTREAMS", "0") == "1",
            audit_sync=value("AUDIT_SYNC", default.audit_sync).lower(),
            audit_days=whole("AUDIT_DAYS", default.audit_days),
            client_rate=whole("CLIENT_RATE", default.client_rate),
            client_at_once=whole("CLIENT_AT_ONCE", default.client_at_once),
            failures=whole("FAILURES", default.failures),
            request_seconds=whole("REQUEST_SECONDS", default.request_seconds),
            body_seconds=whole("BODY_SECONDS", default.body_seconds),
            idle_seconds=whole("IDLE_SECONDS", default.idle_seconds),
        )
