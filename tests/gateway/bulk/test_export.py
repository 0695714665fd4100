"""What an export holds: each resource once, as it was at the transaction time."""

from __future__ import annotations

import asyncio
import gzip
import json

import pytest

from gateway.bulk import export, files, pages
from tests.gateway.bulk.conftest import ASYNC, Ward, encounter, group, ids, patient
from tests.gateway.conftest import NORTH, issue


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several pages and files of a few resources."""
    monkeypatch.setattr(pages, "PAGE", 3)
    monkeypatch.setattr(export, "PAGE", 3)
    monkeypatch.setattr(files, "FILE_LINES", 5)


async def test_everything_is_exported_once_in_files_of_one_type(ward: Ward) -> None:
    await ward.put(*(patient(f"p{number}") for number in range(11)), encounter("e1", "p1"))
    place = await ward.begun("$export?_type=Patient,Encounter")
    await ward.work(place)
    manifest = await ward.manifest(place)
    assert [(file["type"], file["count"]) for file in manifest["output"]] == [
        ("Patient", 3), ("Patient", 3), ("Patient", 5), ("Encounter", 1),
    ]  # fmt: skip
    assert manifest["request"] == f"{NORTH}/$export?_type=Patient,Encounter"
    assert manifest["requiresAccessToken"] is True
    assert manifest["error"] == []
    assert "deleted" not in manifest
    lines = await ward.lines(manifest)
    assert ids(lines, "Patient") == [f"p{number}" for number in range(11)]


async def test_a_line_is_what_a_read_answers_byte_for_byte(ward: Ward) -> None:
    await ward.fhir.ask("PUT", "Patient/a", {**patient("a"), "multipleBirthInteger": 2})
    read = (await ward.fhir.ask("GET", "Patient/a")).content
    place = await ward.begun("$export?_type=Patient")
    await ward.work(place)
    (file,) = (await ward.manifest(place))["output"]
    got = await ward.fhir.ask("GET", file["url"].removeprefix(f"{NORTH}/"))
    assert got.content == read + b"\n"


async def test_a_packed_file_is_one_gzip_stream(ward: Ward) -> None:
    await ward.put(*(patient(f"p{number}") for number in range(5)))
    place = await ward.begun("$export?_type=Patient")
    await ward.work(place)
    for file in (await ward.manifest(place))["output"]:
        url = file["url"]
        headers = {"Authorization": f"Bearer {ward.fhir.token}", "Accept-Encoding": "gzip"}
        async with ward.http.stream("GET", url, headers=headers) as answer:
            assert answer.headers["content-encoding"] == "gzip"
            raw = b"".join([part async for part in answer.aiter_raw()])
        plain = await ward.fhir.ask("GET", url.removeprefix(f"{NORTH}/"), headers={"Accept-Encoding": "identity"})
        assert gzip.decompress(raw) == plain.content
        assert int(plain.headers["content-length"]) == len(plain.content)


async def test_what_happens_after_the_transaction_time_is_not_in_the_files(ward: Ward) -> None:
    await ward.put(*(patient(f"p{number}", gender="male") for number in range(9)))
    place = await ward.begun("$export?_type=Patient")
    order = ward.order(place)
    await ward.workflows.start(order)
    assert (await ward.fhir.ask("GET", place)).headers["x-progress"].startswith("0 resources")
    await ward.put(patient("p1", gender="female"), patient("p7", gender="female"), patient("new"))
    await ward.put(patient("p7", gender="other"))
    await ward.delete("Patient", "p8")
    await ward.delete("Patient", "p0")
    while await ward.workflows.pages(order):
        pass
    lines = await ward.lines(await ward.manifest(place))
    assert ids(lines, "Patient") == [f"p{number}" for number in range(9)]
    assert {line["gender"] for line in lines["Patient"]} == {"male"}


async def test_a_filtered_export_is_of_the_transaction_time_too(ward: Ward) -> None:
    await ward.put(*(patient(f"p{number}", gender="male") for number in range(7)), patient("f", gender="female"))
    place = await ward.begun("$export?_type=Patient&_typeFilter=Patient%3Fgender%3Dmale")
    order = ward.order(place)
    await ward.workflows.start(order)
    await ward.put(patient("p1", gender="female"), patient("f", gender="male"))
    await ward.delete("Patient", "p6")
    while await ward.workflows.pages(order):
        pass
    lines = await ward.lines(await ward.manifest(place))
    assert ids(lines, "Patient") == [f"p{number}" for number in range(7)]
    assert {line["gender"] for line in lines["Patient"]} == {"male"}


async def test_since_tells_what_changed_and_what_was_deleted(ward: Ward) -> None:
    await ward.put(*(patient(f"p{number}") for number in range(5)), encounter("e1", "p1"), encounter("e2", "p2"))
    first = await ward.begun()
    await ward.work(first)
    since = (await ward.manifest(first))["transactionTime"]
    await ward.put(patient("p3", gender="male"), patient("p9"))
    await ward.delete("Patient", "p4")
    await ward.delete("Encounter", "e2")
    for level in ("", "Patient/"):
        place = await ward.begun(f"{level}$export?_type=Patient,Encounter&_since={since}")
        await ward.work(place)
        manifest = await ward.manifest(place)
        lines = await ward.lines(manifest)
        assert ids(lines, "Patient") == ["p3", "p9"]
        assert "Encounter" not in lines
        assert [file["type"] for file in manifest["deleted"]] == ["Bundle"]
        assert {bundle["type"] for bundle in lines["Bundle"]} == {"transaction"}
        requests = [entry["request"] for bundle in lines["Bundle"] for entry in bundle["entry"]]
        assert requests == [{"method": "DELETE", "url": "Patient/p4"}, {"method": "DELETE", "url": "Encounter/e2"}]


async def test_several_filters_of_a_type_are_alternatives(ward: Ward) -> None:
    await ward.put(*(patient(gender, gender=gender) for gender in ("male", "female", "other")), encounter("e", "male"))
    filters = "Patient%3Fgender%3Dmale,Patient%3Fgender%3Dother%26_id%3Dother,male"
    lines = await ward.exported(f"$export?_type=Patient,Encounter&_typeFilter={filters}")
    assert ids(lines, "Patient") == ["male", "other"]
    assert ids(lines, "Encounter") == ["e"]


async def test_elements_cuts_resources_down_and_marks_them(ward: Ward) -> None:
    await ward.put(patient("a", gender="male", birthDate="1990-01-01"), encounter("e", "a", language="en"))
    lines = await ward.exported("$export?_type=Patient,Encounter&_elements=Patient.gender,language")
    (found,), (visit,) = lines["Patient"], lines["Encounter"]
    assert set(found) == {"resourceType", "id", "meta", "gender"}
    assert found["meta"]["tag"][-1]["code"] == "SUBSETTED"
    assert set(visit) == {"resourceType", "id", "meta", "language", "status", "class"}


async def test_all_patients_are_exported_with_their_compartments_and_what_explains_them(ward: Ward) -> None:
    await ward.put(
        {"resourceType": "Organization", "id": "whole", "name": "Whole"},
        {"resourceType": "Organization", "id": "part", "name": "Part", "partOf": {"reference": "Organization/whole"}},
        {"resourceType": "Organization", "id": "unrelated", "name": "Unrelated"},
        {"resourceType": "Practitioner", "id": "doctor", "name": [{"family": "Doctor"}]},
        patient("a", managingOrganization={"reference": "Organization/part"}),
        encounter("e", "a", participant=[{"individual": {"reference": "Practitioner/doctor"}}]),
        {"resourceType": "Observation", "id": "o", "status": "final", "code": {"text": "a"}},
        {**encounter("ward", "a"), "subject": {"reference": "Group/g"}},
    )
    lines = await ward.exported("Patient/$export")
    assert ids(lines, "Encounter") == ["e"]
    assert "Observation" not in lines
    assert ids(lines, "Practitioner") == ["doctor"]
    assert sorted(ids(lines, "Organization")) == ["part", "whole"]


async def test_of_a_group_its_members_of_now_are_exported_and_nobody_else(ward: Ward) -> None:
    await ward.put(
        *(patient(id) for id in ("a", "b", "c", "d")),
        *(encounter(f"e-{id}", id) for id in ("a", "b", "c", "d")),
        group(
            "g", "a",
            member=[
                {"entity": {"reference": "Patient/a"}},
                {"entity": {"reference": f"{NORTH}/Patient/b"}},
                {"entity": {"reference": "Patient/c"}, "inactive": True},
                {"entity": {"reference": "Patient/d"}, "period": {"end": "2020-01-01"}},
                {"entity": {"reference": "Practitioner/x"}},
            ],
        ),
    )  # fmt: skip
    lines = await ward.exported("Group/g/$export")
    assert (ids(lines, "Patient"), ids(lines, "Encounter")) == (["a", "b"], ["e-a", "e-b"])
    (told,) = lines["OperationOutcome"]
    assert told["issue"][0]["severity"] == "warning"
    assert told["issue"][0]["diagnostics"].startswith("1 members")


async def test_a_post_names_the_patients(ward: Ward) -> None:
    await ward.put(*(patient(id) for id in "abc"), *(encounter(f"e-{id}", id) for id in "abc"), group("g", "a", "b"))

    def parameters(*patients: str) -> dict[str, object]:
        named = [{"name": "patient", "valueReference": {"reference": f"Patient/{id}"}} for id in patients]
        return {"resourceType": "Parameters", "parameter": [{"name": "_type", "valueString": "Encounter"}, *named]}

    assert ids(await ward.exported("Patient/$export", parameters("a", "c")), "Encounter") == ["e-a", "e-c"]
    assert ids(await ward.exported("Group/g/$export", parameters("b")), "Encounter") == ["e-b"]
    assert ids(await ward.exported("Group/g/$export", parameters()), "Encounter") == ["e-a", "e-b"]
    for path, who in (("Patient/$export", "nobody"), ("Group/g/$export", "c"), ("$export", "a")):
        refused = await ward.kick_off(path, parameters(who))
        assert (refused.status_code, issue(refused)["expression"]) == (400, ["patient"])


async def test_two_who_work_on_one_job_write_each_line_once(ward: Ward) -> None:
    """As when a process that was thought dead goes on beside the one that took over."""
    await ward.put(*(patient(f"p{number}") for number in range(30)))
    place = await ward.begun("$export?_type=Patient")
    order = ward.order(place)
    await asyncio.gather(*(ward.workflows.start(order) for _ in range(3)))

    async def go_on() -> None:
        while await ward.workflows.pages(order):
            pass

    await asyncio.gather(*(go_on() for _ in range(3)))
    lines = await ward.lines(await ward.manifest(place))
    assert ids(lines, "Patient") == [f"p{number}" for number in range(30)]


async def test_nothing_of_another_organisation_is_exported(ward: Ward) -> None:
    await ward.services.store.write(2, lambda tx: tx.put(patient("theirs")))
    await ward.put(patient("ours"))
    assert ids(await ward.exported(), "Patient") == ["ours"]


async def test_an_export_of_nothing_is_complete_and_empty(ward: Ward) -> None:
    place = await ward.begun("$export?_type=Patient")
    await ward.work(place)
    assert (await ward.manifest(place))["output"] == []
    assert json.loads((await ward.fhir.ask("GET", "Patient?_summary=count", headers=ASYNC)).content)["total"] == 0
