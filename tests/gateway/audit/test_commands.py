"""Commands that change something are events, without what their options hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.audit.access import decoded
from gateway.audit.commands import Command, command_audited
from gateway.audit.rows import Window, events
from gateway.audit.trail import Trail
from gateway.faults import Invalid
from gateway.services import Services
from gateway.store.open import system_clock


async def test_done_and_refused(services: Services, tmp_path: Path) -> None:
    trail = Trail(services.store, tmp_path / "own", system_clock)
    with command_audited(trail, Command("crosswalk client add", "north")):
        pass
    with pytest.raises(Invalid), command_audited(trail, Command("crosswalk user add", "north")):
        raise Invalid("no")
    for looking in (Command("crosswalk connection list", "north"), Command("crosswalk migrate", None), None):
        with command_audited(trail, looking):
            pass
    await trail.close()
    kept = await services.store.session_read(lambda session: events(session, Window(1)))
    told = [(decoded(body).told, decoded(body).status) for body in kept]
    assert told == [("crosswalk user add", 400), ("crosswalk client add", 200)]
