"""One address of Ritten's, of a person or a facility."""

from __future__ import annotations

from typing import Any

from gateway.translation.codec import Codec, Unreadable
from gateway.translation.rows import Field

_USES = {"HOME": "home", "WORK": "work"}
_RETURNS = {"home": "HOME", "work": "WORK", "temp": "OTHER", "old": "OTHER", "billing": "OTHER"}


def _read_use(use: Any) -> str:
    if not isinstance(use, str) or use not in _USES:
        raise Unreadable("expected HOME or WORK; FHIR has no address use that means OTHER")
    return _USES[use]


def _write_use(use: Any) -> str:
    if not isinstance(use, str) or use not in _RETURNS:
        raise Unreadable("expected a FHIR address use")
    return _RETURNS[use]


USE = Codec(_read_use, _write_use, "code", tuple(_USES))
"""An address of use OTHER has no `use` in FHIR; what is neither home nor work goes out as OTHER."""

ADDRESS = (
    Field("use", "use", USE),
    Field("line", "line[0]"),
    Field("line2", "line[1]"),
    Field("city", "city"),
    Field("region", "state"),
    Field("postalCode", "postalCode"),
    Field("country", "country"),
)
