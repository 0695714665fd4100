"""The runner: drives a translator's flow, and does all of its I/O.

Every tuple of calls that a flow yields is one step. A caller that journals (sync) gives `step`, which runs an attempt
as often as it takes and remembers the outcome; the flow itself holds no state worth keeping, since the same replies
lead it through the same calls. An attempt either answers every call or raises the first fault; that fault is raised
inside the flow, at its yield, where the flow may catch it.

    flow ── calls ─► step ─► attempt ─► guard ─► claim ─► token ─► pace ─► authorize ─► network
      ▲                                                                           │
      └───────────────────────── replies or a fault ◄─────────────────────────────┘
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Protocol, TypeVar

import httpx

from gateway.faults import EmrBusy, EmrFault, EmrNonsense, EmrUnsettled, Fault
from gateway.telemetry import EMR_CALLS
from gateway.translation.contract import (
    Account,
    Call,
    Calls,
    File,
    Flow,
    Halfway,
    Moment,
    Replies,
    Reply,
    Token,
    Translator,
)
from gateway.translation.ledger import Spot
from gateway.translation.rate import DURABLE, SHARED, Pace, Urgency
from gateway.translation.target import url_of
from gateway.translation.tokens import Held, TokenCache, TokenKey
from gateway.translation.wire import body_of, exchanged, request_of

T = TypeVar("T")
Attempt = Callable[[], Awaitable[Replies]]
Step = Callable[[str, Attempt, bool], Awaitable[Replies]]
"""`step(name, attempt, repeatable)`: `name` is stable and holds no data; not repeatable: one attempt may have acted."""

REPEATABLE = frozenset({"GET", "HEAD", "PUT", "PATCH", "DELETE"})
UNAUTHORIZED = 401
TOO_MANY = 429
UNAVAILABLE = 503
HELD_BACK_S = 5.0
"""How long a request for a token is held back by the EMR's limit, before whoever wants the token waits instead."""


class Delivery(Protocol):
    """What a caller with a store lends to the flow that delivers a chart."""

    async def bytes_of(self, file: File) -> bytes: ...

    async def claim(self, settles: float | None = None) -> bool:
        """Write down that the call which may go out once goes out now; False when it went out before.

        Before is within `settles` seconds, where that is given.
        """

    async def withdraw(self) -> None:
        """That call was not carried out: it may go out again."""

    async def halfway(self, halfway: Halfway) -> None:
        """The EMR has a part of the record: write it down."""

    async def adopt(self, key: str) -> None:
        """Raises EmrRefused when this record of the EMR is another patient's here."""


class Nothing:
    """The delivery of callers that keep nothing: live requests, and tests of flows."""

    async def bytes_of(self, file: File) -> bytes:
        raise LookupError(file.source)

    async def claim(self, settles: float | None = None) -> bool:
        return True

    async def withdraw(self) -> None:
        return

    async def halfway(self, halfway: Halfway) -> None:
        return

    async def adopt(self, key: str) -> None:
        return


async def DIRECT(name: str, attempt: Attempt, repeatable: bool) -> Replies:  # noqa: N802 - one of the values of Step
    """Attempts once and journals nothing: for live requests."""
    return await attempt()


class Runner:
    """Runs flows of one translator for one account."""

    def __init__(
        self,
        translator: Translator,
        account: Account,
        *,
        client: httpx.AsyncClient,
        tokens: TokenCache,
        clock: Callable[[], datetime],
        nonce: Callable[[], str],
        request_id: str | None = None,
        pace: Pace = SHARED,
        urgency: Urgency = DURABLE,
    ) -> None:
        self.translator = translator
        self.account = account
        self.urgency = urgency
        self._spot = Spot.of(translator, account)
        self._client = client
        self._tokens = tokens
        self._clock = clock
        self._nonce = nonce
        self._tracing = {"X-Request-Id": request_id} if request_id else {}
        self._pace = pace

    def moment(self) -> Moment:
        """Now, and a new nonce: what a flow is started with. A caller that replays flows journals it."""
        return Moment(self._clock(), self._nonce())

    async def run(self, flow: Flow[T], step: Step = DIRECT, delivery: Delivery | None = None) -> T:
        """Drives the flow to its end; raises the fault that the flow did not catch."""
        return await self._drive(flow, step, partial(self._exchange, delivery or Nothing()))

    async def _drive(self, flow: Flow[T], step: Step, exchange: Callable[[Call], Awaitable[Reply]]) -> T:
        advance: Callable[[], Calls] = partial(next, flow)
        number = 0
        try:
            while True:
                calls = advance()
                number += 1
                attempt = partial(_all, exchange, calls)
                try:
                    replies = await step(self._name(number, calls), attempt, all(map(_is_repeatable, calls)))
                    advance = partial(flow.send, replies)
                except Fault as fault:
                    advance = partial(flow.throw, fault)
        except StopIteration as stop:
            outcome: T = stop.value
            return outcome
        finally:
            flow.close()

    def _name(self, number: int, calls: Calls) -> str:
        methods = Counter(call.method for call in calls)
        told = " ".join(f"{method} x{count}" if count > 1 else method for method, count in sorted(methods.items()))
        return f"{self.translator.name} {number} {told}"

    async def _exchange(self, delivery: Delivery, call: Call) -> Reply:
        """One call of a flow, its guard first."""
        if call.adopts is not None:
            await delivery.adopt(call.adopts)
        reply = await self._found_or_made(delivery, call)
        if call.halfway is not None:
            await delivery.halfway(call.halfway(reply))
        return reply

    async def _found_or_made(self, delivery: Delivery, call: Call) -> Reply:
        if call.guard is not None:
            found = await self._drive(call.guard(), DIRECT, partial(self._exchange, delivery))
            if found is not None:
                return found
        if call.once:
            return await self._once(delivery, call)
        return self._judged(call, await self._answered(delivery, call))

    async def _once(self, delivery: Delivery, call: Call) -> Reply:
        """What may have been carried out is not sent again; what certainly was not may be."""
        if not await delivery.claim(call.settles):
            raise EmrUnsettled(f"{self.translator.title} may have carried out an earlier create, and does not show it")
        try:
            reply = await self._answered(delivery, call)
        except Fault as fault:
            if not isinstance(fault, EmrFault) or getattr(fault, "unsent", False):
                await delivery.withdraw()
            raise
        if not may_have_acted(reply.status) or (call.undone is not None and call.undone(reply)):
            await delivery.withdraw()
        return self._settled(call, reply)

    def _settled(self, call: Call, reply: Reply) -> Reply:
        try:
            return self._judged(call, reply)
        except EmrFault as fault:
            if fault.retryable or not may_have_acted(reply.status):
                raise
            raise EmrUnsettled(f"{fault}; whether the create was carried out is not known") from None

    async def _answered(self, delivery: Delivery, call: Call) -> Reply:
        """The call itself, once more when a kept token was withdrawn, or when it was only one call too many."""
        files = [await delivery.bytes_of(part.file) for part in call.parts if part.file]
        body = body_of(call, files)
        until = self._pace.now() + self.urgency.patience
        while True:
            reply, held = await self._tried(call, body, until)
            if reply.status == UNAUTHORIZED and held is not None:
                again = await self._tokens.drop(self._token_key(call), held.value)
                if again and not held.is_new:
                    reply, _ = await self._tried(call, body, until)
            if reply.status != TOO_MANY:
                return reply
            pause = await self._pace.refused(self._spot, self._asked_for(reply))
            if call.guard is not None or call.method not in REPEATABLE or self._pace.now() + pause > until:
                return reply

    async def _tried(self, call: Call, body: bytes, until: float) -> tuple[Reply, Held | None]:
        """Sent once. A token is at hand before a place is taken, and looked at again after the wait for that."""
        held = await self._held(call, until)
        urgency = replace(self.urgency, patience=until - self._pace.now())
        async with self._pace.admitted(self._spot, urgency):
            if held is not None:
                found = await self._held(call, until)
                held = held if found is None or found.value == held.value else found
            return await self._send(call, body, held.value if held else None), held

    def _asked_for(self, reply: Reply) -> float | None:
        """The pause that an answer to one call too many asks for."""
        fault = self.translator.fault(reply)
        return fault.after if isinstance(fault, EmrBusy) else None

    def _token_key(self, call: Call) -> TokenKey:
        return TokenKey.of(self.account, call.token or "", self.translator.minting)

    async def forgive(self, scope: str = "") -> None:
        """A person looks at this connection now: what was refused a moment ago is asked for anew."""
        await self._tokens.forgive(TokenKey.of(self.account, scope, self.translator.minting))

    async def _held(self, call: Call, until: float) -> Held | None:
        """The access token for a call; None where the vendor, or the call, has none."""
        scope = call.token
        if scope is None or self.translator.token(self.account, scope, self.moment()) is None:
            return None
        while True:
            try:
                async with asyncio.timeout(self.urgency.patience if self.urgency.hurried else None):
                    return await self._tokens.get(self._token_key(call), partial(self._fetch, scope))
            except TimeoutError:
                told = f"{self.translator.title} has not issued an access token yet"
                raise EmrBusy(told, after=self.urgency.patience, unsent=True) from None
            except EmrBusy as busy:
                if not busy.unsent or busy.after is None or self._pace.now() + busy.after > until:
                    raise
                await self._pace.sleep(busy.after)

    async def _fetch(self, scope: str) -> Token:
        flow = self.translator.token(self.account, scope, self.moment())
        if flow is None:
            raise EmrNonsense(f"{self.translator.title} has tokens for some calls only")
        return await self._drive(flow, DIRECT, self._exchange_for_token)

    async def _exchange_for_token(self, call: Call) -> Reply:
        """A call of a token flow has no token of its own, and its caller may have a place already."""
        async with self._pace.admitted(self._spot, replace(self.urgency, patience=HELD_BACK_S), placed=True):
            reply = await self._send(call, body_of(call), None)
        if reply.status == TOO_MANY and not (self.translator.minting and self.translator.minting.quota):
            await self._pace.refused(self._spot, self._asked_for(reply))
        return self._judged(call, reply)

    async def _send(self, call: Call, body: bytes, token: str | None) -> Reply:
        request = self._request(call, url_of(self.account, call), body, token)
        sent = self._clock()
        with counted(self.translator.name) as outcome:
            reply = replace(await exchanged(self._client, request), sent=sent)
            outcome(reply.status)
        self._pace.told(self._spot, is_overloaded=reply.status == UNAVAILABLE)
        return reply

    def _request(self, call: Call, url: httpx.URL, body: bytes, token: str | None) -> httpx.Request:
        """Signed only as it is sent: a signature's time is the time of sending."""
        signed = self._authorization(call, url, body, token)
        typed = {"Content-Type": call.media_type} if call.media_type else {}
        return request_of(url, call, body, self._tracing, typed, call.headers, signed)

    def _authorization(self, call: Call, url: httpx.URL, body: bytes, token: str | None) -> Mapping[str, str]:
        if call.token is None:
            return {}
        target = url.raw_path.decode("ascii")
        return self.translator.authorize(self.account, call, target, body, token, self.moment())

    def _judged(self, call: Call, reply: Reply) -> Reply:
        if 200 <= reply.status < 300 or reply.status in call.accepts:
            return reply
        if 300 <= reply.status < 400:
            raise EmrNonsense(
                f"{self.translator.title} answered {reply.status}, a redirect, and redirects are not followed:"
                f" check base_url of connection {self.account.name}"
            )
        raise self.translator.fault(reply)


def may_have_acted(status: int) -> bool:
    """Whether a create with this answer may have been carried out: 4xx, redirects and 503 say that it was not."""
    return 200 <= status < 300 or (status >= 500 and status != UNAVAILABLE)


@contextmanager
def counted(translator: str) -> Iterator[Callable[[int], None]]:
    """For the metrics: one call, with the class of its status, or that there was no answer."""
    said = ["none"]
    try:
        yield lambda status: said.append(f"{status // 100}xx")
    finally:
        EMR_CALLS.labels(translator, said[-1]).inc()


def _is_repeatable(call: Call) -> bool:
    return call.method in REPEATABLE or call.guard is not None


async def _all(exchange: Callable[[Call], Awaitable[Reply]], calls: Calls) -> Replies:
    """Side by side; all of them end, so that no write is cut off, before the first failure is told."""
    outcomes = await asyncio.gather(*map(exchange, calls), return_exceptions=True)
    failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    for failure in sorted(failures, key=lambda failure: isinstance(failure, Fault)):
        raise failure
    return tuple(outcome for outcome in outcomes if isinstance(outcome, Reply))
