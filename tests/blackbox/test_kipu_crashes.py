"""A server that is killed between any two steps of a create makes no second patient at KIPU, and none is forgotten."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator

import pytest

from tests.blackbox.crm import created
from tests.blackbox.sync_world import ORG, Cut, World, outputs, until, world

pytestmark = pytest.mark.blackbox
CREATE = ("POST", "/api/patients")
HOURS_US = 5 * 3_600_000_000


@pytest.fixture(scope="module")
def kipu(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("kipu"), "kipu") as made:
        made.do("connection", "set", "--org", ORG, "kipu", "--set", "pull=false")
        yield made


@pytest.fixture(autouse=True)
def quiet(kipu: World) -> Iterator[None]:
    kipu.wires["kipu"].calls.clear()
    yield
    kipu.wires["kipu"].watch = lambda method, path: None
    kipu.fault("kipu")


def killed_at(made: World, wanted: Callable[[str, str], bool], *, arrives: bool) -> threading.Event:
    """Kill the server when it makes the first such call; whether KIPU gets it."""
    happened = threading.Event()

    def watch(method: str, path: str) -> None:
        if wanted(method, path) and not happened.is_set():
            made.kill()
            happened.set()
            if not arrives:
                raise Cut

    made.wires["kipu"].watch = watch
    return happened


def is_detail(method: str, path: str) -> bool:
    return method == "GET" and path.rpartition("/")[2].isdigit()


@pytest.mark.parametrize(
    ("family", "wanted", "arrives"),
    [
        ("Looking", lambda method, path: path == "/api/patients/latest", False),
        ("Within", lambda method, path: (method, path) == CREATE, True),
        ("Behind", is_detail, True),
    ],
)
def test_a_server_killed_at_a_step_goes_on_there(
    kipu: World, family: str, wanted: Callable[[str, str], bool], arrives: bool
) -> None:
    happened = killed_at(kipu, wanted, arrives=arrives)
    id = created(kipu, family)
    assert happened.wait(30)
    kipu.serve()
    task = kipu.told("kipu", id, "completed")
    (found,) = kipu.patients("kipu", family)
    assert outputs(task, "external-id") == [found["casefile_id"]]
    assert kipu.wires["kipu"].made(*CREATE) == 1


def test_a_create_that_may_have_arrived_waits_for_a_person(kipu: World) -> None:
    """Killed after it was written down that the create goes out, and before it was gone: nobody can know."""
    happened = killed_at(kipu, lambda method, path: (method, path) == CREATE, arrives=False)
    id = created(kipu, "Unknown")
    assert happened.wait(30)
    kipu.serve()
    task = kipu.told("kipu", id, "in-progress")
    until(lambda: "KIPU has not shown the chart" in str(kipu.task("kipu", id)))
    assert kipu.patients("kipu", "Unknown") == []
    with sqlite3.connect(kipu.folder / "crosswalk.db", timeout=30) as database:
        database.execute("UPDATE delivery SET sent = sent - ? WHERE patient = ?", (HOURS_US, id))
    kipu.do("connection", "push", "--org", ORG, "kipu", f"Patient/{id}")
    task = kipu.told("kipu", id, "in-progress")
    assert task["businessStatus"]["coding"][0]["code"] == "answer-needed"
    assert "shows no chart of it" in task["statusReason"]["text"]
    (question,) = kipu.do("connection", "questions", "--org", ORG, "kipu")["questions"]
    assert (question["patient"], question["candidates"]) == (f"Patient/{id}", [])
    assert kipu.wires["kipu"].made(*CREATE) == 1
    refused = kipu.run("connection", "answer", "--org", ORG, "kipu", f"Patient/{id}")
    assert (refused.status, "one of the two" in refused.said) == (1, True)
    kipu.do("connection", "answer", "--org", ORG, "kipu", f"Patient/{id}", "--deliver-again")
    task = kipu.told("kipu", id, "completed")
    assert outputs(task, "external-id") == [kipu.patients("kipu", "Unknown")[0]["casefile_id"]]
    assert kipu.wires["kipu"].made(*CREATE) == 2
