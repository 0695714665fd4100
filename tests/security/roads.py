"""The roads to a resource: how each is asked, what it needs, and how its answer tells that the resource was reached."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.gateway.conftest import Answer, Fhir, bundle, entry
from tests.security.world import Resource

REACHED, ABSENT, REFUSED = "reached", "absent", "refused"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON_PATCH = "application/json-patch+json"


@dataclass(frozen=True)
class Aim:
    """The resource that a road leads to, as it is stored, and the patient whose it is."""

    type: str
    id: str
    patient: str
    stored: Resource

    @property
    def place(self) -> str:
        return f"{self.type}/{self.id}"

    @property
    def version(self) -> str:
        version: str = self.stored["meta"]["versionId"]
        return version

    @property
    def tag(self) -> str:
        return f'W/"{self.version}"'

    @property
    def without_id(self) -> Resource:
        return {name: value for name, value in self.stored.items() if name not in ("id", "meta")}


Ask = Callable[[Fhir, Aim], Awaitable[Answer]]
Judge = Callable[[Answer, Aim], str]


@dataclass(frozen=True)
class Road:
    """`needs` are actions on the type; the resource has to be within what each of them reaches."""

    name: str
    needs: str
    ask: Ask
    told: Judge
    unreached: str = ABSENT
    """What a caller gets who may do this, but not with this resource."""
    also: tuple[str, ...] = ()
    """Scopes that the road takes besides, without their context."""
    compartment_only: bool = field(default=False)
    of_all: bool = field(default=False)
    """It is asked the same whatever it is to lead to."""
    entry: Callable[[Aim], Resource] | None = None
    """Of a batch, whose entries stand each for itself."""

    def asked(self, aims: Sequence[Aim]) -> Sequence[Aim]:
        return aims[:1] if self.of_all else aims

    def answers_to(self, aims: Sequence[Aim], given: Sequence[Answer]) -> list[Answer]:
        """One for each, of those that were given to `asked`."""
        return [*given] * (len(aims) // len(given))

    async def answers(self, fhir: Fhir, aims: Sequence[Aim]) -> list[Answer]:
        return self.answers_to(aims, [await self.ask(fhir, aim) for aim in self.asked(aims)])


async def answers_of_batch(roads: Sequence[Road], fhir: Fhir, aims: Sequence[Aim]) -> list[list[Answer]]:
    """What each road is answered in one Bundle of all their entries, told as in a Bundle of its own."""
    sent = [road.entry(aim) for road in roads for aim in road.asked(aims) if road.entry is not None]
    told = await fhir.ask("POST", "", bundle(*sent, type="batch"))
    assert told.status_code == 200, told.text
    alone = [Answer(200, json=bundle(each, type="batch-response")) for each in told.json()["entry"]]
    assert len(alone) == len(sent)
    each = iter(alone)
    return [road.answers_to(aims, [next(each) for _ in road.asked(aims)]) for road in roads]


def status_of(status: int) -> str:
    if status == 403:
        return REFUSED
    if status == 404:
        return ABSENT
    return REACHED if status < 400 else str(status)


def by_status(answer: Answer, aim: Aim) -> str:
    return status_of(answer.status_code)


def by_entry_status(answer: Answer, aim: Aim) -> str:
    """Of the only entry of a batch."""
    return status_of(int(answer.json()["entry"][0]["response"]["status"][:3]))


def by_finding(answer: Answer, aim: Aim) -> str:
    return found_in(answer.json(), aim) if answer.status_code == 200 else status_of(answer.status_code)


def by_finding_in_entry(answer: Answer, aim: Aim) -> str:
    if answer.status_code != 200:
        return status_of(answer.status_code)
    made = answer.json()["entry"][0]
    return found_in(made["resource"], aim) if "resource" in made else by_entry_status(answer, aim)


def found_in(found: Resource, aim: Aim) -> str:
    return (
        REACHED if f'/{aim.place}"' in json.dumps([each.get("fullUrl") for each in found.get("entry", ())]) else ABSENT
    )


def by_total(answer: Answer, aim: Aim) -> str:
    if answer.status_code != 200:
        return status_of(answer.status_code)
    return REACHED if answer.json()["total"] == 1 else ABSENT


def by_any_match(answer: Answer, aim: Aim) -> str:
    if answer.status_code != 200:
        return status_of(answer.status_code)
    return REACHED if answer.json().get("entry") else ABSENT


def get(path: Callable[[Aim], str], **headers: Callable[[Aim], str]) -> Ask:
    async def ask(fhir: Fhir, aim: Aim) -> Answer:
        return await fhir.ask(
            "GET", path(aim), headers={name.replace("_", "-").title(): of(aim) for name, of in headers.items()}
        )

    return ask


def post_search(path: Callable[[Aim], str]) -> Ask:
    async def ask(fhir: Fhir, aim: Aim) -> Answer:
        return await fhir.ask("POST", path(aim), f"_id={aim.id}".encode(), headers=FORM)

    return ask


def send(method: str, path: Callable[[Aim], str], body: Callable[[Aim], Any], **headers: Callable[[Aim], str]) -> Ask:
    async def ask(fhir: Fhir, aim: Aim) -> Answer:
        sent = {name.replace("_", "-").title(): of(aim) for name, of in headers.items()}
        return await fhir.ask(method, path(aim), body(aim), headers=sent)

    return ask


def in_bundle(type: str, made: Callable[[Aim], Resource]) -> Ask:
    async def ask(fhir: Fhir, aim: Aim) -> Answer:
        return await fhir.ask("POST", "", bundle(made(aim), type=type))

    return ask


def noop(aim: Aim) -> bytes:
    return json.dumps([{"op": "test", "path": "/id", "value": aim.id}]).encode()


def binary(aim: Aim) -> Resource:
    return {"resourceType": "Binary", "contentType": JSON_PATCH, "data": b64encode(noop(aim)).decode()}


def labels(code: str) -> Resource:
    return {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": {"tag": [{"code": code}]}}]}


MARKED = labels("marked")
"""Is there already: to add it changes nothing."""


def at_wrong_version(answer: Answer, aim: Aim) -> str:
    """Judged after the caller was found to see the resource."""
    return REACHED if answer.status_code == 412 else by_status(answer, aim)


def place(aim: Aim) -> str:
    return aim.place


def by_id(aim: Aim) -> str:
    return f"{aim.type}?_id={aim.id}"


def type_of(aim: Aim) -> str:
    return aim.type


def body_of(aim: Aim) -> Resource:
    return aim.stored


def unconditional(aim: Aim) -> None:
    return None


def listing(aim: Aim) -> str:
    """The List of patient A has the resources of both as its items."""
    return "List?_id=items"


def both_bundles(
    name: str, needs: str, made: Callable[[Aim], Resource], *, finding: bool = False, **more: Any
) -> list[Road]:
    """In a transaction a refused entry refuses all; what it finds is told in its entry."""
    in_batch = by_finding_in_entry if finding else by_entry_status
    in_transaction = by_finding_in_entry if finding else by_status
    return [
        Road(f"batch: {name}", needs, in_bundle("batch", made), in_batch, entry=made, **more),
        Road(f"transaction: {name}", needs, in_bundle("transaction", made), in_transaction, **more),
    ]


READING = [
    Road("read", "r", get(place), by_status),
    Road("read in XML", "r", get(place, accept=lambda _: "application/fhir+xml"), by_status),
    Road("read if changed", "r", get(place, if_none_match=lambda aim: aim.tag), by_status),
    Road("a part", "r", get(lambda aim: f"{aim.place}?_summary=true"), by_status),
    Road("vread", "r", get(lambda aim: f"{aim.place}/_history/{aim.version}"), by_status),
    Road("history of one", "r", get(lambda aim: f"{aim.place}/_history"), by_status),
    Road("$meta", "r", get(lambda aim: f"{aim.place}/$meta"), by_status),
    Road("$meta of a version", "r", get(lambda aim: f"{aim.place}/_history/{aim.version}/$meta"), by_status),
    Road("$validate", "r", get(lambda aim: f"{aim.place}/$validate"), by_status),
    *both_bundles("read", "r", lambda aim: entry("GET", aim.place)),
    *both_bundles("vread", "r", lambda aim: entry("GET", f"{aim.place}/_history/{aim.version}")),
    *both_bundles("$meta", "r", lambda aim: entry("GET", f"{aim.place}/$meta")),
]
SEARCHING = [
    Road("search", "s", get(by_id), by_finding),
    Road("search by POST", "s", post_search(lambda aim: f"{aim.type}/_search"), by_finding),
    Road("count", "s", get(lambda aim: f"{by_id(aim)}&_summary=count"), by_total),
    Road("total", "s", get(lambda aim: f"{by_id(aim)}&_total=accurate&_sort=-_lastUpdated"), by_total),
    Road("search of the system", "s", get(lambda aim: f"?_type={aim.type}&_id={aim.id}"), by_finding),
    Road("history of the type", "s", get(lambda aim: f"{aim.type}/_history?_count=1000"), by_finding, of_all=True),
    Road(
        "search of a compartment",
        "s",
        get(lambda aim: f"Patient/{aim.patient}/{aim.type}"),
        by_finding,
        compartment_only=True,
    ),
    Road(
        "chain", "s", get(lambda aim: f"List?_id=items&item:{aim.type}._id={aim.id}"), by_any_match, also=("List.rs",)
    ),
    Road(
        "reverse chain", "s", get(lambda aim: f"{by_id(aim)}&_has:List:item:_id=items"), by_finding, also=("List.rs",)
    ),
    *both_bundles("search", "s", lambda aim: entry("GET", by_id(aim)), finding=True),
    *both_bundles(
        "history of the type",
        "s",
        lambda aim: entry("GET", f"{aim.type}/_history?_count=1000"),
        finding=True,
        of_all=True,
    ),
]
INCLUDED: dict[str, Any] = {"also": ("List.rs",), "of_all": True}
INCLUDING = [
    Road("include", "r", get(lambda aim: f"{listing(aim)}&_include=List:item"), by_finding, **INCLUDED),
    Road("include of everything", "r", get(lambda aim: f"{listing(aim)}&_include=*"), by_finding, **INCLUDED),
]
CREATING = [
    Road("create", "c", send("POST", type_of, lambda aim: aim.without_id), by_status, REFUSED),
    *both_bundles("create", "c", lambda aim: entry("POST", aim.type, aim.without_id), unreached=REFUSED),
]
WRITING = [
    Road(
        "conditional create",
        "cs",
        send("POST", type_of, lambda aim: aim.without_id, if_none_exist=lambda aim: f"_id={aim.id}"),
        by_status,
        REFUSED,
    ),
    Road("update", "u", send("PUT", place, body_of), by_status, REFUSED),
    Road("update of a version", "u", send("PUT", place, body_of, if_match=lambda aim: aim.tag), by_status, REFUSED),
    Road(
        "update of a wrong version",
        "u",
        send("PUT", place, body_of, if_match=lambda _: 'W/"99"'),
        at_wrong_version,
        REFUSED,
    ),
    Road("conditional update", "us", send("PUT", by_id, body_of), by_status, REFUSED),
    Road("JSON Patch", "u", send("PATCH", place, noop, content_type=lambda _: JSON_PATCH), by_status),
    Road("FHIRPath Patch", "u", send("PATCH", place, lambda _: {"resourceType": "Parameters"}), by_status),
    Road("conditional patch", "us", send("PATCH", by_id, noop, content_type=lambda _: JSON_PATCH), by_status),
    Road("$meta-add", "u", send("POST", lambda aim: f"{aim.place}/$meta-add", lambda _: MARKED), by_status),
    Road(
        "$meta-delete", "u", send("POST", lambda aim: f"{aim.place}/$meta-delete", lambda _: labels("none")), by_status
    ),
    *both_bundles("update", "u", lambda aim: entry("PUT", aim.place, aim.stored), unreached=REFUSED),
    *both_bundles("conditional update", "us", lambda aim: entry("PUT", by_id(aim), aim.stored), unreached=REFUSED),
    *both_bundles("patch", "u", lambda aim: entry("PATCH", aim.place, binary(aim))),
]
DELETING = [
    Road("delete", "d", send("DELETE", place, unconditional), by_status),
    Road("conditional delete", "ds", send("DELETE", by_id, unconditional), by_status),
    *both_bundles("delete", "d", lambda aim: entry("DELETE", aim.place)),
    *both_bundles("conditional delete", "ds", lambda aim: entry("DELETE", by_id(aim))),
]
