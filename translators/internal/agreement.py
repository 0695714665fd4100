"""What both sides know of a record after a push: what the EMR answered, without what the chart does not say."""

from __future__ import annotations

from gateway.translation import path
from gateway.translation.field import BoundField
from gateway.translation.lens import Lens
from gateway.translation.rows import Record, Resource, Row


def agreed(lens: Lens, resource: Resource, record: Record) -> Record:
    """The record without the facts that the chart does not have yet, such as the EMR's own defaults.

    So the next pull finds them to be news and brings them in, and a later push does not take their absence from the
    chart for a removal.
    """
    kept: Record = path.copied(record)
    said = lens.merge(resource).value
    for row in lens.rows:
        if row.vendor_value(record) is not None and not row.owned and not _is_said(row, resource, said):
            for name in row.vendor_paths():
                path.remove(kept, path.parse(name))
    return kept


def _is_said(row: Row, resource: Resource, said: Record) -> bool:
    """A pair may say a fact without carrying all that stands there: the day of a moment."""
    if isinstance(row, BoundField):
        return path.get(resource, row.fhir) is not None
    return bool(row.carried(resource)) or any(path.get(said, path.parse(name)) for name in row.vendor_paths())
