"""The webhooks that the sandbox calls, of the six types of Ritten's contract: unsigned, without an event id.

Ritten sets a clinic's subscription up: here the command `webhooks` does, with an address for each type (`patient.admit`
or `patient-admit`) or one for `all`, and so do options of these names. No retries are documented, so there are none;
with the faults `hooks-twice`, `hooks-late` and `hooks-lost` it calls as no sender should and as many do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import httpx

from gateway.translation.sandbox import Sandbox

Record = dict[str, Any]
TYPES = (
    "patient.created",
    "patient.admit",
    "patient.transfer",
    "patient.discharge",
    "case.created",
    "case.status.update",
)
ALL = "all"
FAULTS = {
    "hooks-twice": "every webhook is called twice",
    "hooks-late": "webhooks are called two seconds late",
    "hooks-lost": "no webhook is called",
}
LATE_S = 2.0
TIMEOUT_S = 5.0


class Webhooks:
    """Calls what it was told to, beside the requests that change records."""

    def __init__(self, sandbox: Sandbox, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.sandbox = sandbox
        self.transport = transport
        self.under_way: set[asyncio.Task[None]] = set()
        given = {name: sandbox.setup.options[name] for name in _names() if name in sandbox.setup.options}
        self.addresses.update(_by_type(given))

    @property
    def addresses(self) -> dict[str, str]:
        found: dict[str, str] = self.sandbox.state.setdefault("webhooks", {})
        return found

    async def configure(self, arguments: Record) -> Record:
        """The addresses to call; a type that is left out is called no longer."""
        if unknown := sorted(set(arguments) - set(_names())):
            raise ValueError(f"no such webhook: {unknown}; there are {[*TYPES, ALL]}")
        self.sandbox.state["webhooks"] = _by_type(arguments)
        return {"webhooks": sorted(self.addresses)}

    def announce(self, type: str, **data: str) -> None:
        address = self.addresses.get(type) or self.addresses.get(ALL)
        if address is None or "hooks-lost" in self.sandbox.faults:
            return
        times = 2 if "hooks-twice" in self.sandbox.faults else 1
        call = asyncio.get_running_loop().create_task(self._call(address, {"type": type, "data": data}, times))
        self.under_way.add(call)
        call.add_done_callback(self.under_way.discard)

    async def _call(self, address: str, body: Record, times: int) -> None:
        if "hooks-late" in self.sandbox.faults:
            await asyncio.sleep(LATE_S)
        async with httpx.AsyncClient(transport=self.transport, timeout=TIMEOUT_S, trust_env=False) as http:
            for _ in range(times):
                with suppress(httpx.HTTPError):
                    await http.post(address, json=body)


def _names() -> tuple[str, ...]:
    return (*TYPES, *(type.replace(".", "-") for type in TYPES), ALL)


def _by_type(given: Mapping[str, Any]) -> dict[str, str]:
    spelt = {type.replace(".", "-"): type for type in TYPES}
    return {spelt.get(name, name): str(address) for name, address in given.items()}
