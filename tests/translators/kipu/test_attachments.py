"""Pictures: to which place each goes, that it goes once, and why others stay."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from gateway.translation.contract import Chart, File, Linked, Pushed
from tests.translators.kipu.desk import Desk, Lost
from tests.translators.kipu.people import COVERAGE, PATIENT, chart
from translators.kipu.attachments import MAX_DOCUMENT, MAX_FILE, origin

LOINC = "http://loinc.org"
JPEG, PDF = b"\xff\xd8\xff\xe0 front", b"%PDF-1.7 back"
FRONT, BACK = "insurance_insurance_card_image", "insurance_image"


def document(code: str, *titles: str, id: str = "d-1", **more: Any) -> dict[str, Any]:
    content = [{"attachment": {"url": f"Binary/{id}-{number}", "title": title}} for number, title in enumerate(titles)]
    kind = {"coding": [{"system": LOINC, "code": code}]}
    return {
        "resourceType": "DocumentReference",
        "id": id,
        "status": "current",
        "type": kind,
        "content": content,
        **more,
    }


def file(content: bytes, source: str, media_type: str | None = "image/jpeg") -> File:
    return File(source, media_type, len(content), hashlib.sha256(content).hexdigest())


def with_files(made: Chart, **contents: bytes | File) -> Chart:
    """`d_1_0=bytes`: the first content of DocumentReference/d-1."""
    files = {}
    for name, content in contents.items():
        id, _, number = name.replace("_", "-").rpartition("-")
        place = f"DocumentReference/{id}.content[{number}].attachment" if id != "photo" else f"Patient.photo[{number}]"
        files[place] = content if isinstance(content, File) else file(content, name)
    return Chart(made.patient, made.resources, made.referenced, files)


def desk(**contents: bytes) -> Desk:
    return Desk(files=dict(contents))


def kept(at: Desk) -> list[tuple[str, str]]:
    """What KIPU was given, in order: place and content."""
    digests = {hashlib.sha256(content).hexdigest(): name for name, content in at.files.items()}
    return [(a["name"], digests[a["sha256"]]) for a in at.of("Test2")[0].get("_attachments", ())]


def linked(pushed: Pushed) -> Linked:
    return Linked("p-1", pushed.external_id, dict(pushed.record or {}), files=dict(pushed.files or {}))


CARD = document("64290-0", "card-front", "card-back")
SIDES = {"d_1_0": JPEG, "d_1_1": PDF}


async def test_a_card_goes_with_the_create_and_names_its_policy() -> None:
    at = desk(**SIDES)
    pushed = await at.push(with_files(chart(DocumentReference=(CARD,)), **SIDES), Linked("p-1"))
    assert kept(at) == [(FRONT, "d_1_0"), (BACK, "d_1_1")]
    (made,) = at.of("Test2")
    assert made["insurances"][0]["origin_id"] == str(origin("Coverage/c-1"))
    assert {a["origin_id"] for a in made["_attachments"]} == {str(origin("Coverage/c-1"))}
    assert (made["first_name"], made["address_country"], made["_kept"]["referrer_id"]) == (
        "Test1",
        "United States",
        "11",
    )
    assert (pushed.left_out, pushed.carried) == ((), ("DocumentReference/d-1",))
    assert pushed.external_id == made["casefile_id"]


async def test_what_was_sent_is_not_sent_again_and_a_changed_picture_is() -> None:
    at = desk(**SIDES)
    first = await at.push(with_files(chart(DocumentReference=(CARD,)), **SIDES), Linked("p-1"))
    calls = len(at.calls)
    again = await at.push(with_files(chart(DocumentReference=(CARD,)), **SIDES), linked(first))
    assert (len(at.calls), again.detail) == (calls, "200 OK, nothing to change")
    newer = {**SIDES, "d_1_1": b"%PDF-1.7 new back"}
    at.files["d_1_1"] = newer["d_1_1"]
    second = await at.push(with_files(chart(DocumentReference=(CARD,)), **newer), linked(again))
    assert [place for place, _ in ((a["name"], 0) for a in at.of("Test2")[0]["_attachments"])] == [FRONT, BACK, BACK]
    assert len(at.of("Test2")[0]["insurances"]) == 1
    third = await at.push(with_files(chart(DocumentReference=(CARD,)), **newer), linked(second))
    assert third.detail == "200 OK, nothing to change"


async def test_a_card_that_comes_later_goes_by_patch() -> None:
    at = desk(**SIDES)
    first = await at.push(chart(), Linked("p-1"))
    pushed = await at.push(with_files(chart(DocumentReference=(CARD,)), **SIDES), linked(first))
    assert kept(at) == [(FRONT, "d_1_0"), (BACK, "d_1_1")]
    assert at.of("Test2")[0]["insurances"][0]["origin_id"] == str(origin("Coverage/c-1"))
    assert pushed.detail == "200 updated"


async def test_photo_and_id_card_and_the_photo_of_the_patient_itself() -> None:
    at = desk(photo_0=JPEG, d_2_0=PDF)
    patient = {**PATIENT, "photo": [{"url": "Binary/x"}]}
    whole = with_files(chart(patient, DocumentReference=(document("53245-7", "", id="d-2"),)), photo_0=JPEG, d_2_0=PDF)
    pushed = await at.push(whole, Linked("p-1"))
    assert sorted(kept(at)) == [("patient_image", "photo_0"), ("patient_patient_id_image", "d_2_0")]
    assert pushed.left_out == ()


@pytest.mark.parametrize("cut", range(1, 5))
async def test_a_cut_sends_no_picture_twice(cut: int) -> None:
    at = desk(**SIDES)
    at.cut = cut
    whole = with_files(chart(DocumentReference=(CARD,)), **SIDES)
    with pytest.raises(Lost):
        await at.push(whole, Linked("p-1"))
    at.cut = None
    pushed = await at.push(whole, Linked("p-1"))
    assert kept(at) == [(FRONT, "d_1_0"), (BACK, "d_1_1")]
    assert set((pushed.files or {}).values()) == {hashlib.sha256(c).hexdigest() for c in SIDES.values()}


def big(size: int, number: int) -> File:
    return File(f"d_1_{number}", "image/jpeg", size, str(number) * 64)


async def test_what_does_not_fit_into_one_document_goes_in_the_next() -> None:
    names = ["d_1_0", "d_2_0", "d_3_0"]
    at = desk(**{name: JPEG + name.encode() for name in names})
    sized = {name: File(name, "image/jpeg", MAX_FILE, hashlib.sha256(at.files[name]).hexdigest()) for name in names}
    assert 2 * MAX_FILE <= MAX_DOCUMENT < 3 * MAX_FILE
    documents = (
        document("72170-4", "", id="d-1"),
        document("53245-7", "", id="d-2"),
        document("64290-0", "", id="d-3"),
    )
    pushed = await at.push(with_files(chart(DocumentReference=documents), **sized), Linked("p-1"))
    assert sorted(kept(at)) == [(FRONT, "d_3_0"), ("patient_image", "d_1_0"), ("patient_patient_id_image", "d_2_0")]
    assert at.of("Test2")[0]["insurances"][0]["origin_id"] == str(origin("Coverage/c-1"))
    assert len(pushed.files or {}) == 3


WHY = [
    (document("11506-3", "progress note"), {"d_1_0": JPEG}, "DocumentReference/d-1", "no other documents"),
    (document("72170-4", "photo"), {}, "DocumentReference/d-1.content[0].attachment", "not here: send them as data"),
    (
        document("72170-4", "photo"),
        {"d_1_0": file(b"\x89PNG", "d_1_0", None)},
        "DocumentReference/d-1.content[0].attachment",
        "PDF and JPEG only",
    ),
    (
        document("72170-4", "photo"),
        {"d_1_0": big(MAX_FILE + 1, 0)},
        "DocumentReference/d-1.content[0].attachment",
        "over 10 MiB",
    ),
    (document("64290-0", "f", "b", "x"), {}, "DocumentReference/d-1.content[2].attachment", "2 places"),
    (document("64290-0", "f", status="superseded"), {"d_1_0": JPEG}, "DocumentReference/d-1", "not current"),
    (
        document("64290-0", "f", context={"related": [{"reference": "Coverage/other"}]}),
        {"d_1_0": JPEG},
        "DocumentReference/d-1.context.related",
        "whose card",
    ),
]


@pytest.mark.parametrize(("given", "files", "place", "reason"), WHY)
async def test_what_stays_is_named_with_the_reason(
    given: dict[str, Any], files: dict[str, Any], place: str, reason: str
) -> None:
    at = Desk()
    pushed = await at.push(with_files(chart(DocumentReference=(given,)), **files), Linked("p-1"))
    assert reason in {item.expression: item.reason for item in pushed.left_out}[place]
    assert kept(at) == []


async def test_of_two_cards_the_policy_decides_and_of_two_photos_the_later() -> None:
    second = {**COVERAGE, "id": "c-2", "subscriberId": "Z9"}
    named = document("64290-0", "", id="d-1", context={"related": [{"reference": "Coverage/c-2"}]})
    photos = (document("72170-4", "", id="d-2"), document("72170-4", "", id="d-3"))
    contents = {"d_1_0": JPEG, "d_2_0": JPEG + b"2", "d_3_0": JPEG + b"3"}
    at = desk(**contents)
    whole = with_files(chart(coverages=(COVERAGE, second), DocumentReference=(named, *photos)), **contents)
    pushed = await at.push(whole, Linked("p-1"))
    assert sorted(kept(at)) == [(FRONT, "d_1_0"), ("patient_image", "d_3_0")]
    policies = at.of("Test2")[0]["insurances"]
    assert [policy.get("origin_id") for policy in policies] == [None, str(origin("Coverage/c-2"))]
    assert [item.expression for item in pushed.left_out] == ["DocumentReference/d-2.content[0].attachment"]


async def test_the_sandbox_takes_only_what_kipu_takes() -> None:
    at = desk(d_1_0=b"GIF89a")
    lying = {"d_1_0": file(b"GIF89a", "d_1_0", "image/jpeg")}
    with pytest.raises(Exception, match="KIPU refuses this record"):
        await at.push(with_files(chart(DocumentReference=(document("72170-4", ""),)), **lying), Linked("p-1"))
    assert at.of("Test2") == []
