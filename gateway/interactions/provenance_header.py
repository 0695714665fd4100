"""The X-Provenance header: a client's own Provenance of what one request writes (http.html#custom, provenance.html).

It is written beside the gateway's, in the same transaction; its targets are the versions written, whatever was sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

from starlette.requests import Request

from gateway.definitions.contract import Definitions, Resource
from gateway.faults import Invalid
from gateway.interactions.validation import check_valid
from gateway.negotiation import parse_json_resource
from gateway.provenance.witness import PROVENANCE
from gateway.store.contract import Stored, Transaction

HEADER = "x-provenance"


def stated_provenance(request: Request) -> Resource | None:
    """Raises Malformed and Invalid."""
    header = request.headers.get(HEADER)
    if header is None:
        return None
    stated = parse_json_resource(header.encode("latin-1"))
    if stated["resourceType"] != PROVENANCE:
        raise Invalid("X-Provenance: send a Provenance as one line of JSON", "X-Provenance")
    if "target" in stated or "id" in stated:
        raise Invalid("X-Provenance: leave out target and id; the server sets them", "Provenance.target")
    return stated


def write_stated(
    definitions: Definitions, transaction: Transaction, stated: Resource, written: Sequence[Stored]
) -> None:
    """Raises Invalid."""
    targets = [{"reference": f"{each.type}/{each.id}/_history/{each.version}"} for each in written]
    resource = {**stated, "id": str(uuid4()), "target": targets}
    check_valid(definitions, resource)
    transaction.put(resource, "POST")
