"""A receiver of notifications as a CRM would write it from the description of the signature, on loopback."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]
WINDOW_S = 300


@dataclass
class Notification:
    """One that arrived with a good signature."""

    path: str
    headers: dict[str, str]
    bundle: Json
    at: float = field(default_factory=time.monotonic)

    @property
    def type(self) -> str:
        return str(self.parameter("type")["valueCode"])

    def parameter(self, name: str) -> Json:
        found = [each for each in self.bundle["entry"][0]["resource"]["parameter"] if each["name"] == name]
        return found[0] if found else {}

    @property
    def events(self) -> list[Json]:
        """Part name → part."""
        parameters = self.bundle["entry"][0]["resource"]["parameter"]
        return [{p["name"]: p for p in each["part"]} for each in parameters if each["name"] == "notification-event"]

    @property
    def numbers(self) -> list[int]:
        return [int(event["event-number"]["valueString"]) for event in self.events]


class Receiver(ThreadingHTTPServer):
    """Answers 200 to what is signed with the secret, 401 to the rest; `watch` may answer another status first."""

    daemon_threads = True

    def __init__(self, secret: str) -> None:
        super().__init__(("127.0.0.1", 0), _Taking)
        self.secret = secret
        self.taken: list[Notification] = []
        self.forged = 0
        self.watch: Callable[[Notification], int] = lambda notification: 200
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def of(self, path: str, type: str) -> list[Notification]:
        return [each for each in self.taken if (each.path, each.type) == (path, type)]

    def verifies(self, header: str, body: bytes) -> bool:
        fields = dict(part.partition("=")[::2] for part in header.split(","))
        made = hmac.new(self.secret.encode(), f"{fields.get('t', '')}.".encode() + body, hashlib.sha256).hexdigest()
        fresh = abs(time.time() - int(fields.get("t") or 0)) < WINDOW_S
        return fresh and hmac.compare_digest(made, fields.get("v1", ""))

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that was killed is no news."""

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class _Taking(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if not self.server.verifies(self.headers.get("X-Crosswalk-Signature", ""), body):
            self.server.forged += 1
            self._answer(401)
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        told = Notification(self.path, headers, json.loads(body))
        status = self.server.watch(told)
        if status == 200:
            self.server.taken.append(told)
        self._answer(status)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""
