"""Sequential requests over one kept-alive connection, timed one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection
from statistics import median
from time import perf_counter

Ask = Callable[[HTTPConnection], None]


@dataclass
class Measured:
    """One kind of request: its durations in seconds."""

    name: str
    ask: Ask
    durations: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return len(self.durations) / sum(self.durations)

    @property
    def p50(self) -> float:
        return median(self.durations)

    def run(self, host: str, port: int, seconds: float) -> None:
        connection = HTTPConnection(host, port)
        self.ask(connection)
        end = perf_counter() + seconds
        while (started := perf_counter()) < end:
            self.ask(connection)
            self.durations.append(perf_counter() - started)
        connection.close()


def asking(method: str, path: str, headers: dict[str, str], body: bytes | None, status: int) -> Ask:
    """Raises when the answer is another than expected: a refusal would be fast."""

    def ask(connection: HTTPConnection) -> None:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        response.read()
        if response.status != status:
            raise RuntimeError(f"{method} {path} answered {response.status}")

    return ask
