"""Records of substance use (42 CFR Part 2): closed on every road to who has no purpose for them, not even counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gateway.provenance.witness import provenance_witness
from tests.gateway.conftest import Fhir, entry
from tests.security.world import HERSELF, LAUNCHED, STAFF, A, B, World

REASON, CODE = (f"http://terminology.hl7.org/CodeSystem/v3-{name}" for name in ("ActReason", "ActCode"))
PART_2 = {"system": CODE, "code": "42CFRPart2"}
FOR_PAYMENT = {"system": REASON, "code": "HPAYMT"}
Resource = dict[str, Any]


def chart(patient: str, *security: Resource) -> list[Resource]:
    """A Patient who is no secret, and a labelled Condition, Encounter and Observation of theirs."""
    subject = {"subject": {"reference": f"Patient/{patient}"}, "meta": {"security": list(security)}}
    kind = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}
    return [
        {"resourceType": "Patient", "id": patient},
        {"resourceType": "Condition", "id": f"c-{patient}", **subject, "code": {"coding": [{"code": "F10"}]}},
        {"resourceType": "Encounter", "id": f"e-{patient}", "status": "finished", "class": kind, **subject},
        {
            "resourceType": "Observation", "id": f"o-{patient}", "status": "final", "code": {"text": "x"},
            "subject": {"reference": f"Patient/{patient}"}, "encounter": {"reference": f"Encounter/e-{patient}"},
        },
    ]  # fmt: skip


def unlabelled(resource: Resource) -> Resource:
    return {name: value for name, value in resource.items() if name != "meta"}


@pytest.fixture
async def labelled(world: World) -> World:
    await world.load(*chart(A, PART_2), *chart(B, PART_2, FOR_PAYMENT))
    return world


def everyone(world: World, *purposes: str) -> Fhir:
    return world.caller("system/*.cruds", purposes=frozenset(purposes))


ROADS: dict[str, str] = {
    "search": "Condition?patient={p}",
    "by id": "Condition?_id=c-{p}",
    "by its label": "Condition?_security=42CFRPart2&patient={p}",
    "by what it lacks": "Condition?_security:not=N&patient={p}",
    "reverse chain": "Patient?_id={p}&_has:Condition:patient:code=F10",
    "chain": "Observation?patient={p}&encounter:Encounter.status=finished",
    "system": "?_type=Condition&patient={p}",
    "compartment": "Patient/{p}/Condition",
    "reverse chain to the encounter": "Patient?_id={p}&_has:Observation:patient:encounter:Encounter.status=finished",
}


async def total(fhir: Fhir, path: str) -> int:
    counted = await fhir.ask("GET", f"{path}{'&' if '?' in path else '?'}_summary=count")
    found = await fhir.ask("GET", f"{path}{'&' if '?' in path else '?'}_total=accurate")
    assert counted.json()["total"] == found.json()["total"] == len(found.json().get("entry", ()))
    return int(found.json()["total"])


@pytest.mark.parametrize("road", ROADS)
async def test_searches_find_and_count_what_a_purpose_opens(labelled: World, road: str) -> None:
    for purposes, opened in (
        ((), ""),
        (("TREAT",), A),
        (("ETREAT",), A),
        (("HPAYMT",), B),
        (("TREAT", "HPAYMT"), A + B),
    ):
        for patient in (A, B):
            path = ROADS[road].format(p=patient)
            assert await total(everyone(labelled, *purposes), path) == int(patient in opened), (purposes, patient)


READS: list[Callable[[str], str]] = [
    lambda id: f"Condition/{id}",
    lambda id: f"Condition/{id}/_history/1",
    lambda id: f"Condition/{id}/_history",
    lambda id: f"Condition/{id}/$meta",
    lambda id: f"Condition/{id}/_history/1/$meta",
    lambda id: f"Condition/{id}/$validate",
]


@pytest.mark.parametrize("at", range(len(READS)))
async def test_what_is_closed_is_like_what_is_not_there(labelled: World, at: int) -> None:
    closed = await everyone(labelled).ask("GET", READS[at](f"c-{A}"))
    nothing = await everyone(labelled).ask("GET", READS[at]("nothing"))
    assert (closed.status_code, closed.content) == (nothing.status_code, nothing.content) == (404, nothing.content)
    assert (await everyone(labelled, "TREAT").ask("GET", READS[at](f"c-{A}"))).status_code == 200


async def test_writes_neither_reach_nor_tell_of_it(labelled: World) -> None:
    nobody, condition = everyone(labelled), chart(A)[1]
    patch = [{"op": "test", "path": "/id", "value": f"c-{A}"}]
    patching = {"Content-Type": "application/json-patch+json"}
    assert (await nobody.ask("PATCH", f"Condition/c-{A}", patch, headers=patching)).status_code == 404
    assert (await nobody.ask("PUT", f"Condition/c-{A}", unlabelled(condition))).status_code == 403
    assert (await nobody.ask("DELETE", f"Condition/c-{A}")).status_code == 204
    assert (await nobody.ask("DELETE", f"Condition?patient={A}")).status_code == 204
    seen = await everyone(labelled, "TREAT").ask("GET", f"Condition/c-{A}")
    assert seen.headers["etag"] == 'W/"1"'


async def test_who_has_no_purpose_cannot_write_what_it_could_not_see(labelled: World) -> None:
    secret = {**chart(A, PART_2)[1], "id": "new"}
    assert (await everyone(labelled).ask("PUT", "Condition/new", secret)).status_code == 403
    assert (await everyone(labelled).ask("POST", "Condition", secret)).status_code == 403
    assert (await everyone(labelled, "TREAT").ask("PUT", "Condition/new", secret)).status_code == 201


async def test_includes_leave_it_out(labelled: World) -> None:
    for search in (
        f"Patient?_id={A}&_revinclude=Condition:patient&_revinclude=Encounter:patient",
        f"Observation?_id=o-{A}&_include=Observation:encounter",
        f"Observation?_id=o-{A}&_include=*&_include:iterate=*",
    ):
        found = (await everyone(labelled).ask("GET", search)).json()["entry"]
        assert {each["resource"]["resourceType"] for each in found} <= {"Patient", "Observation"}, search
        opened = (await everyone(labelled, "TREAT").ask("GET", search)).json()["entry"]
        assert {each["resource"]["resourceType"] for each in opened} & {"Condition", "Encounter"}, search


async def test_records_matches_and_labels_in_use_leave_it_out(labelled: World) -> None:
    closed, opened = everyone(labelled), everyone(labelled, "TREAT")
    records = [(await fhir.ask("GET", f"Patient/{A}/$everything")).json() for fhir in (closed, opened)]
    listed = [{each["resource"]["id"] for each in record["entry"]} for record in records]
    assert listed[1] - listed[0] == {f"c-{A}", f"e-{A}"}
    assert records[1]["total"] - records[0]["total"] == 2
    for path in ("$meta", "Condition/$meta"):
        (told,) = (await closed.ask("GET", path)).json()["parameter"]
        assert "security" not in told.get("valueMeta", {}), path
        assert "42CFRPart2" in (await opened.ask("GET", path)).text


async def test_histories_neither_show_nor_count_it(labelled: World) -> None:
    closed, opened = everyone(labelled), everyone(labelled, "TREAT")
    for path, hidden, others in (("Condition/_history", 1, 1), ("_history", 2, 2)):
        shown = [(await fhir.ask("GET", f"{path}?_count=1000")).json() for fhir in (closed, opened)]
        ids = [{each["fullUrl"].rpartition("/")[2] for each in page.get("entry", ())} for page in shown]
        assert [page["total"] for page in shown] == [len(page.get("entry", ())) for page in shown]
        assert {f"c-{A}", f"c-{B}"}.isdisjoint(ids[0]), path
        assert (f"c-{A}" in ids[1], f"c-{B}" in ids[1]) == (True, False)
        assert shown[1]["total"] - shown[0]["total"] == hidden == others


async def test_a_label_closes_what_came_before_and_its_removal_does_not_open_what_bore_it(labelled: World) -> None:
    place, plain = "Condition/late", unlabelled({**chart(A)[1], "id": "late"})
    await labelled.load(plain)
    closed, opened = everyone(labelled), everyone(labelled, "TREAT")
    assert (await closed.ask("GET", f"{place}/_history/1")).status_code == 200
    await labelled.load({**plain, "meta": {"security": [PART_2]}})
    for path in (place, f"{place}/_history/1", f"{place}/_history/2", f"{place}/_history"):
        assert (await closed.ask("GET", path)).status_code == 404, path
        assert (await opened.ask("GET", path)).status_code == 200, path
    await opened.ask(
        "POST",
        f"{place}/$meta-delete",
        {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": {"security": [PART_2]}}]},
    )
    statuses = [(await closed.ask("GET", f"{place}/_history/{version}")).status_code for version in (1, 2, 3)]
    assert statuses == [200, 404, 200]
    history = (await closed.ask("GET", f"{place}/_history")).json()
    assert (history["total"], len(history["entry"])) == (2, 2)


async def test_what_was_deleted_is_as_closed_as_it_was(labelled: World) -> None:
    assert (await everyone(labelled, "TREAT").ask("DELETE", f"Condition/c-{A}")).status_code == 204
    nothing = await everyone(labelled).ask("GET", "Condition/nothing")
    for path in (f"Condition/c-{A}", f"Condition/c-{A}/_history/2"):
        closed = await everyone(labelled).ask("GET", path)
        assert (closed.status_code, closed.content) == (404, nothing.content)
        assert (await everyone(labelled, "TREAT").ask("GET", path)).status_code == 410
    assert f"c-{A}" not in (await everyone(labelled).ask("GET", "Condition/_history")).text


async def test_patients_see_their_own(labelled: World) -> None:
    herself = labelled.caller("patient/*.rs", patient=A, **HERSELF)
    assert await total(herself, "Condition?code=F10") == 1
    assert (await herself.ask("GET", f"Condition/c-{A}")).status_code == 200
    assert (await herself.ask("GET", f"Condition/c-{B}")).status_code == 404


async def test_staff_see_it_by_the_purpose_of_their_client(labelled: World) -> None:
    for caller, scope in ((STAFF, "user/*.rs"), (LAUNCHED, "patient/*.rs")):
        assert (await labelled.caller(scope, **caller).ask("GET", f"Condition/c-{A}")).status_code == 404
        treating = labelled.caller(scope, **caller, purposes=frozenset({"TREAT"}))
        assert (await treating.ask("GET", f"Condition/c-{A}")).status_code == 200


async def test_conditions_of_writes_and_references_do_not_find_it(labelled: World) -> None:
    new = {**chart(B)[3], "id": "n", "encounter": {"reference": f"Encounter?patient=Patient/{A}"}}
    answers = [
        await fhir.transaction(entry("POST", "Observation", new))
        for fhir in (everyone(labelled), everyone(labelled, "TREAT"))
    ]
    assert [answer.status_code for answer in answers] == [400, 200]
    condition = unlabelled(chart(A)[1])
    made = await everyone(labelled).ask("POST", "Condition", condition, headers={"If-None-Exist": f"_id=c-{A}"})
    assert made.status_code == 201


async def test_what_is_told_of_it_is_as_closed(world: World) -> None:
    """Provenance names its targets: that there is one would tell of them."""
    world.services.store.witnesses.append(provenance_witness)
    await world.load(*chart(A, PART_2))
    await world.admin.ask("DELETE", f"Condition/c-{A}")
    for target, opened in ((f"Condition/c-{A}", 2), (f"Encounter/e-{A}", 1)):
        search = f"Provenance?target={target}"
        assert await total(everyone(world), search) == 0
        assert await total(everyone(world, "TREAT"), search) == opened
    assert await total(everyone(world), f"Provenance?target=Observation/o-{A}") == 1
