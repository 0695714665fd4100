"""Requests that come twice: done once, answered alike, and given out again only to who may have it."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from dataclasses import replace
from typing import Annotated, Any

import httpx
import pytest
from pydantic import BaseModel, Field
from sqlmodel import Session, select
from starlette.applications import Starlette

from gateway.app import create_app
from gateway.auth.clients import Registration, add_client
from gateway.definitions.contract import Definitions
from gateway.faces.tables import KeptAnswer
from gateway.services import Services
from gateway.store import document
from gateway.store.open import open_store
from gateway.translation.face import Asked, Operation, Records, Stage
from tests.gateway.audit.administrator import events
from tests.gateway.conftest import EVERYTHING, PUBLIC, Answer, Fhir, Outbox
from tests.gateway.faces.conftest import JSON
from tests.gateway.faces.ward import STRICT, WARD

WardOf = Callable[[str], Awaitable[Fhir]]
REPLAYED = "Idempotency-Replayed"


class Convoy(BaseModel):
    """Several who come together."""

    model_config = STRICT
    families: Annotated[list[str], Field(max_length=50)]


@pytest.fixture
def breakdowns() -> set[str]:
    """Families at whose admission the process would be interrupted."""
    return set()


@pytest.fixture
def app(services: Services, breakdowns: set[str]) -> Starlette:
    return with_convoys(services, breakdowns)


def with_convoys(services: Services, breakdowns: set[str]) -> Starlette:
    def convoy(asked: Asked) -> Generator[Stage, Any, dict[str, Any]]:
        made: list[str] = []
        for family in asked.body.families:
            made.append((yield stage(family)))
        return {"made": made}

    def stage(family: str) -> Stage:
        def admit(records: Records) -> str:
            made = records.create({"resourceType": "Patient", "name": [{"family": family}]})
            if family in breakdowns:
                raise RuntimeError("interrupted")
            return made.id

        return admit

    added = Operation("POST", "/convoys", "convoy", "Admit several", "people", stages=convoy, body=Convoy)
    return create_app(services, faces=(replace(WARD, operations=(*WARD.operations, added)),))


async def post(ward: Fhir, key: str, body: Any, place: str = "people") -> Answer:
    return await ward.ask("POST", place, body, headers={**JSON, "Idempotency-Key": key})


def same(first: Answer, second: Answer) -> bool:
    assert second.headers[REPLAYED] == "true"
    return (second.status_code, second.content) == (first.status_code, first.content)


async def test_the_same_again_is_done_once(ward: Fhir, client: Fhir, outbox: Outbox) -> None:
    first = await post(ward, "k1", {"family": "Aalto", "beds": [1]})
    again = await post(ward, "k1", b'{"beds":\n[1], "family": "Aalto"}')
    assert (first.status_code, first.headers.get(REPLAYED)) == (201, None)
    assert same(first, again)
    assert await client.total("Patient") == 1
    assert len(outbox.handed) == 1


async def test_an_answer_without_a_body(ward: Fhir, client: Fhir) -> None:
    person = (await post(ward, "k1", {"family": "Aalto"})).json()["id"]
    first, again = [await post(ward, "k1", None, f"people/{person}/leave") for _ in range(2)]
    assert (first.status_code, first.content) == (204, b"")
    assert same(first, again)
    assert (await client.ask("GET", f"Patient/{person}")).headers["etag"] == 'W/"2"'


async def test_another_request_with_the_key_is_refused(ward: Fhir, client: Fhir) -> None:
    people = [(await post(ward, key, {"family": key})).json()["id"] for key in "ab"]
    for key, body, place in (
        ("a", {"family": "b"}, "people"),
        ("a", {"family": "a", "beds": []}, "people"),
        ("c", None, f"people/{people[1]}/leave"),
    ):
        assert (await post(ward, "c", None, f"people/{people[0]}/leave")).status_code == 204
        refused = await post(ward, key, body, place)
        assert (refused.status_code, refused.json()["status"]) == (409, 409)
        assert refused.json()["wrong"][0][0] == ["header", "Idempotency-Key"]
    assert await client.total("Patient") == 2


async def test_each_key_is_a_request_of_its_own(ward: Fhir, client: Fhir) -> None:
    bodies = {(await post(ward, key, {"family": "Aalto"})).text for key in ("1", "2")}
    bodies |= {(await ward.ask("POST", "people", {"family": "Aalto"}, headers=JSON)).text for _ in range(2)}
    assert len(bodies) == 4
    assert await client.total("Patient") == 4


async def test_a_refusal_keeps_no_key(ward: Fhir, client: Fhir) -> None:
    refused = [await post(ward, "k", {"family": "Full"}) for _ in range(2)]
    assert [answer.status_code for answer in refused] == [422, 422]
    made = await post(ward, "k", {"family": "Aalto"})
    assert (made.status_code, made.headers.get(REPLAYED)) == (201, None)
    assert await client.total("Patient") == 1


@pytest.mark.parametrize("key", ["", "k" * 256, "clé", "\t\x7f"])
async def test_a_key_that_is_none(ward: Fhir, client: Fhir, key: str) -> None:
    headers = {**JSON, "Authorization": f"Bearer {ward.token}", "Idempotency-Key": key.encode("latin-1")}
    answer = await ward.http.post(f"{ward.base}/people", content=b'{"family": "A"}', headers=headers)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["wrong"][0][0]) == (422, ["header", "Idempotency-Key"])
    assert await client.total("Patient") == 0


async def test_what_is_read_needs_no_key(ward: Fhir) -> None:
    made = (await post(ward, "k" * 255, {"family": "A"})).json()
    for _ in range(2):
        read = await ward.ask("GET", f"people/{made['id']}", headers={"Idempotency-Key": "k"})
        assert (read.json(), read.headers.get(REPLAYED)) == (made, None)


@pytest.fixture
async def other(ward: Fhir, services: Services, definitions: Definitions) -> Fhir:
    """Another client of the same organisation."""

    def register(session: Session) -> tuple[str, str]:
        made, secret = add_client(
            session, 1, Registration(name="Another", scope=EVERYTHING),
            types=definitions.all_types, allow_private=False, now=0, random=os.urandom,
        )  # fmt: skip
        assert secret is not None
        return made.client_id, secret

    auth = await services.store.session_write(register)
    form = {"grant_type": "client_credentials", "scope": EVERYTHING}
    token = (await ward.http.post("/oauth/north/token", data=form, auth=auth)).json()["access_token"]
    return replace(ward, token=token)


async def test_a_key_is_its_clients_own(ward: Fhir, other: Fhir, client: Fhir) -> None:
    answers = [await post(each, "k", {"family": "Aalto"}) for each in (ward, other)]
    assert len({answer.json()["id"] for answer in answers}) == 2
    assert (await post(other, "k", {"family": "Aalto"})).json() == answers[1].json()
    assert await client.total("Patient") == 2


async def test_scopes_are_looked_at_before_an_answer_is_given_again(ward: Fhir, ward_of: WardOf) -> None:
    assert (await post(ward, "k", {"family": "Aalto"})).status_code == 201
    for scope in ("system/Patient.rs", "system/Location.cruds"):
        refused = await post(await ward_of(scope), "k", {"family": "Aalto"})
        assert (refused.status_code, "Aalto" in refused.text) == (403, False)
    assert (await post(await ward_of("system/Patient.c"), "k", {"family": "Aalto"})).status_code == 201


async def test_what_is_out_of_sight_is_not_given_again(ward: Fhir, services: Services) -> None:
    made = (await post(ward, "k", {"family": "Aalto"})).json()
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HMARKT"}
    security = [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}, label]

    def withdraw(transaction: Any) -> None:
        stored = document.decode(transaction.read("Patient", made["id"]).body)
        transaction.put({**stored, "meta": {"security": security}})

    await services.store.write(1, withdraw)
    assert (await ward.ask("GET", f"people/{made['id']}")).status_code == 404
    refused = await post(ward, "k", {"family": "Aalto"})
    assert (refused.status_code, "Aalto" in refused.text) == (403, False)


async def test_what_was_deleted_since_is_answered_as_it_was(ward: Fhir, client: Fhir) -> None:
    first = await post(ward, "k", {"family": "Aalto"})
    await client.ask("DELETE", f"Patient/{first.json()['id']}")
    assert same(first, await post(ward, "k", {"family": "Aalto"}))
    assert await client.total("Patient") == 0


async def test_several_at_once(ward: Fhir, client: Fhir) -> None:
    answers = await asyncio.gather(*(post(ward, "k", {"family": "Aalto"}) for _ in range(6)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sorted(answer.headers.get(REPLAYED, "") for answer in answers) == ["", *["true"] * 5]
    assert await client.total("Patient") == 1


async def test_nothing_that_was_said_lies_open(ward: Fhir, services: Services) -> None:
    await post(ward, "key-4711", {"family": "Mustermann"})
    await post(ward, "key-4711", {"families": ["Mustermann"]}, "convoys")
    rows = await services.store.session_read(lambda session: session.exec(select(KeptAnswer)).all())
    assert len(rows) == 3
    told = json.dumps([row.model_dump() for row in rows])
    assert "Mustermann" not in told
    assert "4711" not in told


@pytest.fixture
async def later(ward: Fhir, services: Services, definitions: Definitions) -> AsyncIterator[Fhir]:
    """The same client after the gateway was started anew."""
    store = open_store(services.settings.database_url, definitions)
    transport = httpx.ASGITransport(with_convoys(replace(services, store=store), set()))
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC) as http:
        yield replace(ward, http=http)
    await store.close()


async def test_answers_outlive_the_process(ward: Fhir, later: Fhir) -> None:
    first = await post(ward, "k", {"family": "Aalto"})
    assert same(first, await post(later, "k", {"family": "Aalto"}))


async def test_accesses_by_repetition_are_in_the_trail(ward: Fhir, admin: Fhir, services: Services) -> None:
    person = (await post(ward, "k", {"family": "Aalto"})).json()
    await post(ward, "k", {"family": "Aalto"})
    await services.audit.flush()
    assert len(await events(admin, f"patient=Patient/{person['id']}")) == 2


# --- stage by stage --------------------------------------------------------------------------------------------------

TRIO = {"families": ["Aalto", "Berg", "Carr"]}


async def test_stages_without_a_key(ward: Fhir, client: Fhir) -> None:
    answers = [await ward.ask("POST", "convoys", TRIO, headers=JSON) for _ in range(2)]
    assert len({id for answer in answers for id in answer.json()["made"]}) == 6
    assert await client.total("Patient") == 6


async def test_an_interrupted_request_goes_on_where_it_stopped(
    ward: Fhir, later: Fhir, client: Fhir, breakdowns: set[str]
) -> None:
    breakdowns.add("Carr")
    assert (await post(ward, "k", TRIO, "convoys")).status_code == 500
    assert await client.total("Patient") == 2
    assert (await post(later, "k", {"families": ["Aalto"]}, "convoys")).status_code == 409
    done = await post(later, "k", TRIO, "convoys")
    assert (done.status_code, done.headers.get(REPLAYED)) == (200, None)
    assert same(done, await post(later, "k", TRIO, "convoys"))
    names = [(await client.ask("GET", f"Patient/{id}")).json()["name"][0]["family"] for id in done.json()["made"]]
    assert names == TRIO["families"]
    assert await client.total("Patient") == 3


async def test_who_repeats_what_is_under_way_joins_in(ward: Fhir, client: Fhir) -> None:
    body = {"families": [f"Family {number}" for number in range(12)]}
    answers = await asyncio.gather(*(post(ward, "k", body, "convoys") for _ in range(4)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert await client.total("Patient") == 12


async def test_scopes_are_looked_at_before_it_goes_on(
    ward: Fhir, ward_of: WardOf, client: Fhir, breakdowns: set[str]
) -> None:
    breakdowns.add("Carr")
    assert (await post(ward, "k", TRIO, "convoys")).status_code == 500
    assert (await post(await ward_of("system/Patient.rs"), "k", TRIO, "convoys")).status_code == 403
    assert await client.total("Patient") == 2


async def test_each_stage_is_an_event_at_once(
    ward: Fhir, admin: Fhir, client: Fhir, services: Services, breakdowns: set[str]
) -> None:
    breakdowns.add("Berg")
    assert (await post(ward, "k", TRIO, "convoys")).status_code == 500
    await services.audit.flush()
    (person,) = (await client.ask("GET", "Patient")).json()["entry"]
    reference = f"Patient/{person['resource']['id']}"
    assert len(await events(admin, f"patient={reference}&subtype=update")) == 1
    breakdowns.clear()
    for count in (2, 3):
        await post(ward, "k", TRIO, "convoys")
        await services.audit.flush()
        assert len(await events(admin, f"patient={reference}&subtype=update")) == count


async def test_each_stage_has_the_time_of_a_request(
    ward: Fhir, services: Services, client: Fhir, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurried = replace(services, settings=replace(services.settings, request_seconds=1))
    write = services.store.write
    turns: list[float] = [0.4, 0.4, 0.4, 30]

    async def slow(*given: Any) -> Any:
        await asyncio.sleep(turns.pop(0) if turns else 0)
        return await write(*given)

    monkeypatch.setattr(services.store, "write", slow)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(with_convoys(hurried, set())), base_url=PUBLIC) as http:
        body = {"families": ["Aalto", "Berg", "Carr", "Dahl"]}
        late = await post(replace(ward, http=http), "k", body, "convoys")
        assert (late.status_code, late.headers["Retry-After"]) == (503, "5")
        assert "Idempotency-Key" in late.text
        assert await client.total("Patient") == 3
        done = await post(replace(ward, http=http), "k", body, "convoys")
    assert done.status_code == 200
    assert await client.total("Patient") == 4
