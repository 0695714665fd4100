"""Whatever FHIR clients have written: a patient is where the API has brought them, and the dead stay dead."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.canonical import extension_url
from translators.internal.face.lifecycle import is_archived, put_away, status_of, taken_out, with_status
from translators.internal.patient_pairs import ACTIVE

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
EXACT, ARCHIVED_AT = extension_url("patient-status"), extension_url("archived-at")
STATUSES = st.sampled_from(sorted(ACTIVE))
EXTENSIONS = st.one_of(
    st.builds(lambda code: {"url": EXACT, "valueCode": code}, st.one_of(STATUSES, st.just("asleep"))),
    st.just({"url": ARCHIVED_AT, "valueDateTime": "2025-01-02T03:04:05Z"}),
    st.just({"url": "https://crm.example/vip", "valueBoolean": True}),
)
PATIENTS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"resourceType": st.just("Patient"), "id": st.just("p1")},
    optional={
        "active": st.booleans(),
        "deceasedBoolean": st.booleans(),
        "deceasedDateTime": st.sampled_from(("2024", "2024-05-06T07:08:09Z")),
        "extension": st.lists(EXTENSIONS, min_size=1, max_size=3, unique_by=lambda each: each["url"]),
    },
)


def dead(patient: dict[str, Any]) -> Any:
    return patient.get("deceasedDateTime") or patient.get("deceasedBoolean")


def others(patient: dict[str, Any]) -> list[Any]:
    return [each for each in patient.get("extension", ()) if each["url"] not in (EXACT, ARCHIVED_AT)]


@given(PATIENTS, STATUSES)
def test_a_status_that_is_set_is_read(patient: dict[str, Any], status: str) -> None:
    living = taken_out(patient)
    assert status_of(living) == "inactive"
    changed = with_status(living, status)
    assert status_of(changed) == status
    assert dead(changed) == (dead(patient) or (True if status == "deceased" else dead(patient)))
    assert others(changed) == others(patient)


@given(PATIENTS)
def test_the_archive_gives_back_what_it_took_and_nobody_rises_from_the_dead(patient: dict[str, Any]) -> None:
    archived = put_away(patient, NOW)
    assert is_archived(archived)
    assert archived["active"] is False
    assert [each for each in archived["extension"] if each["url"] == ARCHIVED_AT] == [
        {"url": ARCHIVED_AT, "valueDateTime": "2026-03-04T05:06:07.000000Z"}
    ]
    restored = taken_out(archived)
    assert status_of(restored) == "inactive"
    assert not is_archived(restored)
    for each in (archived, restored):
        assert (dead(each), others(each)) == (dead(patient), others(patient))


@given(PATIENTS)
def test_a_status_is_read_of_every_patient(patient: dict[str, Any]) -> None:
    assert status_of(patient) in {*ACTIVE, None}
    assert is_archived(patient) == (status_of(patient) == "archived")
