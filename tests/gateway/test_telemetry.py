"""Where log lines go."""

from __future__ import annotations

import io
import json

import pytest
import structlog

from gateway.telemetry import configure_logging


def test_lines_go_to_the_stderr_of_the_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that ran in this process may have had one of its own, closed by now."""
    first, then = io.StringIO(), io.StringIO()
    monkeypatch.setattr("sys.stderr", first)
    configure_logging("INFO")
    log = structlog.get_logger("telemetry").bind()
    log.info("one")
    first.close()
    monkeypatch.setattr("sys.stderr", then)
    log.info("two")
    assert json.loads(then.getvalue())["event"] == "two"
