"""What tells the EMR that a create is the one that it has carried out before."""

from __future__ import annotations

import hashlib

from gateway.translation.contract import Account


def idempotency_key(account: Account, place: str) -> str:
    """The same for all attempts to create this over this connection, and telling nobody our id."""
    named = "\n".join((account.public_url, account.org, account.name, place))
    return f"crosswalk-{hashlib.sha256(named.encode()).hexdigest()[:40]}"
