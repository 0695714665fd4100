"""The signature of a delivery: HMAC-SHA256 over the instant and the very bytes that are sent."""

from __future__ import annotations

import hashlib
import hmac

HEADER = "X-Crosswalk-Signature"


def signature(secret: str, seconds: int, body: bytes) -> str:
    """What the header says. The instant is that of the attempt, so that a receiver may refuse old ones."""
    signed = b"%d." % seconds + body
    return f"t={seconds},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"
