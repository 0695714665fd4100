"""DBOS as this gateway uses it: its configuration, its tables, and a serializer that seals what it keeps.

A workflow's journal holds charts and EMRs' answers, so everything DBOS writes is sealed with CROSSWALK_SECRET_KEY.
"""

from __future__ import annotations

import base64
import pickle
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import structlog
from dbos import DBOS, DBOSClient, DBOSConfig, Serializer
from sqlalchemy import Engine

from gateway.auth.secrets import SecretBox
from gateway.faults import Fault
from gateway.sync.mishaps import as_fault
from gateway.telemetry import frames

APPLICATION = "crosswalk"
WORKFLOW_VERSION = "2"
"""Workflows that are under way go on after an upgrade, unless this changes: it has to when their steps change order."""
JOURNAL = "workflow-journal"
T = TypeVar("T")
log = structlog.get_logger()


class SealedSerializer(Serializer):
    """Pickles that only this gateway's key opens; without the key nobody can put one there either."""

    def __init__(self, box: SecretBox) -> None:
        self.box = box

    def serialize(self, data: Any) -> str:
        return self.box.seal(JOURNAL, base64.b64encode(pickle.dumps(data)))

    def deserialize(self, serialized_data: str) -> Any:
        return pickle.loads(base64.b64decode(self.box.open(JOURNAL, serialized_data)))  # noqa: S301 — sealed by us

    def name(self) -> str:
        return "crosswalk_sealed"


def migrate_journal(database_url: str) -> None:
    """Bring DBOS's own tables, in the same database, to its current schema."""
    DBOS.migrate(database_url)


def journal_client(engine: Engine, box: SecretBox) -> DBOSClient:
    """For enqueuing in a transaction of ours."""
    return DBOSClient(system_database_engine=engine, serializer=SealedSerializer(box), application_name=APPLICATION)


def configuration(engine: Engine, database_url: str, box: SecretBox, executor: str) -> DBOSConfig:
    return {
        "name": APPLICATION,
        "system_database_url": database_url,
        "system_database_engine": engine,
        "serializer": SealedSerializer(box),
        "application_version": WORKFLOW_VERSION,
        "executor_id": executor,
        "run_migrations": False,
        "log_level": "WARNING",
        "scheduler_polling_interval_sec": 5.0,
    }


async def durable(name: str, work: Callable[[], Awaitable[T]]) -> T:
    """One step of a workflow: done once, its outcome remembered; it fails with Faults, so without patient data."""

    async def step() -> T:
        try:
            return await work()
        except Fault:
            raise
        except Exception as error:
            raise unforeseen(error, name) from None

    return await DBOS.run_step_async({"name": name}, step)


def unforeseen(error: Exception, during: str) -> Fault:
    """The failure as a Fault; where it happened goes to the log."""
    fault = as_fault(error)
    if fault is not error:
        log.error("unforeseen failure", during=during, kind=type(error).__name__, frames=frames(error))
    return fault
