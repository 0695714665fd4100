"""NDJSON as transactions: the road that lines of a file and of a request's body take into the store."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.definitions.contract import Resource

LINES = 200
"""Of one transaction."""


def transaction_of(resources: Sequence[Resource]) -> Resource:
    """Resources that keep their ids; one without is given one."""
    entries = []
    for resource in resources:
        type, id = resource["resourceType"], resource.get("id")
        request = {"method": "PUT", "url": f"{type}/{id}"} if id else {"method": "POST", "url": type}
        entries.append({"resource": resource, "request": request})
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}
