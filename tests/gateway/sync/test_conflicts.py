"""Conflicts from the pull that finds them to the person who settles them."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session

from gateway.auth.clients import Registration, add_client
from gateway.bulk.acting import acting
from gateway.commands.conflict import conflicts_of, settle_conflict
from gateway.faults import Conflict, Invalid, NotFound
from tests.gateway.sync.clinic import Clinic
from tests.gateway.sync.vendor import chart, counts, places, record, stay, take

OURS, THEIRS = "9135550100", "9135550199"


@pytest.fixture
async def emr(clinic: Clinic) -> Clinic:
    await clinic.connect("internal")
    return clinic


async def put(clinic: Clinic, id: str, **elements: Any) -> None:
    """As the CRM writes it."""
    body = {**(await clinic.read("Patient", id) or {}), **elements}
    answer = await clinic.fhir.ask("PUT", f"Patient/{id}", body)
    assert answer.status_code == 200, answer.text


def phone(number: str) -> list[dict[str, str]]:
    return [{"system": "phone", "value": number}]


async def disagree(clinic: Clinic, *, admitted: bool = True) -> str:
    """A patient of the EMR whose number both sides change; the CRM also the birth date, the EMR the sex."""
    await take(clinic, chart(record(phone="1")))
    (made,) = await clinic.all("Patient")
    await put(clinic, made["id"], telecom=phone(OURS), birthDate="1990-04-18")
    assert await take(clinic, chart(record(phone=THEIRS, sex="M"), admitted=admitted)) == counts(updated=1)
    return str(made["id"])


async def listed(clinic: Clinic, *, values: bool = True, all_: bool = False) -> list[Any]:
    async def may(row: Any) -> bool:
        return values

    told = await conflicts_of(clinic.services, "north", "internal", may, all_=all_)
    return list(told["conflicts"])


async def settle(clinic: Clinic, id: int, side: str) -> Any:
    return await settle_conflict(acting(clinic.services, clinic.realm, "desk"), "internal", id, side, "client desk")


@pytest.mark.parametrize(("setting", "admitted", "stands"), [
    (None, True, "emr"), (None, False, "crm"), ("emr", False, "emr"), ("crm", True, "crm"),
])  # fmt: skip
async def test_the_rule_decides_and_the_conflict_is_kept(
    clinic: Clinic, setting: str | None, admitted: bool, stands: str
) -> None:
    await clinic.connect("internal", **({"conflict": setting} if setting else {}))
    id = await disagree(clinic, admitted=admitted)
    after = await clinic.read("Patient", id)
    assert after is not None
    assert after["telecom"] == phone(THEIRS if stands == "emr" else OURS)
    assert (after["birthDate"], after["gender"]) == ("1990-04-18", "male")
    (told,) = await listed(clinic)
    assert (told["resource"], told["expression"], told["field"], told["taken"]) == (
        f"Patient/{id}", "Patient.telecom[0].value", "phone", stands,
    )  # fmt: skip
    assert (told["crm"]["value"], told["emr"]["value"], told["settled"]) == (OURS, THEIRS, None)
    assert told["crm"]["by"].startswith("client ")
    assert told["emr"]["by"] == "connection internal"
    assert told["crm"]["at"] <= told["emr"]["at"]


async def test_no_value_is_in_the_log_the_list_or_the_table_in_the_open(emr: Clinic) -> None:
    await disagree(emr)
    (line,) = [entry for entry in await emr.entries("internal") if entry.operation == "conflict"]
    assert "Patient.telecom[0].value (phone) was changed on both sides: here by client " in line.detail
    rows = await emr.session(lambda session: session.connection().execute(text("SELECT * FROM sync_conflict")).all())
    for said in (line.detail, str(rows), str(await listed(emr, values=False))):
        assert OURS not in said
        assert THEIRS not in said


async def test_the_next_pulls_find_nothing_more(emr: Clinic) -> None:
    await disagree(emr)
    for _ in range(2):
        assert await take(emr, chart(record(phone=THEIRS, sex="M"))) == counts(unchanged=1)
    assert len(await listed(emr)) == 1


async def test_a_later_conflict_at_the_same_place_takes_the_place_of_the_first(emr: Clinic) -> None:
    id = await disagree(emr)
    await put(emr, id, telecom=phone("2"))
    await take(emr, chart(record(phone="3", sex="M")))
    (told,) = await listed(emr, all_=True)
    assert (told["crm"]["value"], told["emr"]["value"]) == ("2", "3")


async def test_settling_the_other_way_round_writes_the_value_for_everybody_to_see(emr: Clinic) -> None:
    id = await disagree(emr)
    (told,) = await listed(emr)
    answer = await settle(emr, told["conflict"], "crm")
    assert answer == {"conflict": told["conflict"], "resource": f"Patient/{id}", "settled": "crm", "changed": True}
    after = await emr.read("Patient", id)
    assert after is not None
    assert (after["telecom"], after["birthDate"], after["gender"]) == (phone(OURS), "1990-04-18", "male")
    assert await emr.status("internal", id) == "requested"
    found = await emr.fhir.ask("GET", f"Provenance?target=Patient/{id}&_sort=-recorded&_count=1")
    assert found.json()["entry"][0]["resource"]["agent"][0]["who"]["identifier"]["value"] == "desk"
    assert await listed(emr) == []
    (closed,) = await listed(emr, all_=True)
    assert (closed["settled"]["as"], closed["settled"]["by"]) == ("crm", "client desk")
    await take(emr, chart(record(phone=THEIRS, sex="M")))
    assert (await emr.read("Patient", id) or {})["telecom"] == phone(OURS)


async def test_letting_it_stand_writes_nothing_and_what_is_settled_stays_so(emr: Clinic) -> None:
    id = await disagree(emr)
    version, (told,) = await emr.version("Patient", id), await listed(emr)
    with pytest.raises(Invalid):
        await settle(emr, told["conflict"], "both")
    with pytest.raises(NotFound):
        await settle(emr, told["conflict"] + 1, "emr")
    assert (await settle(emr, told["conflict"], "emr"))["changed"] is False
    assert await emr.version("Patient", id) == version
    with pytest.raises(Conflict):
        await settle(emr, told["conflict"], "crm")


async def test_a_reference_that_the_crm_changed_outlives_a_pull_that_crosses_it(emr: Clinic) -> None:
    await take(emr, places(b1="Bed 1", b2="Bed 2", b3="Bed 3"), chart(record(), stay(bed="b1")))
    (made,) = await emr.all("Encounter")
    beds = {bed["name"]: f"Location/{bed['id']}" for bed in await emr.all("Location")}
    moved = {**made, "location": [{"location": {"reference": beds["Bed 2"]}}]}
    await emr.put(moved)
    await take(emr, chart(record(), stay(bed="b1", level="Detox")))
    (after,) = await emr.all("Encounter")
    assert (after["location"], after["type"]) == (moved["location"], [{"text": "Detox"}])
    await take(emr, chart(record(), stay(bed="b3", level="Detox")))
    (after,) = await emr.all("Encounter")
    assert after["location"] == [{"location": {"reference": beds["Bed 3"]}}]


@pytest.mark.parametrize(("scope", "shown"), [("gateway/admin", False), ("gateway/admin system/Patient.r", True)])
async def test_over_http_the_values_are_for_who_may_read_the_patient(emr: Clinic, scope: str, shown: bool) -> None:
    id, http = await disagree(emr), emr.fhir.http
    headers = {"Authorization": f"Bearer {await token(emr, scope)}"}
    place = "/admin/v1/north/connections/internal/conflicts"
    (told,) = (await http.get(place, headers=headers)).json()["conflicts"]
    assert ("value" in told["crm"], "value" in told["emr"]) == (shown, shown)
    wrong = await http.post(f"{place}/x", headers=headers, json={"take": "crm"})
    assert wrong.status_code == 400
    done = await http.post(f"{place}/{told['conflict']}", headers=headers, json={"take": "crm"})
    assert (done.status_code, done.json()["settled"]) == (200, "crm")
    assert (await emr.read("Patient", id) or {})["telecom"] == phone(OURS)
    assert (await http.get(place, headers=headers)).json() == {"conflicts": []}
    (closed,) = (await http.get(f"{place}?all=true", headers=headers)).json()["conflicts"]
    assert closed["settled"]["by"].startswith("client ")


async def token(clinic: Clinic, scope: str) -> str:
    def write(session: Session) -> tuple[str, str]:
        made, secret = add_client(
            session, 1, Registration(name="Operations", scope=scope),
            types=clinic.services.definitions.all_types, allow_private=False, now=0, random=clinic.services.auth.random,
        )  # fmt: skip
        return made.client_id, secret or ""

    credentials = await clinic.session(write)
    form = {"grant_type": "client_credentials"}
    answer = await clinic.fhir.http.post("/oauth/north/token", data=form, auth=credentials)
    return str(answer.json()["access_token"])
