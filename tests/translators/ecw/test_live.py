"""Which requests pass to eCW, and the calls that they become; and reading and searching as flows."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.faults import EmrNonsense, MethodNotAllowed, NotFound, NotSupported
from gateway.translation.lens import Interaction
from gateway.translation.passing import Passing, check_interaction, check_operation, check_search, passable
from tests.translators.ecw.world import HOST, World, account, reply
from translators.ecw import translator
from translators.ecw.capabilities import CAPABILITIES
from translators.ecw.sandbox import BASE
from translators.ecw.sandbox_data import PATIENT


def test_it_lets_requests_pass() -> None:
    assert isinstance(translator, Passing)
    call = translator.passing(account(), "Patient", "/Patient/a_b.c", (("page", "2"),), "application/fhir+json")
    assert (call.method, call.path, call.query, call.json) == ("GET", "/Patient/a_b.c", (("page", "2"),), None)
    assert "system/Patient.read" in (call.token or "").split()
    assert translator.statement(account()).token is None


def test_what_passes_is_what_it_declares_for_reading() -> None:
    found = translator.passable(account())
    assert found.keys() == CAPABILITIES.keys() - {"Group"}
    assert {each for one in found.values() for each in one.interactions} == {Interaction.READ, Interaction.SEARCH}
    assert found["Patient"].operations == found["Encounter"].operations == {"everything"}
    assert found["Patient"].revincludes == {"Provenance:target"}
    assert (found["Binary"].search, found["Binary"].includes) == ({}, frozenset())


def test_what_the_scopes_do_not_reach_does_not_pass() -> None:
    narrow = account({"scope": "system/Patient.read system/Patient.c system/Coverage.r"})
    assert translator.passable(narrow).keys() == {"Patient", "Coverage"}
    assert "Group" in translator.passable(account({"scope": "system/Patient.read system/Group.read"}))
    with pytest.raises(NotFound, match="GET metadata"):
        passable(translator, narrow, "Encounter")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("_count", "1"), ("_sort", "name"), ("_lastUpdated", "gt2026"), ("family:exact", "x"), ("status", "x"),
        ("_include", "Patient:general-practitioner"), ("_revinclude", "*"), ("organization.name", "x"), ("", ""),
    ],
)  # fmt: skip
def test_undeclared_parameters(name: str, value: str) -> None:
    found = translator.passable(account())["Patient"]
    with pytest.raises(NotSupported, match="birthdate") as refused:
        check_search(translator, found, "Patient", [("family", "x"), (name, value)])
    assert refused.value.issues[0].expression == (name,)
    check_search(translator, found, "Patient", [("family", "x"), ("_revinclude", "Provenance:target")])


def test_interactions_and_operations() -> None:
    found = translator.passable(account())
    with pytest.raises(MethodNotAllowed):
        check_interaction(translator, found["Binary"], "Binary", Interaction.SEARCH)
    for type, operation in (("Patient", "export"), ("Location", "everything"), ("Patient", "match")):
        with pytest.raises(NotSupported):
            check_operation(translator, found[type], type, operation)


async def test_read() -> None:
    world = World()
    patient = await world.run(translator.read(world.account, "Patient", PATIENT))
    assert (patient["id"], patient["birthDate"]) == (PATIENT, "1984-09-30")
    with pytest.raises(NotFound):
        await world.run(translator.read(world.account, "Patient", "FFBJCD.none"))


@pytest.mark.parametrize("id", ["", "..", "a/b", "a?b", "a b", "ä", "x" * 129])
def test_what_cannot_be_an_id_never_gets_into_a_url(id: str) -> None:
    with pytest.raises(NotFound):
        next(translator.read(account(), "Patient", id))


async def test_search_and_pages() -> None:
    world = World()
    locations = world.sandbox.state["documents"]["Location"]
    for number in range(25):
        locations[f"L{number}"] = {"resourceType": "Location", "id": f"L{number}", "status": "active", "name": "Hall"}
    first = await world.run(translator.search(world.account, "Location", [("name", "Hall")]))
    assert (len(first.resources), first.total, first.next) == (20, 25, "name=Hall&page=2")
    second = await world.run(translator.search(world.account, "Location", [("name", "Hall"), ("page", "2")]))
    assert (len(second.resources), second.next) == (5, None)


@pytest.mark.parametrize("type", ["Slot", "Appointment", "MedicationStatement"])
def test_types_that_are_not_served(type: str) -> None:
    for flow in (translator.read(account(), type, "x"), translator.search(account(), type, [])):
        with pytest.raises(NotSupported, match=type):
            next(flow)


@pytest.mark.parametrize("type", sorted(translator.maps))
async def test_every_declared_type_answers(type: str) -> None:
    world = World()
    map = translator.maps[type]
    if Interaction.SEARCH in map.interactions:
        wanted = [(name, "FFBJCD.x") for name in ("patient", "_id") if name in map.search][:1]
        found = await world.run(translator.search(world.account, type, wanted))
        assert all(resource["resourceType"] == type for resource in found.resources)
    if Interaction.READ in map.interactions:
        with pytest.raises(NotFound):
            await world.run(translator.read(world.account, type, "FFBJCD.none"))


def test_outcomes_and_whole_urls() -> None:
    flow = translator.search(account(), "DocumentReference", [("patient", "K")])
    next(flow)
    document = {
        "resourceType": "DocumentReference", "id": "D_1", "subject": {"reference": f"{HOST}{BASE}/Patient/K_1"},
        "author": [{"reference": "https://other.example/Practitioner/P_1"}],
    }  # fmt: skip
    outcome: dict[str, Any] = {"resourceType": "OperationOutcome", "issue": []}
    with pytest.raises(StopIteration) as stop:
        flow.send((reply({"resourceType": "Bundle", "entry": [{"resource": document}, {"resource": outcome}]}),))
    found = stop.value.value
    assert found.resources == ({**document, "subject": {"reference": "Patient/K_1"}},)
    assert found.issues == (outcome,)


@pytest.mark.parametrize("body", [{}, [], {"resourceType": "OperationOutcome"}])
def test_something_else_is_nonsense(body: Any) -> None:
    for flow in (translator.read(account(), "Location", "x"), translator.search(account(), "Location", [])):
        next(flow)
        with pytest.raises(EmrNonsense):
            flow.send((reply(body),))
