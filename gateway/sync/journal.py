"""DBOS as this gateway uses it: its configuration, its tables, and a serializer that seals what it keeps.

A workflow's journal holds charts and EMRs' answers, so everything DBOS writes is sealed with CROSSWALK_SECRET_KEY.
"""

from __future__ import annotations

import base64
import pickle
from collections.abc import Awaitable, Callable
from typing import Any

from dbos import DBOS, DBOSClient, DBOSConfig, Serializer, StepOptions
from sqlalchemy import Engine

from gateway.auth.secrets import SecretBox
from gateway.sync.push import is_retryable
from gateway.translation.contract import Replies

APPLICATION = "crosswalk"
WORKFLOW_VERSION = "1"
"""Workflows that are under way go on after an upgrade, unless this changes: it has to when their steps change order."""
JOURNAL = "workflow-journal"
REPEATED: StepOptions = {
    "retries_allowed": True,
    "max_attempts": 3,
    "interval_seconds": 0.5,
    "backoff_rate": 3.0,
    "should_retry": is_retryable,
}
"""An EMR that stumbles gets two more attempts at once; one that is down is asked again later by workflows.py."""


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


async def journaled(name: str, attempt: Callable[[], Awaitable[Replies]], repeatable: bool) -> Replies:
    """One step of a translator's flow: made once, remembered, and repeated on its own only where that is safe."""

    async def step() -> Replies:
        return await attempt()

    options: StepOptions = {"name": name}
    if repeatable:
        options = {**options, **REPEATED}
    return await DBOS.run_step_async(options, step)
