"""What holds for every operation of the API, none forgotten: who may call it, and what a write leaves behind."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import httpx
import pytest
from sqlmodel import Session, text

from gateway.provenance.witness import provenance_witness
from gateway.services import Services
from tests.gateway.audit.administrator import ADMIN
from tests.gateway.conftest import PUBLIC, GetToken
from tests.security.world import HERSELF, LAUNCHED, STAFF, VIEWER, World
from tests.translators.internal.face.api import Api, Catalogue
from tests.translators.internal.face.chart import Chart, Request, charted
from translators.internal.face import face

LABEL = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "ETH"}
STATUSES = {(each.method, each.path): each.status for each in face.operations}
NOT_WRITTEN = frozenset({"/patients/{patient_uuid}/alerts/bulk-dismiss"})
"""Finds its alert archived already, in the order of the requests."""


@pytest.fixture
async def chart(api: Api, catalogue: Catalogue) -> Chart:
    return await charted(api, catalogue)


@pytest.fixture
def world(http: httpx.AsyncClient, services: Services) -> World:
    return World(http, services)


async def answers(api: Api, requests: Iterable[Request]) -> dict[tuple[str, str], tuple[int, Any]]:
    """Status and body of each."""
    found = {}
    for each in requests:
        answer = await api.ask(each.method, each.path, each.body, **each.query)
        found[each.key] = (answer.status_code, answer.json() if answer.content else None)
    return found


def refused_otherwise(found: dict[tuple[str, str], tuple[int, Any]], *statuses: int) -> dict[tuple[str, str], Any]:
    """Those that did not answer one of the statuses with a `detail` in words."""
    return {
        key: told
        for key, told in found.items()
        if told[0] not in statuses or not isinstance(told[1], dict) or not isinstance(told[1].get("detail"), str)
    }


async def written(services: Services) -> tuple[int, int]:
    """How many versions there are, and how many Provenances among them."""
    statement = "SELECT sum(version), sum(CASE type WHEN 'Provenance' THEN 1 ELSE 0 END) FROM resource"

    def counted(session: Session) -> tuple[int, int]:
        versions, provenances = session.connection().execute(text(statement)).one()
        return int(versions), int(provenances)

    return await services.store.session_read(counted)


def test_no_operation_is_forgotten() -> None:
    made: dict[str, Any] = {"id": "x", "version": 1}
    asked = [each.key for each in Chart(Catalogue(), *[made] * 14).requests()]
    assert sorted(asked) == sorted((each.method, each.path) for each in face.operations)


async def test_each_answers_as_declared_and_a_write_is_a_version_with_provenance_and_in_the_audit_trail(
    api: Api, chart: Chart, services: Services, world: World
) -> None:
    services.store.witnesses.append(provenance_witness)
    for each in chart.requests():
        before = await written(services)
        answer = await api.ask(each.method, each.path, each.body, **each.query)
        assert answer.status_code == STATUSES[each.key], (each.key, answer.text)
        versions, provenances = (now - then for now, then in zip(await written(services), before, strict=True))
        leaves_something = each.writes and each.template not in NOT_WRITTEN
        assert (versions >= 2, provenances >= 1) == (leaves_something, leaves_something), each.key
    await services.audit.flush()
    trail = await world.caller(ADMIN).total(f"AuditEvent?entity=Patient/{chart.patient['id']}")
    assert trail >= sum(each.about_a_patient for each in chart.requests())


async def test_nobody_gets_in_without_a_token(api: Api, services: Services, chart: Chart) -> None:
    before = await written(services)
    for token in (None, "made-up"):
        found = await answers(Api(api.http, token), chart.requests())
        assert refused_otherwise(found, 401) == {}
    assert await written(services) == before


async def test_a_token_is_of_one_organisation(api: Api, chart: Chart, token: GetToken, services: Services) -> None:
    before = await written(services)
    assert refused_otherwise(await answers(Api(api.http, await token(org="south")), chart.requests()), 401) == {}
    nowhere = Api(api.http, api.token, f"{PUBLIC}/api/v1/nowhere")
    assert refused_otherwise(await answers(nowhere, chart.requests()), 404) == {}
    assert await written(services) == before


async def test_scopes_limit_what_can_be_done(chart: Chart, world: World, services: Services, api: Api) -> None:
    before = await written(services)
    apart = Api(api.http, world.caller("system/Appointment.cruds").token)
    assert refused_otherwise(await answers(apart, chart.requests()), 403) == {}
    writing = [each for each in chart.requests() if each.writes]
    for caller in (world.caller("system/*.rs"), world.caller("user/*.cruds", **VIEWER)):
        assert refused_otherwise(await answers(Api(api.http, caller.token), writing), 403) == {}
    assert await written(services) == before


async def test_who_may_only_read_reads_everything(chart: Chart, world: World, api: Api) -> None:
    reading = [each for each in chart.requests() if not each.writes]
    for caller in (world.caller("system/*.rs"), world.caller("user/*.rs", **STAFF)):
        found = await answers(Api(api.http, caller.token), reading)
        assert {key: told for key, told in found.items() if told[0] != 200} == {}


async def test_a_labelled_patient_is_seen_by_those_who_treat_only(
    chart: Chart, world: World, services: Services, api: Api
) -> None:
    treats = world.caller("system/*.cruds", purposes=frozenset({"TREAT"}))
    label = {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": {"security": [LABEL]}}]}
    marked = await treats.ask("POST", f"Patient/{chart.patient['id']}/$meta-add", label)
    assert marked.status_code == 200, marked.text
    before = await written(services)
    others = Api(api.http, world.caller("system/*.cruds").token)
    about = [each for each in chart.requests() if chart.patient["id"] in each.path]
    assert refused_otherwise(await answers(others, about), 404) == {}
    lists = await answers(others, [each for each in chart.requests() if "{" not in each.template and not each.writes])
    assert chart.patient["id"] not in repr(lists)
    assert await written(services) == before
    found = await answers(Api(api.http, treats.token), [each for each in about if not each.writes])
    assert {key: told for key, told in found.items() if told[0] != 200} == {}


@pytest.mark.parametrize("held", [LAUNCHED, HERSELF], ids=["launched", "herself"])
async def test_a_token_held_to_one_patient_reaches_nobody_else(
    chart: Chart, world: World, services: Services, api: Api, held: dict[str, Any]
) -> None:
    mine = chart.relative["id"]
    bound = {**held, "patient": mine} | ({"fhir_user": f"Patient/{mine}"} if held is HERSELF else {})
    caller = Api(api.http, world.caller("patient/*.cruds", **bound).token)
    before = await written(services)
    about = [each for each in chart.requests() if chart.patient["id"] in each.path]
    assert refused_otherwise(await answers(caller, about), 404, 403) == {}
    assert await written(services) == before
    listed = (await caller.ask("GET", "/patients")).json()
    assert [each["id"] for each in listed["items"]] == [mine]
