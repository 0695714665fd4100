"""The durable road: enqueued with the job, worked on by a process, ended when it can do no more."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from dbos import WorkflowHandleAsync
from sqlalchemy import update

from gateway.bulk import jobs
from gateway.bulk.tables import JOB
from tests.gateway.bulk.conftest import ASYNC, Ward, ids, patient
from tests.gateway.conftest import issue

PATIENCE_S = 20.0


async def answered(ward: Ward, place: str) -> Any:
    """The first answer that is not 202."""
    deadline = time.monotonic() + PATIENCE_S
    while (answer := await ward.fhir.ask("GET", place)).status_code == 202:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.6)
    return answer


async def test_jobs_are_worked_on_by_whoever_serves(ward: Ward) -> None:
    lines = b"".join(json.dumps(patient(f"p{number}")).encode() + b"\n" for number in range(3))
    headers = {**ASYNC, "Content-Type": "application/fhir+ndjson"}
    broken = await ward.begun()
    await spoil(ward, broken)
    async with ward.services.sync.working():
        imported = await ward.fhir.ask("POST", "$import", lines, headers)
        place = imported.headers["content-location"].removeprefix(f"{ward.fhir.base}/")
        assert (await answered(ward, place)).json()["output"] == [{"type": "Patient", "count": 3}]
        place = await ward.begun("$export?_type=Patient")
        found = await ward.lines((await answered(ward, place)).json())
        assert ids(found, "Patient") == ["p0", "p1", "p2"]
        failed: WorkflowHandleAsync[None] = await ward.services.sync.client.retrieve_workflow_async(
            ward.order(broken).job
        )
        await failed.get_result(polling_interval_sec=0.1)
    reason = await ward.services.store.session_read(lambda session: jobs.get(session, ward.order(broken).job, "failed"))
    assert reason is not None
    assert reason.reason is not None
    assert "Familyname" not in reason.reason


async def spoil(ward: Ward, place: str) -> None:
    """Something that no code foresees."""
    spoilt = update(JOB).where(JOB.c.id == ward.order(place).job).values(request={"types": "Familyname"})
    await ward.services.store.session_write(lambda session: session.connection().execute(spoilt))


async def test_a_job_whose_transaction_fails_is_not_worked_on(ward: Ward) -> None:
    refused = await ward.kick_off("$export?_type=Nonsense")
    assert issue(refused)["code"] == "not-supported"
    waiting = await ward.services.sync.client.list_workflows_async(name="bulk")
    assert waiting == []
    await ward.begun()
    assert len(await ward.services.sync.client.list_workflows_async(name="bulk")) == 1
