"""What bodies take and refuse, and that refusals quote nothing."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from pydantic import ValidationError

from translators.internal.schema.alert import CreateAlertIn, DismissAlertsIn, UpdateAlertIn
from translators.internal.schema.attribution import ArchiveAttributionQuery
from translators.internal.schema.bulk import BulkPatientsIn
from translators.internal.schema.communication import ListCommunicationsQuery
from translators.internal.schema.field_value import FieldValueIn
from translators.internal.schema.patient import CreatePatientIn, UpdatePatientIn
from translators.internal.schema.patient_query import CountPatientsQuery, ListPatientsQuery
from translators.internal.schema.vitals import CreateVitalSignsIn

NAMED = {"first_name": "Ada", "last_name": "Quillfeather"}
KEY = "6f9d2c3b-1e4a-4b5c-8d7e-9a0b1c2d3e08"


def created(**given: Any) -> CreatePatientIn:
    return CreatePatientIn.model_validate_json(json.dumps(NAMED | given))


def refused(**given: Any) -> dict[str, str]:
    with pytest.raises(ValidationError) as raised:
        created(**given)
    return {str(error["loc"][0]): error["type"] for error in raised.value.errors()}


@pytest.mark.parametrize(
    ("name", "value", "type"),
    [
        ("first_name", " \u2003", "string_pattern"),
        ("first_name", None, "string_type"),
        ("last_name", "a\x00b", "string_pattern"),
        ("last_name", "x" * 201, "string_too_long"),
        ("middle_name", "a\nb", "string_pattern"),
        ("city", 5, "string_type"),
        ("email", "nobody", "string_pattern"),
        ("email", "a@b..c", "string_pattern"),
        ("mobile_phone", "by post", "string_pattern"),
        ("gender", "Female", "literal_error"),
        ("date_of_birth", "2024-02-30", "date_parsing"),
        ("date_of_birth", "2024-02", "date_parsing"),
        ("date_of_birth", 1704067200, "date_parsing"),
        ("date_time_deceased", "2024-02-01T10:00:00", "datetime_parsing"),
        ("date_time_deceased", "0001-01-01T00:00:00+02:00", "datetime_parsing"),
        ("premedication_required", "true", "bool_type"),
        ("ask_to_arrive_early_mins", 121, "less_than_equal"),
        ("ask_to_arrive_early_mins", True, "int_type"),
        ("billing_cycle_day", 0, "greater_than_equal"),
        ("consent_flags", -1, "greater_than_equal"),
        ("responsible_party_uuid", "Patient/1", "string_pattern"),
        ("treatment_notes", "bell \x07", "string_pattern"),
        ("favourite_colour", "green", "extra_forbidden"),
    ],
)
def test_what_a_patient_cannot_have_is_refused(name: str, value: Any, type: str) -> None:
    assert refused(**{name: value}) == {name: type}


def test_all_that_is_wrong_is_told_at_once_and_nothing_of_it_is_quoted() -> None:
    with pytest.raises(ValidationError) as raised:
        created(email="jo@secret", gender="secret", mobile_phone="secret", date_of_birth="secret")
    assert len(raised.value.errors()) == 4
    assert "secret" not in str(raised.value)
    assert "secret" not in str(raised.value.errors(include_input=False))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("email", "ada.q+crm@mail.harbor.example"),
        ("mobile_phone", "+1 (555) 010-0199 ext. 7"),
        ("treatment_notes", "first line\n\tsecond"),
        ("responsible_party_uuid", "pt-1.a"),
        ("last_name", "O’Neill-Šťastná"),
    ],
)
def test_what_people_write_is_taken_as_it_is(name: str, value: str) -> None:
    assert created(**{name: value}).model_dump()[name] == value


def test_dates_and_times_are_such() -> None:
    body = created(date_of_birth="1991-02-03", date_time_deceased="2024-05-06T07:08:09.5-05:00")
    assert body.date_of_birth == date(1991, 2, 3)
    assert body.date_time_deceased == datetime.fromisoformat("2024-05-06T07:08:09.5-05:00")


def test_a_zone_that_fhir_does_not_have_becomes_utc() -> None:
    body = created(date_time_deceased="2024-05-06T07:08:09+23:59")
    assert body.date_time_deceased == datetime(2024, 5, 5, 7, 9, 9, tzinfo=UTC)
    assert body.model_dump(mode="json")["date_time_deceased"] == "2024-05-05T07:09:09Z"


def test_what_was_left_out_is_told_from_what_was_cleared() -> None:
    body = UpdatePatientIn.model_validate({"base_version": 3, "city": None, "email": "", "state": "  "})
    assert body.model_dump(exclude_unset=True) == {"base_version": 3, "city": None, "email": None, "state": None}


@pytest.mark.parametrize("name", ["first_name", "last_name"])
def test_a_name_cannot_be_cleared(name: str) -> None:
    with pytest.raises(ValidationError, match="should not be null"):
        UpdatePatientIn.model_validate({"base_version": 3, name: None})


def test_an_update_names_its_version_and_no_status() -> None:
    for wrong in ({}, {"base_version": 0}, {"base_version": 1, "status": "active"}):
        with pytest.raises(ValidationError):
            UpdatePatientIn.model_validate(wrong)


def test_null_is_the_default_of_a_create_and_clears_nothing_in_an_update() -> None:
    body = CreateAlertIn.model_validate({"alert_definition_uuid": KEY, "alert_scope": None, "is_urgent": None})
    assert (body.alert_scope, body.is_urgent) == ("patient", False)
    with pytest.raises(ValidationError, match="should not be null"):
        UpdateAlertIn.model_validate({"base_version": 1, "status": None})


def test_codes_that_the_contract_has_in_words_are_closed_too() -> None:
    with pytest.raises(ValidationError, match="'patient' or 'family'"):
        CreateAlertIn.model_validate({"alert_definition_uuid": KEY, "alert_scope": "clinic"})


def test_fifty_alerts_are_dismissed_together_and_no_more() -> None:
    assert len(DismissAlertsIn(alert_uuids=[KEY] * 50).alert_uuids) == 50
    with pytest.raises(ValidationError):
        DismissAlertsIn(alert_uuids=[KEY] * 51)


def test_measurements_keep_their_digits() -> None:
    sent = b'{"date_taken": "2024-05-06", "temperature_f": 98.60, "weight_lbs": 1.5e2, "bmi": 22}'
    body = CreateVitalSignsIn.model_validate(msgspec.json.Decoder(float_hook=Decimal).decode(sent))
    shown = body.model_dump(mode="json", exclude_unset=True)
    assert (shown["temperature_f"], shown["weight_lbs"], shown["bmi"]) == ("98.60", "150", "22")


@pytest.mark.parametrize(
    ("name", "value"),
    [("temperature_f", 131), ("temperature_f", "98.6"), ("weight_lbs", True), ("bmi", 1e-9), ("bp_systolic", 120.5)],
)
def test_no_body_has_such_measures(name: str, value: Any) -> None:
    with pytest.raises(ValidationError):
        CreateVitalSignsIn.model_validate({"date_taken": "2024-05-06", name: value})


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("09:30", "09:30:00"),
        ("23:59:59.5", "23:59:59.500000"),
        ("09:30:00Z", "09:30:00Z"),
        ("09:30-05:00", "09:30:00-05:00"),
    ],
)
def test_a_time_of_day_may_say_its_zone(sent: str, shown: str) -> None:
    body = CreateVitalSignsIn.model_validate({"date_taken": "2024-05-06", "time_taken": sent})
    assert body.model_dump(mode="json")["time_taken"] == shown


@pytest.mark.parametrize("sent", ["24:00:00", "9:30", "09:30:00+15:00", "09:30:00 Z", "half past nine", 930])
def test_no_day_has_such_a_time(sent: Any) -> None:
    with pytest.raises(ValidationError):
        CreateVitalSignsIn.model_validate({"date_taken": "2024-05-06", "time_taken": sent})


@pytest.mark.parametrize("value", ["left", 4, Decimal("1.50"), False, None])
def test_a_field_may_have_a_value_of_any_kind(value: Any) -> None:
    assert FieldValueIn.model_validate({"field_definition_uuid": KEY, "value": value}).value == value


@pytest.mark.parametrize("value", ["a\x00", [1], {}, 10**16, Decimal("NaN"), "x" * 10_001])
def test_and_no_value_of_another_kind(value: Any) -> None:
    with pytest.raises(ValidationError):
        FieldValueIn.model_validate({"field_definition_uuid": KEY, "value": value})


def test_rows_of_a_bulk_request_are_checked_one_by_one_later() -> None:
    body = BulkPatientsIn.model_validate({"rows": [{"first_name": 1}, {}], "meta": {"dry_run": None}})
    assert body.meta is not None
    assert (len(body.rows), body.meta.dry_run, body.meta.mode) == (2, False, "create")


def test_parameters_are_read_from_text() -> None:
    query = ListPatientsQuery.model_validate({"page": "2", "page_size": "200", "search": " ", "dob_to": "2000-01-01"})
    assert (query.page, query.page_size, query.search, query.dob_to) == (2, 200, None, date(2000, 1, 1))
    assert (query.sort_by, query.sort_dir) == ("last_name", "asc")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("page", "0"),
        ("page", "٢"),
        ("page", "1.0"),
        ("page_size", "201"),
        ("sort_by", "updated_at"),
        ("status", "gone"),
        ("pagesize", "10"),
        ("location_uuid", ""),
        ("dob_from", "today"),
    ],
)
def test_parameters_that_are_wrong_or_unknown_are_refused(name: str, value: str) -> None:
    with pytest.raises(ValidationError):
        ListPatientsQuery.model_validate({name: value})


def test_a_version_in_a_query_is_one_as_in_a_body() -> None:
    assert ArchiveAttributionQuery.model_validate({"base_version": str(2**31 - 1)}).base_version == 2**31 - 1
    for wrong in ("0", str(2**31), "one", ""):
        with pytest.raises(ValidationError):
            ArchiveAttributionQuery.model_validate({"base_version": wrong})


def test_one_status_or_several() -> None:
    assert CountPatientsQuery().status_set == ("active",)
    assert CountPatientsQuery.model_validate({"status_set": "inactive"}).status_set == ("inactive",)
    assert CountPatientsQuery.model_validate({"status_set": ["active", "inactive"]}).status_set[1] == "inactive"


def test_a_log_is_asked_by_day_or_by_time() -> None:
    query = ListCommunicationsQuery.model_validate({"date_from": "2024-01-01", "date_to": "2024-01-02T03:04:05Z"})
    assert query.date_from == date(2024, 1, 1)
    assert query.date_to == datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize("written", [b"12", b"12.0", b"1.2e1", b"120e-1"])
def test_a_whole_number_is_one_however_it_is_written(written: bytes) -> None:
    """As JSON Schema has it, by which clients check what they send."""
    body = msgspec.json.Decoder(float_hook=Decimal).decode(b'{"base_version": %b}' % written)
    taken = UpdatePatientIn.model_validate(body).base_version
    assert (taken, type(taken)) == (12, int)


@pytest.mark.parametrize("written", [b"12.5", b"0.0", b"1e400000000", b"-1e400000000", b'"12"', b"true"])
def test_what_is_no_whole_number_within_the_bounds_is_refused(written: bytes) -> None:
    with pytest.raises(ValidationError):
        UpdatePatientIn.model_validate(
            msgspec.json.Decoder(float_hook=Decimal).decode(b'{"base_version": %b}' % written)
        )


@pytest.mark.parametrize("name", ["page", "page_size"])
def test_the_bounds_of_a_parameter_are_in_its_schema(name: str) -> None:
    assert ListPatientsQuery.model_json_schema()["properties"][name]["minimum"] == 1
