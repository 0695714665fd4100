"""Which vital signs are flagged, at the bounds of each range, and which keep a procedure waiting."""

from __future__ import annotations

from typing import Any

import pytest

from translators.internal.vitals_flags import BOUNDS, judged
from translators.internal.vitals_values import VITALS

CASES: list[tuple[str, Any, str | None]] = [
    ("bp_systolic", 139, None),
    ("bp_systolic", 140, "warning"),
    ("bp_systolic", 180, "warning"),
    ("bp_systolic", 181, "critical"),
    ("bp_systolic", 91, None),
    ("bp_systolic", 90, "critical"),
    ("bp_diastolic", 89, None),
    ("bp_diastolic", 120, "warning"),
    ("bp_diastolic", 121, "critical"),
    ("oxygen_saturation", 96, None),
    ("oxygen_saturation", 94, "warning"),
    ("oxygen_saturation", 93, "critical"),
    ("pulse", 100, None),
    ("pulse", 101, "warning"),
    ("pulse", 131, "critical"),
    ("pulse", 51, None),
    ("pulse", 50, "warning"),
    ("pulse", 40, "critical"),
    ("respiration_rate", 12, None),
    ("respiration_rate", 11, "warning"),
    ("respiration_rate", 8, "critical"),
    ("respiration_rate", 21, "warning"),
    ("respiration_rate", 25, "critical"),
    ("temperature_f", "100.3", None),
    ("temperature_f", "100.40", "warning"),
    ("temperature_f", "95.0", "critical"),
    ("bmi", "29.99", None),
    ("bmi", "30", "warning"),
    ("bmi", "18.4", "warning"),
    ("height_inches", "12", None),
]


@pytest.mark.parametrize(("field", "value", "severity"), CASES)
def test_a_value_is_flagged_once_by_its_worst_bound(field: str, value: Any, severity: str | None) -> None:
    told = judged({field: value})
    flags = told["abnormal_flags"]
    assert [(each["field"], each["value"], each["severity"]) for each in flags] == (
        [(field, str(value), severity)] if severity else []
    )
    assert told["is_procedure_blocking"] is (severity == "critical")


def test_each_flag_stands_for_itself_and_a_child_s_index_is_judged_by_its_percentile() -> None:
    told = judged({"bp_systolic": 190, "bp_diastolic": 130, "bmi": "35", "bmi_percentile": 60, "pulse": None})
    assert [each["field"] for each in told["abnormal_flags"]] == ["bp_systolic", "bp_diastolic"]
    assert judged({}) == {"abnormal_flags": [], "is_procedure_blocking": False}


def test_bounds_speak_of_values_that_there_are_and_messages_of_no_person() -> None:
    assert {bound.field for bound in BOUNDS} <= {vital.key for vital in VITALS}
    assert all((bound.over is None) != (bound.under is None) and bound.message for bound in BOUNDS)
