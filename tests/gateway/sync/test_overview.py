"""What an operator sees at a glance, and Test Connection."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.faults import NotFound
from gateway.sync import overview
from gateway.sync.probe import test_connection as probe
from gateway.sync.tables import Link
from gateway.sync.tested import prove
from tests.gateway.conftest import NORTH
from tests.gateway.sync.clinic import Clinic

SECOND = 1_000_000


async def shown(clinic: Clinic, now: int = 1000 * SECOND, **columns: Any) -> dict[str, Any]:
    row = await clinic.connection("ritten")
    for name, value in columns.items():
        setattr(row, name, value)
    rooms = clinic.services.sync.connections
    return await clinic.session(lambda session: overview.connection(session, rooms, clinic.realm, row, now))


@pytest.mark.parametrize(
    ("columns", "status", "lag"),
    [
        ({}, "new", None),
        ({"pull_started": 900 * SECOND}, "pulling", None),
        ({"pull_started": 900 * SECOND, "pull_finished": 940 * SECOND}, "ok", 60),
        ({"pull_started": 950 * SECOND, "pull_finished": 940 * SECOND}, "pulling", 60),
        ({"pull_started": 900 * SECOND, "pull_finished": 940 * SECOND, "pull_error": "away"}, "failing", 60),
        ({"pull_started": 900 * SECOND, "pull_finished": 2000 * SECOND}, "ok", 0),
    ],
)
async def test_how_a_connection_stands(clinic: Clinic, columns: dict[str, Any], status: str, lag: int | None) -> None:
    await clinic.connect("ritten")
    told = await shown(clinic, **columns)
    assert (told["status"], told["lag"], told["detail"]) == (status, lag, columns.get("pull_error"))
    assert told["endpoint"] == f"{NORTH}/via/ritten"
    assert told["settings"]["conflict"] == "emr"


async def test_patients_are_counted_and_other_types_are_not(clinic: Clinic) -> None:
    await clinic.connect("ritten")
    await clinic.connect("kipu")
    ids = {name: (await clinic.connection(name)).id or 0 for name in ("ritten", "kipu")}

    def link(local: str, connection: str = "ritten", type: str = "Patient", **more: Any) -> Link:
        return Link(org=1, connection=ids[connection], type=type, local_id=local, **more)

    links = [
        link("a", external_key="1"),
        link("b", external_key="2", missing="MR number"),
        link("c", external_key="3", locked="discharged"),
        link("d"),
        link("e", type="Coverage", external_key="4", locked="x"),
        link("a", "kipu", external_key="1", locked="x"),
    ]
    await clinic.session(lambda session: session.add_all(links))
    told = await shown(clinic)
    assert (told["linked"], told["incomplete"], told["locked"]) == (3, 1, 1)


async def test_a_connection_that_works_is_told_so(clinic: Clinic) -> None:
    for name in clinic.emrs:
        await clinic.connect(name)
        answer = await probe(clinic.services.sync.runners, clinic.realm, name)
        assert answer["ok"] is True, answer
        assert answer["detail"]
        assert 0 <= answer["latency_ms"] < 10_000


@pytest.mark.parametrize("name", ["kipu", "ritten", "internal"])
async def test_a_wrong_secret_is_told_without_it(clinic: Clinic, name: str) -> None:
    await clinic.connect(name, secret="not-the-secret-at-all")
    answer = await probe(clinic.services.sync.runners, clinic.realm, name)
    assert answer["ok"] is False
    assert answer["detail"]
    assert "not-the-secret-at-all" not in answer["detail"]


@pytest.mark.parametrize("fault", ["down", "nonsense"])
async def test_an_emr_that_is_away_is_told(clinic: Clinic, fault: str) -> None:
    for name in clinic.emrs:
        await clinic.connect(name)
        clinic.emrs[name].switch((fault,))
        answer = await probe(clinic.services.sync.runners, clinic.realm, name)
        assert (answer["ok"], bool(answer["detail"])) == (False, True), name


async def test_what_is_not_there_is_not_found(clinic: Clinic) -> None:
    with pytest.raises(NotFound):
        await probe(clinic.services.sync.runners, clinic.realm, "nowhere")


async def test_a_connection_that_failed_its_test_is_not_ready_until_it_works(clinic: Clinic) -> None:
    await clinic.connect("ritten")
    store, runners = clinic.services.store, clinic.services.sync.runners
    clinic.emrs["ritten"].switch(("down",))
    told = await prove(store, runners, clinic.realm, "ritten")
    assert not told["ok"]
    now = clinic.services.clock()
    seen = await shown(clinic, now)
    assert (seen["status"], seen["detail"]) == ("unready", told["detail"])
    assert (await shown(clinic, now, pull_started=now, pull_finished=now + SECOND))["status"] == "ok"
    failing = {"pull_started": now, "pull_finished": now + SECOND, "pull_error": "away"}
    assert (await shown(clinic, now, **failing))["detail"] == "away"
    clinic.emrs["ritten"].switch(())
    assert (await prove(store, runners, clinic.realm, "ritten"))["ok"]
    seen = await shown(clinic, now)
    assert (seen["status"], seen["detail"]) == ("new", None)
