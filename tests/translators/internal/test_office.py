"""The tables of the office's records: pairs that hold both ways, what others write, and valid FHIR."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.translation.lens import ResourceMap
from tests.translators.internal.clinical import face, own, problems
from translators.internal import office_examples as examples
from translators.internal.alert import ALERT, UNSAID
from translators.internal.attribution import ATTRIBUTION, ROLE, SOURCES
from translators.internal.communication import COMMUNICATION, MODE, SOURCE
from translators.internal.definition import ALERT_DEFINITION, FIELD_DEFINITION, FIELD_TYPES, TAG_DEFINITION
from translators.internal.field_value import CUSTOM_FIELD, FIELD_VALUES
from translators.internal.relationship import KINSHIP, RELATIONSHIP, ROLE_CODE

Made = dict[str, Any]
TABLES: tuple[tuple[ResourceMap, tuple[Made, ...]], ...] = (
    (ALERT, examples.ALERTS),
    (COMMUNICATION, examples.COMMUNICATIONS),
    (RELATIONSHIP, examples.RELATIONSHIPS),
    (ATTRIBUTION, examples.ATTRIBUTIONS),
    (ALERT_DEFINITION, examples.ALERT_DEFINITIONS),
    (FIELD_DEFINITION, examples.FIELD_DEFINITIONS),
    (TAG_DEFINITION, examples.TAG_DEFINITIONS),
    (FIELD_VALUES, examples.FIELD_VALUES),
)
EXAMPLES = [
    pytest.param(table, record, id=f"{table.type}-{number}")
    for table, records in TABLES
    for number, record in enumerate(records)
]
WHEN = "2026-03-04T05:06:07Z"
SOME = {"id": "a1", "name": "Somebody"}


def role(code: str, display: str, text: str) -> Made:
    return {"coding": [{"system": ROLE_CODE, "code": code, "display": display}], "text": text}


GUARD = role("GUARD", "guardian", "guardian")
PARENT = role("PRN", "parent", "parent")
GOLDENS: list[tuple[ResourceMap, Made, Made]] = [
    (ALERT, {"status": "active"}, {"status": "active"}),
    (ALERT, {"status": "disabled"}, {"status": "inactive"}),
    (
        ALERT,
        {"status": "archived"},
        {"status": "inactive", "extension": [own("alert-status", valueCode="archived")]},
    ),
    (ALERT, {"disable_on": "2026-03-04", "status": "active"}, {"status": "active", "period": {"end": "2026-03-04"}}),
    (COMMUNICATION, {"communication_datetime": WHEN, "direction": "sent"}, {"sent": WHEN}),
    (COMMUNICATION, {"communication_datetime": WHEN, "direction": "received"}, {"received": WHEN}),
    (
        COMMUNICATION,
        {"communication_datetime": WHEN, "direction": "neither"},
        {"sent": WHEN, "extension": [own("communication-direction", valueCode="neither")]},
    ),
    (
        COMMUNICATION,
        {"communication_datetime": WHEN},
        {"sent": WHEN, "extension": [own("communication-direction", valueCode="unspecified")]},
    ),
    (RELATIONSHIP, {"relationship_type": "parent"}, {"relationship": [PARENT]}),
    (RELATIONSHIP, {"relationship_type": "parent", "is_guardian": True}, {"relationship": [PARENT, GUARD]}),
    (
        RELATIONSHIP,
        {"relationship_type": "parent", "is_guardian": False},
        {"relationship": [PARENT], "extension": [own("legal-guardian", valueBoolean=False)]},
    ),
    (RELATIONSHIP, {"relationship_type": "guardian", "is_guardian": True}, {"relationship": [GUARD]}),
    (
        RELATIONSHIP,
        {"relationship_type": "guardian", "is_guardian": False},
        {"relationship": [GUARD], "extension": [own("legal-guardian", valueBoolean=False)]},
    ),
    (
        ATTRIBUTION,
        {"referral_partner": SOME},
        {
            "requester": {"reference": "Organization/a1", "display": "Somebody"},
            "extension": [own("attribution-source", valueCode="referral-partner")],
        },
    ),
    (ATTRIBUTION, {"provider": SOME}, {"requester": {"reference": "Practitioner/a1", "display": "Somebody"}}),
    (ATTRIBUTION, {"referring_patient": SOME}, {"requester": {"reference": "Patient/a1", "display": "Somebody"}}),
    (
        FIELD_DEFINITION,
        {"dropdown_options": ["A", "B"]},
        {
            "extension": [
                own(
                    "dropdown-options",
                    extension=[{"url": "option", "valueString": "A"}, {"url": "option", "valueString": "B"}],
                )
            ]
        },
    ),
]


@pytest.mark.parametrize(("table", "record", "resource"), GOLDENS)
def test_a_golden_pair_holds_both_ways(table: ResourceMap, record: Made, resource: Made) -> None:
    lens = face(table)
    made, always = lens.to_fhir(record).value, lens.to_fhir({}).value
    extensions = [each for each in made.pop("extension", []) if each not in always.get("extension", [])]
    said = {name: value for name, value in made.items() if name not in always or name in resource}
    assert said | ({"extension": extensions} if extensions else {}) == resource
    assert unsaid(table) | lens.to_vendor(resource).value == unsaid(table) | record


def unsaid(table: ResourceMap) -> Made:
    """What the face says of a resource that does not say it."""
    return dict(UNSAID) if table is ALERT else {}


@pytest.mark.parametrize(("table", "record"), EXAMPLES)
def test_an_example_is_valid_fhir_and_comes_back_as_it_was(table: ResourceMap, record: Made) -> None:
    resource = face(table).to_fhir(record).value
    assert problems(resource) == []
    told = face(table).told(resource)
    kept = {name: value for name, value in record.items() if name in told}
    assert told == {**kept, **{name: value for name, value in told.items() if name not in record}}


# --- drawn records are valid FHIR --------------------------------------------------------------------------------

TEXT = st.text("abc äß\n'<&", min_size=1, max_size=12).filter(str.strip)
INSTANTS = st.datetimes().map(lambda moment: f"{moment.isoformat(timespec='seconds')}Z")
ENTITY = st.fixed_dictionaries({"id": st.from_regex(r"[a-z0-9-]{1,8}", fullmatch=True)}, optional={"name": TEXT})
DAYS = st.dates().map(str)


def maybe(**optional: st.SearchStrategy[Any]) -> dict[str, st.SearchStrategy[Any]]:
    return optional


DRAWN: dict[str, st.SearchStrategy[Made]] = {
    "alert": st.fixed_dictionaries(
        {"patient": ENTITY, "status": st.sampled_from(["active", "disabled", "archived"])},
        optional=maybe(
            alert_definition=ENTITY,
            alert_scope=st.sampled_from(["patient", "family"]),
            is_urgent=st.booleans(),
            note=TEXT,
            disable_on=DAYS,
            date_disabled=INSTANTS,
            created_by=st.integers(0, 2**31 - 1),
        ),
    ),
    "communication": st.fixed_dictionaries(
        {"patient": ENTITY, "communication_datetime": INSTANTS},
        optional=maybe(
            direction=st.sampled_from(["sent", "received", "neither"]),
            mode=st.sampled_from(MODE.values),
            note=TEXT,
            communication_type=ENTITY,
            appointment=ENTITY,
            created_by=ENTITY,
            communication_source=st.sampled_from(SOURCE.values),
        ),
    ),
    "relationship": st.fixed_dictionaries(
        {"from_patient": ENTITY, "to_patient": ENTITY, "relationship_type": st.sampled_from(KINSHIP.values)},
        optional=maybe(is_guardian=st.booleans(), note=TEXT, deleted_at=INSTANTS, from_patient_name=TEXT),
    ),
    "attribution": st.builds(
        lambda record, source, entity: {**record, source: entity},
        st.fixed_dictionaries(
            {"patient": ENTITY, "attributed_at": INSTANTS},
            optional=maybe(attribution_role=st.sampled_from(ROLE.values), source_note=TEXT),
        ),
        st.sampled_from(sorted(SOURCES)),
        ENTITY,
    ),
    "definition": st.fixed_dictionaries(
        {"name": TEXT, "field_type": st.sampled_from(FIELD_TYPES)},
        optional=maybe(
            description=TEXT,
            item_order=st.integers(0, 10**6),
            dropdown_options=st.lists(TEXT, min_size=1, max_size=3),
            is_required=st.booleans(),
            deleted_at=INSTANTS,
        ),
    ),
    "values": st.builds(
        lambda rows: {"fields": rows},
        st.lists(
            st.fixed_dictionaries(
                {
                    "field_definition_uuid": ENTITY.map(lambda entity: entity["id"]),
                    "name": TEXT,
                    "value": st.one_of(TEXT, DAYS, st.booleans(), st.integers(-(2**40), 2**40)),
                }
            ),
            max_size=3,
            unique_by=lambda row: row["field_definition_uuid"],
        ),
    ),
}
MAPS = {
    "alert": ALERT,
    "communication": COMMUNICATION,
    "relationship": RELATIONSHIP,
    "attribution": ATTRIBUTION,
    "definition": FIELD_DEFINITION,
    "values": FIELD_VALUES,
}


@pytest.mark.parametrize("kind", sorted(MAPS))
def test_a_drawn_record_is_valid_fhir_and_is_told_as_it_was(kind: str) -> None:
    lens = face(MAPS[kind])

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(DRAWN[kind])
    def law(record: Made) -> None:
        carried = lens.to_fhir(record)
        assert carried.left_out == ()
        assert problems(carried.value) == []
        told = unsaid(MAPS[kind]) | lens.to_vendor(carried.value).value
        if record.get("relationship_type") == "guardian":
            record = {"is_guardian": True} | record
        assert {name: told.get(name, []) for name in record} == record

    law()


# --- what others have written ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("resource", "direction"),
    [
        ({"sent": WHEN}, "sent"),
        ({"sent": WHEN, "received": WHEN}, "sent"),
        ({"received": WHEN}, "received"),
        ({"sent": WHEN, "sender": {"reference": "Patient/p1"}}, "received"),
        ({"sent": WHEN, "sender": {"reference": "RelatedPerson/r1"}}, "received"),
        ({"sent": WHEN, "sender": {"reference": "Practitioner/d1"}}, "sent"),
        ({"sent": WHEN, "extension": [own("communication-direction", valueCode="neither")]}, "neither"),
        ({"sent": WHEN, "extension": [own("communication-direction", valueCode="unspecified")]}, None),
    ],
)
def test_which_way_a_communication_went(resource: Made, direction: str | None) -> None:
    told = face(COMMUNICATION).told({"resourceType": "Communication", **resource})
    assert (told["communication_datetime"], told.get("direction")) == (WHEN, direction)


@pytest.mark.parametrize(("said", "shown"), [("2026", "2026-01-01"), ("2026-03", "2026-03-01"), ("2026-03-04",) * 2])
def test_a_day_is_told_as_its_beginning(said: str, shown: str) -> None:
    told = face(COMMUNICATION).told({"resourceType": "Communication", "sent": said})
    assert told["communication_datetime"] == f"{shown}T00:00:00Z"


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (["MTH"], ("parent", None)),
        (["GUARD"], ("guardian", True)),
        (["GUARD", "GRMTH"], ("grandparent", True)),
        (["NBOR"], (None, None)),
    ],
)
def test_relationships_in_finer_words(codes: list[str], expected: tuple[str | None, bool | None]) -> None:
    concepts = [{"coding": [{"system": ROLE_CODE, "code": code}]} for code in codes]
    told = face(RELATIONSHIP).told({"resourceType": "RelatedPerson", "relationship": concepts})
    assert (told.get("relationship_type"), told.get("is_guardian")) == expected


def test_a_finer_relationship_stays_when_something_else_is_changed() -> None:
    lens = face(RELATIONSHIP)
    mother = {"coding": [{"system": ROLE_CODE, "code": "MTH"}]}
    local = {"resourceType": "RelatedPerson", "active": True, "relationship": [mother]}
    base = lens.to_vendor(local).value
    assert lens.absorb({**base, "note": "Rang"}, local, base).value["relationship"] == [mother]


@pytest.mark.parametrize("reference", ["Organization/o1", "Organization/o1/_history/2"])
def test_an_organisation_that_says_no_more_is_a_source(reference: str) -> None:
    told = face(ATTRIBUTION).told({"resourceType": "ServiceRequest", "requester": {"reference": reference}})
    assert list(told) == (["referral_source"] if reference == "Organization/o1" else [])


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"valueQuantity": {"value": 3, "unit": "km"}}, "3 km"),
        ({"valueCodeableConcept": {"coding": [{"code": "x", "display": "Ex"}]}}, "Ex"),
        ({"valueCoding": {"code": "x"}}, "x"),
        ({"valueReference": {"reference": "Location/1"}}, "Location/1"),
        ({"valueDateTime": WHEN}, WHEN),
    ],
)
def test_a_value_of_another_kind_is_told_in_words(value: Made, shown: str) -> None:
    field = {"url": CUSTOM_FIELD, "extension": [{"url": "name", "valueString": "x"}, {"url": "value", **value}]}
    assert face(FIELD_VALUES).told({"extension": [field]}) == {"fields": [{"name": "x", "value": shown}]}
