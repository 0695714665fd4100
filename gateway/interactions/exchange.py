"""One authenticated request to an organisation's FHIR base, and the answers that interactions give."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gateway.access.seen import SeenStore
from gateway.access.sight import Sight
from gateway.auth.authority import Realm
from gateway.auth.bearer import authenticate
from gateway.auth.verification import Caller
from gateway.digits import as_written
from gateway.faults import Forbidden, NotFound
from gateway.formats import CONTENT_TYPE, wanted
from gateway.interactions.changes import Changes
from gateway.interactions.provenance_header import stated_provenance, write_stated
from gateway.provenance.authors import caller_author
from gateway.provenance.witness import PROVENANCE
from gateway.services import Services
from gateway.store.contract import Stored, Transaction

T = TypeVar("T")
MICROSECONDS = 1_000_000

_encoder = msgspec.json.Encoder(enc_hook=as_written, decimal_format="number")
encode = _encoder.encode


@dataclass(frozen=True, slots=True)
class Exchange:
    """Who asks whom for what. Built only after the token was accepted for this organisation."""

    request: Request
    services: Services
    realm: Realm
    caller: Caller
    unlimited: bool = False
    """The gateway acts by itself, and on behalf of the caller only in name."""
    sight: Sight = field(init=False)
    """What the caller may do and see."""
    store: SeenStore = field(init=False)
    """The organisation's resources as far as the caller sees them."""

    def __post_init__(self) -> None:
        services = self.services
        sight = Sight(services.definitions, self.caller, self.base, services.clock(), self.unlimited)
        object.__setattr__(self, "sight", sight)
        object.__setattr__(self, "store", SeenStore(services.store, self.realm.org, sight))

    @property
    def base(self) -> str:
        return self.realm.fhir_base

    @property
    def type(self) -> str:
        type: str = self.request.path_params["type"]
        return type

    @property
    def id(self) -> str:
        id: str = self.request.path_params["id"]
        return id

    def require(self, type: str, action: str, *expression: str) -> None:
        """Refuse types that are not served and scopes that do not reach; `action` is one of c r u d s."""
        if type not in self.services.definitions.served:
            raise NotFound("This server has no such resource type; GET metadata lists those it has", *expression)
        if not self.sight.allows(type, action):
            raise Forbidden(f"The token's scopes do not allow this: it needs system/{type}.{action}", *expression)

    async def commit(self, work: Callable[[Changes], T]) -> T:
        """Run `work` in one transaction; what it wrote goes to the outbox within it."""

        stated = stated_provenance(self.request)
        if stated is not None:
            self.require(PROVENANCE, "c", "X-Provenance")
            if not self.sight.allows_all(PROVENANCE, "c"):
                raise Forbidden("Only who may write every Provenance can state one of a write", "X-Provenance")

        def inside(transaction: Transaction) -> T:
            transaction.base = self.base
            transaction.author = caller_author(self.realm, self.caller)
            guard = self.services.subscriptions.guard(self.realm, self.caller)
            ownership = self.services.sync.ownership
            changes = Changes(
                transaction, self.services.definitions, self.base, self.sight, guard=guard, ownership=ownership
            )
            result = work(changes)
            if changes.written:
                if stated is not None:
                    write_stated(self.services.definitions, transaction, stated, changes.written)
                self.services.sync.outbox.written(transaction, self.realm, changes.written)
            return result

        return await self.services.store.write(self.realm.org, inside)


Interaction = Callable[[Exchange], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


def endpoint(interaction: Interaction, *, negotiated: bool = True) -> Endpoint:
    """A Starlette endpoint that authenticates before anything of the request is looked at.

    One that is not `negotiated` answers something else than resources, or says itself what it accepts.
    """

    async def serve(request: Request) -> Response:
        services: Services = request.app.state.services
        caller = await authenticate(request, request.path_params["org"])
        if negotiated:
            wanted(request)  # refuses formats that are not served, before anything is done
        realm = Realm(caller.org, caller.org_slug, services.settings.public_url)
        return await interaction(Exchange(request, services, realm, caller))

    serve.__doc__ = interaction.__doc__
    return serve


def version_headers(stored: Stored) -> dict[str, str]:
    return {
        "ETag": f'W/"{stored.version}"',
        "Last-Modified": formatdate(stored.updated // MICROSECONDS, usegmt=True),
    }


def location(base: str, stored: Stored) -> str:
    return f"{base}/{stored.type}/{stored.id}/_history/{stored.version}"


def resource_response(stored: Stored, body: bytes | None = None) -> Response:
    """The resource's bytes as they are stored, or the part of it that was asked for."""
    return Response(stored.body if body is None else body, 200, version_headers(stored), CONTENT_TYPE)


def json_response(resource: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(encode(resource), status, headers, CONTENT_TYPE)
