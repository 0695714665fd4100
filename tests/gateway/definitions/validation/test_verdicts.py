"""The quick answer of the validator is never yes where its checks find something, and yes for what is commonly sent."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.intake import PATIENT, bundle_of
from gateway.definitions import load
from gateway.definitions.compiled import CompiledDefinitions
from tests.gateway.definitions.profiles.instances import INSTANCES
from tests.gateway.definitions.strategies import JSON, PATIENTS, resources_of_rubbish
from tests.gateway.definitions.validation.test_illegal import ILLEGAL, LEGAL

found = load()
assert isinstance(found, CompiledDefinitions)
DEFINITIONS = found
US_CORE_PATIENT = {"Patient": ("http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient",)}
RELAXED = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
Json = dict[str, Any]
WHOLE = [PATIENT, bundle_of(2), *INSTANCES.values(), *LEGAL]
NAMES = ["id", "extension", "_birthDate", "valueString", "valueCode", "code", "coding", "reference", "use", "contained"]


@pytest.mark.parametrize("resource", [PATIENT, bundle_of(3), *INSTANCES.values()], ids=lambda r: r["resourceType"])
def test_what_is_commonly_sent_needs_no_second_look(resource: Json) -> None:
    assert DEFINITIONS.surely_valid(resource)
    assert DEFINITIONS.explained(resource) == ()


@pytest.mark.parametrize("resource", [resource for resource, _, _ in ILLEGAL])
def test_nothing_illegal_is_surely_valid(resource: Json) -> None:
    assert not DEFINITIONS.surely_valid(resource)


def places(value: Any) -> list[Any]:
    """All objects and arrays within, and the value itself."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return [] if inner is None else [value, *(place for item in inner for place in places(item))]


@st.composite
def damaged(draw: st.DrawFn) -> Json:
    """A valid resource after up to three small changes, of which many break a rule and some do not."""
    resource: Json = deepcopy(draw(st.sampled_from(WHOLE) | PATIENTS))
    for _ in range(draw(st.integers(1, 3))):
        change(draw, draw(st.sampled_from(places(resource))))
    return resource


def change(draw: st.DrawFn, place: Any) -> None:
    """Take away, put another value, double an item, or add an element."""
    keys = list(place) if isinstance(place, dict) else list(range(len(place)))
    act = draw(st.sampled_from(["take", "put", "double", "add"]))
    key = draw(st.sampled_from(keys)) if keys else None
    if act == "add" and isinstance(place, dict):
        place[draw(st.sampled_from(NAMES))] = draw(JSON)
    elif act == "double" and isinstance(place, list) and key is not None:
        place.append(deepcopy(place[key]))
    elif act == "take" and key is not None:
        del place[key]
    elif key is not None:
        place[key] = draw(JSON)


@RELAXED
@given(damaged() | resources_of_rubbish())
def test_a_yes_is_final(resource: Json) -> None:
    for demanded in ({}, US_CORE_PATIENT):
        if DEFINITIONS.surely_valid(resource, demanded):
            assert DEFINITIONS.explained(resource, demanded) == ()


@RELAXED
@given(PATIENTS)
def test_valid_patients_are_told_at_once(patient: Json) -> None:
    assert DEFINITIONS.surely_valid(patient)
