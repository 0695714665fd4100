"""crosswalk mapping: set, listed and removed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from click.testing import Result
from sqlmodel import Session
from typer.testing import CliRunner

from gateway import opening
from gateway.audit.access import decoded
from gateway.audit.rows import Window, events
from gateway.cli import app
from gateway.settings import Settings
from gateway.store.dialect import open_engine

Run = Callable[..., Result]
Told = Callable[[], list[tuple[str, int]]]
AT = ("--org", "north", "ritten")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('mapping') / 'crosswalk.db'}"


@pytest.fixture
def told(url: str) -> Iterator[Told]:
    """What the trail says of commands, and how they ended; newest first."""
    engine = open_engine(url)

    def telling() -> list[tuple[str, int]]:
        with Session(engine) as session:
            accesses = [decoded(body) for body in events(session, Window(1))]
        return [(access.told, access.status) for access in accesses]

    yield telling
    engine.dispose()


@pytest.fixture(scope="module")
def run(url: str) -> Run:
    """On one database, with one connection."""
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


def test_what_was_done_and_refused_is_in_the_trail_without_its_words(run: Run, told: Told) -> None:
    run("set", "payer", "A name", "Another")
    run("remove", "payer", "A name that is not there")
    run("list")
    latest = [(words.rpartition("mapping ")[2], status) for words, status in told()[:2]]
    assert latest == [("remove", 400), ("set", 200)]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("payer", "unknown"), 1, "no such mapping"),
        (("colour", "A"), 1, "payer, program, location"),
        (("payer",), 2, "FROM"),
    ],
)
def test_what_is_refused(run: Run, arguments: tuple[str, ...], status: int, said: str) -> None:
    refused = run("remove", *arguments)
    assert (refused.exit_code, refused.stdout) == (status, "")
    assert said in refused.stderr
