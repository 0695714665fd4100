"""crosswalk keys: an operator rotates the key that EMRs know, and every organisation's trail tells of it."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway import opening
from gateway.cli import app
from gateway.settings import Settings


def test_a_rotation_from_beginning_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'crosswalk.db'}"
    opening.migrate(Settings(database_url=url))
    monkeypatch.setenv("CROSSWALK_DATABASE_URL", url)
    monkeypatch.setenv("COLUMNS", "300")

    def run(*arguments: str, status: int = 0) -> Any:
        result = CliRunner().invoke(app, [*arguments])
        assert result.exit_code == status, result.output
        return json.loads(result.stdout) if status == 0 else result.stderr

    run("org", "add", "north")
    (first,) = run("keys", "list")["keys"]
    assert (first["alg"], first["state"], first["published_until"]) == ("RS384", "signing", None)
    told = run("keys", "rotate", "--overlap-hours", "48")
    new, old = told["keys"]
    assert (new["state"], old["state"], old["kid"]) == ("next", "signing", first["kid"])
    assert new["signs_from"] > new["created"]
    assert "activate or retire it first" in run("keys", "rotate", status=1)
    new, old = run("keys", "activate", new["kid"])["keys"]
    assert (new["state"], old["state"]) == ("signing", "retiring")
    for kid in ("-zP_vd09", "--zP_vd09", "-h9"):
        for doing in ("activate", "retire"):
            assert f"There is no published key {kid}" in run("keys", doing, kid, status=1)
    with sqlite3.connect(tmp_path / "crosswalk.db") as database:
        ((stored,),) = database.execute("SELECT count(*) FROM signing_key WHERE private_key LIKE '%\"d\"%'")
        events = [json.loads(body) for (body,) in database.execute("SELECT body FROM audit_event")]
    assert stored == 0
    assert sorted((event["told"], event["status"]) for event in events if "keys" in event["told"]) == [
        ("crosswalk keys activate", 200),
        ("crosswalk keys rotate", 200),
        ("crosswalk keys rotate", 400),
    ]
