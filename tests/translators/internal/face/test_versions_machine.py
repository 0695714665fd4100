"""A patient's versions and status under any order of changes, with versions that are right, late or made up.

The model is a number, a status and a city. FACE_STEPS=full takes long ways; the suite's own are short.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.gateway.conftest import Answer, Fhir
from tests.translators.internal.face.api import Api, refused
from tests.translators.internal.face.test_idempotency_machine import WALK

T = TypeVar("T")
WAYS = {("prospective", "active"), ("active", "inactive"), ("active", "deceased"), ("inactive", "active")}
STATUSES = ("prospective", "active", "inactive", "deceased", "archived")
OFFSETS = st.sampled_from([0, 0, 0, 0, -1, 1, 7])
"""What is added to the version that the patient has."""


@dataclass(frozen=True)
class Faces:
    """The application in its own event loop, as the machine's thread asks it."""

    loop: asyncio.AbstractEventLoop
    api: Api
    fhir: Fhir

    def wait(self, asked: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(asked, self.loop).result(60)


class Versions(RuleBasedStateMachine):
    """One patient, and another one whose guarantor they may be."""

    faces: Faces

    @initialize(status=st.sampled_from(["prospective", "active", "inactive", "deceased"]))
    def register(self, status: str) -> None:
        answer = self.ask("POST", "/patients", {"first_name": "Wren", "last_name": "Halloway", "status": status})
        assert answer.status_code == 201, answer.text
        self.place = f"/patients/{answer.json()['id']}"
        self.status, self.version = status, 1
        self.city: str | None = None
        child = self.ask("POST", "/patients", {"first_name": "Corin", "last_name": "Halloway"}).json()
        self.child, self.child_version, self.answers_for = f"/patients/{child['id']}", 1, False

    def ask(self, method: str, path: str, body: Any = None, **query: Any) -> Answer:
        return self.faces.wait(self.faces.api.ask(method, path, body, **query))

    @property
    def archived(self) -> bool:
        return self.status == "archived"

    def expect(self, answer: Answer, offset: int, refusal: int | None = None) -> bool:
        """Who is archived is not found; a late change is told so before it is looked at."""
        status = 404 if self.archived else 409 if offset else refusal
        if status is None:
            assert answer.status_code == 200, answer.text
            return True
        refused(answer, status)
        return False

    @rule(city=st.sampled_from(["Porto", "Faro", None]), offset=OFFSETS)
    def patch(self, city: str | None, offset: int) -> None:
        """What changes nothing makes no version."""
        answer = self.ask("PATCH", self.place, {"base_version": max(1, self.version + offset), "city": city})
        if self.expect(answer, max(1, self.version + offset) - self.version) and city != self.city:
            self.city, self.version = city, self.version + 1

    @rule(goal=st.sampled_from(STATUSES), offset=OFFSETS)
    def transition(self, goal: str, offset: int) -> None:
        body = {"base_version": max(1, self.version + offset), "new_status": goal}
        answer = self.ask("POST", f"{self.place}/transition-status", body)
        refusal = None if (self.status, goal) in WAYS else 422
        if self.expect(answer, max(1, self.version + offset) - self.version, refusal):
            self.status, self.version = goal, self.version + 1

    @rule()
    def archive(self) -> None:
        if self.expect(self.ask("POST", f"{self.place}/archive"), 0, 422 if self.answers_for else None):
            self.status, self.version = "archived", self.version + 1

    @rule()
    def restore(self) -> None:
        answer = self.ask("POST", f"{self.place}/restore")
        if not self.archived:
            refused(answer, 422)
            return
        assert answer.status_code == 200, answer.text
        self.status, self.version = "inactive", self.version + 1

    @rule(answers=st.booleans())
    def answer_for_the_child(self, answers: bool) -> None:
        if self.archived or answers == self.answers_for:
            return
        key = self.place.removeprefix("/patients/") if answers else None
        body = {"base_version": self.child_version, "responsible_party_uuid": key}
        answer = self.ask("PATCH", self.child, body)
        assert answer.status_code == 200, answer.text
        self.answers_for, self.child_version = answers, answer.json()["version"]

    @rule(city=st.sampled_from(["Porto", "Évora"]))
    def move_by_fhir(self, city: str) -> None:
        """Another system's change is a version like any other, of archived patients too."""
        place = self.place.removeprefix("/").replace("patients", "Patient")
        fhir = self.faces.fhir
        resource = self.faces.wait(fhir.ask("GET", place)).json()
        resource["address"] = [{"use": "home", "city": city}]
        answer = self.faces.wait(fhir.ask("PUT", place, resource, headers={"If-Match": f'W/"{self.version}"'}))
        assert answer.status_code == 200, answer.text
        if city != self.city:
            self.city, self.version = city, self.version + 1

    @invariant()
    def both_faces_tell_it(self) -> None:
        told = self.ask("GET", self.place).json()
        assert (told["version"], told["status"], told["city"]) == (self.version, self.status, self.city)
        assert (told["deleted_at"] is not None) == self.archived
        read = self.faces.wait(self.faces.fhir.ask("GET", self.place.removeprefix("/").replace("patients", "Patient")))
        assert read.headers["etag"] == f'W/"{self.version}"'
        assert (read.json().get("active") is False) == (self.status in ("inactive", "archived"))


async def test_versions_and_status_are_what_a_model_says(api: Api, client: Fhir) -> None:
    faces = Faces(asyncio.get_running_loop(), api, client)
    machine: type[RuleBasedStateMachine] = type("Here", (Versions,), {"faces": faces})
    await asyncio.to_thread(run_state_machine_as_test, machine, settings=WALK)
