"""What Ritten shows no longer: stays, policies and relationships of a patient, programs, facilities and payers.

It stays here for the resources that refer to it. `removed` is ours: it is laid over the record as it was shown last.
"""

from __future__ import annotations

from typing import Any

from gateway.translation.rows import Bindings, Pair, Record, Resource, Way

REMOVED = "removed"
GONE: dict[str, Any] = {REMOVED: True}


def _read_active(record: Record, resource: Resource, bindings: Bindings) -> None:
    resource["active"] = record.get(REMOVED) is not True


def _read_status(record: Record, resource: Resource, bindings: Bindings) -> None:
    resource["status"] = "inactive" if record.get(REMOVED) is True else "active"


def _read_cancelled(record: Record, resource: Resource, bindings: Bindings) -> None:
    if record.get(REMOVED) is True:
        resource["status"] = "cancelled"


def _not_written(resource: Resource, record: Record, bindings: Bindings) -> None:
    """Only the EMR sets this."""


ACTIVE = Pair((REMOVED,), ("active",), _read_active, _not_written, way=Way.READ)
CANCELLED = Pair((REMOVED,), ("status",), _read_cancelled, _not_written, way=Way.READ)
"""Of a policy: `active` is the table's constant."""
STATUS = Pair((REMOVED,), ("status",), _read_status, _not_written, way=Way.READ)
