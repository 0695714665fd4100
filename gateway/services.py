"""What a running gateway consists of. Handlers find it on `app.state.services`; tests build their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from gateway.auth.authority import Auth, Realm
from gateway.definitions.contract import Definitions
from gateway.settings import Settings
from gateway.store.contract import Store, Stored, Transaction
from gateway.translation.contract import Account, Flow, Translator

T = TypeVar("T")


class Outbox(Protocol):
    """Where committed writes go on to; told inside the transaction that makes them."""

    def written(self, transaction: Transaction, realm: Realm, changes: Sequence[Stored]) -> None: ...


class Live(Protocol):
    """The live road to one EMR, with no store between."""

    async def run(
        self, realm: Realm, connection: str, flow: Callable[[Translator, Account], Flow[T]], request_id: str
    ) -> T:
        """Raises NotFound when the organisation has no such connection, and EmrFaults."""

    async def translator(self, realm: Realm, connection: str) -> Translator: ...


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a handler may need."""

    settings: Settings
    definitions: Definitions
    store: Store
    auth: Auth
    outbox: Outbox
    live: Live
    paging_key: bytes
