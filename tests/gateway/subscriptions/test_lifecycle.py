"""Who may bring a Subscription from one state to another."""

from __future__ import annotations

import pytest

from gateway.faults import Unprocessable
from gateway.subscriptions.lifecycle import next_status

# Each: what is asked, what was before, whether the channel changes, what it becomes (None: refused).
CHANGES = [
    ("requested", None, True, "requested"),
    ("active", None, True, None),
    ("off", None, True, None),
    ("error", None, True, None),
    ("requested", "error", False, "requested"),
    ("requested", "off", False, "requested"),
    ("requested", "active", False, "requested"),
    ("active", "active", False, "active"),
    ("active", "active", True, "requested"),
    ("active", "requested", False, None),
    ("active", "error", False, None),
    ("active", "off", False, None),
    ("error", "active", False, None),
    ("error", "error", True, "error"),
    ("off", "active", False, "off"),
    ("off", "off", True, "off"),
]


@pytest.mark.parametrize(("asked", "before", "moved", "after"), CHANGES)
def test_changes_of_state(asked: str, before: str | None, moved: bool, after: str | None) -> None:
    if after is not None:
        assert next_status(asked, before, moved=moved) == after
        return
    with pytest.raises(Unprocessable) as refused:
        next_status(asked, before, moved=moved)
    assert refused.value.issues[0].expression == ("Subscription.status",)
