"""ASGI middleware: every access is written down before its answer begins, whatever the answer is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.audit.access import Access
from gateway.audit.kinds import OF_SECURITY, action_of, kind_at, of_console
from gateway.audit.noting import NOTED, PARTS, Part
from gateway.audit.trail import Trail
from gateway.store.contract import Stored
from gateway.store.given_out import GIVEN_OUT, Account
from gateway.store.patients import patients_of

NOT_FOUND, UNFORESEEN = 404, 500
CONSOLE = "/console/"
REFUSED = 400
MOST_NAMED = 1000
"""Resources of one answer that an event names, and characters of a query that it keeps …"""
LONGEST = 8192


class Auditing:
    """Stands between the envelope and everything that may refuse."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given_out = Account()
        told, mark = False, GIVEN_OUT.set(given_out)

        async def sending(message: Message) -> None:
            nonlocal told
            if message["type"] == "http.response.start" and not told:
                told = True
                await account(scope, message["status"], given_out)
            await send(message)

        try:
            await self.app(scope, receive, sending)
        except ClientDisconnect:
            raise
        except Exception:
            if not told:
                told = True
                await account(scope, UNFORESEEN, given_out)
            raise
        finally:
            GIVEN_OUT.reset(mark)


async def account(scope: Scope, status: int, given_out: Account) -> None:
    kind = _kind(scope)
    if kind is None:
        return
    trail: Trail = scope["app"].state.services.audit
    parts: Sequence[Part] = scope.get(PARTS, ())
    access = _access(trail, scope, kind, status, () if parts else touched(given_out, status))
    if not access.org:
        return
    if status < REFUSED and not parts:
        parts = [refusal(each) for each in given_out.withheld]
    trail.record(access, *(_of_part(trail, access, part) for part in parts))
    refused = status >= REFUSED or any(part.status >= REFUSED for part in parts)
    if trail.sync_all or kind in OF_SECURITY or refused:
        await trail.secure()


def touched(given_out: Account, status: int) -> Sequence[Stored]:
    """A refusal names what was refused; no success does."""
    return given_out.given if status < REFUSED else [*given_out.given, *given_out.withheld]


def refusal(withheld: Stored) -> Part:
    """Something was answered, but not with this."""
    return Part("read", NOT_FOUND, f"{withheld.type}/{withheld.id}", touched=(withheld,))


def _kind(scope: Scope) -> str | None:
    noted: str | None = scope.get(NOTED, {}).get("kind")
    if noted is not None:
        return noted
    if scope["path"].startswith(CONSOLE):
        return of_console(scope["path"], scope["method"])
    template = getattr(scope.get("route"), "path", None)
    return kind_at(template, scope["method"]) if template is not None else None


def _access(trail: Trail, scope: Scope, kind: str, status: int, touched: Sequence[Stored]) -> Access:
    at, caller, noted = trail.clock(), scope.get("caller"), scope.get(NOTED, {})
    peer = scope.get("client")
    about: dict[str, Any] = {
        "client": caller.client_id if caller is not None else None,
        "user": caller.user_email if caller is not None else None,
        "fhir_user": caller.fhir_user if caller is not None else None,
        "purposes": tuple(sorted(caller.purposes)) if caller is not None else (),
        "query": scope["query_string"].decode("latin-1"),
        **noted,
    }
    about["query"] = about["query"][:LONGEST]
    return Access(
        id=trail.new_id(at),
        at=at,
        org=about.pop("org", None) or scope.get("path_params", {}).get("org") or "",
        kind=about.pop("kind", kind),
        action=action_of(kind),
        status=status,
        what=_what(scope),
        address=peer[0] if peer else None,
        request=scope.get("request_id"),
        **_names(touched),
        **about,
    )


def _of_part(trail: Trail, access: Access, part: Part) -> Access:
    """By the same one and at the same moment."""
    return msgspec.structs.replace(
        access,
        id=trail.new_id(access.at),
        kind=part.kind,
        action=action_of(part.kind),
        status=part.status,
        what=part.what[:LONGEST],
        query=part.query[:LONGEST],
        told=part.told,
        **_names(part.touched),
    )


def _names(touched: Sequence[Stored]) -> dict[str, Any]:
    named = touched[:MOST_NAMED]
    return {
        "touched": tuple(dict.fromkeys(_name(each) for each in named)),
        "patients": tuple(dict.fromkeys(patient for each in named for patient in patients_of(each))),
    }


def _name(stored: Stored) -> str:
    return f"{stored.type}/{stored.id}/_history/{stored.version}"


def _what(scope: Scope) -> str:
    """The address below the organisation's FHIR base, or the whole."""
    path: str = scope["path"]
    if path.startswith("/hooks/"):
        path = path.rpartition("/")[0]  # its last part is a secret
    parts = path.split("/", 4)
    below = parts[4] if path.startswith("/fhir/r4/") and len(parts) > 4 else path
    return below[:LONGEST]
