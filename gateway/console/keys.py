"""The signing keys: which are published, which one signs, and until when; rotated on the command line."""

from __future__ import annotations

from starlette.responses import Response

from gateway.commands.keys import keys_of, keys_of_gateway
from gateway.console.visit import Visit


async def show(visit: Visit) -> Response:
    """GET /console/keys"""
    owners = {
        "gateway": await keys_of_gateway(visit.services),
        "organisation": await keys_of(visit.services, visit.realm.slug),
    }
    return visit.page("keys.html", owners=owners)
