"""crosswalk user add, in a process of its own."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from pathlib import Path

import pytest

from gateway import opening
from gateway.settings import Settings
from tests import processes

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("users") / "crosswalk.db"
    opening.migrate(Settings(database_url=f"sqlite:///{path}"))
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO organisation (slug, name, created) VALUES ('north', 'North', 0)")
    connection.close()
    return path


def add(database: Path, *arguments: str, stdin: str = f"{PASSWORD}\n") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CROSSWALK_DATABASE_URL": f"sqlite:///{database}", "COLUMNS": "200"}
    return processes.run("user", "add", *arguments, env=environment, input=stdin)


def users(database: Path) -> list[tuple[str, ...]]:
    connection = sqlite3.connect(database)
    rows = connection.execute("SELECT email, role, patient, practitioner, password_hash FROM user_account").fetchall()
    connection.close()
    return rows


@pytest.mark.blackbox
def test_a_user_is_added_once(database: Path) -> None:
    asked = ("--org", "north", "Ada@North.example", "--role", "operator", "--practitioner", "dr-1")
    done = add(database, *asked, stdin=f"{PASSWORD}\r\nand more\n")
    assert (done.returncode, json.loads(done.stdout)) == (
        0,
        {"org": "north", "email": "ada@north.example", "role": "operator", "practitioner": "dr-1"},
    )
    assert "no Practitioner/dr-1 yet" in done.stderr
    ((*row, password_hash),) = users(database)
    assert row == ["ada@north.example", "operator", None, "dr-1"]
    assert password_hash.startswith("$argon2id$")
    assert PASSWORD not in done.stdout + done.stderr
    again = add(database, "--org", "north", "ada@north.example", "--role", "admin")
    assert (again.returncode, again.stdout) == (1, "")
    assert "already" in again.stderr
    assert len(users(database)) == 1


@pytest.mark.blackbox
@pytest.mark.parametrize(
    ("arguments", "stdin", "status", "said"),
    [
        (("--org", "north", "b@north.example", "--role", "viewer"), "elevenchars\n", 1, "12 to 1024"),
        (("--org", "north", "b@north.example", "--role", "viewer"), "", 1, "12 to 1024"),
        (("--org", "north", "nobody", "--role", "viewer"), f"{PASSWORD}\n", 1, "NAME@HOST"),
        (("--org", "nowhere", "b@north.example", "--role", "viewer"), f"{PASSWORD}\n", 1, "no such organisation"),
        (("--org", "north", "b@north.example", "--role", "king"), f"{PASSWORD}\n", 2, "viewer"),
    ],
)
def test_what_is_wrong_adds_nobody(
    database: Path, arguments: tuple[str, ...], stdin: str, status: int, said: str
) -> None:
    before = users(database)
    done = add(database, *arguments, stdin=stdin)
    assert (done.returncode, done.stdout) == (status, "")
    assert said in done.stderr
    assert users(database) == before
