"""Profiles that an organisation demands of all that its clients write: refused, in /metadata, told by $validate."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.faults import Invalid
from gateway.interactions.demands import demanded_by, set_demands
from gateway.services import Services
from gateway.store.contract import Transaction
from tests.gateway.conftest import Fhir, bundle, entry, issue, patient

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
US_CORE_PATIENT = f"{US_CORE}us-core-patient"
FULL = patient(gender="other", identifier=[{"system": "https://crm.example/id", "value": "1"}])
THIN = patient(identifier=[{"system": "https://crm.example/id", "value": "2"}])


async def demand(services: Services, org: int, *no_longer: str, **profiles: str) -> None:
    await services.store.session_write(
        lambda session: set_demands(session, org, services.definitions, profiles, frozenset(no_longer))
    )


async def org_of(services: Services, slug: str) -> int:
    return services.auth.realm(slug).org


@pytest.fixture
async def demanding(client: Fhir, services: Services) -> Fhir:
    """A client of the organisation north, which demands US Core of its Patients."""
    await demand(services, await org_of(services, "north"), Patient=US_CORE_PATIENT)
    return client


def refused(answer: Any) -> tuple[int, str, str]:
    first = issue(answer)
    return answer.status_code, first["code"], first["expression"][0]


async def test_a_create_that_claims_nothing(demanding: Fhir) -> None:
    assert refused(await demanding.ask("POST", "Patient", THIN)) == (400, "required", "Patient.gender")
    assert await demanding.total("Patient?") == 0
    await demanding.create(FULL)
    await demanding.create({"resourceType": "Location", "status": "active"})


async def test_an_update_and_a_patch(demanding: Fhir) -> None:
    id = (await demanding.create(FULL))["id"]
    path = f"Patient/{id}"
    assert refused(await demanding.ask("PUT", path, {**THIN, "id": id})) == (400, "required", "Patient.gender")
    operations = [{"op": "remove", "path": "/gender"}]
    headers = {"Content-Type": "application/json-patch+json"}
    assert refused(await demanding.ask("PATCH", path, operations, headers)) == (400, "required", "Patient.gender")
    assert (await demanding.ask("GET", path)).json()["gender"] == "other"


async def test_the_entry_of_a_transaction(demanding: Fhir) -> None:
    answer = await demanding.transaction(entry("POST", "Patient", FULL), entry("POST", "Patient", THIN))
    assert refused(answer) == (400, "required", "Bundle.entry[1].resource.gender")
    assert await demanding.total("Patient?") == 0


async def test_the_entries_of_a_batch(demanding: Fhir) -> None:
    sent = bundle(entry("POST", "Patient", THIN), entry("POST", "Patient", FULL), type="batch")
    answers = [made["response"] for made in (await demanding.ask("POST", "", sent)).json()["entry"]]
    assert [answer["status"][:3] for answer in answers] == ["400", "201"]
    assert issue(answers[0]["outcome"])["expression"] == ["Bundle.entry[0].resource.gender"]


async def test_validate_looks_at_it_too(demanding: Fhir) -> None:
    told = (await demanding.ask("POST", "Patient/$validate", THIN)).json()["issue"]
    assert ("error", ["Patient.gender"]) in [(each["severity"], each.get("expression")) for each in told]


async def profiles_declared(client: Fhir) -> dict[str, str]:
    statement = (await client.ask("GET", "metadata")).json()
    return {r["type"]: r["profile"] for r in statement["rest"][0]["resource"] if "profile" in r}


async def test_metadata_follows_and_other_organisations_do_not(
    demanding: Fhir, services: Services, definitions: Any
) -> None:
    org, south = await org_of(services, "north"), await org_of(services, "south")
    assert await profiles_declared(demanding) == {"Patient": US_CORE_PATIENT}
    assert await services.store.write(south, lambda tx: demanded_by(tx.connection, south)) == {}
    await demand(services, org, "Patient", Location=f"{US_CORE}us-core-location")
    assert await profiles_declared(demanding) == {"Location": f"{US_CORE}us-core-location"}
    await demanding.create(THIN)


async def test_what_a_pull_brings_is_taken_as_it_is(demanding: Fhir, services: Services) -> None:
    def pulled(transaction: Transaction) -> None:
        transaction.put({**THIN, "id": "from-the-emr"})

    await services.store.write(await org_of(services, "north"), pulled)
    assert (await demanding.ask("GET", "Patient/from-the-emr")).status_code == 200


@pytest.mark.parametrize(
    ("type", "profile", "told"),
    [
        ("Patient", f"{US_CORE}us-core-patent", US_CORE_PATIENT),
        ("Patient", "us-core-patient", US_CORE_PATIENT),
        ("Patient", f"{US_CORE}us-core-location", US_CORE_PATIENT),
        ("Patients", US_CORE_PATIENT, "did you mean Patient"),
        ("Binary", US_CORE_PATIENT, "no profile on Binary"),
    ],
)
async def test_what_is_not_known_is_refused_with_the_nearest(
    services: Services, type: str, profile: str, told: str
) -> None:
    org = await org_of(services, "north")
    with pytest.raises(Invalid) as refusal:
        await demand(services, org, Location=f"{US_CORE}us-core-location", **{type: profile})
    assert told in refusal.value.issues[0].diagnostics
    assert await services.store.write(org, lambda tx: demanded_by(tx.connection, org)) == {}
