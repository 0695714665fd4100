"""One POST to an endpoint: signed, bounded in time, and judged by its status alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import httpx
import structlog

from gateway.faults import Misconfigured
from gateway.subscriptions.secrecy import Kept
from gateway.subscriptions.signature import HEADER, signature
from gateway.upstream import UpstreamRefused

CHARSET = ";charset=utf-8"


@dataclass(frozen=True, slots=True)
class Letter:
    """What is sent where."""

    endpoint: str
    kept: Kept
    body: bytes
    mime: str
    timeout: int
    request_id: str


class Sender:
    """Sends letters over the client that guards every call that leaves the gateway."""

    def __init__(self, http: httpx.AsyncClient, clock: Callable[[], float]) -> None:
        self._http = http
        self._clock = clock

    async def send(self, letter: Letter) -> str | None:
        """Why it was not taken; None when it was. The reason quotes nothing that the endpoint said."""
        try:
            async with asyncio.timeout(letter.timeout):
                return await self._post(letter)
        except (TimeoutError, httpx.TimeoutException):
            return f"The endpoint did not answer within {letter.timeout} s"
        except (UpstreamRefused, Misconfigured) as refusal:
            return f"The endpoint may not be called: {refusal}"
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            structlog.get_logger().info("endpoint unreachable", kind=type(error).__name__)
            return "The endpoint cannot be reached"

    async def _post(self, letter: Letter) -> str | None:
        request = self._http.build_request(
            "POST", letter.endpoint, content=letter.body, headers=self._headers(letter), timeout=letter.timeout
        )
        # The body of the answer is of no use and might never end: it is not read.
        response = await self._http.send(request, stream=True, follow_redirects=False)
        await response.aclose()
        return None if response.is_success else f"The endpoint answered with status {response.status_code}"

    def _headers(self, letter: Letter) -> list[tuple[str, str]]:
        return [
            *letter.kept.headers,
            ("Content-Type", f"{letter.mime}{CHARSET}"),
            ("X-Request-Id", letter.request_id),
            (HEADER, signature(letter.kept.secret, int(self._clock()), letter.body)),
        ]
