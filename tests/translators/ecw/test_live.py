"""The live face: ids that fit FHIR, links and references that lead to us, nothing asked that is not declared."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.faults import EmrDenied, EmrNonsense, NotFound, NotSupported
from gateway.translation.lens import Interaction
from tests.translators.ecw.world import HOST, PUBLIC, World, account, reply
from translators.ecw import translator
from translators.ecw.ids import parameter, to_fhir_id, to_key
from translators.ecw.sandbox import BASE
from translators.ecw.sandbox_data import MAIN, PATIENT

keys = st.text("aud._-Z9", min_size=1, max_size=64).filter(lambda key: key.strip("."))
SAFE = to_fhir_id(PATIENT)


@given(keys)
def test_ids_there_and_back(key: str) -> None:
    id = to_fhir_id(key)
    assert to_key(id) == key
    assert "_" not in id or len(key) + key.count("_") > 64 or len(id) == len(key)
    assert len(id) <= 64 or "_" not in key


def test_ids_that_fit_stay() -> None:
    assert to_fhir_id("FFBJCD.aB-9") == "FFBJCD.aB-9"
    assert "_" in PATIENT
    assert "_" not in SAFE


@pytest.mark.parametrize("id", ["", "..", "a/b", "a?b", "a b", "ä", "x" * 129])
def test_what_cannot_be_an_id_never_gets_into_a_url(id: str) -> None:
    with pytest.raises(NotFound):
        next(translator.read(account(), "Patient", id))


async def test_read() -> None:
    world = World()
    patient = await world.run(translator.read(world.account, "Patient", SAFE))
    assert (patient["id"], patient["birthDate"]) == (SAFE, "1984-09-30")
    encounter = await world.run(translator.read(world.account, "Encounter", "FFBJCD.eNc-1"))
    assert encounter["subject"] == {"reference": f"Patient/{SAFE}"}
    with pytest.raises(NotFound):
        await world.run(translator.read(world.account, "Patient", "FFBJCD.none"))


async def test_search() -> None:
    world = World()
    ours = f"{PUBLIC}/fhir/r4/demo/via/emr/Patient/{SAFE}"
    for value in (SAFE, f"Patient/{SAFE}", ours):
        found = await world.run(translator.search(world.account, "Encounter", [("patient", value)]))
        assert [resource["id"] for resource in found.resources] == ["FFBJCD.eNc-1"]
    found = await world.run(translator.search(world.account, "Patient", [("_id", SAFE)]))
    assert (found.total, found.next, found.resources[0]["id"]) == (1, None, SAFE)


async def test_pages() -> None:
    world = World()
    locations = world.sandbox.state["documents"]["Location"]
    for number in range(25):
        locations[f"L{number}"] = {"resourceType": "Location", "id": f"L{number}", "status": "active", "name": "Main x"}
    first = await world.run(translator.search(world.account, "Location", [("name", "Main")]))
    assert (len(first.resources), first.total, first.next) == (20, 26, "name=Main&page=2")
    second = await world.run(translator.search(world.account, "Location", [("name", "Main"), ("page", "2")]))
    assert (len(second.resources), second.next) == (6, None)


@pytest.mark.parametrize("name", ["_count", "_sort", "_lastUpdated", "family:exact", "status", "_include"])
def test_undeclared_parameters_cost_no_call(name: str) -> None:
    with pytest.raises(NotSupported, match=name) as refused:
        next(translator.search(account(), "Patient", [("family", "x"), (name, "y")]))
    assert refused.value.issues[0].expression == (name,)


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


def test_outcomes_links_and_urls() -> None:
    flow = translator.search(account(), "DocumentReference", [("patient", "K")])
    (call,) = next(flow)
    assert (call.path, call.query, call.token) == (
        "/DocumentReference",
        (("patient", "K"),),
        "system/DocumentReference.read",
    )
    document = {
        "resourceType": "DocumentReference", "id": "D_1",
        "subject": {"reference": f"{HOST}{BASE}/Patient/K_1"},
        "author": [{"reference": "https://other.example/Practitioner/P_1"}],
        "content": [{"attachment": {"url": f"{HOST}{BASE}/Binary/B_1"}}],
        "extension": [{"url": f"{HOST}{BASE}x/Patient/1", "valueUri": "a_b"}],
    }  # fmt: skip
    bundle = {
        "resourceType": "Bundle",
        "entry": [{"resource": document}, {"resource": {"resourceType": "OperationOutcome", "issue": []}}],
        "link": [{"relation": "next", "url": f"{HOST}{BASE}/DocumentReference?patient=Patient%2FK_1&page=2"}],
    }
    with pytest.raises(StopIteration) as stop:
        flow.send((reply(bundle),))
    found = stop.value.value
    assert found.resources == (
        {
            "resourceType": "DocumentReference", "id": "D.u1",
            "subject": {"reference": "Patient/K.u1"},
            "author": [{"reference": "https://other.example/Practitioner/P_1"}],
            "content": [{"attachment": {"url": "Binary/B.u1"}}],
            "extension": [{"url": f"{HOST}{BASE}x/Patient/1", "valueUri": "a_b"}],
        },
    )  # fmt: skip
    assert found.issues == ({"resourceType": "OperationOutcome", "issue": []},)
    assert found.next == "patient=Patient%2FK.u1&page=2"


def test_a_next_link_to_the_same_page_is_none() -> None:
    flow = translator.search(account(), "Location", [("name", "x")])
    next(flow)
    with pytest.raises(StopIteration) as stop:
        flow.send((reply({"resourceType": "Bundle", "link": [{"relation": "next", "url": "/Location?name=x"}]}),))
    assert stop.value.value.next is None


@pytest.mark.parametrize("body", [{}, [], {"resourceType": "OperationOutcome"}])
def test_something_else_is_nonsense(body: Any) -> None:
    for flow in (translator.read(account(), "Location", "x"), translator.search(account(), "Location", [])):
        next(flow)
        with pytest.raises(EmrNonsense):
            flow.send((reply(body),))


def test_reference_values() -> None:
    assert parameter(account(), "reference", "patient", "A.u1,Patient/B") == "A_1,Patient/B"
    assert (
        parameter(account(), "reference", "patient", "https://other.example/Patient/x")
        == "https://other.example/Patient/x"
    )
    assert parameter(account(), "string", "name", "a.u") == "a.u"


async def test_a_scope_that_was_not_registered() -> None:
    world = World(account({"scope": "system/Patient.read system/Nothing.read"}))
    with pytest.raises(EmrDenied, match="did not grant"):
        await world.run(translator.read(world.account, "Patient", MAIN))
