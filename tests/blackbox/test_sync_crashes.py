"""Power cuts, and two servers on one database: nothing is lost and nothing happens twice."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.blackbox.conftest import free_port
from tests.blackbox.sync_world import ORG, Cut, Done, World, outputs, until, world

pytestmark = pytest.mark.blackbox
POST = ("POST", "/v1/patients")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("crashes"), "ritten") as made:
        yield made


@pytest.fixture
def ritten(shared: World) -> World:
    """With its server up, and nothing counted yet."""
    wire = shared.wires["ritten"]
    wire.watch = lambda method, path: None
    wire.calls.clear()
    if shared.server is None or shared.server.poll() is not None:
        shared.serve()
    return shared


def patient(family: str, **more: object) -> dict[str, object]:
    return {
        "resourceType": "Patient",
        "name": [{"use": "official", "family": family, "given": ["Rowan"]}],
        "birthDate": "1990-04-17",
        "telecom": [{"system": "phone", "value": "9135550142", "use": "home"}],
        **more,
    }


def created(made: World, family: str) -> str:
    answer = made.ask("POST", "Patient", patient(family))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def killed_at(made: World, method: str) -> threading.Event:
    """Kill the server when it makes its next call of that kind, which the EMR does not get."""
    happened = threading.Event()

    def watch(asked: str, path: str) -> None:
        if asked == method and not path.endswith("/token") and not happened.is_set():
            made.kill()
            happened.set()
            raise Cut

    made.wires["ritten"].watch = watch
    return happened


def test_a_server_killed_between_the_two_steps_goes_on_at_the_second(ritten: World) -> None:
    happened = killed_at(ritten, "PATCH")
    id = created(ritten, "Cutbetween")
    assert happened.wait(30)
    assert len(ritten.patients("ritten", "Cutbetween")) == 1
    (listed,) = ritten.do("connection", "list", "--org", ORG)["connections"]
    assert listed["delivered_in_part"] == 1
    (entry,) = ritten.do("connection", "log", "--org", ORG, "ritten", "--limit", "1")["entries"]
    assert (entry["resource"], entry["status"]) == (f"Patient/{id}", "halfway")
    assert entry["detail"] == "Ritten has the patient with name and birth date only; the rest follows"
    ritten.serve()
    task = ritten.told("ritten", id, "completed")
    (found,) = ritten.patients("ritten", "Cutbetween")
    assert found["phones"] == ["+19135550142"]
    assert outputs(task, "external-id") == [found["id"]]
    assert ritten.wires["ritten"].made(*POST) == 1
    assert ritten.wires["ritten"].made("PATCH", f"/v1/patients/{found['id']}") == 2


def test_a_server_killed_while_the_emr_creates_finds_what_was_created(ritten: World) -> None:
    """The worst moment: the EMR has acted and nobody has written down that it has."""
    happened = threading.Event()

    def watch(method: str, path: str) -> None:
        if (method, path) == POST and not happened.is_set():
            ritten.kill()
            happened.set()

    ritten.wires["ritten"].watch = watch
    id = created(ritten, "Cutwithin")
    assert happened.wait(30)
    until(lambda: ritten.patients("ritten", "Cutwithin"))
    ritten.serve()
    task = ritten.told("ritten", id, "completed")
    (found,) = ritten.patients("ritten", "Cutwithin")
    assert outputs(task, "external-id") == [found["id"]]
    assert ritten.wires["ritten"].made(*POST) == 1


def test_a_server_killed_while_the_emr_takes_the_second_step_says_it_once(ritten: World) -> None:
    ritten.fault("ritten", "patch-not-made")
    id = created(ritten, "Cutbehind")
    task = ritten.retrying("ritten", id)
    assert (task["status"], task["businessStatus"]["coding"][0]["code"]) == ("in-progress", "delivered-in-part")
    assert "name and birth date only; the rest follows: Ritten is not reachable" in task["statusReason"]["text"]
    happened = threading.Event()

    def watch(method: str, path: str) -> None:
        if method == "PATCH" and not happened.is_set():
            ritten.kill()
            happened.set()

    ritten.wires["ritten"].watch = watch
    ritten.fault("ritten")
    changed = {**patient("Cutbehind"), "id": id, "gender": "female"}
    assert ritten.ask("PUT", f"Patient/{id}", changed).status_code == 200
    assert happened.wait(30)
    until(lambda: ritten.patients("ritten", "Cutbehind")[0]["phones"])
    ritten.serve()
    task = ritten.told("ritten", id, "completed")
    (found,) = ritten.patients("ritten", "Cutbehind")
    assert (found["demographics"]["sex"], "businessStatus" in task) == ("Female", False)
    assert ritten.wires["ritten"].made(*POST) == 1


def test_what_was_committed_before_a_power_cut_is_delivered_after_it(ritten: World) -> None:
    ritten.do("connection", "set", "--org", ORG, "ritten", "--set", "write_delay_s=3")
    ids = [created(ritten, f"Waiting{number}") for number in range(3)]
    ritten.kill()
    assert ritten.patients("ritten", "Waiting") == []
    ritten.serve()
    for id in ids:
        ritten.told("ritten", id, "completed")
    assert len(ritten.patients("ritten", "Waiting")) == 3
    ritten.do("connection", "set", "--org", ORG, "ritten", "--set", "write_delay_s=0")


def test_two_servers_on_one_database_push_once(ritten: World) -> None:
    ritten.serve(free_port())
    ids = [created(ritten, f"Twin{number}") for number in range(6)]
    for id in ids:
        ritten.told("ritten", id, "completed")
    assert len(ritten.patients("ritten", "Twin")) == 6
    assert ritten.wires["ritten"].made(*POST) == 6
    ritten.kill()
    entries = ritten.do("connection", "log", "--org", ORG, "ritten")["entries"]
    mine = [entry for entry in entries if entry["resource"] in {f"Patient/{id}" for id in ids}]
    pushed = [entry for entry in mine if entry["status"] != "halfway"]
    assert len(mine) == 2 * len(pushed)
    assert [(entry["direction"], entry["status"], entry["attempt"]) for entry in pushed] == [("push", "ok", 1)] * 6


def test_commands_pull_while_a_server_pulls(ritten: World) -> None:
    done: list[Done] = []

    def pull() -> None:
        done.append(ritten.run("connection", "pull", "--org", ORG, "ritten"))

    for number in range(25):
        created(ritten, f"Many{number}")
    until(lambda: len(ritten.patients("ritten", "Many")) == 25)
    threads = [threading.Thread(target=pull) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(100)
    assert [(each.status, each.said.count("Traceback")) for each in done] == [(0, 0)] * 2
    assert len(ritten.found("Patient?_count=1000")) == len(ritten.patients("ritten", ""))
