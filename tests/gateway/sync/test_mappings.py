"""What an operator may map to what: refused before it can do harm, with the nearest names; what is doubtful is told."""

from __future__ import annotations

import pytest
from sqlmodel import Session

from gateway.faults import Conflict, Fault, Invalid, NotFound
from gateway.sync.mapping_targets import nearest
from gateway.sync.mappings import remove_mapping, set_mapping
from gateway.translation.contract import Part, Pulled
from gateway.translation.lens import ResourceMap
from gateway.translation.rows import Field, Way
from tests.gateway.sync.clinic import Clinic
from tests.gateway.sync.vendor import BINDINGS, take

SITE = ResourceMap(
    "Location", frozenset(), (Field("id", "identifier[system=$id].value", way=Way.READ), Field("name", "name"))
).bound(BINDINGS)


async def bind(clinic: Clinic, source: str, target: str, kind: str = "custom-field", name: str = "kipu") -> list[str]:
    rooms = clinic.services.sync.connections

    def write(session: Session) -> tuple[str, ...]:
        row = rooms.get(session, clinic.realm, name)
        return set_mapping(session, row, rooms.translator(row), kind, source, target)

    return list(await clinic.session(write))


async def bound(clinic: Clinic, kind: str = "custom-field", name: str = "kipu") -> dict[str, str]:
    rooms = clinic.services.sync.connections
    tables = await clinic.session(lambda s: rooms.mappings(s, rooms.get(s, clinic.realm, name)))
    return tables[kind]


def said(fault: pytest.ExceptionInfo[Fault]) -> tuple[str, tuple[str, ...]]:
    (issue,) = fault.value.issues
    return issue.diagnostics, issue.expression


async def test_custom_fields_are_bound_to_fields_of_the_api_alone(clinic: Clinic) -> None:
    await clinic.connect("kipu", push="false")
    assert await bind(clinic, "Sober since", "sobriety_date") == []
    for target, near in (
        ("sobriety_dte", "sobriety_date"),
        ("Sobriety Date", "sobriety_date"),
        ("employer", "employer_name"),
    ):
        with pytest.raises(Invalid) as refused:
            await bind(clinic, "Other", target)
        words, places = said(refused)
        assert (near in words, places) == (True, ("target",)), words
    with pytest.raises(Invalid) as refused:
        await bind(clinic, "Other", "shoe_size_of_the_dog")
    assert "occupation" in said(refused)[0]  # nothing is near: all are offered
    assert await bound(clinic) == {"Sober since": "sobriety_date"}


async def test_two_fields_of_the_crm_are_not_one_of_the_emr(clinic: Clinic) -> None:
    await clinic.connect("kipu", push="false")
    await bind(clinic, "Job", "occupation")
    with pytest.raises(Conflict) as refused:
        await bind(clinic, "Trade", "occupation")
    assert (said(refused)[1], "Job" in said(refused)[0]) == (("target",), True)
    assert await bind(clinic, "Job", "occupation") == []
    assert await bind(clinic, "Job", "admission_status") == []
    await bind(clinic, "Trade", "occupation")
    with pytest.raises(Invalid):
        await bind(clinic, "employer_name", "patient_color_id")
    rooms = clinic.services.sync.connections
    row = await clinic.connection("kipu")
    await clinic.session(lambda s: remove_mapping(s, row, "custom-field", "Job"))
    with pytest.raises(NotFound):
        await clinic.session(lambda s: remove_mapping(s, row, "custom-field", "Job"))
    assert (await bound(clinic), rooms.translator(row).name) == ({"Trade": "occupation"}, "kipu")


async def test_a_field_that_the_api_only_shows_is_bound_with_a_word_of_warning(clinic: Clinic) -> None:
    await clinic.connect("kipu", push="false")
    (warning,) = await bind(clinic, "Call me by", "preferred_contact")
    assert "only shows preferred_contact" in warning


async def test_an_emr_without_such_fields_says_so(clinic: Clinic) -> None:
    await clinic.connect("internal", push="false")
    with pytest.raises(Invalid) as refused:
        await bind(clinic, "Job", "occupation", name="internal")
    assert "no fields that custom fields could be bound to" in said(refused)[0]


async def test_a_location_that_was_not_pulled_is_warned_of(clinic: Clinic) -> None:
    await clinic.connect("internal", push="false")
    assert await bind(clinic, "Main", "99", "location", "internal") == []
    sites = (("1", "Main House"), ("2", "River House"))
    await take(clinic, Pulled(None, tuple(Part(SITE, key, {"id": key, "name": name}) for key, name in sites)))
    assert await bind(clinic, "Main", "1", "location", "internal") == []
    (warning,) = await bind(clinic, "River", "River House", "location", "internal")
    assert warning.endswith("there is 2 (River House)")
    assert await bound(clinic, "location", "internal") == {"Main": "1", "River": "River House"}


def test_the_nearest_names_are_found_whatever_their_case_and_signs() -> None:
    assert nearest("EMPLOYER-PHONE", ["employer_name", "employer_phone", "occupation"])[0] == "employer_phone"
    assert nearest("zzz", ["occupation"]) == []
