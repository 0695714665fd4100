"""$match on Patient (https://hl7.org/fhir/R4/patient-operation-match.html)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest

from gateway.definitions.contract import Definitions
from gateway.store import candidates_sql, document
from tests.gateway.conftest import Fhir, entry, issue

GRADE = "http://hl7.org/fhir/StructureDefinition/match-grade"
US_CORE_PATIENT = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient"
MR, SSN = "urn:mr", "http://hl7.org/fhir/sid/us-ssn"


def person(id: str, family: str, given: str, birth: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Patient", "id": id, "name": [{"family": family, "given": [given]}],
        "birthDate": birth, "gender": "female", **more,
    }  # fmt: skip


def phone(value: str) -> dict[str, Any]:
    return {"system": "phone", "value": value}


ANA = person(
    "ana", "García", "Elizabeth", "1984-03-09",
    identifier=[{"system": MR, "value": "MR-100"}, {"system": SSN, "value": "123-45-6789"}],
    telecom=[phone("(555) 010-4477"), {"system": "email", "value": "Liz@example.org"}],
    address=[{"line": ["12 Elm Street"], "city": "Reno", "state": "NV", "postalCode": "89501"}],
)  # fmt: skip
OTHERS = [
    person("bea", "Brown", "Bea", "1990-10-10", telecom=[phone("5550109999")]),
    person("cyd", "Garcia", "Cyd", "1984-03-09"),
    person("dot", "Doe", "Dot", "1970-01-01"),
]


@pytest.fixture
async def people(client: Fhir) -> Fhir:
    await client.transaction(*(entry("PUT", f"Patient/{each['id']}", each) for each in (ANA, *OTHERS)))
    return client


def asking(resource: dict[str, Any], **more: Any) -> dict[str, Any]:
    keys = {"onlyCertainMatches": "valueBoolean", "count": "valueInteger"}
    rest = [{"name": name, keys[name]: value} for name, value in more.items()]
    return {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": resource}, *rest]}


def asked(**parts: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", **parts}


async def answered(client: Fhir, resource: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer = await client.ask("POST", "Patient/$match", asking(resource, **more))
    assert answer.status_code == 200, answer.text
    return cast("dict[str, Any]", answer.json())


def graded(body: dict[str, Any]) -> list[tuple[str, str]]:
    """(id, grade), as they are ordered; scores have to agree."""
    found = [each for each in body.get("entry", ()) if each["search"]["mode"] == "match"]
    scores = [each["search"]["score"] for each in found]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert [len(each["search"]["extension"]) for each in found] == [1] * len(found)
    assert {each["search"]["extension"][0]["url"] for each in found} <= {GRADE}
    return [(each["resource"]["id"], each["search"]["extension"][0]["valueCode"]) for each in found]


def outcomes(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        i for each in body.get("entry", ()) if each["search"]["mode"] == "outcome" for i in each["resource"]["issue"]
    ]


async def test_a_patient_matches_itself_certainly_and_others_less(people: Fhir, definitions: Definitions) -> None:
    body = await answered(people, ANA)
    assert graded(body)[0] == ("ana", "certain")
    assert body["type"] == "searchset"
    assert body["entry"][0]["fullUrl"] == f"{people.base}/Patient/ana"
    assert body["entry"][0]["resource"] == (await people.ask("GET", "Patient/ana")).json()
    answer = await people.ask("POST", "Patient/$match", asking(ANA))
    assert definitions.validate(document.decode(answer.content)) == ()
    assert body["total"] == len(graded(body))


NAME = [{"family": "GARCIA", "given": ["elizabeth"]}]
FOUND = [
    asked(identifier=[{"system": MR, "value": "MR-100"}]),
    asked(identifier=[{"system": SSN, "value": "123456789"}]),
    asked(name=NAME, birthDate="1984-03-09", gender="female"),
    asked(name=[{"family": "Garcia", "given": ["Liz"]}], birthDate="1984-03-09", telecom=[phone("555-010-4477")]),
    asked(name=NAME, birthDate="1984-09-03", telecom=[{"system": "email", "value": "liz@example.org"}]),
    asked(name=[{"family": "Gracia", "given": ["Elizabeth"]}], birthDate="1984-03-09", telecom=[phone("+15550104477")]),
    asked(name=[{"family": "Married", "given": ["Elizabeth"]}], telecom=[phone("5550104477")], birthDate="1984-03-09"),
    asked(name=NAME, address=ANA["address"], gender="female", birthDate="1984-03"),
]


@pytest.mark.parametrize("question", FOUND)
async def test_it_is_found_by_what_is_known(people: Fhir, question: dict[str, Any]) -> None:
    best, grade = graded(await answered(people, question))[0]
    assert (best, grade in ("certain", "probable")) == ("ana", True)


async def test_weaker_questions_get_weaker_grades(people: Fhir) -> None:
    assert graded(await answered(people, asked(name=NAME))) == [("ana", "possible")]
    assert ("ana", "possible") in graded(await answered(people, asked(birthDate="1984-03-09")))
    assert graded(await answered(people, asked(name=[{"family": "Nobody"}], birthDate="1950-01-01"))) == []


async def test_no_match_is_no_error(people: Fhir) -> None:
    body = await answered(people, asked(identifier=[{"system": MR, "value": "MR-999"}]))
    assert (body["total"], body.get("entry")) == (0, None)


async def test_only_certain_matches(people: Fhir) -> None:
    assert graded(await answered(people, ANA, onlyCertainMatches=True)) == [("ana", "certain")]
    assert graded(await answered(people, asked(name=NAME), onlyCertainMatches=True)) == []
    twin = ANA | {"id": "again"}
    await people.ask("PUT", "Patient/again", twin)
    body = await answered(people, ANA, onlyCertainMatches=True)
    assert (graded(body), body["total"]) == ([], 0)
    assert outcomes(body)[0]["code"] == "multiple-matches"
    assert graded(await answered(people, ANA, onlyCertainMatches=False))[:2] == [
        ("ana", "certain"),
        ("again", "certain"),
    ]


async def test_count(people: Fhir) -> None:
    whole = await answered(people, asked(birthDate="1984-03-09", gender="female"))
    assert len(graded(whole)) == 2
    body = await answered(people, asked(birthDate="1984-03-09", gender="female"), count=1)
    assert (graded(body), body["total"]) == (graded(whole)[:1], 2)


async def test_a_record_that_was_replaced_leads_to_the_one_that_did(people: Fhir) -> None:
    link = [{"type": "replaced-by", "other": {"reference": "Patient/new"}}]
    await people.ask("PUT", "Patient/ana", ANA | {"link": link, "active": False})
    await people.ask("PUT", "Patient/new", person("new", "Moved", "Elizabeth", "1984-03-09"))
    body = await answered(people, asked(identifier=ANA["identifier"], name=NAME))
    assert graded(body)[0] == ("ana", "probable")
    (told,) = outcomes(body)
    assert told["expression"] == ["Bundle.entry[0]"]
    assert "replaced" in told["diagnostics"]
    assert graded(await answered(people, ANA, onlyCertainMatches=True)) == []
    by_number = asked(identifier=ANA["identifier"], name=[{"given": ["Elizabeth"]}])
    assert dict(graded(await answered(people, by_number | {"birthDate": "1984-03-09"})))["new"] == "probable"


async def test_deleted_and_foreign_records_are_no_candidates(people: Fhir, south: Fhir) -> None:
    assert graded(await answered(south, ANA)) == []
    await people.ask("DELETE", "Patient/ana")
    assert ("ana", "certain") not in graded(await answered(people, ANA))


async def test_the_resource_alone_and_parameters_of_the_address(people: Fhir) -> None:
    answer = await people.ask("POST", "Patient/$match?onlyCertainMatches=true&count=5", ANA)
    assert (answer.status_code, graded(answer.json())) == (200, [("ana", "certain")])


async def test_an_incomplete_patient_may_claim_a_profile(people: Fhir) -> None:
    question = asked(meta={"profile": [US_CORE_PATIENT]}, birthDate="1984-03-09", name=NAME)
    assert graded(await answered(people, question))[0][0] == "ana"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"resourceType": "Parameters"}, "Parameters.parameter"),
    (asking({"resourceType": "Organization", "name": "x"}), "Parameters.parameter[0].resource"),
    (asking(asked(gender="female")), "Parameters.parameter[0].resource"),
    (asking(asked(gender="F", birthDate="1984-03-09")), "Parameters.parameter[0].resource.gender"),
    (asking(ANA, count=0), "Parameters.parameter[1].valueInteger"),
    (asking(ANA, count="3"), "Parameters.parameter[1].valueInteger"),
    (asking(ANA, onlyCertainMatches="yes"), "Parameters.parameter[1].valueBoolean"),
    ({"resourceType": "Parameters", "parameter": [*asking(ANA)["parameter"] * 2]}, "Parameters.parameter[1].resource"),
    ({"resourceType": "Parameters", "parameter": [{"name": "patient", "resource": ANA}]}, "Parameters.parameter[0]"),
    (asked(active=True), "Patient"),
    ({"resourceType": "Organization", "name": "x"}, "Organization"),
]


@pytest.mark.parametrize(("body", "place"), WRONG)
async def test_what_is_wrong_is_told_at_its_place(client: Fhir, body: dict[str, Any], place: str) -> None:
    answer = await client.ask("POST", "Patient/$match", body)
    assert (answer.status_code, issue(answer)["expression"]) == (400, [place])


async def test_it_is_posted_to_patients(client: Fhir) -> None:
    assert (await client.ask("GET", "Patient/$match")).status_code in (400, 405)
    assert (await client.ask("POST", "Practitioner/$match", asking(ANA))).status_code == 400
    assert (await client.ask("POST", "Patient/$match")).status_code == 400


async def test_it_takes_the_scope_to_search(people: Fhir, scoped: Callable[[str], Awaitable[Fhir]]) -> None:
    for scope, status in (("system/Patient.r", 403), ("system/Encounter.rs", 403), ("system/Patient.s", 200)):
        limited = await scoped(scope)
        assert (await limited.ask("POST", "Patient/$match", asking(ANA))).status_code == status, scope


async def test_a_common_name_costs_no_more_and_is_told(people: Fhir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates_sql, "REACH", 1)
    body = await answered(people, asked(birthDate="1984-03-09"))
    assert outcomes(body)[0]["code"] == "incomplete"
    assert outcomes(await answered(people, asked(birthDate="1970-01-01"))) == []


async def test_no_question_reaches_the_log(people: Fhir, log_lines: list[Any]) -> None:
    await answered(people, ANA)
    await people.ask("POST", "Patient/$match", asking(asked(gender="F", birthDate="1984-03-09")))
    assert not any(word in repr(log_lines) for word in ("García", "1984-03-09", "MR-100"))
