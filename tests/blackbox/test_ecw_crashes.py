"""eClinicalWorks over a real server: killed at a create, tested with every obstacle, its key rotated."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.blackbox.crm import created
from tests.blackbox.sync_world import ORG, Cut, World, outputs, until, world

pytestmark = pytest.mark.blackbox
BASE = "/fhir/r4/FFBJCD/"
MINUTE_US = 61_000_000


@pytest.fixture(scope="module")
def ecw(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("ecw"), "ecw") as made:
        yield made


@pytest.fixture(autouse=True)
def quiet(ecw: World) -> Iterator[None]:
    ecw.wires["ecw"].calls.clear()
    yield
    ecw.wires["ecw"].watch = lambda method, path: None
    ecw.fault("ecw")


def killed_at_the_create(made: World, *, arrives: bool) -> threading.Event:
    happened = threading.Event()

    def watch(method: str, path: str) -> None:
        if (method, path) == ("POST", BASE) and not happened.is_set():
            made.kill()
            happened.set()
            if not arrives:
                raise Cut

    made.wires["ecw"].watch = watch
    return happened


def creates(made: World) -> int:
    return made.wires["ecw"].made("POST", BASE)


def test_killed_between_the_create_and_its_answer(ecw: World) -> None:
    happened = killed_at_the_create(ecw, arrives=True)
    id = created(ecw, "Arrived")
    assert happened.wait(60)
    ecw.serve()
    task = ecw.told("ecw", id, "completed")
    (found,) = ecw.patients("ecw", "Arrived")
    assert outputs(task, "external-id") == [found["id"]]
    assert creates(ecw) == 1


def test_killed_before_the_create_was_gone(ecw: World) -> None:
    """Nobody can know: it is looked for until eClinicalWorks must show it, and only then sent again."""
    happened = killed_at_the_create(ecw, arrives=False)
    id = created(ecw, "Unsent")
    assert happened.wait(60)
    ecw.serve()
    task = ecw.retrying("ecw", id)
    assert "looked for again before anything is sent" in task["statusReason"]["text"]
    assert (ecw.patients("ecw", "Unsent"), creates(ecw)) == ([], 1)
    with sqlite3.connect(ecw.folder / "crosswalk.db", timeout=30) as database:
        database.execute("UPDATE delivery SET sent = sent - ? WHERE patient = ?", (MINUTE_US, id))
    ecw.do("connection", "push", "--org", ORG, "ecw", f"Patient/{id}")
    task = ecw.told("ecw", id, "completed")
    (found,) = ecw.patients("ecw", "Unsent")
    assert outputs(task, "external-id") == [found["id"]]
    assert creates(ecw) == 2


OBSTACLES = [
    ("jwks-not-listed", "allow-listed"),
    ("scope-not-granted", "does not grant for writing patients: system/Patient.c, system/Patient.u"),
    ("not-activated", "has not activated this application"),
    ("discovery-missing", "token_url"),
    ("old-build", "build of eClinicalWorks"),
    ("fixed-audience", "set `audience`"),
    ("clock-ahead", "clock"),
    ("from-abroad", "United States"),
    ("down", "out of service"),
    ("nonsense", "practice code"),
]


def test_what_keeps_it_from_working_over_http_and_by_command(ecw: World) -> None:
    test = administrator(ecw)
    for fault, words in OBSTACLES:
        ecw.fault("ecw", fault)
        told = test()
        assert (told["ok"], words in told["detail"]) == (False, True), f"{fault}: {told['detail']}"
        assert told["latency_ms"] >= 0
    ecw.fault("ecw", "jwks-not-listed")
    refused = ecw.run("connection", "test", "--org", ORG, "ecw")
    assert (refused.status, "allow-listed" in refused.said, (refused.answer or {})["ok"]) == (1, True, False)
    (listed,) = ecw.do("connection", "list", "--org", ORG)["connections"]
    assert (listed["status"], "allow-listed" in listed["detail"]) == ("unready", True)
    ecw.fault("ecw")
    assert test()["detail"] == "eClinicalWorks takes the key and grants reading and writing of patients."
    (listed,) = ecw.do("connection", "list", "--org", ORG)["connections"]
    assert listed["status"] != "unready"


def test_the_key_is_rotated_while_ecw_keeps_what_it_fetched(ecw: World) -> None:
    test = administrator(ecw)
    ecw.fault("ecw", "jwks-cached")
    assert test()["ok"], "it has fetched the key that signs"
    new, old = ecw.do("keys", "rotate")["keys"]
    assert (new["state"], old["state"]) == ("next", "signing")
    published = [key["kid"] for key in httpx.get(f"{ecw.url}/.well-known/jwks.json").json()["keys"]]
    assert published == [new["kid"], old["kid"]]
    assert test()["ok"], "the old key signs until the overlap is over"
    ecw.do("keys", "activate", new["kid"])
    assert "fetched the new key" in test()["detail"], "brought forward: eClinicalWorks does not know it yet"
    ecw.fault("ecw")
    assert test()["ok"]


def administrator(made: World) -> Any:
    """Test Connection over /admin/v1."""
    client = made.do("client", "add", "--org", ORG, "--name", "Operations", "--scope", "gateway/admin")
    auth = (client["client_id"], client["client_secret"])
    answer = httpx.post(f"{made.url}/oauth/{ORG}/token", data={"grant_type": "client_credentials"}, auth=auth)
    headers = {"Authorization": f"Bearer {answer.raise_for_status().json()['access_token']}"}

    def test() -> Any:
        url = f"{made.url}/admin/v1/{ORG}/connections/ecw/test"
        return httpx.post(url, headers=headers, timeout=60).raise_for_status().json()

    return test


def test_a_write_that_is_refused_says_where_and_what_to_do(ecw: World) -> None:
    ecw.staff("ecw", "refuse", code=117)
    id = created(ecw, "Refused")
    task = ecw.told("ecw", id, "failed")
    assert "117 INVALID_PATIENT_GENDER (Patient.gender)" in task["statusReason"]["text"]
    log = ecw.do("connection", "log", "--org", ORG, "ecw", "--limit", "5")["entries"]
    assert any("117 INVALID_PATIENT_GENDER" in entry["detail"] for entry in log)
    ecw.do("connection", "push", "--org", ORG, "ecw", f"Patient/{id}")
    assert len(until(lambda: ecw.patients("ecw", "Refused"))) == 1
