"""Rows of KIPU's list of updated policies: whether the chart that they belong to says the same already.

KIPU publishes no fields of these rows. We take those of a policy in a chart, the chart's key, and a time of change.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from gateway.translation.contract import Linked
from gateway.translation.rows import Record
from translators.kipu.coverage import coverage_key
from translators.kipu.document import as_named
from translators.kipu.kinds import INSURANCE_FIELDS

MARGIN = timedelta(hours=1)
"""Of KIPU's clock and of what was under way while the pull before asked."""
CHANGED = ("updated_at", "last_updated_at")


def is_told(row: Record, link: Linked | None, since: datetime) -> bool:
    """The pull before has seen this change, or the chart as it is known shows it."""
    if link is None:
        return False
    changed = _changed(row)
    if changed is not None and changed < since - MARGIN:
        return True
    policy = as_named({"insurances": [row]})["insurances"][0]
    said = {name: value for name, value in policy.items() if name in INSURANCE_FIELDS}
    key = coverage_key("", said)
    items = [item for item in (link.record or {}).get("insurances") or () if isinstance(item, dict)]
    same = [item for item in items if key is not None and coverage_key("", item) == key]
    facts = {name: value for name, value in said.items() if name != "id"}
    return bool(facts) and any(all(item.get(name) == value for name, value in facts.items()) for item in same)


def _changed(row: Record) -> datetime | None:
    text = next((row[name] for name in CHANGED if row.get(name)), None)
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
