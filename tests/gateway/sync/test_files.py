"""Attachments of a chart: what their bytes are, where they lie, and whose are not taken."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.faults import DatabaseBusy
from gateway.sync.files import bytes_of, media_type_of, without_bytes
from gateway.sync.withholding import rule_of
from gateway.translation.contract import Chart, File

BASE = "https://gateway.example/fhir/r4/north"
PLACE = "DocumentReference/d.content[0].attachment"


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def found(attachment: dict[str, Any], **binaries: dict[str, Any]) -> dict[str, File]:
    document = {"resourceType": "DocumentReference", "id": "d", "content": [{"attachment": attachment}]}
    chart = Chart({"resourceType": "Patient", "id": "p"}, {"DocumentReference": (document,)})
    made = without_bytes(chart, lambda type, id: binaries.get(id), BASE, rule_of("TREAT"))
    assert "data" not in str(made.resources)
    assert document["content"] == [{"attachment": attachment}], "the given chart stays as it was"
    return dict(made.files)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7\n", "application/pdf"),
        (b"\xff\xd8\xff\xe0JFIF", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"GIF89a", None),
        (b"<html>%PDF-", None),
        (b"", None),
    ],
)
def test_bytes_say_what_they_are(content: bytes, kind: str | None) -> None:
    assert media_type_of(content) == kind


@pytest.mark.parametrize("url", ["Binary/b", f"{BASE}/Binary/b", f"{BASE}/Binary/b/_history/3"])
def test_a_binary_of_this_server_is_found(url: str) -> None:
    binary = {"resourceType": "Binary", "id": "b", "data": encoded(b"%PDF-1")}
    file = found({"url": url}, b=binary)[PLACE]
    assert (file.source, file.media_type, file.size) == ("Binary/b", "application/pdf", 6)
    assert bytes_of(file, binary) == b"%PDF-1"


@pytest.mark.parametrize(
    "attachment",
    [
        {"url": "https://elsewhere.example/fhir/Binary/b"},
        {"url": f"{BASE}-south/Binary/b"},
        {"url": "Binary/none"},
        {"url": "Patient/b"},
        {"data": ""},
        {"data": "@"},
        {"title": "nothing"},
    ],
)
def test_what_is_not_here_has_no_file(attachment: dict[str, Any]) -> None:
    assert found(attachment, b={"resourceType": "Binary", "id": "b", "data": encoded(b"%PDF-1")}) == {}


def test_a_restricted_binary_is_not_taken_for_a_purpose_that_does_not_open_it() -> None:
    part2 = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "42CFRPart2"}
    binary = {"resourceType": "Binary", "id": "b", "data": encoded(b"%PDF-1"), "meta": {"security": [part2]}}
    document = {"resourceType": "DocumentReference", "id": "d", "content": [{"attachment": {"url": "Binary/b"}}]}
    chart = Chart({"resourceType": "Patient", "id": "p"}, {"DocumentReference": (document,)})
    assert without_bytes(chart, lambda type, id: binary, BASE, rule_of("HMARKT")).files == {}


@given(st.binary(min_size=1, max_size=200), st.binary(max_size=200))
def test_bytes_are_read_as_they_were_or_not_at_all(content: bytes, later: bytes) -> None:
    document = {"resourceType": "DocumentReference", "id": "d"}
    first = {**document, "content": [{"attachment": {"data": encoded(content)}}]}
    second = {**document, "content": [{"attachment": {"data": encoded(later)}}]}
    file = found(first["content"][0]["attachment"])[PLACE]  # type: ignore[index]
    assert bytes_of(file, first) == content
    if later != content:
        with pytest.raises(DatabaseBusy, match="changed while it was being sent"):
            bytes_of(file, second)
    with pytest.raises(DatabaseBusy):
        bytes_of(file, None)
