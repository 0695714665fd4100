"""What the people of the sandbox's practice do: edit, add, remove, and take many patients in at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from gateway.translation.sandbox import Sandbox
from translators.ecw import sandbox_data

PREFIX = "FFBJCD"
MOST = 20_000
Command = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
Document = dict[str, Any]


class Staff:
    """The commands below /_sandbox/ that change records."""

    def __init__(self, sandbox: Sandbox, now: Callable[[], float]) -> None:
        self.sandbox = sandbox
        self.now = now

    def commands(self) -> dict[str, Command]:
        return {
            "patient": self.edit,
            "encounter": self._adder("Encounter"),
            "coverage": self._adder("Coverage"),
            "change": self.change,
            "remove": self.remove,
            "populate": self.populate,
        }

    def note(self, type: str, id: str) -> None:
        """When it was changed, for exports since some time."""
        changed = datetime.fromtimestamp(self.now(), UTC).isoformat(timespec="milliseconds")
        self.sandbox.state["changed"][f"{type}/{id}"] = changed

    async def edit(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """A patient: `id`, and the elements to set; null takes one away."""
        return await self.change({"type": "Patient", **arguments})

    async def change(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Any record: `type`, `id`, and the elements to set; null takes one away. A list entry that is new is made."""
        type, id = arguments.pop("type"), arguments.pop("id")
        documents = self._documents.setdefault(type, {})
        if id not in documents and type in ("Patient", "Encounter", "Coverage"):
            raise ValueError(f"no such {type}")
        document = documents.setdefault(id, {"resourceType": type, "id": id})
        for name, value in arguments.items():
            if value is None:
                document.pop(name, None)
            else:
                document[name] = value
        self.note(type, id)
        self.sandbox.save()
        return dict(document)

    async def remove(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Any record: `type` and `id`; it is not found from then on."""
        del self._documents[arguments["type"]][arguments["id"]]
        self.sandbox.save()
        return {}

    async def populate(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """So many synthetic `patients`, each with an encounter (of the `date` given) and a policy."""
        date = str(arguments.get("date", "2026-02-03"))
        ids = [self._taken_in(number, date) for number in range(min(MOST, int(arguments["patients"])))]
        self.sandbox.save()
        return {"patients": ids}

    def _taken_in(self, number: int, date: str) -> str:
        count, id = len(self._documents["Patient"]), f"{PREFIX}.{uuid4().hex}_{uuid4().hex[:5]}"
        patient = {
            "resourceType": "Patient",
            "id": id,
            "name": [{"use": "usual", "family": f"Samplefield{count}", "given": ["Robin"]}],
            "gender": "unknown",
            "birthDate": f"{1940 + count % 60}-{1 + count % 12:02}-{1 + count % 28:02}",
            "address": [{"use": "home", **sandbox_data.ADDRESS}],
        }
        self._documents["Patient"][id] = sandbox_data.settled(patient, str(40_000 + count))
        self.note("Patient", id)
        for type in ("Encounter", "Coverage"):
            more = {"period": {"start": f"{date}T09:00:00-06:00"}} if type == "Encounter" else {}
            self._add(type, id, more)
        return id

    def _adder(self, type: str) -> Command:
        async def add(arguments: dict[str, Any]) -> dict[str, Any]:
            """`patient` is the id; other arguments are elements of the resource."""
            patient = arguments.pop("patient")
            if patient not in self._documents["Patient"]:
                raise ValueError("no such patient")
            document = self._add(type, patient, arguments)
            self.sandbox.save()
            return document

        return add

    def _add(self, type: str, patient: str, elements: Document) -> Document:
        document = sandbox_data.new(type, f"{PREFIX}.{uuid4().hex}", patient, elements)
        self._documents[type][document["id"]] = document
        self.note(type, document["id"])
        return document

    @property
    def _documents(self) -> dict[str, dict[str, Document]]:
        documents: dict[str, dict[str, Document]] = self.sandbox.state["documents"]
        return documents
