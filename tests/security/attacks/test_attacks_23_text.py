"""23: names given twice, byte order marks, lone surrogates, names like __proto__, and characters that break XML."""

from __future__ import annotations

import json

import pytest

from tests.gateway.conftest import Fhir, bundle, entry, patient


@pytest.mark.parametrize(
    "body",
    [
        b'{"resourceType":"Patient","gender":"male","gender":"female"}',
        b'{"resourceType":"Patient","resourceType":"Observation"}',
        b'{"resourceType":"Patient","id":"a","\\u0069d":"b"}',
        b'{"resourceType":"Patient","meta":{"security":[],"security":[{"code":"R"}]}}',
        b'\xef\xbb\xbf{"resourceType":"Patient"}',
        b'{"resourceType":"Patient","name":[{"family":"\\ud800"}]}',
        b'{"resourceType":"Patient","name":[{"family":"\xff\xfe"}]}',
        b'{"resourceType":"Patient","__proto__":{"admin":true}}',
        b'{"resourceType":"Patient","constructor":{"prototype":{}}}',
        b'{"resourceType":"Patient","__class__":"x"}',
        b'{"resourceType":"Patient","name":[{"family":"a\x00b"}]}',
        b'{"resourceType":"Patient","name":[{"family":"a\\u0000b"}]}',
        b'{"resourceType":"Patient","name":[{"family":"a\\u0008b"}]}',
    ],
)
async def test_23_is_refused_on_every_road(client: Fhir, body: bytes) -> None:
    assert (await client.ask("POST", "Patient", body)).status_code == 400
    assert (
        await client.ask("PUT", "Patient/a", body.replace(b'"Patient"', b'"Patient","id":"a"', 1))
    ).status_code == 400
    if not body.startswith(b"\xef"):
        within = b'{"resourceType":"Bundle","type":"transaction","entry":[{"resource":' + body
        within += b',"request":{"method":"POST","url":"Patient"}}]}'
        assert (await client.ask("POST", "", within)).status_code == 400
    assert await client.total("Patient") == 0


async def test_23_what_is_stored_can_be_had_as_xml(client: Fhir) -> None:
    made = await client.create(patient(family="Smith & <b> \"'> ]]>\u2028\U0001f600"))
    answer = await client.ask("GET", f"Patient/{made['id']}", headers={"Accept": "application/fhir+xml"})
    assert answer.status_code == 200
    again = await client.ask(
        "PUT", f"Patient/{made['id']}", answer.content, headers={"Content-Type": "application/fhir+xml"}
    )
    assert again.status_code == 200
    assert again.json()["name"] == made["name"]


async def test_23_a_bundle_is_one_json_document(client: Fhir) -> None:
    two = json.dumps(bundle(entry("POST", "Patient", patient()))) * 2
    assert (await client.ask("POST", "", two.encode())).status_code == 400
