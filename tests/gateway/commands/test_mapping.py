"""crosswalk mapping: set, listed and removed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, cast

import pytest
from click.testing import Result
from typer.testing import CliRunner

from gateway import opening
from gateway.cli import app
from gateway.settings import Settings

Run = Callable[..., Result]
AT = ("--org", "north", "ritten")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """On one database, with one connection."""
    url = f"sqlite:///{tmp_path_factory.mktemp('mapping') / 'crosswalk.db'}"
    opening.migrate(Settings(database_url=url))
    runner = CliRunner(env={"CROSSWALK_DATABASE_URL": url, "COLUMNS": "200"})

    def running(*arguments: str) -> Result:
        return cast("Result", runner.invoke(app, arguments))

    answer(running("org", "add", "north"))
    named = ("connection", "add", *AT, "--translator", "ritten", "--base-url", "https://ritten.example")
    answer(running(*named, "--set", "tenant=t", "--secret", "client_id=x", "--secret", "client_secret=y"))
    return lambda command, *arguments: running("mapping", command, *AT, *arguments)


def answer(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_mapping_is_set_and_removed(run: Run) -> None:
    told = {"connection": "ritten", "mapping": "payer", "from": "A & B", "to": "Both"}
    assert answer(run("set", "payer", "A & B", "Both")) == told
    answer(run("set", "program", "A & B", "A program"))
    assert answer(run("remove", "payer", " A & B ")) == {**told, "removed": True}
    listed = answer(run("list"))
    assert (listed["payer"], listed["program"]) == ({}, {"A & B": "A program"})


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (("payer", "unknown"), 1, "no such mapping"),
        (("colour", "A"), 1, "payer, program, location"),
        (("payer",), 2, "FROM"),
    ],
)
def test_what_is_refused(run: Run, arguments: tuple[str, ...], status: int, told: str) -> None:
    refused = run("remove", *arguments)
    assert (refused.exit_code, refused.stdout) == (status, "")
    assert told in refused.stderr
