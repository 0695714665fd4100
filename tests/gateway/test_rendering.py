"""Answers in XML, pretty, packed, or without a body."""

from __future__ import annotations

import gzip

import pytest

from gateway.xml.decode import resource_from_xml
from tests.gateway.conftest import Fhir, bundle, entry, patient

FHIR_XML = "application/fhir+xml"
XML = f"{FHIR_XML};charset=utf-8"


@pytest.mark.parametrize("path", ["Patient/p", "Patient", "Patient/p/_history", "metadata"])
@pytest.mark.parametrize("asked", [FHIR_XML, "application/xml", "text/xml", "application/fhir+xml;fhirVersion=4.0"])
async def test_xml(client: Fhir, path: str, asked: str) -> None:
    await client.ask("PUT", "Patient/p", patient(id="p"))
    json = (await client.ask("GET", path)).json()
    answer = await client.ask("GET", path, headers={"Accept": asked})
    assert (answer.status_code, answer.headers["content-type"]) == (200, XML)
    assert resource_from_xml(answer.content) == json


@pytest.mark.parametrize(
    ("accept", "is_xml"),
    [
        ("application/fhir+xml, application/fhir+json", True),
        ("application/fhir+xml;q=0.5, application/fhir+json", False),
        ("*/*;q=0.1, application/xml", True),
        ("application/fhir+xml;q=0, */*", False),
    ],
)
async def test_weights(client: Fhir, accept: str, is_xml: bool) -> None:
    answer = await client.ask("GET", "Patient", headers={"Accept": accept})
    assert (answer.headers["content-type"] == XML) == is_xml


async def test_refusals_are_in_xml_too(client: Fhir) -> None:
    answer = await client.ask("GET", "Patient/none?_format=xml")
    assert (answer.status_code, answer.headers["content-type"]) == (404, XML)
    assert resource_from_xml(answer.content)["issue"][0]["code"] == "not-found"


async def test_written_in_xml_and_read_in_json(client: Fhir) -> None:
    document = (
        '<Observation xmlns="http://hl7.org/fhir"><id value="o"/><status value="final"/><code><text value="x"/></code>'
        '<valueQuantity><value value="1.00"/></valueQuantity></Observation>'
    )
    headers = {"Content-Type": FHIR_XML}
    made = await client.ask("PUT", "Observation/o", document.encode(), headers=headers)
    assert made.status_code == 201, made.text
    assert '"value":1.00' in (await client.ask("GET", "Observation/o")).text
    again = await client.ask("PUT", "Observation/o", document.encode(), headers=headers)
    assert (again.status_code, again.headers["etag"]) == (200, 'W/"1"')
    wrong = await client.ask("PUT", "Observation/o", document.replace("final", "x").encode(), headers=headers)
    assert wrong.json()["issue"][0]["expression"] == ["Observation.status"]
    bomb = b"<!DOCTYPE x [<!ENTITY a 'b'>]>" + document.encode()
    assert (await client.ask("PUT", "Observation/o", bomb, headers=headers)).status_code == 400


async def test_a_transaction_in_xml(client: Fhir) -> None:
    from gateway.interactions.exchange import encode
    from gateway.xml.encode import xml_from_json

    body = xml_from_json(encode(bundle(entry("POST", "Patient", patient()))))
    answer = await client.ask("POST", "", body, headers={"Content-Type": FHIR_XML, "Accept": FHIR_XML})
    assert answer.status_code == 200
    assert resource_from_xml(answer.content)["entry"][0]["response"]["status"] == "201 Created"


@pytest.mark.parametrize("format", ["json", "xml"])
async def test_pretty(client: Fhir, format: str) -> None:
    await client.ask("PUT", "Patient/p", patient(id="p"))
    plain = await client.ask("GET", f"Patient/p?_format={format}&_pretty=false")
    pretty = await client.ask("GET", f"Patient/p?_format={format}&_pretty=true")
    assert plain.content.count(b"\n") == 0 < pretty.content.count(b"\n")
    assert int(pretty.headers["content-length"]) == len(pretty.content)
    for wrong in ("", "yes", "TRUE"):
        assert (await client.ask("GET", f"Patient/p?_pretty={wrong}")).status_code == 400


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [("gzip", True), ("*", True), ("br, gzip;q=0.5", True), ("gzip;q=0.0", False), ("br", False)],
)
async def test_packing(client: Fhir, accepted: str, packed: bool) -> None:
    answer = await client.ask("GET", "metadata", headers={"Accept-Encoding": accepted})
    assert ("content-encoding" in answer.headers) == packed
    assert answer.json()["resourceType"] == "CapabilityStatement"
    async with client.http.stream("GET", f"{client.base}/metadata", headers={"Accept-Encoding": accepted}) as raw:
        body = b"".join([part async for part in raw.aiter_raw()])
    assert (gzip.decompress(body) if packed else body) == answer.content
    assert int(raw.headers["content-length"]) == len(body)


async def test_small_answers_are_not_packed(client: Fhir) -> None:
    answer = await client.ask("GET", "Patient/none", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize("path", ["Patient/p", "Patient?_format=xml", "metadata", "Patient/none", "Patient/p/_history"])
async def test_head_says_what_get_says(client: Fhir, path: str) -> None:
    await client.ask("PUT", "Patient/p", patient(id="p"))
    get, head = [await client.ask(method, path) for method in ("GET", "HEAD")]
    assert (head.status_code, head.content) == (get.status_code, b"")
    varying = {"x-request-id", "date"}
    assert {k: v for k, v in head.headers.items() if k not in varying} == {
        k: v for k, v in get.headers.items() if k not in varying
    }
