"""FHIR transaction: http.html#transaction, #trules."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

import pytest

from tests.gateway.conftest import NORTH, Fhir, Outbox, bundle, entry, identified, issue, patient

SYSTEM = "https://crm.example/id"
URN = "urn:uuid:5a4ffbc6-60b1-4d1a-9d9e-1d1f0a6f000"


def observation(subject: str, **more: Any) -> dict[str, Any]:
    made = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "subject": {"reference": subject}}
    return {**made, **more}


def ids(answer: Any) -> list[str]:
    """`Type/id` of each entry's answer that has a location."""
    assert answer.status_code == 200, answer.text
    return [
        each["response"]["location"].removeprefix(f"{NORTH}/").partition("/_history")[0]
        for each in answer.json()["entry"]
    ]


async def test_placeholders_become_references_forwards_and_backwards(client: Fhir, outbox: Outbox) -> None:
    narrative = f'<div xmlns="http://www.w3.org/1999/xhtml"><a href="{URN}1">the patient, {URN}1</a></div>'
    answer = await client.transaction(
        entry("POST", "Observation", observation(URN + "1", text={"status": "generated", "div": narrative})),
        entry("POST", "Patient", patient(generalPractitioner=[{"reference": URN + "3"}]), fullUrl=URN + "1"),
        entry("PUT", "Practitioner/d", {"resourceType": "Practitioner", "id": "d"}, fullUrl=URN + "3"),
    )
    made, subject, doctor = ids(answer)
    assert doctor == "Practitioner/d"
    read = (await client.ask("GET", made)).json()
    assert read["subject"] == {"reference": subject}
    assert f'href="{subject}"' in read["text"]["div"]
    assert f"the patient, {URN}1" in read["text"]["div"]
    assert (await client.ask("GET", subject)).json()["generalPractitioner"] == [{"reference": doctor}]
    assert [len(handed) for handed in outbox.handed] == [3]


async def test_urls_are_rewritten_and_look_alikes_are_not(client: Fhir) -> None:
    binary = {"resourceType": "Binary", "contentType": "text/plain", "data": "aGk="}
    document = {
        "resourceType": "DocumentReference",
        "status": "current",
        "content": [{"attachment": {"url": URN + "1"}}],
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": URN + "1"}],
    }
    answer = await client.transaction(
        entry("POST", "DocumentReference", document), entry("POST", "Binary", binary, fullUrl=URN + "1")
    )
    made, attached = ids(answer)
    read = (await client.ask("GET", made)).json()
    assert read["content"][0]["attachment"]["url"] == attached
    assert read["identifier"][0]["value"] == URN + "1"


async def test_references_relative_to_a_foreign_fullurl(client: Fhir) -> None:
    old = "https://old.example/fhir"
    answer = await client.transaction(
        entry("POST", "Patient", patient(id="7"), fullUrl=f"{old}/Patient/7"),
        entry("POST", "Observation", observation("Patient/7"), fullUrl=f"{old}/Observation/1"),
        entry("POST", "Observation", observation(f"{old}/Patient/7"), fullUrl=URN + "1"),
        entry("POST", "Observation", observation("Patient/7"), fullUrl=URN + "2"),
    )
    subject, first, second, third = ids(answer)
    references = [(await client.ask("GET", each)).json()["subject"]["reference"] for each in (first, second, third)]
    assert references == [subject, subject, "Patient/7"]


@pytest.mark.parametrize("reference", ["https://elsewhere.example/fhir/Patient/1", "Patient/not-here", "#c"])
async def test_other_references_stay_as_they_are(client: Fhir, reference: str) -> None:
    contained = {"contained": [{"resourceType": "Patient", "id": "c"}]} if reference == "#c" else {}
    answer = await client.transaction(entry("POST", "Observation", observation(reference, **contained)))
    (made,) = ids(answer)
    assert (await client.ask("GET", made)).json()["subject"] == {"reference": reference}


async def test_a_placeholder_without_entry_is_refused(client: Fhir) -> None:
    answer = await client.transaction(
        entry("POST", "Patient", patient(), fullUrl=URN + "1"), entry("POST", "Observation", observation(URN + "2"))
    )
    assert (answer.status_code, issue(answer)["expression"]) == (400, ["Bundle.entry[1].resource.subject.reference"])
    assert await client.total("Patient?") == 0


async def test_a_patient_of_the_shape_that_crms_send_for_ecw(client: Fhir) -> None:
    us_core = "http://hl7.org/fhir/us/core/StructureDefinition"
    race = [
        {"url": "ombCategory", "valueCoding": {"system": "urn:oid:2.16.840.1.113883.6.238", "code": "2106-3"}},
        {"url": "text", "valueString": "White"},
    ]
    facility = {"reference": "Location/AbC123xyz"}
    sent = {
        "resourceType": "Patient",
        "meta": {"profile": [f"{us_core}/us-core-patient"]},
        "active": True,
        "name": [{"text": "Robin", "family": "Tester", "given": ["Robin"]}],
        "maritalStatus": {"text": "Married"},
        "telecom": [{"system": "phone", "value": "5550100", "use": "home"}],
        "address": [{"use": "home", "line": ["1 Test Street"], "city": "TESTVILLE", "state": "open"}],
        "deceasedBoolean": False,
        "identifier": [{"use": "usual", "system": "urn:oid:1.2.3.4", "value": "AbC123"}],
        "communication": [
            {
                "language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "ENG"}], "text": "English"},
                "preferred": True,
            }
        ],
        "gender": "male",
        "birthDate": "2001-01-27",
        "extension": [
            {"url": f"{us_core}/us-core-race", "extension": race},
            {"url": f"{us_core}/us-core-birthsex", "valueCode": "M"},
            {"url": "http://eclinicalworks.com/supportingInfo/defaultFacility", "valueReference": facility},
        ],
    }
    (made,) = ids(await client.transaction(entry("POST", "Patient", sent)))
    read = (await client.ask("GET", made)).json()
    assert {name: read[name] for name in sent if name != "meta"} == {n: v for n, v in sent.items() if n != "meta"}
    assert read["meta"]["profile"] == [f"{us_core}/us-core-patient"]


async def test_order_is_the_specifications_not_the_senders(client: Fhir) -> None:
    await client.ask("PUT", "Patient/old", identified("1", id="old"))
    answer = await client.transaction(
        entry("GET", f"Patient?identifier={SYSTEM}|1"),
        entry("GET", "Patient/kept"),
        entry("PUT", "Patient/kept", patient("Kept", id="kept")),
        entry("POST", "Patient", identified("1"), ifNoneExist=f"identifier={SYSTEM}|1"),
        entry("DELETE", "Patient/old"),
    )
    found, kept, put, posted, deleted = answer.json()["entry"]
    statuses = [each["response"]["status"][:3] for each in (found, kept, put, posted, deleted)]
    assert statuses == ["200", "200", "201", "201", "204"]
    assert posted["response"]["location"].startswith(
        f"{NORTH}/Patient/{found['resource']['entry'][0]['resource']['id']}/"
    )
    assert kept["resource"]["name"] == [{"family": "Kept"}]
    assert deleted["response"]["etag"] == 'W/"2"'


FAILING: list[tuple[dict[str, Any], int, str]] = [
    (entry("PUT", "Patient/p", patient(id="p"), ifMatch='W/"9"'), 412, "Bundle.entry[3]"),
    (entry("DELETE", "Patient/q", ifMatch='W/"1"'), 412, "Bundle.entry[3]"),
    (entry("GET", "Patient/none"), 404, "Bundle.entry[3]"),
    (entry("GET", "Patient/d"), 410, "Bundle.entry[3]"),
    (entry("GET", "Patient?_sort=x"), 400, "Bundle.entry[3]"),
    (entry("POST", "Patient", patient(), ifNoneExist="gender=male"), 412, "Bundle.entry[3].request.ifNoneExist"),
    (
        entry("POST", "Observation", observation("Patient?identifier=none")),
        400,
        "Bundle.entry[3].resource.subject.reference",
    ),
    (
        entry("POST", "Observation", observation("Patient?gender=male")),
        412,
        "Bundle.entry[3].resource.subject.reference",
    ),
    (entry("POST", "Observation", observation("Patient?shoe=9")), 400, "Bundle.entry[3].resource.subject.reference"),
    (entry("POST", "Observation", observation("Patient?_count=1")), 400, "Bundle.entry[3].resource.subject.reference"),
]


@pytest.mark.parametrize(("bad", "status", "expression"), FAILING)
async def test_one_that_fails_undoes_all(
    client: Fhir, outbox: Outbox, bad: dict[str, Any], status: int, expression: str
) -> None:
    for id in ("a", "b", "d"):
        await client.ask("PUT", f"Patient/{id}", patient(id=id, gender="male" if id != "d" else "female"))
    await client.ask("DELETE", "Patient/d")
    outbox.handed.clear()
    answer = await client.transaction(
        entry("POST", "Patient", patient("New", gender="female")),
        entry("PUT", "Patient/a", patient("Changed", id="a", gender="male")),
        entry("DELETE", "Patient/e"),
        bad,
    )
    assert (answer.status_code, issue(answer)["expression"]) == (status, [expression])
    assert await client.total("Patient?") == 2
    assert (await client.ask("GET", "Patient/a")).headers["etag"] == 'W/"1"'
    assert (await client.ask("GET", "Patient/a/_history/2")).status_code == 404
    assert await client.total("Patient?family=New") == 0
    assert outbox.handed == []


@pytest.mark.parametrize(
    "entries",
    [
        [entry("PUT", "Patient/p", patient(id="p")), entry("PUT", "Patient/p", patient("B", id="p"))],
        [entry("PUT", "Patient/p", patient(id="p")), entry("DELETE", "Patient/p")],
        [entry("PUT", "Patient/p", patient(id="p")), entry("DELETE", f"{NORTH}/Patient/p")],
        [entry("DELETE", "Patient/p"), entry("DELETE", "/Patient/p")],
        [
            entry("POST", "Patient", patient(), fullUrl=URN + "1"),
            entry("POST", "Patient", patient(), fullUrl=URN + "1"),
        ],
    ],
)
async def test_no_two_entries_act_on_one_identity(client: Fhir, entries: list[dict[str, Any]]) -> None:
    answer = await client.transaction(*entries)
    assert (answer.status_code, issue(answer)["expression"]) == (400, ["Bundle.entry[0]", "Bundle.entry[1]"])
    assert await client.total("Patient?") == 0


class TestConditions:
    """ifNoneExist and conditional references."""

    CONDITION = f"identifier={SYSTEM}|1"

    async def test_a_match_is_used_and_not_changed(self, client: Fhir) -> None:
        there = await client.create(identified("1"))
        answer = await client.transaction(
            entry("POST", "Patient", identified("1", gender="male"), ifNoneExist=self.CONDITION, fullUrl=URN + "1"),
            entry("POST", "Observation", observation(URN + "1")),
        )
        matched, made = ids(answer)
        assert answer.json()["entry"][0]["response"]["status"] == "200 OK"
        assert matched == f"Patient/{there['id']}"
        assert (await client.ask("GET", made)).json()["subject"]["reference"] == matched
        assert (await client.ask("GET", matched)).json() == there

    async def test_a_condition_that_repeats_means_one_resource(self, client: Fhir, outbox: Outbox) -> None:
        entries = [
            entry("POST", "Patient", identified("1"), ifNoneExist=self.CONDITION, fullUrl=URN + str(n)) for n in (1, 2)
        ]
        answer = await client.transaction(*entries, entry("POST", "Observation", observation(URN + "2")))
        first, second, made = ids(answer)
        assert first == second
        assert [each["response"]["status"][:3] for each in answer.json()["entry"]] == ["201", "200", "201"]
        assert (await client.ask("GET", made)).json()["subject"]["reference"] == first
        assert (await client.ask("GET", first)).headers["etag"] == 'W/"1"'

    async def test_repeated_even_when_the_resource_does_not_meet_it(self, client: Fhir) -> None:
        entries = [entry("POST", "Patient", patient(name), ifNoneExist=self.CONDITION) for name in ("A", "B")]
        first, second = ids(await client.transaction(*entries))
        assert first == second
        assert (await client.ask("GET", first)).json()["name"] == [{"family": "A"}]

    async def test_two_conditions_that_find_what_one_entry_creates(self, client: Fhir) -> None:
        answer = await client.transaction(
            entry("POST", "Patient", identified("1"), ifNoneExist=self.CONDITION),
            entry("POST", "Patient", identified("1"), ifNoneExist=f"{self.CONDITION}&name=Example"),
        )
        assert (answer.status_code, issue(answer)["expression"]) == (400, ["Bundle.entry[1].request.ifNoneExist"])
        assert await client.total("Patient?") == 0

    async def test_references_find_what_the_bundle_creates(self, client: Fhir) -> None:
        """Resolved last, and one after the other where they hang together (http.html#trules)."""
        organization = {
            "resourceType": "Organization",
            "identifier": [{"system": SYSTEM, "value": "o"}],
            "name": "Clinic",
        }
        managed = identified("1", managingOrganization={"reference": f"Organization?identifier={SYSTEM}|o"})
        answer = await client.transaction(
            entry("POST", "Observation", observation(f"Patient?identifier={SYSTEM}|1")),
            entry("POST", "Patient", managed),
            entry("POST", "Organization", organization),
        )
        made, subject, manager = ids(answer)
        assert (await client.ask("GET", made)).json()["subject"]["reference"] == subject
        assert (await client.ask("GET", subject)).json()["managingOrganization"]["reference"] == manager

    async def test_a_circle_of_conditions_is_refused(self, client: Fhir) -> None:
        link = [{"other": {"reference": f"Patient?identifier={SYSTEM}|2"}, "type": "seealso"}]
        back = [{"other": {"reference": f"Patient?identifier={SYSTEM}|1"}, "type": "seealso"}]
        answer = await client.transaction(
            entry("POST", "Patient", identified("1", link=link)), entry("POST", "Patient", identified("2", link=back))
        )
        assert (answer.status_code, issue(answer)["expression"]) == (
            400,
            ["Bundle.entry[0].resource.link[0].other.reference"],
        )

    async def test_another_organisations_are_not_found(self, client: Fhir, south: Fhir) -> None:
        await south.create(identified("1"))
        answer = await client.transaction(entry("POST", "Observation", observation(f"Patient?{self.CONDITION}")))
        assert answer.status_code == 400

    @pytest.mark.parametrize(
        ("made", "expression"),
        [
            (entry("POST", "Patient", patient(), ifNoneExist=CONDITION), "Bundle.entry[0].request.ifNoneExist"),
            (
                entry("POST", "Observation", observation(f"Patient?{CONDITION}")),
                "Bundle.entry[0].resource.subject.reference",
            ),
        ],
    )
    async def test_they_need_to_search(
        self, scoped: Callable[[str], Awaitable[Fhir]], made: dict[str, Any], expression: str
    ) -> None:
        answer = await (await scoped("system/Patient.cru system/Observation.cruds")).transaction(made)
        assert (answer.status_code, issue(answer)["expression"]) == (403, [expression])

    async def test_in_parallel_they_make_one(self, client: Fhir) -> None:
        send = bundle(entry("POST", "Patient", identified("1"), ifNoneExist=self.CONDITION))
        answers = await asyncio.gather(*(client.ask("POST", "", send) for _ in range(10)))
        assert len({ids(answer)[0] for answer in answers}) == 1
        assert await client.total("Patient?") == 1


async def test_a_thousand_entries(client: Fhir, outbox: Outbox) -> None:
    people = [entry("POST", "Patient", identified(str(n)), fullUrl=f"{URN}{n}") for n in range(500)]
    weights = [entry("POST", "Observation", observation(f"{URN}{n}")) for n in range(500)]
    started = perf_counter()
    answer = await client.transaction(*weights, *people)
    assert perf_counter() - started < 20
    made = ids(answer)
    assert len(set(made)) == 1000
    assert len(outbox.handed[0]) == 1000
    assert (await client.ask("GET", made[499])).json()["subject"]["reference"] == made[999]


async def test_a_thousand_entries_and_one_bad_leave_nothing(client: Fhir) -> None:
    people = [entry("POST", "Patient", identified(str(n))) for n in range(1000)]
    answer = await client.transaction(*people, entry("GET", "Patient/none"))
    assert (answer.status_code, issue(answer)["expression"]) == (404, ["Bundle.entry[1000]"])
    assert await client.total("Patient?") == 0


async def test_numbers_keep_their_digits(client: Fhir) -> None:
    body = json.dumps(
        bundle(
            entry("POST", "Observation", observation("Patient/1", valueQuantity={"value": 987654})),
            entry("DELETE", "Patient/x"),
        )
    )
    answer = await client.ask("POST", "", body.replace("987654", "1.00").encode())
    location = answer.json()["entry"][0]["response"]["location"].removeprefix(f"{NORTH}/")
    assert b'"valueQuantity":{"value":1.00}' in (await client.ask("GET", location)).content
