"""Test Connection: one harmless exchange with the EMR that proves address and credentials, or says what to mend."""

from __future__ import annotations

import time
from typing import Any

from gateway.auth.authority import Realm
from gateway.faults import Fault
from gateway.sync.runners import Runners


async def test_connection(runners: Runners, realm: Realm, name: str) -> dict[str, Any]:
    """{"ok", "detail", "latency_ms"}; raises NotFound when there is no such connection."""
    runner, translator, account = await runners.runner(realm, name)
    started = time.perf_counter()
    try:
        detail, ok = await runner.run(translator.test(account, runner.moment())), True
    except Fault as fault:
        detail, ok = "; ".join(issue.diagnostics for issue in fault.issues), False
    return {"ok": ok, "detail": detail, "latency_ms": round((time.perf_counter() - started) * 1000)}
