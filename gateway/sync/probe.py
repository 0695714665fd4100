"""Test Connection: one harmless exchange with the EMR that proves address and credentials, or says what to mend."""

from __future__ import annotations

import time
from typing import Any

from sqlmodel import Session

from gateway.auth.authority import Realm
from gateway.faults import Fault
from gateway.sync.runners import Runners
from gateway.sync.webhooks import warnings
from gateway.translation.rate import LIVE


async def test_connection(runners: Runners, realm: Realm, name: str) -> dict[str, Any]:
    """{"ok", "detail", "latency_ms"}; raises NotFound when there is no such connection."""
    runner, translator, account = await runners.runner(realm, name, urgency=LIVE)
    started = time.perf_counter()
    try:
        await runner.forgive()
        detail, ok = await runner.run(translator.test(account, runner.moment())), True
        told = await runners.in_session(lambda session: _warnings(session, runners, realm, name))
        detail = "; ".join((detail, *told))
    except Fault as fault:
        detail, ok = "; ".join(issue.diagnostics for issue in fault.issues), False
    return {"ok": ok, "detail": detail, "latency_ms": round((time.perf_counter() - started) * 1000)}


def _warnings(session: Session, runners: Runners, realm: Realm, name: str) -> list[str]:
    """That the EMR answers is not all: it also has to call us."""
    return list(warnings(session, runners.connections, runners.connections.get(session, realm, name)))
