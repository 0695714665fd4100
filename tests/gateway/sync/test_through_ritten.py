"""Through Ritten and back, on a real store with queues that are worked on: two steps, later insurance, lossy words."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
import pytest_asyncio
import structlog

from gateway.canonical import MARITAL_STATUS, NULL_FLAVOR, RACE_AND_ETHNICITY, SUBSCRIBER_RELATIONSHIP, US_CORE
from gateway.commands.mapping import put_mapping
from gateway.definitions.contract import Definitions
from gateway.sync.orders import Order
from tests.gateway.sync.clinic import Clinic, outputs, patient, until
from tests.gateway.sync.conftest import Prepared, opened, sandboxes
from translators.ritten.race import ETHNICITY, RACE
from translators.ritten.vocabulary import SNOMED

pytestmark = pytest.mark.asyncio(loop_scope="module")
POST = "/v1/patients"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ritten(
    prepared: Prepared, definitions: Definitions, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Clinic]:
    with structlog.testing.capture_logs(), prepared.original.copy(tmp_path_factory.mktemp("ritten")) as url:
        async with opened(url, definitions, sandboxes(), prepared) as clinic:
            await clinic.connect("ritten")
            async with clinic.services.sync.working():
                yield clinic


@pytest.fixture(autouse=True)
def quiet(ritten: Clinic) -> Iterator[None]:
    ritten.network.calls.clear()
    yield
    ritten.emrs["ritten"].switch(())


def told(ritten: Clinic, id: str, *statuses: str) -> Callable[[], Awaitable[Any]]:
    async def condition() -> Any:
        task = await ritten.task("ritten", id)
        return task if task["status"] in statuses else None

    return condition


def retrying(ritten: Clinic, id: str) -> Callable[[], Awaitable[Any]]:
    async def condition() -> Any:
        task = await ritten.task("ritten", id)
        return task if "next attempt in" in task.get("statusReason", {}).get("text", "") else None

    return condition


async def created(ritten: Clinic, family: str, **more: Any) -> str:
    body = {name: value for name, value in patient(family=family, **more).items() if name != "id"}
    return str((await ritten.fhir.create(body))["id"])


def named(ritten: Clinic, family: str) -> list[dict[str, Any]]:
    return [found for found in ritten.patients_at("ritten") if family in str(found)]


async def test_what_an_emr_has_in_part_is_seen_and_finished(ritten: Clinic) -> None:
    ritten.emrs["ritten"].switch(("patch-not-made",))
    id = await created(ritten, "Inpart")
    task = await until(retrying(ritten, id))
    assert task["status"] == "in-progress"
    has = "Ritten has the patient with name and birth date only; the rest follows"
    assert task["statusReason"]["text"].startswith(f"{has}: Ritten is not reachable")
    (there,) = named(ritten, "Inpart")
    assert (outputs(task, "external-id"), there["phones"]) == ([there["id"]], [])
    (link,) = [link for link in await ritten.links("ritten") if link.local_id == id]
    await ritten.services.sync.workflows.ask("pull", Order(1, "north", "ritten"))
    assert [one.synced > link.synced for one in await ritten.links("ritten") if one.local_id == id] == [True]
    assert (await ritten.task("ritten", id))["status"] == "in-progress"  # what a pull has read is no delivery
    ritten.emrs["ritten"].switch(())
    task = await until(told(ritten, id, "completed"))
    assert ("businessStatus" in task, "statusReason" in task) == (False, False)
    assert named(ritten, "Inpart")[0]["phones"]
    assert ritten.network.made("ritten", "POST", POST) == 1
    entries = [entry for entry in await ritten.entries("ritten") if entry.resource == f"Patient/{id}"]
    assert (entries[0].status, entries[0].detail, entries[-1].status) == ("halfway", has, "ok")


async def test_insurance_follows_by_itself_once_its_payer_is_mapped(ritten: Clinic) -> None:
    id = await created(ritten, "Unmapped")
    await until(told(ritten, id, "completed"))
    policy = {
        "resourceType": "Coverage",
        "status": "active",
        "beneficiary": {"reference": f"Patient/{id}"},
        "subscriberId": "M42",
        "payor": [{"identifier": {"value": "PRAIRIE1"}, "display": "Prairie Health Plan"}],
    }
    await ritten.fhir.create(policy)

    async def names_the_cause() -> Any:
        return [
            line for line in outputs(await ritten.task("ritten", id), "left-out") if "PRAIRIE1 is not mapped" in line
        ]

    (line,) = await until(names_the_cause)
    assert "most like it in Ritten: 60054 (Prairie Health)" in line
    assert line in [entry.detail.partition("the Task; ")[2] for entry in await ritten.entries("ritten")]
    answer = await put_mapping(ritten.services, "north", "ritten", "payer", "PRAIRIE1", "60054")
    assert answer["pushed_again"] == 1

    async def insured() -> Any:
        return named(ritten, "Unmapped")[0]["insurance"]

    (item,) = await until(insured)
    assert item["memberIdentifier"] == "M42"
    task = await until(told(ritten, id, "completed"))
    assert "PRAIRIE1" not in str(task)


async def test_an_update_whose_answer_is_lost_is_not_said_twice(ritten: Clinic) -> None:
    ritten.emrs["ritten"].switch(("patch-unanswered",))
    home = {"use": "home", "line": ["1 Mill Street"], "city": "Topeka", "state": "KS"}
    id = await created(ritten, "Unanswered", address=[home])
    await until(told(ritten, id, "completed"))
    (there,) = named(ritten, "Unanswered")
    assert (len(there["addresses"]), there["phones"]) == (1, ["+19135550142"])
    assert ritten.network.made("ritten", "PATCH", f"/v1/patients/{there['id']}") == 1


async def test_a_part_that_an_emr_refuses_fails_the_push_and_the_rest_is_there(ritten: Clinic) -> None:
    ritten.emrs["ritten"].switch(("phones-refused",))
    id = await created(ritten, "Refusedpart")
    task = await until(told(ritten, id, "failed"))
    assert "`phones`, check the telephone numbers" in task["statusReason"]["text"]
    (there,) = named(ritten, "Refusedpart")
    assert (there["phones"], there["demographics"]) == ([], {"sex": "Female"})
    ritten.emrs["ritten"].switch(())
    pushed = await ritten.services.sync.workflows.now("push", Order(1, "north", "ritten", (id,)))
    assert pushed == {"status": "completed", "external_id": there["id"]}
    assert named(ritten, "Refusedpart")[0]["phones"]


async def test_what_its_staff_takes_away_is_closed_here_and_once(ritten: Clinic) -> None:
    async def of_ashgrove(type: str) -> dict[str, Any]:
        found = await ritten.all(type)
        return next(one for one in found if any(i["value"] in keys for i in one.get("identifier", ())))

    async def pulled() -> dict[str, dict[str, Any]]:
        done = await ritten.services.sync.workflows.ask("pull", Order(1, "north", "ritten"))
        assert (done["failed"], done.get("error")) == (0, None)
        return {type: await of_ashgrove(type) for type in ("RelatedPerson", "Coverage", "Encounter")}

    (there,) = named(ritten, "Ashgrove")
    (relationship,) = ritten.emrs["ritten"].state["relationships"][there["id"]]
    keys = {relationship["id"], there["insurance"][0]["id"], there["programs"][0]["id"]}
    before = await pulled()
    assert (before["RelatedPerson"]["active"], before["Coverage"]["status"]) == (True, "active")
    assert before["Encounter"]["location"][0]["location"]["reference"].startswith("Location/")
    await ritten.staff("ritten", "unrelate", id=there["id"], relationship=relationship["id"])
    there["insurance"].clear()
    there["programs"].clear()
    after = await pulled()
    assert (after["RelatedPerson"]["active"], after["Coverage"]["status"]) == (False, "cancelled")
    assert after["Encounter"]["status"] == "entered-in-error"
    assert await pulled() == after


def coded(system: str, code: str, **more: Any) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}], **more}


def category(name: str, *parts: tuple[str, Any]) -> dict[str, Any]:
    """One of US Core's extensions of categories."""
    told = [{"url": url, "valueString" if isinstance(value, str) else "valueCoding": value} for url, value in parts]
    return {"url": f"{US_CORE}us-core-{name}", "extension": told}


def omb(system: str, code: str, display: str) -> tuple[str, dict[str, str]]:
    return "ombCategory", {"system": system, "code": code, "display": display}


DETAILED = ("detailed", {"system": RACE_AND_ETHNICITY, "code": "2034-7", "display": "Chinese"})
MARITAL = [
    *(coded(MARITAL_STATUS, code, text=f"As the CRM says {code}") for code in "ADILMCPTUSW"),
    coded(NULL_FLAVOR, "UNK"),
    {"text": "It is complicated"},
]
GENDERS = ["male", "female", "other", "unknown"]
RACES = [
    *(category("race", omb(*coding), ("text", coding[2])) for coding in RACE.codes.values()),
    category("race", omb(*RACE.codes["Asian"]), omb(*RACE.codes["White"]), DETAILED, ("text", "Asian, White, Chinese")),
    category("race", omb(NULL_FLAVOR, "UNK", "unknown"), ("text", "Not known")),
    category("race", ("text", "Another rendering")),
]
ETHNICITIES = [
    *(category("ethnicity", omb(*coding), ("text", coding[2])) for coding in ETHNICITY.codes.values()),
    category("ethnicity", ("text", "Decline to Specify")),
    category("ethnicity", omb(*ETHNICITY.codes["Hispanic or Latino"]), DETAILED, ("text", "Of both")),
]
IDENTITIES = [
    *(coded(SNOMED, code) for code in ("446151000124109", "446141000124107", "407377005", "407376001")),
    *(coded(SNOMED, code) for code in ("446131000124102", "33791000087105")),
    *(coded(NULL_FLAVOR, code) for code in ("ASKU", "OTH", "UNK")),
]
TONGUES = ["en", "en-US", "es", "es-MX", "ENG", "SPA", "CHI", "ase", "tlh"]
USES = ["home", "work", "mobile", "temp", "old"]
PLACES = ["home", "work", "temp", "old", "billing"]
RELATIONS = ["child", "parent", "spouse", "common", "other", "self", "injured"]


def nth(table: list[Any], number: int) -> Any:
    return table[number % len(table)]


def worded(number: int) -> dict[str, Any]:
    """A patient with one code of each table."""
    tongue = coded("urn:ietf:bcp:47", nth(TONGUES, number), text="As the CRM says it")
    identity = {"url": f"{US_CORE}us-core-genderIdentity", "valueCodeableConcept": nth(IDENTITIES, number)}
    return patient(
        f"word-{number}",
        f"Word{number:02}",
        gender=nth(GENDERS, number),
        maritalStatus=MARITAL[number],
        communication=[{"language": tongue, "preferred": True}],
        extension=[nth(RACES, number), nth(ETHNICITIES, number), identity],
        telecom=[{"system": "phone", "value": "913-555-0142", "use": nth(USES, number)}],
        address=[{"use": nth(PLACES, number), "line": ["1 Mill Street"], "city": "Topeka", "state": "Kansas"}],
    )


def insured(number: int) -> dict[str, Any]:
    return {
        "resourceType": "Coverage",
        "id": f"cover-{number}",
        "status": "active",
        "beneficiary": {"reference": f"Patient/word-{number}"},
        "subscriberId": f"M{number}",
        "order": 1,
        "relationship": coded(SUBSCRIBER_RELATIONSHIP, nth(RELATIONS, number), text="As the CRM says it"),
        "payor": [{"identifier": {"value": "60054"}, "display": "Prairie"}],
    }


def of_the_crm(stored: dict[str, Any] | None, resource: dict[str, Any]) -> dict[str, Any]:
    """What became of what the CRM said; the payer's Organization and the EMR's own name stand beside it."""
    assert stored is not None
    kept = {name: stored.get(name) for name in resource}
    if "name" in kept:
        kept["name"] = [name for name in stored["name"] if name["use"] != "nickname"]
    if "payor" in kept:
        kept["payor"] = [{name: payor[name] for name in ("identifier", "display")} for payor in stored["payor"]]
    return kept


async def test_every_code_of_the_lossy_tables_survives_the_way_there_and_back(ritten: Clinic, dialect: str) -> None:
    """A divorced patient stays divorced; so does each other word that Ritten has only a coarser one for."""
    numbers = range(0, len(MARITAL), 1 if dialect == "sqlite" else 4)  # words are the same on every database
    both = [resource for number in numbers for resource in (worded(number), insured(number))]
    entries = [
        {"request": {"method": "PUT", "url": f"{each['resourceType']}/{each['id']}"}, "resource": each} for each in both
    ]
    assert (await ritten.fhir.transaction(*entries)).status_code == 200
    for number in numbers:
        await until(told(ritten, f"word-{number}", "completed"))
        (there,) = named(ritten, f"Word{number:02}")
        assert there["insurance"][0]["memberIdentifier"] == f"M{number}"
        await ritten.staff("ritten", "edit", id=there["id"], fields={"name": {"chosenName": "Sunny"}})
    counts = await ritten.services.sync.workflows.now("pull", Order(1, "north", "ritten"))
    assert counts["failed"] == 0
    for resource in both:
        stored = await ritten.read(resource["resourceType"], resource["id"])
        assert of_the_crm(stored, resource) == resource
        if resource["resourceType"] == "Patient":
            assert "Sunny" in str(stored)
    covers = [one for one in await ritten.all("Coverage") if one["beneficiary"]["reference"].startswith("Patient/word")]
    assert len(covers) == len(numbers)


async def test_a_divorced_patient_marries_in_ritten(ritten: Clinic) -> None:
    id = await created(ritten, "Marries", maritalStatus=coded(MARITAL_STATUS, "D", text="Divorced"))
    await until(told(ritten, id, "completed"))
    (there,) = named(ritten, "Marries")
    assert there["demographics"]["maritalStatus"] == "Unmarried"
    fields = {"demographics": {**there["demographics"], "maritalStatus": "Married"}}
    await ritten.staff("ritten", "edit", id=there["id"], fields=fields)
    await ritten.services.sync.workflows.now("pull", Order(1, "north", "ritten"))
    stored = await ritten.read("Patient", id)
    assert stored is not None
    assert stored["maritalStatus"]["coding"][0]["code"] == "M"
