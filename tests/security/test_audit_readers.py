"""Who reads the audit trail: clients that administer, and persons whose role is to."""

from __future__ import annotations

import pytest

from tests.security.world import World

READERS = [
    ("gateway/admin system/AuditEvent.rs", {}, 200),
    ("system/*.rs", {}, 403),
    ("gateway/admin system/AuditEvent.rs?type=rest", {}, 403),
    ("user/AuditEvent.rs", {"user_email": "a@north.example", "user_role": "admin"}, 200),
    ("user/*.rs", {"user_email": "a@north.example", "user_role": "admin"}, 200),
    ("user/Patient.rs", {"user_email": "a@north.example", "user_role": "admin"}, 403),
    ("user/AuditEvent.rs", {"user_email": "o@north.example", "user_role": "operator"}, 403),
    ("gateway/admin system/*.rs", {"user_email": "o@north.example", "user_role": "operator"}, 403),
    ("patient/AuditEvent.rs", {"user_email": "p@north.example", "user_role": "viewer", "patient": "a"}, 403),
]


@pytest.mark.parametrize(("scope", "caller", "status"), READERS)
async def test_administrators_alone(world: World, scope: str, caller: dict[str, str], status: int) -> None:
    reader = world.caller(scope, **caller)
    assert (await reader.ask("GET", "AuditEvent")).status_code == status
    assert (await reader.ask("GET", "AuditEvent/none")).status_code == (404 if status == 200 else 403)
