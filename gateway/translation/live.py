"""The runner of live requests, for which a client waits: it is never slow for long.

Its calls have short time-outs and a circuit breaker, and can be answered before their body is there: `opened` leaves
the body to whoever passes it on. How long they wait for their turn is for their urgency to say (rate.py).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx

from gateway.translation.breaker import Breakers
from gateway.translation.contract import Call, Reply
from gateway.translation.runner import TOO_MANY, UNAUTHORIZED, UNAVAILABLE, Runner, counted
from gateway.translation.streamed import Streamed
from gateway.translation.target import url_of
from gateway.translation.tokens import Held
from gateway.translation.wire import body_of, network_faults, opened

TIMEOUTS = httpx.Timeout(10.0, connect=5.0, pool=2.0)


class LiveRunner(Runner):
    """Drives the flows of live requests, and opens streams."""

    def __init__(self, *arguments: Any, breakers: Breakers, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._breakers = breakers

    @property
    def _key(self) -> tuple[str, str]:
        return self.account.org, self.account.name

    async def opened(self, call: Call) -> Streamed:
        """The answer to a call without a body, whatever its status; the caller closes it."""
        self._breakers.of(self._key).check()  # before a token is bought and a place waited for
        until = self._pace.now() + self.urgency.patience
        answer, held = await self._entered(call, until)
        if answer.status == UNAUTHORIZED and held is not None:
            again = await self._tokens.drop(self._token_key(call), held.value)
            if again and not held.is_new:
                await answer.close()
                answer, _ = await self._entered(call, until)
        if answer.status == TOO_MANY:
            await self._pace.refused(self._spot, self._asked_for(Reply(TOO_MANY, answer.headers, b"")))
        return answer

    async def _entered(self, call: Call, until: float) -> tuple[Streamed, Held | None]:
        """The place is free again as the answer begins: a client that takes its time keeps no other call waiting."""
        held = await self._held(call, until)
        async with self._pace.admitted(self._spot, replace(self.urgency, patience=until - self._pace.now())):
            return await self._open(call, held.value if held else None), held

    async def _open(self, call: Call, token: str | None) -> Streamed:
        key, vendor = self._key, self.translator.name
        url = url_of(self.account, call)
        with self._breakers.watching(key, vendor):
            request = self._request(call, url, body_of(call), token)
            with network_faults(url), counted(vendor) as outcome:
                response = await opened(self._client, request)
                outcome(response.status_code)
            self._pace.told(self._spot, is_overloaded=response.status_code == UNAVAILABLE)
        return Streamed(response, lambda: self._breakers.hung(key, vendor))

    async def _send(self, call: Call, body: bytes, token: str | None) -> Reply:
        with self._breakers.watching(self._key, self.translator.name):
            return await super()._send(call, body, token)

    def _request(self, call: Call, url: httpx.URL, body: bytes, token: str | None) -> httpx.Request:
        request = super()._request(call, url, body, token)
        request.extensions["timeout"] = TIMEOUTS.as_dict()
        return request
