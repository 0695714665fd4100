"""What an administrator of the trail asks it."""

from __future__ import annotations

from typing import Any

from tests.gateway.conftest import Fhir

ADMIN = "gateway/admin system/*.cruds"


async def events(admin: Fhir, query: str = "") -> list[dict[str, Any]]:
    answer = await admin.ask("GET", f"AuditEvent?{query}")
    assert answer.status_code == 200, answer.text
    return [entry["resource"] for entry in answer.json().get("entry", ())]
