"""A walk over both faces: staff write through the API, others through FHIR, and after each step both are told alike.

FACE_STEPS=full takes a long walk; the suite's own is short and always the same.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from gateway.canonical import CANONICAL, extension_url
from tests.gateway.conftest import Answer, Fhir
from tests.translators.internal.face.api import TAGS, Api, Catalogue
from tests.translators.internal.face.both import KINDS, Kind, disagreements, of_patient, told

FULL = os.environ.get("FACE_STEPS") == "full"
WALK = settings(
    max_examples=60 if FULL else 4,
    stateful_step_count=30 if FULL else 14,
    derandomize=not FULL,
    database=None,
    deadline=None,
    phases=(Phase.generate, Phase.shrink) if FULL else (Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
ACTIVE = {"active": True, "inactive": False}
T = TypeVar("T")
Made = dict[str, Any]


@dataclass(frozen=True)
class Faces:
    """The application in its own event loop, as the walk's thread asks it."""

    loop: asyncio.AbstractEventLoop
    api: Api
    fhir: Fhir
    catalogue: Catalogue
    definitions: dict[str, Made]
    """Of an alert, a field and a tag."""

    def wait(self, asked: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(asked, self.loop).result(60)

    def rest(self, method: str, path: str, body: Any = None, **query: Any) -> Answer:
        return self.wait(self.api.ask(method, path, body, **query))

    def written(self, method: str, path: str, body: Any, **more: Any) -> Made:
        """What a FHIR client has written."""
        answer = self.wait(self.fhir.ask(method, path, body, **more))
        assert answer.status_code in (200, 201), answer.text
        made: Made = answer.json()
        return made

    def resource(self, place: str) -> Made:
        found: Made = self.wait(self.fhir.ask("GET", place)).json()
        return found

    def search(self, query: str) -> list[Made]:
        answer = self.wait(self.fhir.ask("GET", query))
        assert answer.status_code == 200, answer.text
        return [entry["resource"] for entry in answer.json().get("entry", ())]


class Walk(RuleBasedStateMachine):
    """One patient and what is recorded of them."""

    faces: Faces

    @initialize(by_staff=st.booleans())
    def register(self, by_staff: bool) -> None:
        if by_staff:
            answer = self.faces.rest("POST", "/patients", {"first_name": "Wren", "last_name": "Halloway"})
            assert answer.status_code == 201, answer.text
            self.id = answer.json()["id"]
        else:
            name = [{"use": "official", "family": "Halloway", "given": ["Wren"]}]
            self.id = self.faces.written("POST", "Patient", {"resourceType": "Patient", "active": True, "name": name})[
                "id"
            ]
        other = self.faces.rest("POST", "/patients", {"first_name": "Corin", "last_name": "Halloway"})
        self.other: str = other.json()["id"]
        self.status = "active"
        self.archived = False
        self.tagged = False
        self.instrument: Any = None
        self.created: dict[str, str] = {}
        """Record → when it was made, which never changes."""

    @property
    def place(self) -> str:
        return f"/patients/{self.id}"

    def patient(self) -> Made:
        answer = self.faces.rest("GET", self.place)
        assert answer.status_code == 200, answer.text
        found: Made = answer.json()
        return found

    # --- the patient ----------------------------------------------------------------------------------------------

    @rule(change=st.sampled_from([
        {"last_name": "Marsh"}, {"date_of_birth": "1990-02-03"}, {"city": "Ellery"}, {"city": None},
        {"email": "wren@example.org"}, {"first_name": "Wrenna", "email": None}, {"treatment_notes": "Two\nlines"},
    ]))  # fmt: skip
    def staff_change_the_patient(self, change: Made) -> None:
        before = self.patient()
        answer = self.faces.rest("PATCH", self.place, {"base_version": before["version"], **change})
        assert answer.status_code == (404 if self.archived else 200), answer.text
        if not self.archived:
            assert {**before, **change}.items() - told_anew(before) <= answer.json().items()

    @rule()
    def staff_change_an_old_version(self) -> None:
        before = self.patient()
        if before["version"] > 1 and not self.archived:
            answer = self.faces.rest("PATCH", self.place, {"base_version": before["version"] - 1, "city": "Lost"})
            assert answer.status_code == 409, answer.text
            assert self.patient() == before

    @rule(change=st.sampled_from([
        {"birthDate": "1985-06-07"}, {"birthDate": None}, {"gender": "female"},
        {"address": [{"use": "home", "city": "Sandport", "line": ["1 Quay"]}, {"use": "work", "city": "Elsewhere"}]},
        {"telecom": [{"system": "email", "value": "w@example.net"}, {"system": "url", "value": "https://w.example"}]},
        {"name": [{"use": "old", "family": "Before"}, {"use": "official", "family": "Ash", "given": ["Wren", "B"]}]},
    ]))  # fmt: skip
    def others_replace_the_patient(self, change: Made) -> None:
        self._put("Patient", self.id, change)

    @rule(family=st.sampled_from(["Vale", "Vale-Marsh"]))
    def others_patch_the_patient(self, family: str) -> None:
        names = self.faces.resource(f"Patient/{self.id}")["name"]
        at = next(at for at, name in enumerate(names) if name.get("use") in ("official", None))
        patch = [{"op": "replace", "path": f"/name/{at}/family", "value": family}]
        self.faces.written(
            "PATCH", f"Patient/{self.id}", patch, headers={"Content-Type": "application/json-patch+json"}
        )

    @rule(status=st.sampled_from(["active", "inactive"]))
    def others_say_whether_the_patient_is_in_use(self, status: str) -> None:
        if not self.archived:
            self._put("Patient", self.id, {"active": ACTIVE[status]})
            self.status = status

    @rule(status=st.sampled_from(["active", "inactive", "prospective", "archived"]))
    def staff_move_the_status(self, status: str) -> None:
        body = {"base_version": self.patient()["version"], "new_status": status}
        answer = self.faces.rest("POST", f"{self.place}/transition-status", body)
        moves = {("active", "inactive"), ("inactive", "active")}
        if self.archived:
            assert answer.status_code == 404, answer.text
        elif (self.status, status) in moves:
            assert answer.status_code == 200, answer.text
            self.status = status
        else:
            assert answer.status_code == 422, answer.text

    @rule()
    def staff_archive_or_restore(self) -> None:
        answer = self.faces.rest("POST", f"{self.place}/{'restore' if self.archived else 'archive'}")
        assert answer.status_code == 200, answer.text
        self.archived = not self.archived
        self.status = "archived" if self.archived else "inactive"

    @rule()
    def others_tag_the_patient(self) -> None:
        tag = {"system": TAGS, "code": self.faces.definitions["tag"]["id"]}
        parameters = {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": {"tag": [tag]}}]}
        self.faces.written("POST", f"Patient/{self.id}/$meta-add", parameters)
        self.tagged = True

    @rule(value=st.sampled_from(["Oboe", "Harp", None]))
    def staff_fill_in_a_field(self, value: str | None) -> None:
        fields = [{"field_definition_uuid": self.faces.definitions["field"]["id"], "value": value}]
        answer = self.faces.rest("PUT", f"{self.place}/field-values", {"fields": fields})
        assert answer.status_code == (404 if self.archived else 200), answer.text
        self.instrument = self.instrument if self.archived else value

    # --- records --------------------------------------------------------------------------------------------------

    @rule(kind=st.sampled_from(KINDS))
    def staff_record(self, kind: Kind) -> None:
        body = {**kind.body(self.faces.catalogue)}
        if kind.part == "relationships":
            body["to_patient_uuid"] = self.other
        if kind.part == "alerts":
            body["alert_definition_uuid"] = self.faces.definitions["alert"]["id"]
        answer = self.faces.rest("POST", f"{self.place}/{kind.part}", body)
        assert answer.status_code == (404 if self.archived else 201), answer.text

    @rule(kind=st.sampled_from([kind for kind in KINDS if kind.resource]))
    def others_record(self, kind: Kind) -> None:
        assert kind.resource is not None
        resource = kind.resource(self.id, self.faces.catalogue)
        self.faces.written("POST", kind.type, {"resourceType": kind.type, **resource})

    @rule(kind=st.sampled_from([kind for kind in KINDS if kind.patches]), data=st.data())
    def staff_change_a_record(self, kind: Kind, data: st.DataObject) -> None:
        records = self.listed(kind)
        if not records:
            return
        record, change = data.draw(st.sampled_from(records)), data.draw(st.sampled_from(kind.patches))
        path = f"{self.place}/{kind.part}/{record['id']}"
        answer = self.faces.rest("PATCH", path, {"base_version": record["version"], **change})
        assert answer.status_code == (404 if self.archived else 200), answer.text
        if not self.archived:
            assert {name: told(answer.json(), name) for name in change} == change
            stale = self.faces.rest("PATCH", path, {"base_version": record["version"], **change})
            assert stale.status_code == 409, stale.text

    @rule(kind=st.sampled_from([kind for kind in KINDS if kind.changes]), data=st.data())
    def others_change_a_record(self, kind: Kind, data: st.DataObject) -> None:
        if records := self.listed(kind):
            record = data.draw(st.sampled_from(records))
            self._put(kind.type, record["id"], data.draw(st.sampled_from(kind.changes)))

    @rule(kind=st.sampled_from([kind for kind in KINDS if kind.archivable]), data=st.data())
    def staff_archive_a_record(self, kind: Kind, data: st.DataObject) -> None:
        if not (records := self.listed(kind)):
            return
        record = data.draw(st.sampled_from(records))
        version = {"base_version": record["version"]} if kind.part == "referral-attributions" else {}
        answer = self.faces.rest("POST", f"{self.place}/{kind.part}/{record['id']}/archive", **version)
        assert answer.status_code in ((404,) if self.archived else (200, 204)), answer.text

    @rule(kind=st.sampled_from([kind for kind in KINDS if kind.changes]), data=st.data())
    def others_archive_a_record(self, kind: Kind, data: st.DataObject) -> None:
        if (records := self.listed(kind)) and kind.part != "alerts":
            record = data.draw(st.sampled_from(records))
            now = {"url": extension_url("archived-at"), "valueDateTime": "2026-03-04T05:06:07Z"}
            extensions = self.faces.resource(f"{kind.type}/{record['id']}").get("extension", [])
            self._put(kind.type, record["id"], {"extension": [*extensions, now]})
            assert record["id"] not in [each["id"] for each in self.listed(kind)]

    def listed(self, kind: Kind) -> list[Made]:
        answer = self.faces.rest("GET", f"{self.place}/{kind.part}", page_size=200)
        assert answer.status_code == 200, answer.text
        records: list[Made] = answer.json()["items"]
        return records

    def _put(self, type: str, id: str, change: Made) -> None:
        resource = {**self.faces.resource(f"{type}/{id}"), **change}
        kept = {name: value for name, value in resource.items() if value is not None}
        self.faces.written("PUT", f"{type}/{id}", kept)

    # --- what both tell -------------------------------------------------------------------------------------------

    @invariant()
    def both_tell_the_same_of_the_patient(self) -> None:
        record, resource = self.patient(), self.faces.resource(f"Patient/{self.id}")
        assert disagreements(record, resource, of_patient(resource)) == {}
        assert record["status"] == self.status
        assert resource["active"] is (self.status == "active")
        assert (record["deleted_at"] is not None) == self.archived
        self._made_once(record)
        shown = [each["id"] for each in self.faces.rest("GET", "/patients", page_size=200).json()["items"]]
        assert (self.id in shown) == (not self.archived)

    @invariant()
    def both_tell_the_same_of_tags_and_fields(self) -> None:
        tag = self.faces.definitions["tag"]["id"]
        filters = {"tag_definition_uuid": tag, "page_size": 200} | ({"status": "archived"} if self.archived else {})
        shown = [each["id"] for each in self.faces.rest("GET", "/patients", **filters).json()["items"]]
        assert (self.id in shown) == self.tagged
        values = self.faces.rest("GET", f"{self.place}/field-values").json()["items"]
        assert [each["value"] for each in values] == ([self.instrument] if self.instrument is not None else [])
        extensions = self.faces.resource(f"Patient/{self.id}").get("extension", ())
        fields = [
            each["extension"] for each in extensions if each["url"] == f"{CANONICAL}StructureDefinition/custom-field"
        ]
        stored = [part["valueString"] for field in fields for part in field if part["url"] == "value"]
        assert stored == ([self.instrument] if self.instrument is not None else [])

    @invariant()
    def both_tell_the_same_of_every_record(self) -> None:
        for kind in KINDS:
            visible = "archived-at:missing=true&_count=500"
            found = self.faces.search(f"{kind.type}?{kind.subject}=Patient/{self.id}&{visible}")
            resources = {each["id"]: each for each in found}
            records = {each["id"]: each for each in self.listed(kind)}
            if kind.part == "alerts":
                assert all(record["status"] != "archived" for record in records.values())
                resources = {id: each for id, each in resources.items() if id in records or is_in_use(each)}
            assert records.keys() == resources.keys(), kind.part
            for id, record in records.items():
                assert disagreements(record, resources[id], kind.facts(resources[id])) == {}, kind.part
                assert self.id in (told(record, "patient.id"), told(record, "from_patient.id"))
                self._made_once(record)

    def _made_once(self, record: Made) -> None:
        assert self.created.setdefault(record["id"], record["created_at"]) == record["created_at"]


def is_in_use(flag: Made) -> bool:
    """Not archived: that is its status in the API, which has no `deleted_at` for alerts."""
    url = extension_url("alert-status")
    return not any(each["url"] == url and each["valueCode"] == "archived" for each in flag.get("extension", ()))


def told_anew(record: Made) -> Any:
    return {name: record[name] for name in ("version", "updated_at")}.items()


async def test_a_walk_over_both_faces(api: Api, client: Fhir, catalogue: Catalogue) -> None:
    definitions = {
        "alert": await api.post("/patient-alert-definitions", {"name": "Fall risk"}),
        "field": await api.post("/patient-field-definitions", {"name": "Instrument", "field_type": "text"}),
        "tag": await api.post("/patient-tag-definitions", {"name": "Newsletter"}),
    }
    faces = Faces(asyncio.get_running_loop(), api, client, catalogue, definitions)
    machine: type[RuleBasedStateMachine] = type("Here", (Walk,), {"faces": faces})
    await asyncio.to_thread(run_state_machine_as_test, machine, settings=WALK)
