"""The sandbox's door: access tokens with Auth0's mint quota, the tenant header, and the bucket of 100 calls.

What the contract leaves open is decided here: a missing or foreign tenant is answered 403, like every feature that an
integration was not given; 4xx outside OAuth have no body.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.translation.sandbox import Sandbox

LIFETIME = 86400
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MINTS = ((2, HOUR), (3, DAY))
BURST, REFILL = 100.0, 50.0
NO_CACHE = "no-token-cache"
EMPTY, SPENT, WITHDRAWN = "throttled", "quota-spent", "tokens-withdrawn"
FAULTS = {
    NO_CACHE: "each token request mints at Auth0, which allows 2 an hour and 3 a day",
    EMPTY: "every call is answered 429, as with an empty bucket",
    SPENT: "the token endpoint answers 429 rate_limit_exceeded, as with a quota that is used up",
    WITHDRAWN: "no token is taken: every call is answered 401",
}
REQUIRED = ("grant_type", "client_id", "client_secret", "audience")


@dataclass(slots=True)
class Gate:
    """Who may come in, and how fast."""

    sandbox: Sandbox
    client_id: str
    client_secret: str
    tenant: str
    audience: str | None
    """None: the origin that the request came to."""
    level: float = BURST
    filled: datetime | None = field(default=None)

    @classmethod
    def of(cls, sandbox: Sandbox, options: Mapping[str, str]) -> Gate:
        return cls(
            sandbox,
            options.get("client_id", "sandbox-client"),
            options.get("client_secret", "sandbox-secret"),
            options.get("tenant", "ritclinic"),
            options.get("audience"),
        )

    async def token(self, request: Request) -> Response:
        asked = await _fields(request)
        problem = self._problem(asked, f"{request.url.scheme}://{request.url.netloc}")
        return problem or self._issued()

    def _problem(self, asked: Mapping[str, Any], origin: str) -> Response | None:
        if any(not isinstance(asked.get(name), str) or not asked[name] for name in REQUIRED):
            return _oauth(400, "invalid_request")
        if asked["grant_type"] != "client_credentials":
            return _oauth(400, "unsupported_grant_type")
        if asked["audience"] != (self.audience or origin):
            return _oauth(400, "invalid_audience")
        if (asked["client_id"], asked["client_secret"]) != (self.client_id, self.client_secret):
            return _oauth(401, "invalid_client")
        return None

    def _issued(self) -> Response:
        if SPENT in self.sandbox.faults:
            return _oauth(429, "rate_limit_exceeded")
        now, cached = self._now(), self.sandbox.state.get("token")
        if cached and NO_CACHE not in self.sandbox.faults and self._seconds_left(cached) > 0:
            return self._answer(cached)
        mints = [datetime.fromisoformat(time) for time in self.sandbox.state["mints"]]
        if any(sum(now - time < span for time in mints) >= most for most, span in MINTS):
            return _oauth(429, "rate_limit_exceeded")
        token = {"value": secrets.token_urlsafe(24), "until": (now + timedelta(seconds=LIFETIME)).isoformat()}
        self.sandbox.state["mints"] = [time.isoformat() for time in mints if now - time < DAY] + [now.isoformat()]
        self.sandbox.state["token"] = token
        self.sandbox.state["issued"] = [old for old in self.sandbox.state["issued"] if self._seconds_left(old) > 0]
        self.sandbox.state["issued"].append(token)
        return self._answer(token)

    def _answer(self, token: dict[str, str]) -> Response:
        seconds = int(self._seconds_left(token))
        return JSONResponse({"access_token": token["value"], "token_type": "Bearer", "expires_in": seconds})

    def refusal(self, request: Request) -> Response | None:
        """What stands against this call, if anything. Every call takes from the bucket, whoever it is from."""
        if not self._has_room():
            return Response("Too Many Requests", 429, media_type="text/plain")
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        valid = {token["value"] for token in self.sandbox.state["issued"] if self._seconds_left(token) > 0}
        if scheme != "Bearer" or value not in valid or WITHDRAWN in self.sandbox.faults:
            return Response(status_code=401)
        if request.headers.get("x-ritten-tenant") != self.tenant:
            return Response(status_code=403)
        return None

    def _has_room(self) -> bool:
        now = self._now()
        passed = (now - self.filled).total_seconds() if self.filled else 0.0
        self.level, self.filled = min(BURST, self.level + passed * REFILL), now
        if self.level < 1 or EMPTY in self.sandbox.faults:
            return False
        self.level -= 1
        return True

    def _seconds_left(self, token: Mapping[str, str]) -> float:
        return (datetime.fromisoformat(token["until"]) - self._now()).total_seconds()

    def _now(self) -> datetime:
        return self.sandbox.setup.clock()


async def _fields(request: Request) -> Mapping[str, Any]:
    """JSON or form."""
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return dict(await request.form())
    try:
        body = await request.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _oauth(status: int, error: str) -> Response:
    return JSONResponse({"error": error, "error_description": error.replace("_", " ")}, status)
