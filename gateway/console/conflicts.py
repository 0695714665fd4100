"""Conflicts of one connection: what both sides changed, and the buttons that say whose value stands.

Everybody sees that there is one and whose the values are. The values themselves are for those who may choose
patients there (operators, admins and practitioners), as far as the record's labels open it to them.
"""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gateway.auth.consent import fhir_user_of, may_choose_patients
from gateway.auth.patient_choice import NO_REQUEST
from gateway.auth.scopes import Scopes
from gateway.auth.tables import UserAccount
from gateway.auth.verification import Caller
from gateway.commands.conflict import conflicts_of, settle_conflict
from gateway.console.pages import see_other
from gateway.console.visit import Visit
from gateway.digits import as_written
from gateway.faults import Invalid
from gateway.interactions.exchange import Exchange
from gateway.sync.conflicts import ConflictRow

SETTLING = Scopes.parse("user/*.ru")
CONSOLE = "console"
MOST = 200


async def show(visit: Visit) -> Response:
    """GET /console/connections/[name]/conflicts"""
    user = await _user(visit)
    exchange = _for_user(visit, user)

    async def may(row: ConflictRow) -> bool:
        seen = may_choose_patients(user) and exchange.sight.allows(row.type, "r")
        return seen and await exchange.store.read(row.type, row.local_id) is not None

    name, all_ = visit.request.path_params["name"], visit.request.query_params.get("all") == "true"
    told = await conflicts_of(visit.services, visit.realm.slug, name, may, all_=all_, limit=MOST)
    return visit.page("conflicts.html", name=name, conflicts=told["conflicts"], all=all_, said=said)


async def settle(visit: Visit) -> Response:
    """POST /console/connections/[name]/conflicts"""
    name, number = visit.request.path_params["name"], visit.form.get("conflict", "")
    if not (number.isascii() and number.isdigit() and len(number) <= 18):
        raise Invalid("A conflict is named by its number", "conflict")
    exchange = _for_user(visit, await _user(visit))
    take = visit.form.get("take", "")
    await settle_conflict(exchange, name, int(number), take, f"user {visit.user.email}")
    visit.did("settle conflict", connection=name, conflict=number, take=take)
    return see_other(f"/console/connections/{name}/conflicts")


async def _user(visit: Visit) -> UserAccount:
    key = (visit.realm.org, visit.user.email)
    return await visit.services.store.session_read(lambda session: session.get_one(UserAccount, key))


def _for_user(visit: Visit, user: UserAccount) -> Exchange:
    """What the user may see and write, as from an application of theirs without a purpose of its own."""
    caller = Caller(
        visit.realm.org,
        visit.realm.slug,
        CONSOLE,
        SETTLING,
        fhir_user=fhir_user_of(user),
        user_email=user.email,
        user_role=user.role,
    )
    return Exchange(Request(NO_REQUEST), visit.services, visit.realm, caller)


def said(value: Any) -> str:
    """A value in one line; objects as JSON."""
    if value is None:
        return "nothing"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=as_written)
