"""The search parameter `lifecycle` finds a patient by the status that the table gives, whatever the resource says."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.definitions import load
from gateway.search.entries import TokenEntry
from gateway.translation.rows import Bindings
from translators.internal.patient_pairs import ACTIVE, LIFECYCLE, PATIENT_STATUS

DEFINITIONS = load()
STATUSES = st.sampled_from([*ACTIVE, "asleep"])
EXTENSIONS = st.fixed_dictionaries(
    {"url": st.sampled_from([PATIENT_STATUS, "https://example.org/status"])}, optional={"valueCode": STATUSES}
)
PATIENTS = st.fixed_dictionaries(
    {"resourceType": st.just("Patient"), "id": st.just("p")},
    optional={
        "active": st.booleans(),
        "deceasedBoolean": st.booleans(),
        "deceasedDateTime": st.sampled_from(["2024", "2024-05-06T07:08:09Z"]),
        "extension": st.lists(EXTENSIONS, max_size=2),
    },
)


@given(PATIENTS)
def test_the_index_says_what_the_table_says(patient: dict[str, Any]) -> None:
    record: dict[str, Any] = {}
    LIFECYCLE.encode(patient, record, Bindings())
    indexed = [
        entry.code
        for entry in DEFINITIONS.index(patient)
        if isinstance(entry, TokenEntry) and entry.param == "lifecycle"
    ]
    assert indexed == ([record["status"]] if "status" in record else [])
