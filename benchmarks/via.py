"""A read through /via/ beside the same read of `crosswalk sandbox ecw` itself, and bodies of fifty megabytes both ways.

    python -m benchmarks.via [--profile FILE]

Sandbox and gateway are processes of their own. The practice's limit of 250 calls a minute holds for both, so that the
number of reads is small and they take turns.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from benchmarks.pull import CROSSWALK, ORG, START_S, crosswalk
from tests.blackbox.conftest import free_port
from translators.ecw.sandbox import BASE, DEMO
from translators.ecw.sandbox_data import PATIENT
from translators.ecw.sandbox_live import BIG

READS = 90
JSON = {"Accept": "application/fhir+json", "Accept-Encoding": "identity"}


@contextmanager
def process(*words: str, environment: Mapping[str, str], profile: str | None = None) -> Iterator[subprocess.Popen[str]]:
    profiled = ("-m", "cProfile", "-o", profile) if profile else ()
    command = [sys.executable, *profiled, *CROSSWALK[1:], *words]
    started = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, text=True)
    try:
        yield started
    finally:
        started.terminate()
        started.wait(START_S)


def ready(url: str) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        try:
            httpx.get(url, timeout=2).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"nothing answers at {url}")


def connect(environment: Mapping[str, str], url: str) -> dict[str, Any]:
    crosswalk(environment, "migrate")
    crosswalk(environment, "org", "add", ORG)
    words = [f"--set={name}={value}" for name, value in {**DEMO.settings, "pull": "false"}.items()]
    words += [f"--secret={name}={value}" for name, value in DEMO.secrets.items()]
    crosswalk(environment, "connection", "add", "--org", ORG, "ecw", "--translator", "ecw", "--base-url", url, *words)
    return crosswalk(
        environment, "client", "add", "--org", ORG, "--name", "Bench", "--scope", "system/*.rs", "--secret"
    )


def token(public: str, client: Mapping[str, Any]) -> str:
    form = {"grant_type": "client_credentials", "scope": "system/*.rs"}
    auth = (client["client_id"], client["client_secret"])
    answer: dict[str, Any] = httpx.post(f"{public}/oauth/{ORG}/token", data=form, auth=auth).raise_for_status().json()
    return str(answer["access_token"])


def timed(ask: Callable[[], object]) -> float:
    started = time.perf_counter()
    ask()
    return time.perf_counter() - started


def drained(client: httpx.Client, path: str) -> int:
    with client.stream("GET", path) as answer:
        answer.raise_for_status()
        return sum(len(piece) for piece in answer.iter_raw())


def peak_mb(pid: int) -> float:
    found = re.search(r"VmHWM:\s*(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def measure(profile: str | None) -> tuple[Table, Table]:
    gateway, emr = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        environment = {
            **os.environ,
            "CROSSWALK_DATABASE_URL": f"sqlite:///{Path(folder) / 'bench.db'}",
            "CROSSWALK_PUBLIC_URL": gateway,
            "CROSSWALK_ALLOW_PRIVATE_UPSTREAMS": "1",
            "CROSSWALK_LOG_LEVEL": "WARNING",
        }
        made = connect(environment, f"{emr}{BASE}")
        jwks = f"jwks_url={gateway}/.well-known/jwks.json"
        sandbox = process("sandbox", "ecw", "--port", emr.rpartition(":")[2], "--set", jwks, environment=environment)
        serving = process("serve", "--port", gateway.rpartition(":")[2], environment=environment, profile=profile)
        with sandbox, serving as server:
            ready(f"{emr}/_sandbox")
            ready(f"{gateway}/readyz")
            return _measured(gateway, emr, made, server.pid)


def _measured(gateway: str, emr: str, made: Mapping[str, Any], pid: int) -> tuple[Table, Table]:
    ours = {**JSON, "Authorization": f"Bearer {token(gateway, made)}"}
    with httpx.Client(base_url=f"{gateway}/fhir/r4/{ORG}/via/ecw", headers=ours, timeout=120) as via:
        via.get(f"/Patient/{PATIENT}").raise_for_status()
        theirs = {**JSON, "Authorization": f"Bearer {list(httpx.get(f'{emr}/_sandbox').json()['tokens'])[-1]}"}
        with httpx.Client(base_url=f"{emr}{BASE}", headers=theirs, timeout=120) as direct:
            reads: dict[str, list[float]] = {"direct": [], "through /via/": []}
            for _ in range(READS):
                for name, client in (("direct", direct), ("through /via/", via)):
                    ask = client.get
                    reads[name].append(timed(lambda ask=ask: ask(f"/Patient/{PATIENT}").raise_for_status()))  # type: ignore[misc]
            return _of_reads(reads), _of_bodies(direct, via, emr, pid)


def _of_reads(reads: Mapping[str, list[float]]) -> Table:
    shown = Table("read of a Patient", "p50 ms", "p90 ms", "of direct", title="One connection, one request at a time")
    plain = median(reads["direct"])
    for name, taken in reads.items():
        p90 = sorted(taken)[int(len(taken) * 0.9)]
        shown.add_row(name, f"{median(taken) * 1000:.2f}", f"{p90 * 1000:.2f}", f"{median(taken) / plain:.1f}")
    return shown


def _of_bodies(direct: httpx.Client, via: httpx.Client, emr: str, pid: int) -> Table:
    shown = Table("body", "MB", "direct s", "through /via/ s", "server grew by MB", title="Fifty megabytes")
    httpx.put(f"{emr}/_sandbox/faults", json=["big-answer"]).raise_for_status()
    tokens = list(httpx.get(f"{emr}/_sandbox").json()["tokens"])
    for name, path in (("Binary", f"/Binary/{BIG}"), ("searchset of Observations", f"/Observation?patient={PATIENT}")):
        before, started = peak_mb(pid), time.perf_counter()
        length = drained(via, path)
        through = time.perf_counter() - started
        grown = peak_mb(pid) - before
        tokens = list(httpx.get(f"{emr}/_sandbox").json()["tokens"])
        direct.headers["Authorization"] = f"Bearer {tokens[-1]}"
        plain = timed(lambda path=path: drained(direct, path))  # type: ignore[misc]
        shown.add_row(name, f"{length / 1e6:.0f}", f"{plain:.1f}", f"{through:.1f}", f"{grown:.0f}")
    return shown


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--profile", help="where to write a profile of the gateway")
    chosen = options.parse_args()
    profile = str(Path(chosen.profile).resolve()) if chosen.profile else None
    for table in measure(profile):
        Console().print(table)


if __name__ == "__main__":
    main()
