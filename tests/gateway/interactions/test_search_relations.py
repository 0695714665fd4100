"""Searches that look beyond one resource: chains, includes, lists, compartments, the system; and what limits them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from gateway.definitions.contract import Definitions
from tests.gateway.conftest import NORTH, Fhir, Template, bundle, entry, issue, narrowed, patient, standing

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"


def observation(id: str, subject: str, code: str, value: float, **more: Any) -> dict[str, Any]:
    quantity = {"value": value, "unit": "mmHg", "system": UCUM, "code": "mm[Hg]"}
    coding = {"coding": [{"system": LOINC, "code": code, "display": "Systolic pressure"}], "text": "Blood pressure"}
    return {
        "resourceType": "Observation", "id": id, "status": "final", "code": coding,
        "subject": {"reference": subject}, "valueQuantity": quantity, **more,
    }  # fmt: skip


MRN = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}], "text": "Chart number"}
RESOURCES: list[dict[str, Any]] = [
    {"resourceType": "Organization", "id": "top", "name": "Network"},
    {"resourceType": "Organization", "id": "o", "name": "Clinic", "partOf": {"reference": "Organization/top"}},
    patient(
        "Adams", id="a", gender="female", managingOrganization={"reference": "Organization/o"},
        identifier=[{"type": MRN, "system": "urn:x", "value": "7"}], active=True,
        telecom=[{"system": "email", "value": "Ada.Adams@Clinic.example"}, {"system": "phone", "value": "555-CALL"}],
    ),
    {"resourceType": "Medication", "id": "m", "batch": {"lotNumber": "Lot-7A"}},
    patient("Baker", id="b", gender="male", identifier=[{"system": "urn:x", "value": "7"}]),
    observation("high", "Patient/a", "8480-6", 150),
    observation("low", "Patient/b", "8480-6", 110),
    observation("pulse", "Patient/b", "8867-4", 150),
    {
        "resourceType": "Encounter", "id": "e", "status": "finished", "subject": {"reference": "Patient/a"},
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
    },
    {"resourceType": "List", "id": "l", "status": "current", "mode": "working",
     "entry": [{"item": {"reference": "Patient/b"}}]},
    {"resourceType": "Provenance", "id": "v", "recorded": "2026-01-01T00:00:00Z",
     "target": [{"reference": "Observation/high"}], "agent": [{"who": {"display": "Nurse"}}]},
    {"resourceType": "Coverage", "id": "c", "status": "active", "beneficiary": {"reference": "Patient/a"},
     "payor": [{"identifier": {"system": "urn:payer", "value": "P1"}}]},
    {"resourceType": "ValueSet", "id": "pressures", "status": "active", "url": "https://own.example/vs/pressures/one",
     "compose": {"include": [{"system": LOINC, "concept": [{"code": "8480-6"}, {"code": "8462-4"}]}]}},
]  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def on_file(
    template: Template, definitions: Definitions, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Fhir]:
    """For tests that only read."""
    async with standing(template, definitions, tmp_path_factory.mktemp("file"), *RESOURCES) as client:
        yield client


@pytest.fixture
async def chart(client: Fhir) -> Fhir:
    answer = await client.transaction(*(entry("PUT", f"{r['resourceType']}/{r['id']}", r) for r in RESOURCES))
    assert answer.status_code == 200, answer.text
    return client


async def found(client: Fhir, search: str, mode: str = "match") -> str:
    answer = await client.ask("GET", search)
    assert answer.status_code == 200, answer.text
    entries = answer.json().get("entry", [])
    return " ".join(sorted(entry["resource"]["id"] for entry in entries if entry["search"]["mode"] == mode))


SEARCHES = [
    ("Observation?subject:Patient.family=adams", "high"),
    ("Observation?patient.gender=male", "low pulse"),
    ("Observation?subject.family=adams", "high"),
    ("Observation?patient.organization.partof.name=network", "high"),
    ("Observation?patient.family:missing=true", ""),
    ("Observation?subject:Patient.gender:not=male", "high"),
    ("Patient?_has:Observation:patient:code=8867-4", "b"),
    ("Patient?_has:Observation:patient:code=8480-6&gender=female", "a"),
    ("Organization?_has:Patient:organization:_has:Observation:patient:code=8480-6", "o"),
    ("Patient?_has:Encounter:patient:status=finished", "a"),
    ("Patient?_has:Observation:patient:_has:Provenance:target:_id=v", "a"),
    ("Patient?_list=l", "b"),
    ("Observation?code-value-quantity=8480-6$gt140", "high"),
    (f"Observation?code-value-quantity={LOINC}|8480-6$110|{UCUM}|mm[Hg]", "low"),
    ("Observation?code-value-quantity=8867-4$lt140", ""),
    ("Observation?combo-code-value-quantity=8480-6$ge110,8867-4$150", "high low pulse"),
    ("Observation?code-value-quantity:missing=true", ""),
    ("Observation?code:text=systolic", "high low pulse"),
    ("Observation?code:text=pressure", ""),
    ("Patient?identifier:text=chart", "a"),
    ("Patient?identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|7", "a"),
    ("Patient?identifier:of-type=|MR|7", "a"),
    ("Patient?identifier:of-type=|MR|8", ""),
    ("Coverage?payor:identifier=urn:payer|P1", "c"),
    ("Observation?code:in=https://own.example/vs/pressures/one", "high low"),
    ("Observation?code:not-in=https://own.example/vs/pressures/one", "pulse"),
    ("Patient?gender:in=http://hl7.org/fhir/ValueSet/administrative-gender", "a b"),
    ("ValueSet?url:below=https://own.example/vs", "pressures"),
    ("ValueSet?url:below=https://own.example/vs/press", ""),
    ("ValueSet?url:above=https://own.example/vs/pressures/one/two", "pressures"),
    ("Patient?_id:missing=false", "a b"),
    ("Patient?_lastUpdated:missing=true", ""),
    ("Patient?email=ada.adams@clinic.EXAMPLE", "a"),
    ("Patient?telecom=555-call,none", "a"),
    ("Patient?telecom:not=555-call", "b"),
    ("Patient?phone=ADA.ADAMS@clinic.example", ""),
    ("Patient?email=ada.adams", ""),
    ("Observation?patient.email=ADA.adams@clinic.example", "high"),
    ("Patient?active=True", "a"),
    ("Medication?lot-number=lot-7a", "m"),
    ("Observation?code=http://loinc.org|8480-6&status=final", "high low"),
    ("Observation?status=FINAL", ""),
    ("Coverage?payor:identifier=urn:payer|p1", ""),
    ("Patient?identifier=URN:X|7", ""),
    ("Patient/a/Observation", "high"),
    ("Patient/b/Observation?code=8480-6", "low"),
    ("Patient/a/Encounter", "e"),
    ("Patient/a/*", "a c e high"),
    ("?_type=Patient,Organization&_id=a,o", "a o"),
    ("?_id=high", "high"),
]


@pytest.mark.parametrize(("search", "ids"), SEARCHES)
async def test_finds(on_file: Fhir, search: str, ids: str) -> None:
    assert await found(on_file, search) == ids


@pytest.mark.parametrize("type", ["transaction", "batch"])
async def test_entries_of_bundles_find_the_same(on_file: Fhir, type: str) -> None:
    entries = [entry("GET", search) for search, _ in SEARCHES]
    answer = await on_file.ask("POST", "", bundle(*entries, type=type))
    assert answer.status_code == 200, answer.text
    for (search, _), one in zip(SEARCHES, answer.json()["entry"], strict=True):
        assert one["response"]["status"] == "200 OK", (search, one)
        assert one["resource"] == (await on_file.ask("GET", search)).json(), search


async def test_entries_of_transactions_find_what_it_writes(chart: Fhir) -> None:
    value_set = {**RESOURCES[-1], "id": "rates", "url": "https://own.example/vs/rates"}
    value_set["compose"] = {"include": [{"system": LOINC, "concept": [{"code": "8867-4"}]}]}
    answer = await chart.transaction(
        entry("GET", "Observation?code:in=https://own.example/vs/rates"),
        entry("GET", "Patient/b/Observation?code=8867-4&_sort=_id"),
        entry("GET", f"{NORTH}?_type=Patient,Observation&_id=new,b&_sort=_id"),
        entry("HEAD", "Patient/b/*"),
        entry("PUT", "ValueSet/rates", value_set),
        entry("PUT", "Observation/new", observation("new", "Patient/b", "8867-4", 70)),
    )
    assert answer.status_code == 200, answer.text
    one, two, three, head = answer.json()["entry"][:4]
    assert [each["resource"]["id"] for each in one["resource"]["entry"]] == ["pulse", "new"]
    assert [each["resource"]["id"] for each in two["resource"]["entry"]] == ["new", "pulse"]
    assert [each["resource"]["id"] for each in three["resource"]["entry"]] == ["b", "new"]
    assert "resource" not in head


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("GET", "Encounter/e/Observation"),
        ("GET", "Patient/a/Organization"),
        ("GET", "Patient/a/Starship"),
        ("GET", "?_type=Starship"),
        ("GET", "?_type=Patient&_include=Patient:organization"),
        ("DELETE", "?_type=Patient"),
        ("DELETE", "Patient/a/Observation"),
        ("GET", "Observation?code:in=https://own.example/vs/none"),
    ],
)
@pytest.mark.parametrize("type", ["transaction", "batch"])
async def test_entries_that_are_refused_are_named(on_file: Fhir, type: str, method: str, url: str) -> None:
    expected = (await on_file.ask(method, url)).status_code if method == "GET" else 400
    answer = await on_file.ask("POST", "", bundle(entry(method, url), type=type))
    outcome = answer.json()
    told = answer.status_code
    if type == "batch":
        told, outcome = int(outcome["entry"][0]["response"]["status"]), outcome["entry"][0]["response"]["outcome"]
    assert told == expected
    assert issue(outcome)["expression"][0].startswith("Bundle.entry[0]")


async def test_entries_look_only_where_the_scopes_reach(on_file: Fhir, template: Template) -> None:
    client = await narrowed(on_file, template, "system/Patient.rs")
    for url in ("Patient/a/Observation", "?_type=Observation"):
        answer = await client.ask("POST", "", bundle(entry("GET", url), type="transaction"))
        assert answer.status_code == 403, url
    answer = await client.transaction(entry("GET", "Patient/a/*"))
    (one,) = answer.json()["entry"]
    assert [each["resource"]["id"] for each in one["resource"]["entry"]] == ["a"]


@pytest.mark.parametrize(
    ("search", "ids"),
    [
        ("Patient?_id=a&_revinclude=Observation:subject", "high"),
        ("Patient?_id=a&_revinclude=Observation:*&_revinclude=Encounter:patient", "e high"),
        ("Patient?_id=a&_revinclude=*", "c e high"),
        ("Observation?_id=high&_include=*", "a"),
        ("Observation?_id=high&_include=Observation:*", "a"),
        ("Observation?_id=high&_include=Observation:subject:Group", ""),
        ("Observation?_id=high&_revinclude=Provenance:target", "v"),
        ("Observation?_id=high&_include=Observation:patient&_include:iterate=Patient:organization", "a o"),
        (
            "Observation?_id=high&_include=Observation:patient&_include:iterate=Patient:organization"
            "&_include:iterate=Organization:partof",
            "a o top",
        ),
        ("Organization?_id=o&_revinclude=Patient:organization&_revinclude:iterate=Observation:patient", "a high"),
    ],
)
async def test_includes(on_file: Fhir, search: str, ids: str) -> None:
    assert await found(on_file, search, "include") == ids


class TestAuthority:
    """A search reaches no further than the scopes: neither by what it tells nor by what it adds."""

    @pytest.mark.parametrize(
        "search",
        [
            "Patient?_has:Observation:patient:code=8867-4",
            "Patient?_has:Encounter:patient:_has:Observation:encounter:code=x",
            "Encounter?subject:Patient._has:Observation:patient:code=8867-4",
            "Patient?_list=l",
            "Encounter?patient.organization.name=x",
            "Patient?_revinclude=Observation:subject",
            "Patient/a/Observation",
            "?_type=Patient,Observation",
        ],
    )
    async def test_each_link_needs_a_scope(self, on_file: Fhir, template: Template, search: str) -> None:
        limited = await narrowed(on_file, template, "system/Patient.rs system/Encounter.rs")
        answer = await limited.ask("GET", search)
        assert (answer.status_code, issue(answer)["code"]) == (403, "forbidden")

    async def test_branches_out_of_reach_are_not_taken(self, on_file: Fhir, template: Template) -> None:
        limited = await narrowed(on_file, template, "system/Patient.rs system/Observation.rs")
        assert await found(limited, "Observation?subject._id=a") == "high"

    async def test_wildcards_add_what_may_be_read(self, on_file: Fhir, template: Template) -> None:
        limited = await narrowed(on_file, template, "system/Patient.rs system/Encounter.rs")
        assert await found(limited, "Patient?_id=a&_revinclude=*", "include") == "e"
        assert await found(limited, "?_id=a,e,high") == "a e"

    async def test_a_conditional_write_follows_no_reference(self, on_file: Fhir) -> None:
        criteria = {"If-None-Exist": "_has:Observation:patient:code=8867-4"}
        answer = await on_file.ask("POST", "Patient", patient(), headers=criteria)
        assert answer.status_code == 400


@pytest.mark.parametrize(
    ("search", "present", "absent"),
    [
        ("Patient?_id=a&_elements=gender", {"gender"}, {"name", "identifier"}),
        ("Patient?_id=a&_summary=data", {"name", "gender"}, {"text"}),
        ("Observation?_id=high&_summary=text", {"status", "code"}, {"valueQuantity", "subject"}),
        ("Observation?_id=high&_elements=value,Observation.subject", {"valueQuantity", "subject", "status"}, set()),
        ("Coverage?_id=c&_summary=true", {"status", "beneficiary"}, {"contract"}),
    ],
)
async def test_parts(on_file: Fhir, search: str, present: set[str], absent: set[str]) -> None:
    [only] = (await on_file.ask("GET", search)).json()["entry"]
    assert present <= only["resource"].keys()
    assert not absent & only["resource"].keys()
    assert [tag["code"] for tag in only["resource"]["meta"]["tag"]] == ["SUBSETTED"]


async def test_pages_of_several_types(on_file: Fhir) -> None:
    seen, url = [], f"{NORTH}?_type=Patient,Observation&_sort=-_lastUpdated,_id&_count=2"
    while url:
        body = (await on_file.http.get(url, headers={"Authorization": f"Bearer {on_file.token}"})).json()
        seen += [entry["resource"]["id"] for entry in body["entry"]]
        url = next((link["url"] for link in body["link"] if link["relation"] == "next"), "")
    assert seen == ["a", "b", "high", "low", "pulse"]


@pytest.mark.parametrize(
    ("search", "status"),
    [
        ("Observation?code.text=x", 400),
        ("Observation?subject:Encounter.status=x", 400),
        ("Observation?patient.birthdate=yesterday", 400),
        ("Patient?_has:Observation:code:status=x", 400),
        ("Patient?_has:Observation=x", 400),
        ("Patient?_has:Starship:patient:code=x", 400),
        ("Observation?code-value-quantity=8480-6", 400),
        ("Observation?code:in=urn:nothing", 400),
        ("Observation?code:below=x", 400),
        ("Patient?_list=$current-problems", 400),
        ("Patient?_revinclude=Patient:name", 400),
        ("Patient?_revinclude=Encounter:location", 400),
        ("Organization?" + "partof." * 12 + "name=x", 413),
        ("Practitioner/p/Observation", 400),
        ("Patient/a/Organization", 404),
        ("?_type=Starship", 400),
        ("?_include=*", 400),
    ],
)
async def test_refuses(on_file: Fhir, search: str, status: int) -> None:
    assert (await on_file.ask("GET", search)).status_code == status


async def test_an_unknown_parameter_at_the_end_of_a_chain_is_warned_of(on_file: Fhir) -> None:
    answer = await on_file.ask("GET", "Observation?patient.shoe=9&_id=high")
    *_, warning = answer.json()["entry"]
    assert issue(warning["resource"])["expression"] == ["patient.shoe"]
    assert "shoe" not in answer.json()["link"][0]["url"]


async def test_a_parameter_of_some_types_is_one_of_none(on_file: Fhir) -> None:
    answer = await on_file.ask("GET", "?_type=Patient,Organization&gender=male")
    assert answer.json()["entry"][-1]["search"]["mode"] == "outcome"
    assert answer.json()["total"] == 4


async def test_an_absolute_reference_to_the_own_base_is_one_of_the_store(chart: Fhir) -> None:
    await chart.ask("PUT", "Observation/abs", observation("abs", f"{NORTH}/Patient/a", "8480-6", 1))
    assert await found(chart, "Observation?patient=a") == "abs high"
    assert await found(chart, f"Observation?subject={NORTH}/Patient/a") == "abs high"
    assert await found(chart, "Observation?_id=abs&_include=Observation:subject", "include") == "a"
