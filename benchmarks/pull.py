"""`crosswalk connection pull` of many patients from `crosswalk sandbox kipu`, beside the bare cost of fetching them.

    python -m benchmarks.pull [PATIENTS] [--database URL] [--profile FILE]

The sandbox, the command and the bare fetch are processes of their own. Bare is one httpx client that gets the same
documents, signed, at the same concurrency, and does nothing with them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from gateway.translation.contract import Account, Call, Moment
from translators.kipu import calls, listings, translator
from translators.kipu.sandbox import DEMO

ORG, NAME = "bench", "kipu"
CROSSWALK = (sys.executable, "-m", "gateway")
START_S = 30.0


@contextmanager
def sandbox() -> Iterator[str]:
    process = subprocess.Popen([*CROSSWALK, "sandbox", "kipu", "--port", "0"], stderr=subprocess.PIPE, text=True)
    try:
        found = re.search(r"http://[0-9.:]+", process.stderr.readline() if process.stderr else "")
        if found is None:
            raise RuntimeError("the sandbox did not start")
        yield found.group()
    finally:
        process.terminate()
        process.wait(START_S)


def staff(url: str, command: str, **arguments: Any) -> dict[str, Any]:
    answer: dict[str, Any] = httpx.post(f"{url}/_sandbox/{command}", json=arguments, timeout=300).json()
    return answer


def crosswalk(environment: Mapping[str, str], *words: str, profile: str | None = None) -> dict[str, Any]:
    profiled = ("-m", "cProfile", "-o", profile) if profile else ()
    command = [sys.executable, *profiled, "-m", "gateway", *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    answer: dict[str, Any] = json.loads(done.stdout) if done.stdout.strip() else {}
    return answer


def prepare(environment: Mapping[str, str], url: str) -> None:
    crosswalk(environment, "migrate")
    crosswalk(environment, "org", "add", ORG)
    words = [f"--set={name}={value}" for name, value in DEMO.settings.items()]
    words += [f"--secret={name}={value}" for name, value in DEMO.secrets.items()]
    add = ("connection", "add", "--org", ORG, NAME, "--translator", "kipu", "--base-url", url)
    crosswalk(environment, *add, "--set=push=false", *words)


async def bare(url: str) -> int:
    """The rows of the census and of the year's admissions, and each of their charts: so many documents."""
    to = Account(ORG, NAME, url, url, {"api_version": "3", **DEMO.settings}, DEMO.secrets, {}, lambda claims: "")
    gate = asyncio.Semaphore(translator.concurrency)
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:

        async def get(call: Call) -> Any:
            async with gate:
                request = client.build_request(call.method, call.path, params=call.query)
                target = request.url.raw_path.decode()
                moment = Moment(datetime.now(UTC), "")
                request.headers.update(translator.authorize(to, call, target, b"", None, moment))
                return (await client.send(request)).raise_for_status().json()

        now, keys, page, pages = datetime.now(UTC).date(), dict[str, None](), 1, 1
        while page <= pages:
            answer = await get(listings.admissions(to, now.replace(year=now.year - 1), now, page))
            pages, page = int(answer["pagination"]["total_pages"]), page + 1
            keys |= dict.fromkeys(str(row["casefile_id"]) for row in answer["patients"])
        await asyncio.gather(*(get(calls.detail(to, key)) for key in keys))
        return len(keys)


def peak_mb() -> float:
    """Of the largest process that has ended."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def measure(count: int, profile: str | None, database: str | None) -> Table:
    with tempfile.TemporaryDirectory() as folder, sandbox() as url:
        environment = {
            **os.environ,
            "CROSSWALK_DATABASE_URL": database or f"sqlite:///{Path(folder) / 'bench.db'}",
            "CROSSWALK_ALLOW_PRIVATE_UPSTREAMS": "1",
            "CROSSWALK_LOG_LEVEL": "WARNING",
        }
        os.chdir(folder)
        prepare(environment, url)
        staff(url, "populate", count=count)
        started = time.perf_counter()
        fetched = asyncio.run(bare(url))
        plain = time.perf_counter() - started
        before = staff(url, "calls")["calls"]
        started = time.perf_counter()
        counts = crosswalk(environment, "connection", "pull", "--org", ORG, NAME, profile=profile)
        took = time.perf_counter() - started
        asked, peak = staff(url, "calls")["calls"] - before, peak_mb()
        started = time.perf_counter()
        again = crosswalk(environment, "connection", "pull", "--org", ORG, NAME)
        second = time.perf_counter() - started
        after = staff(url, "calls")["calls"] - before - asked
    shown = Table(title=f"{fetched:,} patients from KIPU's sandbox")
    for heading in ("", "seconds", "patients/s", "calls", "peak MB", "became"):
        shown.add_column(heading, justify="left" if heading in ("", "became") else "right")
    shown.add_row("bare fetch", f"{plain:.1f}", f"{fetched / plain:,.0f}", str(before), "", "")
    shown.add_row("first pull", f"{took:.1f}", f"{fetched / took:,.0f}", str(asked), f"{peak:.0f}", told(counts))
    shown.add_row("next pull", f"{second:.1f}", "", str(after), "", told(again))
    shown.caption = f"first pull / bare fetch: {took / plain:.1f}"
    return shown


def told(counts: Mapping[str, Any]) -> str:
    return ", ".join(f"{number} {name}" for name, number in counts.items() if number)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("patients", type=int, nargs="?", default=5000)
    parser.add_argument("--profile", help="where cProfile writes what the first pull did")
    parser.add_argument("--database", help="an empty PostgreSQL database instead of SQLite")
    given = parser.parse_args()
    profile = str(Path(given.profile).resolve()) if given.profile else None
    Console(width=120).print(measure(given.patients, profile, given.database))


if __name__ == "__main__":
    main()
