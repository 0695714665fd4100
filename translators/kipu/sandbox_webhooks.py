"""The webhooks that the sandbox calls when a chart is made or changed, as KIPU does once it knows the addresses.

KIPU publishes neither the form nor the retries of its webhooks; this one tells which casefile it is about, and calls
once. With the faults `hooks-twice`, `hooks-late` and `hooks-lost` it calls as no sender should and as many do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import httpx

from gateway.translation.sandbox import Sandbox
from translators.kipu.sandbox_charts import CREATION, UPDATE, Charts
from translators.kipu.sandbox_document import Json, utc

FAULTS = {
    "hooks-twice": "every webhook is called twice",
    "hooks-late": "webhooks are called two seconds late",
    "hooks-lost": "no webhook is called",
}
LATE_S = 2.0
TIMEOUT_S = 5.0


class Webhooks:
    """Calls what it was told to, beside the requests that change charts."""

    def __init__(self, sandbox: Sandbox, charts: Charts, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.sandbox = sandbox
        self.charts = charts
        self.transport = transport
        self.under_way: set[asyncio.Task[None]] = set()
        charts.changed = self.announce
        for hook in (CREATION, UPDATE):
            if address := sandbox.setup.options.get(hook):
                self.addresses[hook] = address

    @property
    def addresses(self) -> dict[str, str]:
        found: dict[str, str] = self.sandbox.state.setdefault("webhooks", {})
        return found

    async def configure(self, arguments: Json) -> Json:
        """The addresses to call, by the webhook's name; one that is left out is called no longer."""
        if unknown := sorted(set(arguments) - {CREATION, UPDATE}):
            raise ValueError(f"no such webhook: {unknown}; there are {[CREATION, UPDATE]}")
        self.sandbox.state["webhooks"] = {hook: str(address) for hook, address in arguments.items()}
        return {"webhooks": sorted(self.addresses)}

    def announce(self, hook: str, chart: Json) -> None:
        address = self.addresses.get(hook)
        if address is None or chart.get("_hidden") or "hooks-lost" in self.sandbox.faults:
            return
        told = {"event": hook, "casefile_id": chart["casefile_id"], "sent_at": utc(self.charts.clock())}
        times = 2 if "hooks-twice" in self.sandbox.faults else 1
        call = asyncio.get_running_loop().create_task(self._call(address, [told] * times))
        self.under_way.add(call)
        call.add_done_callback(self.under_way.discard)

    async def _call(self, address: str, bodies: Sequence[Json]) -> None:
        if "hooks-late" in self.sandbox.faults:
            await asyncio.sleep(LATE_S)
        async with httpx.AsyncClient(transport=self.transport, timeout=TIMEOUT_S, trust_env=False) as http:
            for body in bodies:
                with suppress(httpx.HTTPError):
                    await http.post(address, json=body)
