"""A staff app at `/api/v1/north`, and the catalogues that no operation of the API makes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import httpx

from gateway.canonical import CANONICAL, extension_url
from tests.gateway.conftest import PUBLIC, Answer, Fhir, entry
from translators.internal.entity import CATALOGUE

JSON = "application/json"
TAGS = f"{CANONICAL}CodeSystem/patient-tag"
ABSENT = "00000000-0000-4000-8000-00000000dead"
"""A uuid that nothing has."""


@dataclass
class Api:
    """A staff app of one organisation, with a token."""

    http: httpx.AsyncClient
    token: str | None
    base: str = f"{PUBLIC}/api/v1/north"

    async def ask(
        self, method: str, path: str, body: Any = None, /, *, headers: dict[str, str] | None = None, **query: Any
    ) -> Answer:
        """`body`: bytes as they are, or anything that JSON can say. A list as a query value is sent repeatedly."""
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        more: dict[str, Any] = {"params": query} if query else {}
        if body is not None:
            sent["Content-Type"] = JSON
            more["content"] = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.http.request(method, f"{self.base}{path}", headers={**sent, **(headers or {})}, **more)

    async def get(self, path: str, **query: Any) -> Any:
        return expected(await self.ask("GET", path, **query), 200)

    async def items(self, path: str, **query: Any) -> list[Any]:
        """Those of a list's first page."""
        items: list[Any] = (await self.get(path, **query))["items"]
        return items

    async def post(self, path: str, body: Any = None, status: int = 201, **query: Any) -> Any:
        return expected(await self.ask("POST", path, body, **query), status)

    async def patch(self, path: str, body: Any) -> Any:
        return expected(await self.ask("PATCH", path, body), 200)

    async def patient(self, first: str = "Wren", last: str = "Halloway", **more: Any) -> dict[str, Any]:
        """A new one; the keywords are further fields of the body."""
        made: dict[str, Any] = await self.post("/patients", {"first_name": first, "last_name": last, **more})
        return made


def expected(answer: Answer, status: int) -> Any:
    assert answer.status_code == status, answer.text
    if not answer.content:
        return None
    assert answer.headers["content-type"] == JSON
    return answer.json()


def refused(answer: Answer, status: int) -> str:
    """What a refusal says; it has to be in the API's own shape."""
    detail = expected(answer, status)["detail"]
    assert isinstance(detail, list) == (status == 422), detail
    return "; ".join(each["msg"] for each in detail) if status == 422 else str(detail)


def places(answer: Answer) -> set[str]:
    """Where a request with status 422 is wrong: `body.last_name`."""
    problems = expected(answer, 422)["detail"]
    assert all(set(each) == {"loc", "msg", "type"} for each in problems)
    return {".".join(map(str, each["loc"])) for each in problems}


@dataclass(frozen=True)
class Catalogue:
    """Ids of entries that a FHIR client has made."""

    provider: str = "5d0f8a52-7d38-4a6f-9c1b-2e7a1d9b6c02"
    hygienist: str = "a1d9c6f4-0b1e-4c62-8d5e-93c7b0e4fd03"
    clinic: str = "0b0a4c1e-5f57-4a56-8a43-0a5b8f3f1c01"
    branch: str = "0b0a4c1e-5f57-4a56-8a43-0a5b8f3f1c02"
    employer: str = "c7b2e8d0-4c2f-4f0e-b8a9-6f1d2e3c4b04"
    source: str = "c7b2e8d0-4c2f-4f0e-b8a9-6f1d2e3c4b05"
    billing_type: str = "12c4d6e8-f0a2-4b4c-8d6e-8f0a2b4c6d06"
    fee_schedule: str = "34e6f8a0-b2c4-4d6e-9f8a-0b2c4d6e8f07"
    disease: str = "56f8a0b2-c4d6-4e8f-a0b2-4d6e8f0a2b08"
    communication_type: str = "78a0b2c4-d6e8-4f0a-b2c4-6e8f0a2b4c09"
    penicillin: str = "9ab2c4d6-e8f0-4a2b-84d6-8f0a2b4c6d10"
    amoxicillin: str = "bcc4d6e8-f0a2-4b4c-96e8-0a2b4c6d8e11"

    def entries(self) -> list[dict[str, Any]]:
        return [entry("PUT", f"{each['resourceType']}/{each['id']}", each) for each in self.resources()]

    def resources(self) -> list[dict[str, Any]]:
        return [
            {"resourceType": "Practitioner", "id": self.provider, "name": [{"text": "Dr. Ines Calloway"}]},
            {"resourceType": "Practitioner", "id": self.hygienist, "name": [{"family": "Reyl", "given": ["Tomas"]}]},
            {"resourceType": "Location", "id": self.clinic, "name": "Harbor Street Clinic", "status": "active"},
            {"resourceType": "Location", "id": self.branch, "name": "Alder Court Branch"},
            {"resourceType": "Organization", "id": self.employer, "name": "Quarry Lane Bakery"},
            {"resourceType": "Organization", "id": self.source, "name": "Tidewater Radio"},
            definition("billing-type", self.billing_type, "Standard"),
            definition("fee-schedule", self.fee_schedule, "Usual and customary"),
            definition("disease-definition", self.disease, "Asthma"),
            definition("communication-type", self.communication_type, "Reminder"),
            {"resourceType": "Substance", "id": self.penicillin, "code": {"text": "Penicillin"}},
            {"resourceType": "Medication", "id": self.amoxicillin, "code": {"text": "Amoxicillin 500 mg"}},
        ]


def definition(code: str, id: str, name: str) -> dict[str, Any]:
    """An entry of a catalogue that R4 has no type for."""
    return {
        "resourceType": "Basic",
        "id": id,
        "code": {"coding": [{"system": CATALOGUE, "code": code}]},
        "extension": [{"url": extension_url("catalogue-name"), "valueString": name}],
    }


async def catalogued(fhir: Fhir) -> Catalogue:
    """The catalogues, written through FHIR."""
    catalogue = Catalogue()
    answer = await fhir.transaction(*catalogue.entries())
    assert answer.status_code == 200, answer.text
    return catalogue
