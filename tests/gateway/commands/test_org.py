"""crosswalk org: added, shown, and the profiles that an organisation demands."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from click.testing import Result
from typer.testing import CliRunner

from gateway import opening
from gateway.cli import app
from gateway.settings import Settings

US_CORE_PATIENT = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient"
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    url = f"sqlite:///{tmp_path / 'crosswalk.db'}"
    opening.migrate(Settings(database_url=url))
    monkeypatch.setenv("CROSSWALK_DATABASE_URL", url)
    monkeypatch.setenv("COLUMNS", "200")
    runner = CliRunner()
    return lambda *arguments: cast("Result", runner.invoke(app, ["org", *arguments]))


def answer(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_profile_is_demanded_and_no_longer(run: Run) -> None:
    made = answer(run("add", "north", "--name", "North"))
    shown = {**made, "name": "North", "profiles": {}}
    assert answer(run("show", "north")) == shown
    demanding = {**shown, "profiles": {"Patient": US_CORE_PATIENT}}
    assert answer(run("set", "north", "--profile", f"Patient={US_CORE_PATIENT}")) == demanding
    answer(run("add", "south"))
    found = answer(run("list"))["organisations"]
    assert [(each["org"], each["profiles"]) for each in found] == [("north", demanding["profiles"]), ("south", {})]
    assert answer(run("set", "north", "--no-profile", "Patient")) == shown


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (("north", "--profile", "Patient=us-core-patient"), 1, US_CORE_PATIENT),
        (("nowhere", "--profile", f"Patient={US_CORE_PATIENT}"), 1, "organisation"),
        (("north",), 2, "--profile"),
        (("north", "--profile", "Patient"), 2, "KEY=VALUE"),
        (("north", "--profile", f"Patient={US_CORE_PATIENT}", "--no-profile", "Patient"), 2, "Patient"),
        (("north", "--profile", "Patient=x", "--profile", "Patient=y"), 2, "once"),
    ],
)
def test_what_is_refused(run: Run, arguments: tuple[str, ...], status: int, told: str) -> None:
    answer(run("add", "north"))
    result = run("set", *arguments)
    assert (result.exit_code, result.stdout) == (status, "")
    assert told in result.stderr
    assert answer(run("show", "north"))["profiles"] == {}
