"""The README's transcript, pasted line by line against `crosswalk demo`, which is what `make run` runs."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
READY_S = 60
BLOCK = re.compile(r"<!-- transcript -->\n```sh\n(.*?)```", re.DOTALL)
pytestmark = pytest.mark.blackbox


def transcript() -> str:
    blocks = BLOCK.findall((ROOT / "README.md").read_text("utf-8"))
    assert len(blocks) >= 6
    return "".join(blocks)


def five_ports() -> int:
    """The first of five that are free in a row."""
    for first in range(18000, 30000, 7):
        with ExitStack() as stack:
            try:
                for port in range(first, first + 5):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except OSError:
                continue
            return first
    raise AssertionError("no five free ports in a row")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    bin = str(Path(sys.executable).parent)
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("CROSSWALK_")},
        "PATH": f"{bin}:{os.environ['PATH']}",
        "PORT": str(five_ports()),
        "DATA": str(tmp_path),
        "CROSSWALK_DATABASE_URL": f"sqlite:///{tmp_path}/crosswalk.db",
    }


@pytest.fixture
def demo(environment: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """What `make run` prints once it is ready."""
    with Started(environment, tmp_path) as (printed, _):
        yield printed


class Started:
    """The demo as a process, until it has said that it is ready; ended with the context."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.environment = environment
        self.out = folder / "stdout"
        self.err = folder / "stderr"

    def __enter__(self) -> tuple[str, float]:
        command = [sys.executable, "-m", "gateway", "demo", "--port", self.environment["PORT"]]
        began = time.monotonic()
        with self.out.open("w") as out, self.err.open("w") as err:
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=out, stderr=err)
        while "Try it:" not in self.out.read_text():
            assert self.process.poll() is None, self.err.read_text()
            assert time.monotonic() - began < READY_S, self.err.read_text()
            time.sleep(0.1)
        return self.out.read_text(), time.monotonic() - began

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        assert self.process.wait(30) == 0, self.err.read_text()


def pasted(script: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_transcript_works_when_pasted(demo: str, environment: dict[str, str]) -> None:
    said = pasted(transcript(), environment)
    assert '"status": "201 Created"' in said
    for emr in ("ecw", "internal", "kipu", "ritten"):
        assert re.search(rf"^{emr} completed \S+", said, re.MULTILINE), said
    mr_number = re.search(r'"mr_number":"(DHR\d{4}-\d+)"', said)
    assert mr_number
    assert '"created":0,"updated":1' in said
    after_pull = said.partition('"created":0,"updated":1')[2]
    assert mr_number[1] in after_pull
    for fact in (
        "in-progress",
        "Residential",
        "Substance Use",
        "Main Building",
        "102",
        "A-101",
        "A123456789",
        "GR987654321",
    ):
        assert fact in after_pull, fact
    assert f"{environment['PORT']}/fhir/r4/demo/via/ecw/Patient?family=LaliTest" in after_pull
    assert '"operation": "updated"' in after_pull


def test_the_curl_that_is_printed_works_and_data_survive_a_restart(environment: dict[str, str], tmp_path: Path) -> None:
    with Started(environment, tmp_path) as (printed, seconds):
        assert seconds < READY_S
        for label in ("FHIR base", "Console", "Client id", "Client secret"):
            assert label in printed
        curl = next(line for line in printed.splitlines() if line.startswith("curl"))
        first = pasted(curl, environment)
        assert '"resourceType":"Bundle"' in first
    with Started(environment, tmp_path) as (printed, _):
        assert next(line for line in printed.splitlines() if line.startswith("curl")) == curl
        again = pasted(curl, environment)
        assert set(re.findall(r'"fullUrl":"([^"]+)"', first)) <= set(re.findall(r'"fullUrl":"([^"]+)"', again))
