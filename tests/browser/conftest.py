"""Chromium without a window, and a gateway with a sandbox EMR behind it, each in a process of its own."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from gateway.translation.registry import load_sandboxes
from gateway.translation.sandbox import SandboxSetup
from tests.blackbox.conftest import commands, free_port
from tests.processes import Process, started

START_S = 120
USER, PASSWORD = "operator@clinic.example", "a long enough password"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1200,800",
)


@dataclass(frozen=True)
class Console:
    """Where the console is, and what it is about."""

    url: str
    org: str
    connection: str


@contextmanager
def process(arguments: list[str], environment: dict[str, str], log: Path, up: str) -> Iterator[None]:
    """A command of ours that runs until the block ends, entered when `up` answers."""
    with log.open("wb") as written:
        running = started(*arguments, env=environment, stderr=written)
        try:
            _wait(running, up, log)
            yield
        finally:
            running.terminate()
            running.wait(20)


def _wait(running: Process, up: str, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while True:
        assert running.poll() is None, log.read_text()
        try:
            if httpx.get(up).status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)


@pytest.fixture(scope="session")
def chromium() -> tuple[str, str]:
    """The programs of the browser and of its driver."""
    found = shutil.which("chromium") or shutil.which("chromium-browser"), shutil.which("chromedriver")
    if found[0] is None or found[1] is None:
        pytest.skip("Chromium is not installed here: install the packages chromium and chromium-driver")
    return found[0], found[1]


@pytest.fixture(scope="module")
def console(chromium: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    folder = tmp_path_factory.mktemp("console")
    port, emr_port = free_port(), free_port()
    url, emr = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{emr_port}"
    environment = {
        **os.environ,
        "CROSSWALK_DATABASE_URL": f"sqlite:///{folder / 'crosswalk.db'}",
        "CROSSWALK_PUBLIC_URL": url,
        "CROSSWALK_ALLOW_PRIVATE_UPSTREAMS": "1",
        "CROSSWALK_LOG_LEVEL": "WARNING",
    }
    demo = load_sandboxes()["internal"](SandboxSetup()).demo
    run = commands(environment)
    run("migrate")
    run("org", "add", "clinic", "--name", "Riverside Clinic")
    run("user", "add", "--org", "clinic", USER, "--role", "operator", input=PASSWORD)
    given = [part for key, value in demo.settings.items() for part in ("--set", f"{key}={value}")]
    given += [part for key, value in demo.secrets.items() for part in ("--secret", f"{key}={value}")]
    address = f"{emr}{demo.base_path}"
    run("connection", "add", "--org", "clinic", "frontdesk", "--translator", "internal", "--base-url", address, *given)
    sandbox = ["sandbox", "internal", "--port", str(emr_port)]
    with (
        process(sandbox, environment, folder / "sandbox.log", f"{emr}/_sandbox"),
        process(["serve", "--port", str(port)], environment, folder / "server.log", f"{url}/readyz"),
    ):
        yield Console(url, "clinic", "frontdesk")


@pytest.fixture
def browser(chromium: tuple[str, str], tmp_path: Path) -> Iterator[Chrome]:
    program, driver = chromium
    options = ChromeOptions()
    options.binary_location = program
    for flag in (*FLAGS, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    opened = Chrome(options, Service(driver))
    try:
        yield opened
        complaints = [entry["message"] for entry in opened.get_log("browser") if entry["level"] == "SEVERE"]  # type: ignore[no-untyped-call]
        assert complaints == [], "scripts and the content security policy have nothing to complain about"
    finally:
        opened.quit()
