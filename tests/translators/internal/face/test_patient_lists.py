"""Lists of patients: filters, orders, pages, cursors, free text, counts and duplicates."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.canonical import SSN, extension_url
from tests.gateway.conftest import Fhir, entry
from tests.translators.internal.face.api import ABSENT, TAGS, Api, Catalogue, definition, places, refused
from translators.internal.schema.patient import PatientBriefOut

TAG = "d0000000-0000-4000-8000-000000000001"


def resource(id: str, family: str, given: str, born: str, **more: Any) -> dict[str, Any]:
    name = {"use": "official", "family": family, "given": [given]}
    return {"resourceType": "Patient", "id": id, "name": [name], "birthDate": born, "active": True, **more}


def phone(number: str, use: str = "mobile") -> dict[str, str]:
    return {"system": "phone", "use": use, "value": number}


def own(name: str, **value: Any) -> dict[str, Any]:
    return {"url": extension_url(name), **value}


def at(location: str) -> dict[str, Any]:
    return own("facility", valueReference={"reference": f"Location/{location}"})


def visited(day: str) -> dict[str, Any]:
    return own("first-visit-date", valueDate=day)


def chart(number: str) -> list[dict[str, Any]]:
    concept = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "PI"}]}
    return [{"system": "https://emr.example/mr", "value": number, "type": concept}]


@pytest.fixture
async def people(client: Fhir, catalogue: Catalogue) -> None:
    """Five whom FHIR clients wrote, one of them archived."""
    patients = [
        resource(
            "abel", "Amberly", "Abel", "1992-10-30", telecom=[phone("(555) 010-6632", "home")],
            identifier=chart("CH-1002"), extension=[at(catalogue.clinic), visited("2025-03-31")],
            generalPractitioner=[{"reference": f"Practitioner/{catalogue.provider}"}],
        ),
        resource(
            "bea", "van der Berg", "Beatrix", "1979-04-12", telecom=[phone("+1 555 010 4410")],
            identifier=chart("CH-1001"), extension=[at(catalogue.clinic), visited("2025-04-01")],
            meta={"tag": [{"system": TAGS, "code": TAG}]},
        ),
        resource(
            "cy", "Amberly", "Cyril", "2008-02-29", active=False,
            telecom=[{"system": "email", "value": "Cyril@Example.org"}],
            extension=[at(catalogue.branch), visited("2025-04-30")],
        ),
        resource("dot", "Dove", "Dorothea", "1979-12-01", extension=[own("patient-status", valueCode="prospective")]),
        resource(
            "eve", "Amberly", "Evelyn", "1960-01-01", active=False, identifier=chart("CH-1009"),
            extension=[own("patient-status", valueCode="archived"), at(catalogue.clinic)],
        ),
    ]  # fmt: skip
    tag = definition("tag-definition", TAG, "VIP")
    entries = (entry("PUT", f"{each['resourceType']}/{each['id']}", each) for each in (*patients, tag))
    answer = await client.transaction(*entries)
    assert answer.status_code == 200, answer.text


pytestmark = pytest.mark.usefixtures("people")


async def ids(api: Api, **query: Any) -> list[str]:
    return [each["id"] for each in await api.items("/patients", **query)]


ORDERS = {
    "last_name": "abel cy dot bea",
    "first_name": "abel bea cy dot",
    "date_of_birth": "bea dot abel cy",
    "chart_number": "bea abel cy dot",
    "status": "abel bea cy dot",
}
LAST = {"chart_number": "abel"}
"""Who comes first upside down, where that is not who comes last: patients without a value are last either way."""


async def test_orders(api: Api) -> None:
    for sort_by, order in ORDERS.items():
        assert await ids(api, sort_by=sort_by) == order.split(), sort_by
        upside_down = await ids(api, sort_by=sort_by, sort_dir="desc")
        assert sorted(upside_down) == sorted(order.split())
        assert upside_down[0] == LAST.get(sort_by, order.split()[-1]), sort_by


async def test_pages_have_a_total(api: Api) -> None:
    pages = [await api.get("/patients", page=number, page_size=3) for number in (1, 2, 3)]
    assert [(page["page"], page["page_size"], page["total"]) for page in pages] == [(n, 3, 4) for n in (1, 2, 3)]
    assert [[each["id"] for each in page["items"]] for page in pages] == [["abel", "cy", "dot"], ["bea"], []]


async def test_by_creation(api: Api, client: Fhir) -> None:
    newest = await api.patient("Zed", "Aaron")
    await client.ask("PUT", "Patient/abel", resource("abel", "Amberly", "Abel", "1992-10-30"))
    assert (await ids(api, sort_by="created_at", sort_dir="desc"))[0] == newest["id"], "an update is no creation"
    listed = await api.get("/patients/cursor", sort_by="updated_at", sort_dir="desc", first=1)
    assert listed["data"][0]["id"] == "abel"


async def test_by_status(api: Api) -> None:
    found = {"active": "abel bea", "inactive": "cy", "prospective": "dot", "deceased": "", "archived": "eve"}
    for status, those in found.items():
        assert await ids(api, status=status, sort_by="first_name") == those.split(), status


async def test_by_what_is_related(api: Api, catalogue: Catalogue) -> None:
    assert await ids(api, location_uuid=catalogue.clinic) == ["abel", "bea"]
    assert await ids(api, primary_provider_uuid=catalogue.provider) == ["abel"]
    assert await ids(api, primary_provider_uuid=catalogue.hygienist) == []
    assert await ids(api, tag_definition_uuid=TAG) == ["bea"]
    assert await ids(api, dob_from="1979-04-12", dob_to="1979-12-01") == ["dot", "bea"]
    for name in ("location_uuid", "primary_provider_uuid", "tag_definition_uuid"):
        for path in ("/patients", "/patients/cursor"):
            assert "not found" in refused(await api.ask("GET", path, **dict[str, Any]({name: ABSENT})), 404)
    wrong = await api.ask("GET", "/patients", tag_definition_uuid=catalogue.fee_schedule)
    assert refused(wrong, 404) == "Tag definition not found."


TYPED = {
    "amb": "abel cy",
    "abel amberly": "abel",
    "Amberly, Abel": "",
    "van der berg": "bea",
    "beatrix van der b": "bea",
    "ch-1001": "bea",
    "ch-1": "abel bea",
    "CYRIL@example": "cy",
    "(555) 010-6632": "abel",
    "010 6632": "abel",
    "+1 555 010 4410": "bea",
    "4410": "bea",
    "1979": "bea dot",
    "1979-12": "dot",
    "12/01/1979": "dot",
    "amberly 1992-10-30": "abel",
    "evelyn": "",
    "%": "",
    "   ": "abel bea cy dot",
}


async def test_free_text(api: Api) -> None:
    for typed, found in TYPED.items():
        assert await ids(api, search=typed, sort_by="first_name") == found.split(), typed


async def test_no_text_is_too_odd_to_look_for(api: Api) -> None:
    for typed in (
        "\\",
        ",",
        "$|\\,",
        "a\\",
        "'\"",
        "_",
        "*",
        "ß",
        "😀",
        "٣٤٥",
        "1-2-3",
        "+",
        "9" * 200,
        "abel " * 39 + "x",
    ):
        assert await ids(api, search=typed) == (["abel"] if "abel" in typed else []), typed
        assert (await api.get("/patients/search", q=typed))["total"] == ("abel" in typed), typed
    accent = "\u0301"
    assert len(await ids(api, search=accent)) == 4, "a mark without a letter is no word"
    assert (await api.get("/patients/search", q=accent))["total"] == 0


async def test_archived_ones_are_found_among_the_archived(api: Api) -> None:
    assert await ids(api, search="amberly", status="archived") == ["eve"]


# --- cursors ----------------------------------------------------------------------------------------------------


async def test_the_stretches_together_are_the_list(api: Api) -> None:
    for sort_by in (*ORDERS, "created_at"):
        for sort_dir in ("asc", "desc"):
            order = {"sort_by": sort_by, "sort_dir": sort_dir}
            assert [each async for each in walked(api, first=1, **order)] == await ids(api, **order)


async def walked(api: Api, **query: Any) -> AsyncIterator[str]:
    end: str | None = ""
    while end is not None:
        found = await api.get("/patients/cursor", **query, **({"after": end} if end else {}))
        for each in found["data"]:
            yield each["id"]
        end = found["page_info"]["end_cursor"]


async def test_a_cursor_is_of_one_list_and_cannot_be_made_up(api: Api) -> None:
    end = (await api.get("/patients/cursor", first=1))["page_info"]["end_cursor"]
    for query in (
        {"after": "abc"},
        {"after": end[:-2]},
        {"after": end, "sort_by": "last_name"},
        {"after": end, "status": "active"},
    ):
        assert places(await api.ask("GET", "/patients/cursor", **query)) == {"query.after"}


async def test_what_a_list_cannot_be_asked_is_told(api: Api) -> None:
    answer = await api.ask("GET", "/patients", page=0, sort_by="shoe_size", status="asleep", dob_from="yesterday")
    assert places(answer) == {"query.page", "query.sort_by", "query.status", "query.dob_from"}


# --- typeahead, counts, duplicates ------------------------------------------------------------------------------


async def test_a_typeahead_finds_names_and_chart_numbers(api: Api) -> None:
    found = await api.get("/patients/search", q="amb")
    assert ([each["id"] for each in found["items"]], found["total"]) == (["abel", "cy"], 2)
    assert set(found["items"][0]) == set(PatientBriefOut.model_fields)
    assert (await api.get("/patients/search", q="amb", limit=1))["total"] == 2
    assert [each["id"] for each in (await api.get("/patients/search", q="ch-1002 ab"))["items"]] == ["abel"]
    for nothing in ("", "  ", "cyril@example.org"):
        assert await api.get("/patients/search", q=nothing) == {"items": [], "total": 0}


def counted(answer: dict[str, Any]) -> dict[str, int]:
    return {each["location"]["name"]: each["count"] for each in answer["items"]}


async def test_counts_by_location(api: Api, client: Fhir, catalogue: Catalogue) -> None:
    both: dict[str, Any] = {"status_set": ["active", "inactive"]}
    answer = await api.get("/patients/counts/by-location", **both)
    assert answer == {
        "items": [
            {"location": {"id": catalogue.branch, "name": "Alder Court Branch"}, "count": 1},
            {"location": {"id": catalogue.clinic, "name": "Harbor Street Clinic"}, "count": 2},
        ],
        "total": 3, "excluded_count": 0, "status_set": ["active", "inactive"], "group_by": "location",
        "date_from": None, "date_to": None,
    }  # fmt: skip
    assert counted(await api.get("/patients/counts/by-location")) == {"Harbor Street Clinic": 2}
    april = {"date_from": "2025-04-01", "date_to": "2025-04-30"}
    found = await api.get("/patients/counts/by-location", **both, **april)
    assert counted(found) == {"Harbor Street Clinic": 1}, "from the first day on, and before the last"
    assert (found["date_from"], found["date_to"]) == ("2025-04-01", "2025-04-30")
    archived = await api.get("/patients/counts/by-location", status_set=["archived", "prospective"])
    assert (counted(archived), archived["total"], archived["excluded_count"]) == ({"Harbor Street Clinic": 1}, 1, 1)
    closed = {"resourceType": "Location", "id": catalogue.clinic, "name": "Harbor Street Clinic", "status": "inactive"}
    await client.ask("PUT", f"Location/{catalogue.clinic}", closed)
    found = await api.get("/patients/counts/by-location", **both)
    assert (counted(found), found["total"], found["excluded_count"]) == ({"Alder Court Branch": 1}, 1, 2)
    assert places(await api.ask("GET", "/patients/counts/by-location", status_set=["active", "x"]))


def known(last: str = "x", **more: str) -> dict[str, str]:
    return {"last_name": last, **more}


SIGNALS: list[tuple[dict[str, str], dict[str, list[str]]]] = [
    (known("AMBERLY", date_of_birth="1992-10-30"), {"abel": ["last_name_and_date_of_birth"]}),
    (known("Amber", date_of_birth="1992-10-30"), {}),
    (known("Amberly"), {}),
    (known(email="cyril@EXAMPLE.org"), {"cy": ["email"]}),
    (known(email="cyril@example.or"), {}),
    (known(mobile_phone="555.010.4410"), {"bea": ["mobile_phone"]}),
    (known(mobile_phone="5550106632"), {}),
    (known(social_security_number="900551234"), {"fay": ["social_security_number"]}),
    (known(social_security_number="900-55-1234"), {"fay": ["social_security_number"]}),
    (known("Amberly", date_of_birth="1960-01-01"), {}),
    (
        known("van der berg", date_of_birth="1979-04-12", email="cyril@example.org", mobile_phone="15550104410"),
        {"bea": ["last_name_and_date_of_birth", "mobile_phone"], "cy": ["email"]},
    ),
]


async def test_any_one_signal_is_enough(api: Api, client: Fhir) -> None:
    """Of mobile numbers, not of others; an archived record is no duplicate."""
    number = {"system": SSN, "value": "900-55-1234"}
    await client.ask("PUT", "Patient/fay", resource("fay", "Fenn", "Fay", "1990-01-01", identifier=[number]))
    for person, found in SIGNALS:
        answer = await api.post("/patients/check-duplicates", person, status=200)
        assert answer["total"] == len(found)
        assert [(each["id"], each["signals"]) for each in answer["items"]] == list(found.items()), person
    created = await api.post("/patients", {"first_name": "New", **person})
    assert created["potential_duplicates"] == answer["items"], "who has just been created is not among them"
