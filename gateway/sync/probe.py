"""Test Connection: one harmless exchange with the EMR that proves address and credentials, or says what to mend."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime
from typing import Any

from gateway.auth.authority import Realm
from gateway.faults import Fault
from gateway.sync.sync import Sync
from gateway.translation.contract import Moment


async def test_connection(sync: Sync, realm: Realm, name: str) -> dict[str, Any]:
    """{"ok", "detail", "latency_ms"}; raises NotFound when there is no such connection."""
    runner, translator, account = await sync.runners.runner(realm, name)
    moment = Moment(datetime.fromtimestamp(sync.clock(), UTC), secrets.token_hex(16))
    started = time.perf_counter()
    try:
        detail, ok = await runner.run(translator.test(account, moment)), True
    except Fault as fault:
        detail, ok = "; ".join(issue.diagnostics for issue in fault.issues), False
    return {"ok": ok, "detail": detail, "latency_ms": round((time.perf_counter() - started) * 1000)}
