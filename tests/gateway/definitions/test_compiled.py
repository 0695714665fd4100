"""The definitions as the rest of the gateway sees them."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.definitions import load
from gateway.definitions.contract import Resource
from gateway.faults import NotSupported
from tests.gateway.definitions.strategies import DEFINITIONS, JSON, PATIENTS, resources_of_rubbish

CODES = {"structure", "required", "value", "code-invalid", "invariant"}
RELAXED = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def test_definitions_are_loaded_once() -> None:
    assert load() is load()


def test_served_types() -> None:
    assert {"Patient", "Encounter", "Coverage", "Task", "Subscription"} <= DEFINITIONS.served <= DEFINITIONS.all_types


def test_search_parameters_of_a_type_that_is_none() -> None:
    with pytest.raises(NotSupported):
        DEFINITIONS.search_parameters("patient")


def test_the_patient_compartment_names_search_parameters() -> None:
    assert DEFINITIONS.patient_compartment["Patient"] == ("link",)
    assert DEFINITIONS.patient_compartment["Coverage"] == ("beneficiary", "payor", "policy-holder", "subscriber")


@RELAXED
@given(st.dictionaries(st.text(max_size=8) | st.just("resourceType"), JSON, max_size=5) | resources_of_rubbish())
def test_rubbish_neither_crashes_nor_escapes(resource: Resource) -> None:
    for issue in DEFINITIONS.validate(resource):
        assert issue.code in CODES
        assert issue.diagnostics
        assert len(issue.expression) == 1
    DEFINITIONS.index(resource)


@RELAXED
@given(PATIENTS)
def test_a_generated_patient_is_valid(patient: Resource) -> None:
    assert DEFINITIONS.validate(patient) == ()


@RELAXED
@given(PATIENTS)
def test_every_name_of_a_patient_is_found(patient: Resource) -> None:
    texts = {entry.text for entry in DEFINITIONS.index(patient) if entry.param == "family"}  # type: ignore[union-attr]
    assert texts == {name["family"] for name in patient.get("name", ())}


@RELAXED
@given(resources_of_rubbish())
def test_no_value_is_quoted(resource: Resource) -> None:
    marked = mark(resource)
    for issue in DEFINITIONS.validate({**marked, "resourceType": resource["resourceType"]}):
        assert "SECRET" not in issue.diagnostics


def mark(value: Resource) -> Resource:
    return {key: replaced(item) for key, item in value.items()}


def replaced(value: object) -> object:
    if isinstance(value, str):
        return "SECRET"
    if isinstance(value, list):
        return [replaced(item) for item in value]
    return mark(value) if isinstance(value, dict) else value
