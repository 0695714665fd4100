"""What a running gateway consists of. Handlers find it on `app.state.services`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio

from gateway.auth.authority import Auth
from gateway.definitions.contract import Definitions
from gateway.settings import Settings
from gateway.store.migrations import is_current
from gateway.store.store import SqlStore

if TYPE_CHECKING:
    from gateway.audit.trail import Trail
    from gateway.subscriptions.subscriptions import Subscriptions
    from gateway.sync.sync import Sync


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a handler may need."""

    settings: Settings
    definitions: Definitions
    store: SqlStore
    auth: Auth
    sync: Sync
    paging_key: bytes
    clock: Callable[[], int]
    """UTC microseconds since 1970."""
    subscriptions: Subscriptions
    audit: Trail

    async def readiness(self) -> str | None:
        """Why the gateway cannot serve; None when it can."""
        try:
            current = await anyio.to_thread.run_sync(is_current, self.settings.database_url)
        except Exception:
            return "the database cannot be reached"
        return None if current else "the database is not at the current schema; run `crosswalk migrate`"
