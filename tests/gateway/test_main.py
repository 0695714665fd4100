"""How the command starts."""

from __future__ import annotations

import gc

import pytest

from gateway import cli
from gateway.__main__ import main


def test_the_collector_works_again_once_everything_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []
    monkeypatch.setattr(gc, "freeze", lambda: seen.append(gc.isenabled()))
    monkeypatch.setattr(cli, "main", lambda: seen.append(gc.isenabled()))
    main()
    assert seen == [False, True]
