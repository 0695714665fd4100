"""Webhooks: six types, of which only whom to read is taken; nothing else is."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.faults import Malformed
from gateway.translation.announced import Heard
from gateway.translation.sandbox import SandboxSetup
from tests.translators.ritten.driving import MOMENT, Clinic
from translators.ritten import translator
from translators.ritten.announcing import TYPES, heard
from translators.ritten.examples_lists import WEBHOOKS
from translators.ritten.sandbox import create
from translators.ritten.sandbox_webhooks import TYPES as CALLED
from translators.ritten.sandbox_webhooks import Webhooks


def body(type: Any, **data: Any) -> bytes:
    return json.dumps({"type": type, "data": data}).encode()


@pytest.mark.parametrize("example", WEBHOOKS, ids=lambda example: example["type"])
def test_each_type_names_whom_to_read(example: dict[str, Any]) -> None:
    data = example["data"]
    keys = tuple(key for name in ("patientId", "personSeekingTreatmentId") if (key := data.get(name)))
    assert heard(json.dumps(example).encode()) == Heard(TYPES[example["type"]], keys)


def test_a_type_that_is_not_known_is_read_by_the_same_rule() -> None:
    assert heard(body("patient.updated", patientId="p-1")) == Heard(None, ("p-1",))
    assert heard(body("clinic.closed")) == Heard(None, ())


@pytest.mark.parametrize("key", ["", "../users", "a b", "x" * 65, 7, None, ["p"], {"id": "p"}, "p/../q", "p\n"])
def test_what_can_be_no_key_names_nobody(key: Any) -> None:
    assert heard(body("patient.admit", patientId=key)).keys == ()


NO_JSON = (b"", b"\xff", b"[" * 100_000, b"patientId=p-1")
OTHERS = (b"null", b"[]", b'"patient.admit"', b"{}", b'{"type": "patient.admit"}', b'{"type": 7, "data": {}}')


@pytest.mark.parametrize("text", [*NO_JSON, *OTHERS, b'{"type": "patient.admit", "data": []}'])
def test_another_form_is_refused(text: bytes) -> None:
    with pytest.raises(Malformed, match="webhook of Ritten's"):
        heard(text)
    assert translator.named(text) == ()


@given(st.binary(max_size=200))
def test_whatever_comes_names_keys_or_is_refused(text: bytes) -> None:
    assert all(isinstance(key, str) for key in translator.named(text))


async def test_an_id_that_ritten_does_not_have_is_passed_over() -> None:
    clinic = Clinic()
    id = clinic.patients("Brandt")[0]["id"]
    found = await clinic(translator.fetch(clinic.account, ["nobody", id, id], (), MOMENT))
    assert [one.patient_key for one in found] == [id]


async def test_the_sandbox_calls_the_address_of_each_type() -> None:
    called: list[tuple[str, dict[str, Any]]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        called.append((request.url.path, json.loads(request.content)))
        return httpx.Response(202)

    webhooks = Webhooks(create(SandboxSetup()), httpx.MockTransport(answer))
    with pytest.raises(ValueError, match="no such webhook"):
        await webhooks.configure({"patient.updated": "http://gateway.test"})
    await webhooks.configure({"patient-admit": "http://gateway.test/admit", "all": "http://gateway.test/all"})
    webhooks.announce("patient.admit", patientId="p-1")
    webhooks.sandbox.switch(["hooks-twice"])
    webhooks.announce("case.created", caseId="c-1")
    webhooks.sandbox.switch(["hooks-lost"])
    webhooks.announce("patient.admit", patientId="p-2")
    await asyncio.gather(*webhooks.under_way)
    assert called == [
        ("/admit", {"type": "patient.admit", "data": {"patientId": "p-1"}}),
        *([("/all", {"type": "case.created", "data": {"caseId": "c-1"}})] * 2),
    ]


def test_sandbox_and_translator_know_the_same_types() -> None:
    assert set(CALLED) == set(TYPES)
    assert translator.webhooks == tuple(type.replace(".", "-") for type in TYPES)
