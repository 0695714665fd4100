"""Requests with keys in any order, repeated, altered and over restarts, against a model that is a dictionary.

FACE_STEPS=full takes long ways; the suite's own are short and always the same.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import httpx
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from gateway.app import create_app
from gateway.definitions.contract import Definitions
from gateway.services import Services
from gateway.store.open import open_store
from gateway.store.store import SqlStore
from tests.gateway.conftest import PUBLIC, Answer
from tests.translators.internal.face.api import Api

FULL = os.environ.get("FACE_STEPS") == "full"
WALK = settings(
    max_examples=150 if FULL else 5,
    stateful_step_count=40 if FULL else 14,
    derandomize=not FULL,
    database=None,
    deadline=None,
    phases=(Phase.generate, Phase.shrink) if FULL else (Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
T = TypeVar("T")
KEYS = st.sampled_from(["one", "two", "three"])
NAMES = st.sampled_from(["Halloway", "Marsh"])
BAD = {"gender": "4711"}


@dataclass
class Practice:
    """The application, which can be started anew over its database."""

    loop: asyncio.AbstractEventLoop
    api: Api
    services: Services
    definitions: Definitions
    store: SqlStore | None = None

    def wait(self, asked: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(asked, self.loop).result(60)

    def ask(self, method: str, path: str, body: Any = None, key: str | None = None, **query: Any) -> Answer:
        headers = {"Idempotency-Key": key} if key else None
        return self.wait(self.api.ask(method, path, body, headers=headers, **query))

    async def restart(self) -> None:
        await self.close()
        self.store = open_store(self.services.settings.database_url, self.definitions)
        app = create_app(replace(self.services, store=self.store))
        http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=PUBLIC)
        self.api = replace(self.api, http=http)

    async def close(self) -> None:
        if self.store is not None:
            await self.api.http.aclose()
            await self.store.close()
            self.store = None


class Repeating(RuleBasedStateMachine):
    """The model: what each key was first used for, and what that was answered."""

    practice: Practice
    examples = 0

    @initialize()
    def begin(self) -> None:
        # One database serves all examples: keys begin with a number of their own, and people are counted from here.
        type(self).examples += 1
        self.known: dict[tuple[str, str], tuple[str, str, Answer]] = {}
        self.there = self.total()
        self.people: list[str] = []

    def total(self) -> int:
        found: int = self.practice.ask("GET", "/patients", page_size=1).json()["total"]
        return found

    def post(self, operation: str, path: str, body: Any, key: str | None, accepted: int) -> Answer | None:
        """The answer, where it was carried out now."""
        whole = f"{self.examples} {key}" if key else None
        answer = self.practice.ask("POST", path, body, whole)
        asked, known = (path, json.dumps(body, sort_keys=True)), self.known.get((operation, key or ""))
        if known is None:
            assert "Idempotency-Replayed" not in answer.headers
            if answer.status_code == accepted and key:
                self.known[operation, key] = (*asked, answer)
            return answer if answer.status_code == accepted else None
        if known[:2] == asked:
            assert answer.headers["Idempotency-Replayed"] == "true"
            assert (answer.status_code, answer.content) == (known[2].status_code, known[2].content)
        elif body is not None and BAD.items() <= body.items():
            assert answer.status_code == 422
        else:
            assert answer.status_code == 409, answer.text
            assert isinstance(answer.json()["detail"], str)
        return None

    @rule(key=KEYS | st.none(), last=NAMES, wrong=st.booleans())
    def create(self, key: str | None, last: str, wrong: bool) -> None:
        body = {"last_name": last, "first_name": "Wren", **(BAD if wrong else {})}
        done = self.post("create", "/patients", body, key, 201)
        assert done is None or not wrong
        if done is not None:
            self.people.append(done.json()["id"])
            self.there += 1

    @rule(key=KEYS | st.none(), lasts=st.lists(NAMES, max_size=3), wrong=st.booleans())
    def bulk(self, key: str | None, lasts: list[str], wrong: bool) -> None:
        rows = [{"first_name": "Wren", "last_name": last} for last in lasts] + ([BAD] if wrong else [])
        done = self.post("bulk", "/patients/bulk", {"rows": rows}, key, 200)
        if done is not None:
            told = done.json()
            assert (told["created"], told["failed"], told["total"]) == (len(lasts), int(wrong), len(rows))
            self.people += [result["id"] for result in told["results"][: len(lasts)]]
            self.there += len(lasts)

    @rule(key=KEYS, data=st.data())
    def archive(self, key: str, data: st.DataObject) -> None:
        """A body is not needed: what is asked stands in the path, and cannot be asked twice but with a key."""
        if not self.people:
            return
        person = data.draw(st.sampled_from(self.people))
        if self.post("archive", f"/patients/{person}/archive", None, key, 200) is not None:
            self.people.remove(person)
            self.there -= 1

    @rule()
    def restart(self) -> None:
        self.practice.wait(self.practice.restart())

    @invariant()
    def nobody_is_there_twice(self) -> None:
        assert self.total() == self.there


@pytest.fixture
async def practice(api: Api, services: Services, definitions: Definitions) -> AsyncIterator[Practice]:
    made = Practice(asyncio.get_running_loop(), api, services, definitions)
    yield made
    await made.close()


async def test_what_is_asked_once_is_done_once(practice: Practice) -> None:
    machine: type[RuleBasedStateMachine] = type("Here", (Repeating,), {"practice": practice})
    await asyncio.to_thread(run_state_machine_as_test, machine, settings=WALK)
