"""Records that an EMR makes in several calls, and what it has after the first of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.translation.row import Record


@dataclass(frozen=True, slots=True)
class Halfway:
    """The EMR has the record from now on, and lacks what the calls that follow bring.

    It is written down before the next call: whatever happens then, the next push goes on there and makes no second one.
    """

    external_id: str
    has: str
    """What the EMR has, as the beginning of a sentence for people: `The EMR has the patient with the name only`."""
    record: Record = field(repr=False)
    """What both sides know from now on, in the EMR's words: the base of what follows."""
