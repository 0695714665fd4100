"""Which vital signs are out of range, and which of them keep a procedure waiting until a provider has looked.

The ranges are those of adults; a child's values are for the provider to judge. Sources, by the letter in the table:

a   Whelton et al., 2017 ACC/AHA guideline for high blood pressure in adults: stage 2 from 140/90, crisis over 180/120.
b   Royal College of Physicians, National Early Warning Score (NEWS) 2, 2017: what scores is flagged, and 3 points in a
    single value ask for an urgent review.
c   The API's contract: an oxygen saturation under 94 % keeps a procedure waiting.
d   Centers for Disease Control and Prevention, fever: a measured temperature of 100.4 °F (38 °C) or more.
e   World Health Organization, BMI classification: underweight under 18.5, obesity from 30.
f   American Heart Association: a resting heart rate over 100 is tachycardia.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

WARNING, CRITICAL = "warning", "critical"


@dataclass(frozen=True, slots=True)
class Bound:
    """A value on the wrong side of it is flagged. `reached`: the bound itself is out of range too."""

    field: str
    severity: str
    message: str
    over: Decimal | None = None
    under: Decimal | None = None
    reached: bool = False

    def is_passed(self, value: Decimal) -> bool:
        if self.over is not None:
            return value > self.over or (self.reached and value == self.over)
        return self.under is not None and (value < self.under or (self.reached and value == self.under))


def _over(field: str, severity: str, bound: str, message: str, *, reached: bool = False) -> Bound:
    return Bound(field, severity, message, over=Decimal(bound), reached=reached)


def _under(field: str, severity: str, bound: str, message: str, *, reached: bool = False) -> Bound:
    return Bound(field, severity, message, under=Decimal(bound), reached=reached)


BOUNDS: tuple[Bound, ...] = (
    _over("bp_systolic", CRITICAL, "180", "Systolic blood pressure over 180 mmHg: hypertensive crisis"),  # a
    _over("bp_systolic", WARNING, "140", "Systolic blood pressure of 140 mmHg or more", reached=True),  # a
    _under("bp_systolic", CRITICAL, "90", "Systolic blood pressure of 90 mmHg or less", reached=True),  # b
    _over("bp_diastolic", CRITICAL, "120", "Diastolic blood pressure over 120 mmHg: hypertensive crisis"),  # a
    _over("bp_diastolic", WARNING, "90", "Diastolic blood pressure of 90 mmHg or more", reached=True),  # a
    _under("oxygen_saturation", CRITICAL, "94", "Oxygen saturation under 94 %"),  # c
    _under("oxygen_saturation", WARNING, "96", "Oxygen saturation under 96 %"),  # b
    _over("pulse", CRITICAL, "131", "Pulse of 131 per minute or more", reached=True),  # b
    _over("pulse", WARNING, "100", "Pulse over 100 per minute"),  # f
    _under("pulse", CRITICAL, "40", "Pulse of 40 per minute or less", reached=True),  # b
    _under("pulse", WARNING, "50", "Pulse of 50 per minute or less", reached=True),  # b
    _over("respiration_rate", CRITICAL, "25", "25 breaths per minute or more", reached=True),  # b
    _over("respiration_rate", WARNING, "20", "More than 20 breaths per minute"),  # b
    _under("respiration_rate", CRITICAL, "8", "8 breaths per minute or fewer", reached=True),  # b
    _under("respiration_rate", WARNING, "12", "Fewer than 12 breaths per minute"),  # b
    _over("temperature_f", WARNING, "100.4", "Temperature of 100.4 °F or more: fever", reached=True),  # d
    _under("temperature_f", CRITICAL, "95", "Temperature of 95 °F or less", reached=True),  # b
    _over("bmi", WARNING, "30", "Body mass index of 30 or more", reached=True),  # e
    _under("bmi", WARNING, "18.5", "Body mass index under 18.5"),  # e
)
"""Of one field and side the critical bound comes first: a value is flagged once."""


def abnormal_flags(record: Mapping[str, Any]) -> list[dict[str, str]]:
    return [
        {"field": bound.field, "value": str(record[bound.field]), "severity": bound.severity, "message": bound.message}
        for bound in _passed(record)
    ]


def _passed(record: Mapping[str, Any]) -> Iterator[Bound]:
    flagged: set[str] = set()
    for bound in BOUNDS:
        value = _number(record.get(bound.field))
        is_for_children = bound.field == "bmi" and record.get("bmi_percentile") is not None
        if value is None or bound.field in flagged or is_for_children or not bound.is_passed(value):
            continue
        flagged.add(bound.field)
        yield bound


def _number(value: Any) -> Decimal | None:
    try:
        return None if value is None else Decimal(str(value))
    except InvalidOperation:
        return None


def judged(record: Mapping[str, Any]) -> dict[str, Any]:
    """What the API computes of a set of vital signs."""
    flags = abnormal_flags(record)
    return {"abnormal_flags": flags, "is_procedure_blocking": any(flag["severity"] == CRITICAL for flag in flags)}
