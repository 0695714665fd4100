"""$everything on a Patient (https://hl7.org/fhir/R4/patient-operation-everything.html)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

import pytest
import pytest_asyncio

from gateway.definitions.contract import Definitions
from gateway.operations.care_dates import CARE_DATES
from gateway.store import record_sql
from tests.gateway.conftest import NORTH, Fhir, Template, entry, issue, patient, standing

SUBJECT = {"reference": "Patient/p"}
CODE = {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]}


def encounter(id: str, **more: Any) -> dict[str, Any]:
    kind = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"}
    return {"resourceType": "Encounter", "id": id, "status": "finished", "class": kind, "subject": SUBJECT, **more}


def observation(id: str, **more: Any) -> dict[str, Any]:
    return {"resourceType": "Observation", "id": id, "status": "final", "code": CODE, "subject": SUBJECT, **more}


def named(type: str, id: str, **more: Any) -> dict[str, Any]:
    return {"resourceType": type, "id": id, **more}


PDF = {"attachment": {"contentType": "application/pdf", "url": f"{NORTH}/Binary/scan"}}
RECORD = [
    observation("early", effectiveDateTime="2019-05-01", performer=[{"reference": "PractitionerRole/nurse"}]),
    patient("One", id="p", managingOrganization={"reference": "Organization/clinic"}),
    encounter(
        "stay",
        period={"start": "2024-01-10", "end": "2024-02-01"},
        location=[{"location": {"reference": "Location/bed"}}],
        hospitalization={"origin": {"reference": "Organization/referrer"}},
    ),
    observation("late", effectiveDateTime="2024-01-12", encounter={"reference": "Encounter/stay"}),
    {"resourceType": "Condition", "id": "lasting", "subject": SUBJECT, "onsetDateTime": "2015-01-01"},
    {"resourceType": "DocumentReference", "id": "note", "status": "current", "subject": SUBJECT, "content": [PDF]},
    {
        "resourceType": "Coverage", "id": "policy", "status": "active",
        "beneficiary": SUBJECT, "payor": [{"reference": "Organization/payer"}],
    },
]  # fmt: skip
SUPPORT = [
    named("Organization", "clinic", name="Clinic"),
    named("Organization", "referrer", name="Referrer"),
    named("Organization", "payer", name="Payer"),
    named("Location", "bed", partOf={"reference": "Location/room"}),
    named("Location", "room", partOf={"reference": "Location/house"}),
    named("Location", "house", managingOrganization={"reference": "Organization/clinic"}),
    named("PractitionerRole", "nurse", practitioner={"reference": "Practitioner/n"}),
    named("Practitioner", "n"),
    named("Binary", "scan", contentType="application/pdf", data="JVBERg=="),
]
OTHERS = [
    patient("Two", id="q"),
    observation("theirs", subject={"reference": "Patient/q"}),
    named("Organization", "stranger", name="Stranger"),
]
MATCHES = [f"{each['resourceType']}/{each['id']}" for each in (RECORD[1], RECORD[0], *RECORD[2:])]
LINKED = {f"{each['resourceType']}/{each['id']}" for each in SUPPORT}


@dataclass
class Told:
    """What one Bundle says."""

    body: dict[str, Any]

    def of(self, mode: str) -> list[str]:
        entries = self.body.get("entry", [])
        return [
            f"{e['resource']['resourceType']}/{e['resource']['id']}" for e in entries if e["search"]["mode"] == mode
        ]

    @property
    def names(self) -> list[str]:
        return [*self.of("match"), *self.of("include")]

    def link(self, relation: str) -> str | None:
        return next((cast("str", each["url"]) for each in self.body["link"] if each["relation"] == relation), None)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def on_file(
    template: Template, definitions: Definitions, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Fhir]:
    """For tests that only read."""
    async with standing(template, definitions, tmp_path_factory.mktemp("file"), *RECORD, *SUPPORT, *OTHERS) as client:
        yield client


@pytest.fixture
async def record(client: Fhir) -> Fhir:
    entries = [entry("PUT", f"{r['resourceType']}/{r['id']}", r) for r in [*RECORD, *SUPPORT, *OTHERS]]
    answer = await client.transaction(*entries)
    assert answer.status_code == 200, answer.text
    return client


async def everything(client: Fhir, query: str = "", id: str = "p") -> Told:
    answer = await client.ask("GET", f"Patient/{id}/$everything{query}")
    assert answer.status_code == 200, answer.text
    return Told(answer.json())


async def walked(client: Fhir, first: Told) -> list[Told]:
    pages = [first]
    while following := pages[-1].link("next"):
        assert len(pages) < 100
        answer = await client.ask("GET", following.removeprefix(f"{NORTH}/"))
        assert answer.status_code == 200, answer.text
        pages.append(Told(answer.json()))
    return pages


async def test_the_whole_record_in_one_bundle(on_file: Fhir) -> None:
    told = await everything(on_file)
    assert told.body["type"] == "searchset"
    assert told.of("match") == MATCHES
    assert set(told.of("include")) == LINKED
    assert len(told.names) == len(set(told.names))
    assert (told.body["total"], told.link("next")) == (len(MATCHES), None)
    assert told.body["entry"][0]["fullUrl"] == f"{NORTH}/Patient/p"
    assert told.body["entry"][0]["resource"] == (await on_file.ask("GET", "Patient/p")).json()


async def test_it_satisfies_the_definition_of_a_bundle(on_file: Fhir, definitions: Definitions) -> None:
    assert definitions.validate((await everything(on_file)).body) == ()


@pytest.mark.parametrize("count", [1, 2, 5, 7, 16])
async def test_pages_hold_everything_once(on_file: Fhir, count: int) -> None:
    pages = await walked(on_file, await everything(on_file, f"?_count={count}"))
    names = [name for page in pages for name in page.names]
    assert (names[: len(MATCHES)], set(names[len(MATCHES) :])) == (MATCHES, LINKED)
    assert len(names) == len(set(names))
    assert all(len(page.names) <= count for page in pages)
    assert {page.body["total"] for page in pages} == {len(MATCHES)}


async def test_what_is_written_meanwhile_repeats_and_skips_nothing(record: Fhir) -> None:
    first = await everything(record, "?_count=3")
    await record.create({**observation("x"), "performer": [{"reference": "Practitioner/n"}]})
    await record.ask("DELETE", "Observation/early")
    names = [name for page in await walked(record, first) for name in page.names]
    assert len(names) == len(set(names))
    assert {*MATCHES, *LINKED} - set(names) == {"PractitionerRole/nurse"}  # which only what is gone referred to
    assert len(names) == len({*MATCHES, *LINKED})


async def test_a_count_of_none_counts(on_file: Fhir) -> None:
    told = await everything(on_file, "?_count=0")
    assert (told.body["total"], told.names, told.link("next")) == (len(MATCHES), [], None)


async def test_types(on_file: Fhir) -> None:
    assert (await everything(on_file, "?_type=Observation,Coverage")).names == [
        "Observation/early", "Observation/late", "Coverage/policy",
    ]  # fmt: skip
    told = await everything(on_file, "?_type=Location&_type=Patient")
    assert (told.of("match"), set(told.of("include"))) == (
        ["Patient/p"],
        {"Location/bed", "Location/room", "Location/house"},
    )
    assert told.body["total"] == 1


async def test_care_dates(on_file: Fhir) -> None:
    undated = {"Patient/p", "DocumentReference/note", "Coverage/policy"}
    cases = {
        "?start=2024-01-11": {"Encounter/stay", "Observation/late", "Condition/lasting"},
        "?end=2020": {"Observation/early", "Condition/lasting"},
        "?start=2024-01-12&end=2024-01-12": {"Encounter/stay", "Observation/late", "Condition/lasting"},
        "?start=2024-02-02&end=2024-03": {"Condition/lasting"},
        "?end=2014": set[str](),
    }
    for query, dated in cases.items():
        assert set((await everything(on_file, query)).of("match")) == dated | undated, query
    assert "PractitionerRole/nurse" not in (await everything(on_file, "?start=2024")).names


async def test_since(record: Fhir) -> None:
    answer = await record.ask("PUT", "Encounter/stay", encounter("stay"))
    updated = answer.json()["meta"]["lastUpdated"]
    assert (await everything(record, f"?_since={updated}")).names == ["Encounter/stay"]
    assert (await everything(record, "?_since=2999-01-01T00:00:00Z")).names == []
    assert (await everything(record, "?_since=2001-01-01T00:00:00Z")).of("match") == MATCHES


async def test_by_post(on_file: Fhir) -> None:
    sent = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "_type", "valueCode": "Observation"},
            {"name": "_type", "valueCode": "Patient"},
            {"name": "_count", "valueInteger": 1},
            {"name": "start", "valueDate": "2018"},
            {"name": "_since", "valueInstant": "2001-01-01T00:00:00Z"},
        ],
    }
    answer = await on_file.ask("POST", "Patient/p/$everything", sent)
    assert answer.status_code == 200, answer.text
    pages = await walked(on_file, Told(answer.json()))
    assert [page.names for page in pages] == [["Patient/p"], ["Observation/early"], ["Observation/late"]]
    empty = await on_file.ask("POST", "Patient/p/$everything")
    assert Told(empty.json()).of("match") == MATCHES


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("?start=soon", "start"),
        ("?end=2024-13", "end"),
        ("?start=2024-05-02&end=2024-05-01", "start"),
        ("?_since=yesterday", "_since"),
        ("?_count=many", "_count"),
        ("?_count=-1", "_count"),
        ("?_count=1&_count=2", "_count"),
        ("?_type=Starship", "_type"),
        ("?_type=", "_type"),
        ("?name=x", "name"),
        ("?_page=x", "_page"),
    ],
)
async def test_wrong_parameters_are_told_by_name(on_file: Fhir, query: str, place: str) -> None:
    answer = await on_file.ask("GET", f"Patient/p/$everything{query}")
    assert (answer.status_code, issue(answer)["expression"][0]) == (400, place)


async def test_wrong_parameters_of_a_body(on_file: Fhir) -> None:
    sent = {"resourceType": "Parameters", "parameter": [{"name": "_count", "valueInteger": -1}]}
    answer = await on_file.ask("POST", "Patient/p/$everything", sent)
    assert (answer.status_code, issue(answer)["expression"]) == (400, ["Parameters.parameter[0].valueInteger"])
    answer = await on_file.ask("POST", "Patient/p/$everything", patient())
    assert (answer.status_code, issue(answer)["expression"]) == (400, ["resourceType"])


async def test_a_page_link_is_of_its_record_and_query(on_file: Fhir) -> None:
    following = (await everything(on_file, "?_count=1")).link("next") or ""
    token = following.partition("_page=")[2]
    for path in (f"Patient/q/$everything?_page={token}", f"Patient/p/$everything?_type=Patient&_page={token}"):
        answer = await on_file.ask("GET", path)
        assert (answer.status_code, issue(answer)["expression"]) == (400, ["_page"])


async def test_patients_that_are_not_there(record: Fhir, south: Fhir) -> None:
    await record.ask("DELETE", "Patient/q")
    assert (await record.ask("GET", "Patient/q/$everything")).status_code == 410
    assert (await record.ask("GET", "Patient/none/$everything")).status_code == 404
    assert (await south.ask("GET", "Patient/p/$everything")).status_code == 404


async def test_what_is_about_another_patient_stays_out(record: Fhir) -> None:
    device = {"resourceType": "Device", "id": "pump", "patient": {"reference": "Patient/q"}}
    await record.ask("PUT", "Device/pump", device)
    await record.ask("PUT", "Observation/late", {**observation("late"), "device": {"reference": "Device/pump"}})
    assert "Device/pump" not in (await everything(record)).names
    await record.ask("PUT", "Device/pump", {**device, "patient": SUBJECT})
    assert "Device/pump" in (await everything(record)).of("include")


async def test_scopes_bound_what_is_given(record: Fhir, scoped: Callable[[str], Awaitable[Fhir]]) -> None:
    limited = await scoped(
        "system/Patient.r system/Encounter.rs system/Coverage.r system/Organization.r system/Practitioner.rs"
    )
    pages = await walked(limited, await everything(limited, "?_count=2"))
    names = [name for page in pages for name in page.names]
    # The payer is known from the Coverage only, which may not be searched, and the practitioner from an Observation.
    assert names == ["Patient/p", "Encounter/stay", "Organization/clinic", "Organization/referrer"]
    assert pages[0].body["total"] == 2
    for query in ("?_type=Observation", "?_type=Coverage", "?_type=Location"):
        answer = await limited.ask("GET", f"Patient/p/$everything{query}")
        assert (answer.status_code, issue(answer)["expression"]) == (403, ["_type"])
    blind = await scoped("system/Encounter.rs")
    assert (await blind.ask("GET", "Patient/p/$everything")).status_code == 403


async def test_more_than_is_followed_is_said(on_file: Fhir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_sql, "MAX_LINKED", 3)
    told = await everything(on_file)
    assert len(told.of("include")) == 3
    assert told.body["entry"][-1]["search"]["mode"] == "outcome"
    assert issue(told.body["entry"][-1]["resource"])["code"] == "too-costly"


async def test_large_records_are_read_in_chunks(on_file: Fhir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_sql, "CHUNK", 2)
    assert set((await everything(on_file)).of("include")) == LINKED


async def test_it_is_of_one_patient(on_file: Fhir) -> None:
    for path in ("Patient/$everything", "Encounter/stay/$everything"):
        answer = await on_file.ask("GET", path)
        assert (answer.status_code, issue(answer)["code"]) == (400, "not-supported")


def test_care_dates_are_search_parameters(definitions: Definitions) -> None:
    for type, dates in CARE_DATES.items():
        assert type in definitions.served
        assert type in definitions.patient_compartment
        known = definitions.search_parameters(type)
        assert {known[param].kind for param in (*dates.begins, *dates.ends)} == {"date"}
