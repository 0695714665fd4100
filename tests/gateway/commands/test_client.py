"""crosswalk client and org: who may come in, in processes of their own (the rest by /admin/v1, which shares it)."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway import opening
from gateway.settings import Settings
from tests import processes
from tests.blackbox.conftest import commands

pytestmark = pytest.mark.blackbox
REDIRECT = "https://app.example/after"
Run = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    url = f"sqlite:///{tmp_path_factory.mktemp('clients') / 'crosswalk.db'}"
    opening.migrate(Settings(database_url=url))
    return {**os.environ, "CROSSWALK_DATABASE_URL": url, "CROSSWALK_PUBLIC_URL": "https://gateway.example"}


@pytest.fixture(scope="module")
def run(environment: dict[str, str]) -> Run:
    running = commands(environment)
    running("org", "add", "north")
    return running


def test_an_application_for_people(run: Run) -> None:
    made = run(
        "client", "add", "--org", "north", "--name", "Chart View", "--public", "--redirect-uri", REDIRECT,
        "--grant", "authorization_code", "--launch-url", "https://app.example/launch", "--purpose", "TREAT",
        "--scope", "launch openid patient/*.rs",
    )  # fmt: skip
    assert made.keys() == {"client_id"}
    (told,) = run("client", "list", "--org", "north")["clients"]
    assert told == {
        "client_id": made["client_id"], "name": "Chart View", "scope": "launch openid patient/*.rs",
        "grants": ["authorization_code"], "redirect_uris": [REDIRECT], "credential": "none",
        "launch_url": "https://app.example/launch", "purposes": ["TREAT"], "disabled": False,
    }  # fmt: skip


def test_a_provider(run: Run, environment: dict[str, str]) -> None:
    command = ["org", "provider", "north", "--issuer", "https://login.example", "--client-id", "crosswalk"]
    done = processes.run(*command, env=environment, input="a-provider-secret\n")
    assert done.returncode == 0, done.stderr
    assert "https://gateway.example/oauth/north/provider/callback" in done.stdout
    assert "a-provider-secret" not in done.stdout + done.stderr
    database = environment["CROSSWALK_DATABASE_URL"].removeprefix("sqlite:///")
    assert b"a-provider-secret" not in Path(database).read_bytes()
