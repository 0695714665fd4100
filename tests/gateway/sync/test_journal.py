"""The journal: what DBOS keeps of charts and answers can be read with the gateway's key only."""

from __future__ import annotations

import base64
import pickle

import pytest
from sqlalchemy import Engine, inspect, select, table, text
from sqlmodel import SQLModel

from gateway.auth.secrets import SecretBox
from gateway.faults import EmrBusy, Fault, Issue, Unprocessable
from gateway.sync.journal import SealedSerializer, unforeseen
from gateway.sync.mishaps import as_fault
from gateway.sync.orders import Order
from gateway.translation.contract import Chart, Reply
from tests.gateway.conftest import BOX
from tests.gateway.sync.clinic import Clinic, patient, until

FAMILY = "Xyzzylastname"
serializer = SealedSerializer(BOX)


@pytest.mark.parametrize(
    "value",
    [
        Chart(patient(family=FAMILY)),
        (Reply(200, {"etag": "1"}, FAMILY.encode()),),
        Order(1, "north", "kipu", ("p1",)),
        None,
    ],
)
def test_what_is_sealed_comes_back_and_cannot_be_read(value: object) -> None:
    sealed = serializer.serialize(value)
    assert serializer.deserialize(sealed) == value
    assert FAMILY not in sealed
    assert base64.b64encode(FAMILY.encode())[:8].decode() not in sealed


def test_what_another_key_sealed_is_not_opened() -> None:
    other = SealedSerializer(SecretBox(["another secret for tests"]))
    with pytest.raises(Exception, match=r".*") as refused:
        serializer.deserialize(other.serialize("x"))
    assert not isinstance(refused.value, pickle.UnpicklingError)


@pytest.mark.parametrize("foreign", [base64.b64encode(pickle.dumps("x")).decode(), "", "x.y", '{"py/object": "x"}'])
def test_what_nobody_sealed_is_not_unpickled(foreign: str) -> None:
    with pytest.raises(Exception, match=r".*") as refused:
        serializer.deserialize(foreign)
    assert not isinstance(refused.value, pickle.UnpicklingError)


@pytest.mark.parametrize(
    "fault",
    [
        EmrBusy("later", after=7),
        Unprocessable("no name", "Patient.name"),
        Fault((Issue("one", ("a",)), Issue("two"))),
        as_fault(KeyError("x")),
    ],
)
def test_faults_survive_the_journal(fault: Fault) -> None:
    back = serializer.deserialize(serializer.serialize(fault))
    assert (type(back), str(back), back.issues) == (type(fault), str(fault), fault.issues)
    assert getattr(back, "after", None) == getattr(fault, "after", None)


def test_a_fault_is_no_mistake(log_lines: list[dict[str, object]]) -> None:
    fault = EmrBusy("later")
    assert unforeseen(fault, "push") is fault
    assert log_lines == []


def dbos_rows(engine: Engine) -> dict[str, str]:
    """All that DBOS's tables hold, as text."""
    rows, schema = {}, None if engine.dialect.name == "sqlite" else "dbos"
    with engine.connect() as connection:
        for name in inspect(connection).get_table_names(schema=schema):
            if name not in SQLModel.metadata.tables:
                rows[name] = str(connection.execute(select(text("*")).select_from(table(name, schema=schema))).all())
    return rows


@pytest.mark.asyncio(loop_scope="module")
async def test_after_pushes_and_pulls_dbos_has_no_patient_in_clear(busy: Clinic) -> None:
    given = "Plughgivenname"
    names = [{"use": "official", "family": FAMILY, "given": [given]}]
    made = await busy.fhir.create({**patient(), "name": names})
    busy.emrs["ecw"].switch(("down",))
    id = made["id"]

    async def done() -> bool:
        states = [await busy.status(name, id) for name in ("kipu", "ritten", "internal")]
        return states == ["completed"] * 3

    await until(done)
    await busy.staff("kipu", "admit", last_name=FAMILY)
    await busy.services.sync.workflows.now("pull", Order(1, "north", "kipu"))
    rows = dbos_rows(busy.services.store.engine)
    busy.emrs["ecw"].switch(())
    assert rows["workflow_status"].count("'push'") >= 4
    assert rows["operation_outputs"].count("crosswalk_sealed") >= 8  # at least two steps for each EMR
    for word in (FAMILY, given, "9135550142", "1990-04-17", "sandbox-secret"):
        found = [name for name, text in rows.items() if word in text]
        assert found == [], word
