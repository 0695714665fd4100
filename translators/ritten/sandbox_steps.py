"""How the sandbox stumbles at either of the two steps that make a patient: one fault for each place to be cut at.

A refused PATCH changes nothing. Of a refusal the contract promises a 400 and no body.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from gateway.translation.sandbox import Sandbox

Handler = Callable[[Request], Awaitable[Response]]
SLOW_S = 3.0
PARTS = ("demographics", "emails", "phones", "addresses", "referrals", "insurance")
STEPS = {
    "create-not-made": "POST /patients is answered 502 and makes no patient",
    "create-unanswered": "POST /patients makes the patient, and is answered 504",
    "patch-not-made": "PATCH of a patient is answered 502 and changes nothing",
    "patch-unanswered": "PATCH of a patient takes place, and is answered 504",
    "patch-slow": "PATCH of a patient takes three seconds longer",
    "patch-refused": "every PATCH of a patient is answered 400",
    **{f"{part}-refused": f"a PATCH that has `{part}` is answered 400" for part in PARTS},
}


def stumbling(sandbox: Sandbox, handler: Handler) -> Handler:
    """The handler of a step, with its faults."""

    async def endpoint(request: Request) -> Response:
        step = "create" if request.method == "POST" else "patch"
        if f"{step}-not-made" in sandbox.faults:
            return Response("Bad Gateway", 502, media_type="text/plain")
        if step == "patch" and await _is_refused(sandbox, request):
            return Response(status_code=400)
        if f"{step}-slow" in sandbox.faults:
            await asyncio.sleep(SLOW_S)
        answer = await handler(request)
        if f"{step}-unanswered" in sandbox.faults:
            return Response("Gateway Timeout", 504, media_type="text/plain")
        return answer

    return endpoint


async def _is_refused(sandbox: Sandbox, request: Request) -> bool:
    body = (await request.body()).decode("utf-8", "replace")
    return "patch-refused" in sandbox.faults or any(
        f"{part}-refused" in sandbox.faults and f'"{part}"' in body for part in PARTS
    )
