"""Searches as a demanding client makes them (search.html), on the live server: what is found, how it is told."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.blackbox

Resource = dict[str, Any]
TAG = {"system": "urn:searches", "code": "here"}
V2, LOINC, UCUM = "http://terminology.hl7.org/CodeSystem/v2-0203", "http://loinc.org", "http://unitsofmeasure.org"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def of(type: str, id: str, **more: Any) -> Resource:
    return {"resourceType": type, "id": f"s-{id}", "meta": {"tag": [TAG], **more.pop("meta", {})}, **more}


def coded(code: str, text: str = "A test") -> Resource:
    return {"coding": [{"system": LOINC, "code": code, "display": text}]}


def measured(value: float, code: str = "mg") -> Resource:
    return {"value": value, "unit": code, "system": UCUM, "code": code}


def component(code: str, value: float) -> Resource:
    return {"code": coded(code), "valueQuantity": measured(value, "mm[Hg]")}


HELD = [
    of("Organization", "whole", name="Whole", alias=["Everything"]),
    of("Organization", "part", name="Part", partOf={"reference": "Organization/s-whole"}),
    of("Practitioner", "doc", name=[{"family": "Healer"}]),
    of(
        "Patient", "anna", meta={"profile": ["urn:profile:a"], "security": [{"system": "urn:sec", "code": "R"}]},
        name=[{"family": "Müller", "given": ["Anna", "Zoë"]}], gender="female", birthDate="1970-01-02", active=True,
        identifier=[{"system": "urn:mr", "value": "1", "type": {"coding": [{"system": V2, "code": "MR"}]}}],
        telecom=[{"system": "phone", "value": "555-0100"}, {"system": "email", "value": "anna@example.com"}],
        address=[{"city": "Köln", "postalCode": "50667", "country": "DE"}],
        managingOrganization={"reference": "Organization/s-part"},
        generalPractitioner=[{"reference": "Practitioner/s-doc"}],
    ),
    of("Patient", "ben", name=[{"family": "Mulligan, Sr"}], gender="male", birthDate="1980", deceasedBoolean=False,
       managingOrganization={"reference": "Organization/s-whole"}, identifier=[{"system": "urn:other", "value": "1"}]),
    of("Patient", "cleo", name=[{"family": "Smith", "given": ["O'Hara"]}], deceasedDateTime="2020-05-05",
       identifier=[{"value": "1"}]),
    of("Encounter", "visit", status="finished", subject={"reference": "Patient/s-anna"},
       period={"start": "2020-03-01", "end": "2020-03-05"},
       **{"class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}}),
    of("Observation", "glucose", status="final", code=coded("2339-0", "Glucose in blood"), valueQuantity=measured(6.3),
       subject={"reference": "Patient/s-anna"}, encounter={"reference": "Encounter/s-visit"},
       effectiveDateTime="2020-03-02"),
    of("Observation", "pressure", status="final", code=coded("85354-9"), subject={"reference": "Patient/s-ben"},
       component=[component("8480-6", 120), component("8462-4", 80)], effectiveDateTime="2020-04-02"),
    of("Observation", "someones", status="amended", code={"text": "Mood"},
       subject={"identifier": {"system": "urn:mr", "value": "1"}}, valueString="good"),
    of("List", "chosen", status="current", mode="working",
       entry=[{"item": {"reference": "Patient/s-anna"}}, {"item": {"reference": "Patient/s-cleo"}}]),
    of("ValueSet", "sugar", status="active", url="http://example.org/vs/sugar",
       compose={"include": [{"system": LOINC, "concept": [{"code": "2339-0"}]}]}),
    of("Questionnaire", "form", status="active", url="http://example.org/q/a/b"),
]  # fmt: skip


@pytest.fixture(scope="module")
def stocked(live: httpx.Client) -> httpx.Client:
    entries = [
        {"resource": each, "request": {"method": "PUT", "url": f"{each['resourceType']}/{each['id']}"}} for each in HELD
    ]
    answer = live.post("", json={"resourceType": "Bundle", "type": "transaction", "entry": entries})
    assert answer.status_code == 200, answer.text
    return live


def asked(live: httpx.Client, search: str, **headers: str) -> Resource:
    """Only of what this module holds."""
    answer = live.get(f"{search}{'&' if '?' in search else '?'}_tag=urn:searches|here", headers=headers)
    assert answer.status_code == 200, answer.text
    body: Resource = answer.json()
    return body


def ids(body: Resource, mode: str = "match") -> list[str]:
    return [each["resource"]["id"][2:] for each in body.get("entry", ()) if each["search"]["mode"] == mode]


# search | what it finds, in any order
FINDS = """
Patient?name=muller                                          | anna
Patient?name=MÜLLER                                          | anna
Patient?name=mul                                             | anna ben
Patient?name=zoe                                             | anna
Patient?family=lle                                           |
Patient?family:contains=LLE                                  | anna
Patient?family:exact=Müller                                  | anna
Patient?family:exact=Muller                                  |
Patient?family=mulligan%5C, sr                               | ben
Patient?family=mulligan,smith                                | ben cleo
Patient?family=mu&gender=male                                | ben
Patient?given=anna&given=zoe                                 | anna
Patient?given=o'hara                                         | cleo
Patient?address=köln                                         | anna
Patient?address-postalcode=506                               | anna
Patient?gender=male,female                                   | anna ben
Patient?gender:not=male                                      | anna cleo
Patient?gender:missing=true                                  | cleo
Patient?gender:missing=false                                 | anna ben
Patient?active=true                                          | anna
Patient?deceased=true                                        | cleo
Patient?deceased=false                                       | anna ben
Patient?identifier=1                                         | anna ben cleo
Patient?identifier=urn:mr|1                                  | anna
Patient?identifier=urn:mr|                                   | anna
Patient?identifier=|1                                        | cleo
Patient?identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|1 | anna
Patient?phone=555-0100                                       | anna
Patient?email=anna@example.com                               | anna
Patient?telecom=555-0100                                     | anna
Patient?birthdate=1980                                       | ben
Patient?birthdate=lt1975                                     | anna
Patient?birthdate=ge1970-01-02&birthdate=lt1981              | anna ben
Patient?birthdate:missing=true                               | cleo
Patient?death-date=2020-05                                   | cleo
Patient?_id=s-anna,s-ben,nobody                              | anna ben
Patient?_profile=urn:profile:a                               | anna
Patient?_security=urn:sec|R                                  | anna
Patient?_list=s-chosen                                       | anna cleo
Patient?_lastUpdated=gt2020                                  | anna ben cleo
Patient?_lastUpdated=lt2020                                  |
Patient?organization=s-part                                  | anna
Patient?organization=Organization/s-part,Organization/s-whole | anna ben
Patient?organization:Organization=s-part                     | anna
Patient?organization:missing=true                            | cleo
Patient?organization.name=part                               | anna
Patient?organization.partof.name=whole                       | anna
Patient?organization.partof=s-whole                          | anna
Patient?general-practitioner:Practitioner.family=heal        | anna
Patient?_has:Observation:patient:code=2339-0                 | anna
Patient?_has:Encounter:patient:_has:Observation:encounter:code=2339-0 | anna
Patient?_has:Observation:patient:code:not=2339-0             | ben
Organization?name=every                                      | whole
Organization?_has:Patient:organization:gender=male           | whole
Observation?code=http://loinc.org|2339-0                     | glucose
Observation?code:text=glucose                                | glucose
Observation?code:in=http://example.org/vs/sugar              | glucose
Observation?code:not-in=http://example.org/vs/sugar          | pressure someones
Observation?status=final,amended                             | glucose pressure someones
Observation?subject=Patient/s-anna                           | glucose
Observation?subject:Patient=s-anna                           | glucose
Observation?patient=s-anna                                   | glucose
Observation?subject:identifier=urn:mr|1                      | someones
Observation?subject.name=mülle                               | glucose
Observation?subject:Patient.organization.name=whole          | pressure
Observation?value-quantity=6.3                               | glucose
Observation?value-quantity=6                                 | glucose
Observation?value-quantity=6.30                              | glucose
Observation?value-quantity=6.31                              |
Observation?value-quantity=gt6.2                             | glucose
Observation?value-quantity=6.3|http://unitsofmeasure.org|mg  | glucose
Observation?value-quantity=6.3||mg                           | glucose
Observation?value-quantity=6.3||kg                           |
Observation?component-code-value-quantity=http://loinc.org|8480-6$120 | pressure
Observation?component-code-value-quantity=http://loinc.org|8480-6$80  |
Observation?component-code-value-quantity=8462-4$lt100       | pressure
Observation?date=2020-03                                     | glucose
Observation?date=2020-03,2020-04                             | glucose pressure
Observation?encounter.class=AMB                              | glucose
Questionnaire?url=http://example.org/q/a/b                   | form
Questionnaire?url:below=http://example.org/q                 | form
Questionnaire?url:above=http://example.org/q/a/b/c           | form
Questionnaire?url=http://example.org/q                       |
Patient/s-anna/Observation                                   | glucose
Patient/s-anna/*                                             | anna visit glucose
?_type=Patient,Organization                                  | anna ben cleo whole part
?_type=Patient&gender=male                                   | ben
?_id=s-doc                                                   | doc
"""


def rows(table: str) -> list[list[str]]:
    """Cut at the last bar; a value may have bars of its own."""
    return [[part.strip() for part in row.rsplit("|", 1)] for row in table.strip().splitlines()]


ROWS = rows(FINDS)


@pytest.mark.parametrize(("search", "found"), ROWS, ids=[row[0] for row in ROWS])
def test_finds(stocked: httpx.Client, search: str, found: str) -> None:
    body = asked(stocked, search)
    assert sorted(ids(body)) == sorted(found.split())
    assert body["total"] == len(found.split())


# search | the order of what it finds
SORTED = """
Patient?_sort=birthdate                                      | anna ben cleo
Patient?_sort=-birthdate                                     | ben anna cleo
Patient?_sort=family                                         | anna ben cleo
Patient?_sort=-family                                        | cleo ben anna
Patient?_sort=gender,-_id                                    | anna ben cleo
Observation?_sort=-value-quantity,date                       | glucose pressure someones
Observation?_sort=-date                                      | pressure glucose someones
"""
ORDERS = rows(SORTED)


@pytest.mark.parametrize(("search", "order"), ORDERS, ids=[row[0] for row in ORDERS])
def test_sorts(stocked: httpx.Client, search: str, order: str) -> None:
    """What has no value stands last, whichever way it is sorted."""
    assert ids(asked(stocked, search)) == order.split()


# search | what is added to it
ADDED = """
Patient?_id=s-anna&_include=Patient:organization             | part
Patient?_id=s-anna&_include=Patient:organization&_include:iterate=Organization:partof | part whole
Patient?_id=s-anna&_include=Patient:*                        | part doc
Patient?_id=s-anna&_include=*                                | part doc
Patient?_id=s-ben&_revinclude=Observation:subject            | pressure
Patient?_id=s-anna&_revinclude=Encounter:subject&_revinclude:iterate=Observation:encounter | visit glucose
Observation?_id=s-glucose&_include=Observation:subject:Patient | anna
Observation?_id=s-glucose&_include=Observation:subject:Group |
Observation?_id=s-glucose&_include=Observation:subject&_include=Observation:encounter | anna visit
"""
INCLUDES = rows(ADDED)


@pytest.mark.parametrize(("search", "added"), INCLUDES, ids=[row[0] for row in INCLUDES])
def test_includes(stocked: httpx.Client, search: str, added: str) -> None:
    body = asked(stocked, search)
    assert (len(ids(body)), body["total"]) == (1, 1)
    assert sorted(ids(body, "include")) == sorted(added.split())


REFUSED = """
Patient?birthdate=yesterday birthdate
Patient?family= family
Patient?gender:missing=perhaps gender
Patient?family:soundex=x family
Patient?_count=-1 _count
Patient?_count=many _count
Patient?_sort=shoe _sort
Patient?_summary=some _summary
Patient?_total=some _total
Patient?_elements= _elements
Patient?_include=Patient:shoe _include
Patient?_revinclude=Starship:pilot _revinclude
Patient?organization:Patient=x organization
Patient?_has:Observation:shoe:code=x _has:Observation:shoe:code
Patient?_lastUpdated=x _lastUpdated
Patient?_page=x _page
Observation?value-quantity=many value-quantity
Observation?component-code-value-quantity=x component-code-value-quantity
Observation?code:in=http://example.org/nowhere code
?_type=Starship _type
"""


@pytest.mark.parametrize("row", REFUSED.strip().splitlines())
def test_a_wrong_value_is_refused_and_named(stocked: httpx.Client, row: str) -> None:
    search, name = row.rsplit(" ", 1)
    answer = stocked.get(search)
    assert answer.status_code == 400, answer.text
    assert answer.json()["issue"][0]["expression"] == [name]


def test_what_is_not_known_is_warned_of_or_refused(stocked: httpx.Client) -> None:
    body = asked(stocked, "Patient?shoe=9&gender=male")
    (warning,) = [each["resource"] for each in body["entry"] if each["search"]["mode"] == "outcome"]
    assert (warning["resourceType"], warning["issue"][0]["severity"]) == ("OperationOutcome", "warning")
    assert (ids(body), body["total"]) == (["ben"], 1)
    assert "shoe" not in body["link"][0]["url"]
    assert ids(asked(stocked, "Patient?shoe=9&gender=male", Prefer="handling=lenient")) == ["ben"]
    for handling in ("strict", "nonsense"):
        assert stocked.get("Patient?shoe=9", headers={"Prefer": f"handling={handling}"}).status_code == 400


def test_a_page_and_those_that_follow(stocked: httpx.Client) -> None:
    seen: list[str] = []
    added: list[str] = []
    pages, url = 0, "Patient?_count=1&_sort=-_id&_include=Patient:organization&_tag=urn:searches|here"
    while url:
        body = stocked.get(url).json()
        seen, added, pages = seen + ids(body), added + ids(body, "include"), pages + 1
        links = {link["relation"]: link["url"] for link in body["link"]}
        assert "_include=Patient%3Aorganization" in links["self"]
        url = links.get("next", "")
    assert (seen, added, pages) == (["cleo", "ben", "anna"], ["whole", "part"], 3)


def test_a_page_link_is_of_its_search(stocked: httpx.Client) -> None:
    (link,) = [each["url"] for each in asked(stocked, "Patient?_count=1")["link"] if each["relation"] == "next"]
    assert stocked.get(link).status_code == 200
    assert stocked.get(link + "&gender=male").status_code == 400
    assert stocked.get(link[:-2] + "xx").status_code == 400


def test_more_than_a_page_holds_is_warned_of(stocked: httpx.Client) -> None:
    body = asked(stocked, "Patient?_count=100000")
    assert [each["search"]["mode"] for each in body["entry"]] == ["match"] * 3 + ["outcome"]


@pytest.mark.parametrize(
    ("part", "there", "left_out"),
    [
        ("_summary=true", "name", "generalPractitioner"),
        ("_summary=data", "name", "text"),
        ("_summary=text", "id", "name"),
        ("_elements=gender", "gender", "name"),
    ],
)
def test_parts(stocked: httpx.Client, part: str, there: str, left_out: str) -> None:
    resource = asked(stocked, f"Patient?_id=s-anna&{part}")["entry"][0]["resource"]
    assert there in resource
    assert left_out not in resource
    assert "SUBSETTED" in [tag["code"] for tag in resource["meta"]["tag"]]


def test_totals(stocked: httpx.Client) -> None:
    assert asked(stocked, "Patient?_total=accurate&_count=1")["total"] == 3
    count = asked(stocked, "Patient?_summary=count")
    assert (count["total"], "entry" in count) == (3, False)
    for total in ("none", "estimate"):
        assert len(ids(asked(stocked, f"Patient?_total={total}"))) == 3


@pytest.mark.parametrize("place", ["Patient", "Patient/s-anna/Encounter", ""])
def test_a_post_finds_what_a_get_finds(stocked: httpx.Client, place: str) -> None:
    got = asked(stocked, place)
    form = {"_tag": "urn:searches|here"}
    posted = stocked.post(f"{place}/_search".lstrip("/"), data=form, headers=FORM).json()
    assert (posted["total"], ids(posted)) == (got["total"], ids(got))
    assert posted["link"] == got["link"]


def test_histories(stocked: httpx.Client) -> None:
    """Microsoft's kit asks for `_before`, which R4 does not have; it is taken where it stands."""
    before = stocked.get("Patient/s-cleo").json()["meta"]["lastUpdated"]
    assert stocked.put("Patient/s-cleo", json={**HELD[5], "active": False}).status_code == 200
    whole = stocked.get("Patient/s-cleo/_history").json()
    assert [each["response"]["etag"] for each in whole["entry"]] == ['W/"2"', 'W/"1"']
    later = stocked.get("Patient/s-cleo/_history", params={"_since": before}).json()
    assert later["entry"][0]["response"]["etag"] == 'W/"2"'
    for place in ("Patient/_history", "_history"):
        body = stocked.get(place, params={"_count": 2}).json()  # the version, and the server's Provenance of it
        assert len(body["entry"]) == 2
        assert "s-cleo" in [each["resource"]["id"] for each in body["entry"]]
        assert {link["relation"] for link in body["link"]} == {"self", "next"}
    assert stocked.get("Patient/_history?_since=tomorrow").status_code == 400
    assert "entry" not in stocked.get("Patient/_history?_since=2099-01-01T00:00:00Z").json()
