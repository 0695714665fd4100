"""A gateway, sandbox EMRs and commands as processes of their own, and a wire between them that can be cut."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import httpx

from gateway.translation.registry import load_sandboxes
from gateway.translation.sandbox import DemoAccount, SandboxSetup
from tests import processes
from tests.blackbox.conftest import free_port, wait_until_ready
from tests.processes import Process, started

ORG = "clinic"
PATIENCE_S = 60.0
Json = dict[str, Any]
PER_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive"}


class Wire(ThreadingHTTPServer):
    """Passes requests on to a sandbox and counts them; `watch` sees each one first and may cut it by raising."""

    daemon_threads = True

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.target = target
        self.calls: list[tuple[str, str]] = []
        self.watch: Callable[[str, str], None] = lambda method, path: None
        self.http = httpx.Client(timeout=30)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def made(self, method: str, path: str) -> int:
        return self.calls.count((method, path))

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that was killed is no news."""

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self.http.close()


class Cut(Exception):
    """The line goes dead."""


class _Passing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Wire

    def _pass_on(self) -> None:
        self.close_connection = True
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        path = self.path.partition("?")[0]
        self.server.calls.append((self.command, path))
        try:
            self.server.watch(self.command, path)
        except Cut:
            return
        headers = {name: value for name, value in self.headers.items() if name.lower() not in PER_HOP}
        answer = self.server.http.request(self.command, self.server.target + self.path, content=body, headers=headers)
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if name.lower() not in {*PER_HOP, "content-encoding", "date", "server"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.content)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.content)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _pass_on  # noqa: N815 - the names that http.server calls

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""


@dataclass
class Done:
    """A command that has ended."""

    status: int
    answer: Json | None
    said: str


@dataclass
class World:
    """One database and all that works on it."""

    folder: Path
    port: int
    stack: ExitStack
    sandboxes: dict[str, str] = field(default_factory=dict)
    """Name → address."""
    wires: dict[str, Wire] = field(default_factory=dict)
    hooks: dict[str, dict[str, str]] = field(default_factory=dict)
    """Name → what `connection add` printed."""
    server: Process | None = None
    """The one at `port`."""
    _token: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def base(self) -> str:
        return f"{self.url}/fhir/r4/{ORG}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "CROSSWALK_DATABASE_URL": f"sqlite:///{self.folder / 'crosswalk.db'}",
            "CROSSWALK_PUBLIC_URL": self.url,
            "CROSSWALK_ALLOW_PRIVATE_UPSTREAMS": "1",
            "CROSSWALK_LOG_LEVEL": "WARNING",
            "COLUMNS": "300",
        }

    def start(self, *arguments: str, log: str) -> Process:
        with (self.folder / log).open("ab") as to:
            process = started(*arguments, env=self.environment, stdout=to, stderr=to)
        self.stack.callback(_end, process)
        return process

    def run(self, *arguments: str) -> Done:
        done = processes.run(*arguments, env=self.environment)
        return Done(done.returncode, json.loads(done.stdout) if done.stdout.strip() else None, done.stderr.strip())

    def do(self, *arguments: str) -> Json:
        done = self.run(*arguments)
        assert done.status == 0, done.said
        return done.answer or {}

    def sandbox(self, name: str) -> str:
        port = free_port()
        jwks = f"jwks_url={self.url}/.well-known/jwks.json"
        self.start("sandbox", name, "--port", str(port), "--set", jwks, log=f"{name}.log")
        self.sandboxes[name] = f"http://127.0.0.1:{port}"
        until(lambda: _answers(f"{self.sandboxes[name]}/_sandbox"))
        wire = self.wires[name] = Wire(self.sandboxes[name])
        self.stack.callback(wire.close)
        return wire.url

    def connect(self, name: str, **settings: str) -> None:
        """As its demo account says, over its wire."""
        demo: DemoAccount = load_sandboxes()[name](SandboxSetup()).demo
        url = f"{self.sandbox(name)}{demo.base_path}"
        more = [f"--set={key}={value}" for key, value in {**demo.settings, **settings}.items()]
        more += [f"--secret={key}={value}" for key, value in demo.secrets.items()]
        added = self.do("connection", "add", "--org", ORG, name, "--translator", name, "--base-url", url, *more)
        self.hooks[name] = added.get("webhooks", {})

    def serve(self, port: int | None = None) -> Process:
        port = port or self.port
        log = f"server-{port}.log"
        process = self.start("serve", "--port", str(port), log=log)
        wait_until_ready(f"http://127.0.0.1:{port}", process, self.folder / log)
        if port == self.port:
            self.server = process
        return process

    def kill(self) -> None:
        """As a power cut would end the server."""
        assert self.server is not None
        kill(self.server)

    def fault(self, name: str, *faults: str) -> None:
        httpx.put(f"{self.sandboxes[name]}/_sandbox/faults", json=list(faults)).raise_for_status()

    def staff(self, name: str, command: str, **arguments: Any) -> Json:
        answer = httpx.post(f"{self.sandboxes[name]}/_sandbox/{command}", json=arguments)
        return cast(Json, answer.raise_for_status().json())

    def patients(self, name: str, family: str) -> list[Json]:
        """Those of that name at the EMR, in its own words."""
        state = httpx.get(f"{self.sandboxes[name]}/_sandbox").json()
        found = state["documents"]["Patient"] if "documents" in state else state["patients"]
        return [one for one in (found.values() if isinstance(found, dict) else found) if family in str(one)]

    def ask(self, method: str, path: str = "", body: Json | None = None, url: str | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/fhir+json"}
        address = f"{url or self.base}/{path}" if path else url or self.base
        content = json.dumps(body).encode() if body is not None else None
        return httpx.request(method, address, content=content, headers=headers, timeout=30)

    def sign_in(self, client: Json) -> None:
        form = {"grant_type": "client_credentials", "scope": "system/*.cruds"}
        answer = httpx.post(
            f"{self.url}/oauth/{ORG}/token", data=form, auth=(client["client_id"], client["client_secret"])
        )
        self._token = answer.raise_for_status().json()["access_token"]

    def found(self, search: str) -> list[Json]:
        answer = self.ask("GET", search).raise_for_status().json()
        return [entry["resource"] for entry in answer.get("entry", ())]

    def task(self, connection: str, patient: str) -> Json | None:
        """How the delivery stands, as a CRM sees it."""
        tasks = self.found(f"Task?focus=Patient/{patient}")
        return next((task for task in tasks if task["owner"]["reference"] == f"Endpoint/{connection}"), None)

    def told(self, connection: str, patient: str, *statuses: str) -> Json:
        """The Task once it has one of the statuses."""

        def condition() -> Json | None:
            task = self.task(connection, patient)
            return task if task and task["status"] in statuses else None

        return cast(Json, until(condition))

    def retrying(self, connection: str, patient: str) -> Json:
        """The Task once an attempt has failed and the next one is announced."""

        def condition() -> Json | None:
            task = self.task(connection, patient)
            reason = (task or {}).get("statusReason", {}).get("text", "")
            return task if "next attempt in" in reason else None

        return cast(Json, until(condition))


@contextmanager
def world(folder: Path, *translators: str) -> Iterator[World]:
    """A fresh database with one organisation, a connection to each sandbox, and a client that may do everything."""
    with ExitStack() as stack:
        made = World(folder, free_port(), stack)
        made.do("migrate")
        made.do("org", "add", ORG)
        client = made.do("client", "add", "--org", ORG, "--name", "CRM", "--scope", "system/*.cruds")
        for name in translators:
            made.connect(name)
        made.serve()
        made.sign_in(client)
        yield made


def until(condition: Callable[[], Any], seconds: float = PATIENCE_S) -> Any:
    """Ask until the answer is true."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.1)
    return answer


def outputs(task: Json, code: str) -> Sequence[str]:
    return [output["valueString"] for output in task.get("output", ()) if output["type"]["text"] == code]


def kill(process: Process) -> None:
    process.kill()
    process.wait(10)


def _end(process: Process) -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        kill(process)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.TransportError:
        return False
