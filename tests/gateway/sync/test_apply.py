"""Applying pulled charts: whose they are, what is news, and that one that does not fit leaves no trace."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway.sync.push import Begun
from gateway.sync.tables import Link
from gateway.sync.taking import resolved
from gateway.translation.contract import Chart, Linked, Part, Pulled, Pushed
from gateway.translation.row import Record, Resource
from tests.gateway.sync.clinic import Clinic, outputs, patient
from tests.gateway.sync.vendor import PATIENT, SYSTEM, chart, counts, places, policy, record, stay, take


@pytest.fixture
async def emr(clinic: Clinic) -> Clinic:
    await clinic.connect("internal", push="false")
    return clinic


async def sent(clinic: Clinic, id: str, key: str | None, record: Record | None = None) -> None:
    """As a push leaves it."""
    push = clinic.services.sync.workflows.pushes.push
    begun = Begun(Chart(patient(id)), Linked(id), "digest")
    pushed = Pushed(key, record, {"id": key} if key else {})
    await clinic.write(lambda tx: push.succeed(tx, clinic.realm, "internal", begun, pushed, 1, "w"))


async def the_only(clinic: Clinic, type: str = "Patient") -> Resource:
    (found,) = await clinic.all(type)
    return found


class TestIdentity:
    async def test_a_chart_that_is_new_becomes_a_patient(self, emr: Clinic) -> None:
        assert await take(emr, chart(record())) == counts(created=1)
        made = await the_only(emr)
        assert made["name"] == [{"use": "official", "given": ["Rowan"], "family": "Sampledottir"}]
        assert made["identifier"] == [{"system": SYSTEM, "value": "7"}]
        assert made["meta"]["source"] == f"{emr.realm.fhir_base}/Endpoint/internal"
        (link,) = await emr.links("internal")
        assert (link.local_id, link.external_key) == (made["id"], "7")

    async def test_a_chart_that_is_known_stays_the_same_patient(self, emr: Clinic) -> None:
        await take(emr, chart(record()))
        before = await the_only(emr)
        assert await take(emr, chart(record(last="Newname", dob="1991-01-01"))) == counts(updated=1)
        after = await the_only(emr)
        assert (after["id"], after["name"][0]["family"], after["meta"]["versionId"]) == (before["id"], "Newname", "2")

    async def test_what_has_not_changed_makes_no_version(self, emr: Clinic) -> None:
        parts = (stay(bed="b1"), policy("k", "M-1"))
        await take(emr, places(b1="Bed 1"), chart(record(), *parts))
        before = {type: await the_only(emr, type) for type in ("Patient", "Encounter", "Coverage", "Location")}
        assert await take(emr, places(b1="Bed 1"), chart(record(), *parts)) == counts(unchanged=1)
        assert {type: await the_only(emr, type) for type in before} == before

    async def test_our_own_id_is_believed_when_it_is_ours(self, emr: Clinic) -> None:
        await emr.put(patient("p1", "Othername"))
        await sent(emr, "p1", None)
        assert await take(emr, chart(record(), local_id="p1")) == counts(updated=1)
        assert (await the_only(emr))["id"] == "p1"
        (link,) = await emr.links("internal")
        assert (link.local_id, link.external_key) == ("p1", "7")

    async def test_an_id_that_is_not_ours_is_not_believed(self, emr: Clinic) -> None:
        assert await take(emr, chart(record(), local_id="p1")) == counts(created=1)
        assert (await the_only(emr))["id"] != "p1"

    async def test_an_id_that_already_has_another_key_is_not_believed(self, emr: Clinic) -> None:
        await emr.put(patient("p1"))
        await sent(emr, "p1", "6")
        assert await take(emr, chart(record(), local_id="p1")) == counts(created=1)
        assert {link.external_key for link in await emr.links("internal")} == {"6", "7"}

    @pytest.mark.parametrize("first", ["Rowan", "ROWAN", "Rówan"])
    async def test_who_waits_for_a_key_is_recognised_by_name_and_birth_date(self, emr: Clinic, first: str) -> None:
        await emr.put(patient("p1"), patient("p2", "Otherfamily"))
        await sent(emr, "p1", None)
        await sent(emr, "p2", None)
        assert await take(emr, chart(record(first=first))) == counts(updated=1)
        assert {link.local_id: link.external_key for link in await emr.links("internal")} == {"p1": "7", "p2": None}

    @pytest.mark.parametrize("change", [{"dob": "1990-04-18"}, {"last": "Else"}, {"first": "Someone"}, {"dob": None}])
    async def test_nobody_is_recognised_by_less(self, emr: Clinic, change: dict[str, Any]) -> None:
        await emr.put(patient("p1"))
        await sent(emr, "p1", None)
        assert await take(emr, chart(record(**change))) == counts(created=1)

    async def test_nobody_is_recognised_where_two_could_be_meant(self, emr: Clinic) -> None:
        await emr.put(patient("p1"), patient("p2"))
        await sent(emr, "p1", None)
        await sent(emr, "p2", None)
        assert await take(emr, chart(record())) == counts(skipped=1)
        assert len(await emr.all("Patient")) == 2
        for id in ("p1", "p2"):
            task = await emr.task("internal", id)
            assert (task["status"], outputs(task, "candidate")) == ("in-progress", ["7"])
            assert "2 patients of that name wait" in task["statusReason"]["text"]

    async def test_of_two_charts_that_could_be_meant_none_is_taken(self, emr: Clinic) -> None:
        await emr.put(patient("p1"))
        await sent(emr, "p1", None)
        assert await take(emr, chart(record()), chart(record(id="8"))) == counts(skipped=2)
        task = await emr.task("internal", "p1")
        assert outputs(task, "candidate") == ["7", "8"]
        assert "shows 2 charts of this name and birth date" in task["statusReason"]["text"]
        assert {link.external_key for link in await emr.links("internal")} == {None}

    async def test_a_twin_that_names_our_id_stands_in_nobody_s_way(self, emr: Clinic) -> None:
        await emr.put(patient("p1"))
        await sent(emr, "p1", None)
        assert await take(emr, chart(record(id="8"), local_id="p1"), chart(record())) == counts(updated=1, created=1)
        assert {link.local_id == "p1" for link in await emr.links("internal") if link.external_key == "8"} == {True}

    async def test_who_was_never_sent_is_not_recognised(self, emr: Clinic) -> None:
        await emr.put(patient("p1"))
        assert await take(emr, chart(record())) == counts(created=1)

    async def test_connections_do_not_share_keys(self, emr: Clinic) -> None:
        await emr.connect("internal", as_="other", push="false")
        await take(emr, chart(record()))
        other = (await emr.connection("other")).id or 0
        row = Link(org=1, connection=other, type="Patient", local_id="x", external_key="7")
        await emr.session(lambda session: session.add(row))
        assert await take(emr, chart(record())) == counts(unchanged=1)


class TestWaiting:
    async def test_a_push_without_a_key_is_complete_when_the_chart_comes_back(self, emr: Clinic) -> None:
        await emr.put(patient("p1"))
        await sent(emr, "p1", None)
        assert await emr.status("internal", "p1") == "in-progress"
        await take(emr, chart(record()))
        task = await emr.task("internal", "p1")
        assert task["status"] == "completed"
        assert outputs(task, "external-id") == ["7"]

    async def test_while_another_push_is_under_way_its_task_is_left_alone(self, emr: Clinic) -> None:
        await emr.put(patient("p1"))
        await sent(emr, "p1", None)
        (link,) = await emr.links("internal")
        link.holder = "another"
        await emr.session(lambda session: session.merge(link))
        await take(emr, chart(record()))
        assert await emr.status("internal", "p1") == "in-progress"

    async def test_an_incomplete_chart_is_not_taken_until_it_is_whole(self, emr: Clinic) -> None:
        await emr.put(patient("p1"))
        await sent(emr, "p1", None)
        version = await emr.version("Patient", "p1")
        lacking = chart(record(sex="M"), local_id="p1", incomplete=("MR number", "admission date"))
        assert await take(emr, lacking) == counts(skipped=1)
        assert await emr.version("Patient", "p1") == version
        (link,) = await emr.links("internal")
        assert (link.external_key, link.missing) == ("7", "MR number, admission date")
        assert await take(emr, chart(record(sex="M"), local_id="p1")) == counts(updated=1)
        (link,) = await emr.links("internal")
        assert link.missing is None

    async def test_an_incomplete_chart_of_a_stranger_leaves_nothing(self, emr: Clinic) -> None:
        assert await take(emr, chart(record(), incomplete=("MR number",))) == counts(skipped=1)
        assert (await emr.all("Patient"), await emr.links("internal")) == ([], [])


class TestParts:
    async def test_parts_refer_to_each_other_by_our_ids(self, emr: Clinic) -> None:
        await take(emr, places(b1="Bed 1"), chart(record(), stay(bed="b1")))
        whose, bed, made = await the_only(emr), await the_only(emr, "Location"), await the_only(emr, "Encounter")
        assert made["subject"] == {"reference": f"Patient/{whose['id']}"}
        assert made["location"] == [{"location": {"reference": f"Location/{bed['id']}"}}]

    async def test_parts_refer_to_what_an_earlier_page_brought(self, emr: Clinic) -> None:
        await take(emr, places(b1="Bed 1"))
        await take(emr, chart(record(), stay(bed="b1")))
        bed, made = await the_only(emr, "Location"), await the_only(emr, "Encounter")
        assert made["location"][0]["location"]["reference"] == f"Location/{bed['id']}"

    async def test_what_was_never_shown_is_named_by_its_key(self, emr: Clinic) -> None:
        await take(emr, chart(record(), stay(bed="b9")))
        made = await the_only(emr, "Encounter")
        named = {"type": "Location", "identifier": {"system": SYSTEM, "value": "b9"}}
        assert made["location"] == [{"location": named}]

    def test_only_our_own_marks_are_resolved(self) -> None:
        body = {
            "a": {"reference": "Location/x"},
            "b": [{"reference": "https://elsewhere.example/Patient/1"}, "emr:text"],
        }
        assert resolved(body, lambda target: None, "s") == body

    async def test_what_the_crm_sent_before_is_recognised(self, emr: Clinic) -> None:
        await emr.put(patient("p1"), policy_of("p1", "c1", "M-1"), policy_of("p1", "c2", "M-2"))
        await sent(emr, "p1", "7")
        await take(emr, chart(record(), policy("k1", "M-1"), policy("k3", "M-3")))
        links = {link.external_key: link.local_id for link in await emr.links("internal", "Coverage")}
        assert links["k1"] == "c1"
        assert links["k3"] not in ("c1", "c2")
        assert len(await emr.all("Coverage")) == 3

    async def test_of_two_that_look_alike_none_is_recognised(self, emr: Clinic) -> None:
        await emr.put(patient("p1"), policy_of("p1", "c1", "M-1"), policy_of("p1", "c2", "M-1"))
        await sent(emr, "p1", "7")
        await take(emr, chart(record(), policy("k1", "M-1")))
        assert len(await emr.all("Coverage")) == 3

    async def test_another_patient_s_is_not_recognised(self, emr: Clinic) -> None:
        await emr.put(patient("p1"), patient("p2"), policy_of("p2", "c1", "M-1"))
        await sent(emr, "p1", "7")
        await take(emr, chart(record(), policy("k1", "M-1")))
        assert len(await emr.all("Coverage")) == 2


def policy_of(whose: str, id: str, member: str) -> Resource:
    reference = {"reference": f"Patient/{whose}"}
    more = {"beneficiary": reference, "payor": [reference], "subscriberId": member}
    return {"resourceType": "Coverage", "id": id, "status": "active", **more}


class TestNews:
    async def test_the_emr_wins_where_both_changed(self, emr: Clinic) -> None:
        await taken_and_edited(emr, gender="male")
        assert await take(emr, chart(record(sex="F", phone="2"))) == counts(updated=1)
        after = await the_only(emr)
        assert after["telecom"][0]["value"] == "2"

    async def test_what_only_the_crm_changed_stays(self, emr: Clinic) -> None:
        await taken_and_edited(emr, birthDate="1990-04-18", language="en")
        await take(emr, chart(record(phone="2")))
        after = await the_only(emr)
        assert (after["birthDate"], after["language"], after["telecom"][0]["value"]) == ("1990-04-18", "en", "2")

    async def test_conflicts_are_the_crm_s_where_the_connection_says_so(self, emr: Clinic) -> None:
        await emr.session(lambda session: conflict_is_crm(emr, session))
        await taken_and_edited(emr, gender="male", birthDate="2000-01-01")
        for dob in ("1998-08-08", "1999-09-09"):
            await take(emr, chart(record(phone="3", dob=dob)))
            after = await the_only(emr)
            assert (after["gender"], after["birthDate"], after["telecom"][0]["value"]) == ("male", "2000-01-01", "3")

    async def test_conflicts_are_the_emr_s_otherwise(self, emr: Clinic) -> None:
        await taken_and_edited(emr, gender="other", birthDate="2000-01-01")
        await take(emr, chart(record(sex="M", phone="3", dob="1998-08-08")))
        after = await the_only(emr)
        assert (after["gender"], after["birthDate"]) == ("male", "1998-08-08")

    async def test_a_coarser_word_does_not_replace_a_finer_one(self, emr: Clinic) -> None:
        divorced = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "code": "D"}]}
        await emr.put(patient("p1", maritalStatus=divorced))
        await sent(emr, "p1", "7")
        await take(emr, chart(record(marital="Unmarried", phone="9135550142")))
        assert (await the_only(emr))["maritalStatus"] == divorced
        await take(emr, chart(record(marital="Married", phone="9135550142")))
        assert (await the_only(emr))["maritalStatus"]["coding"][0]["code"] == "M"

    async def test_what_the_emr_takes_away_goes(self, emr: Clinic) -> None:
        await take(emr, chart(record(phone="1")))
        await take(emr, chart(record()))
        assert "telecom" not in await the_only(emr)


async def edited(clinic: Clinic, **elements: Any) -> None:
    await clinic.put({**await the_only(clinic), **elements})


async def taken_and_edited(clinic: Clinic, **elements: Any) -> None:
    await take(clinic, chart(record(phone="1")))
    await edited(clinic, **elements)


def conflict_is_crm(clinic: Clinic, session: Any) -> None:
    row = clinic.services.sync.connections.get(session, clinic.realm, "internal")
    row.settings = {**row.settings, "conflict": "crm"}
    session.add(row)


class TestRefusals:
    async def test_a_chart_that_is_no_valid_fhir_leaves_no_trace_and_stops_no_other(self, emr: Clinic) -> None:
        wrong = chart(record(id="8", last="Wrongtongue", tongue="yes"), stay("s8", "8"))
        assert await take(emr, chart(record()), wrong, chart(record(id="9"))) == counts(created=2, failed=1)
        assert len(await emr.all("Patient")) == 2
        assert await emr.all("Encounter") == []
        assert {link.external_key for link in await emr.links("internal")} == {"7", "9"}
        (entry,) = [entry for entry in await emr.entries("internal") if entry.status == "failed"]
        assert "Patient.communication[0].language.coding[0].userSelected" in entry.detail
        assert "Wrongtongue" not in entry.detail

    async def test_a_part_that_is_no_valid_fhir_takes_its_chart_with_it(self, emr: Clinic) -> None:
        assert await take(emr, chart(record(), stay(status="asleep"))) == counts(failed=1)
        assert (await emr.all("Patient"), await emr.links("internal")) == ([], [])

    async def test_a_refused_change_leaves_the_patient_as_it_was(self, emr: Clinic) -> None:
        await take(emr, chart(record()))
        before, (link,) = await the_only(emr), await emr.links("internal")
        assert await take(emr, chart(record(phone="2"), stay(status="asleep"))) == counts(failed=1)
        assert await the_only(emr) == before
        assert (await emr.links("internal"))[0].record == link.record

    async def test_a_mistake_in_a_table_stops_no_other_chart(self, emr: Clinic, log_lines: list[Any]) -> None:
        poison = Pulled("8", (Part(Poison(), "8", {"id": "8"}),))  # type: ignore[arg-type]
        assert await take(emr, chart(record()), poison, chart(record(id="9"))) == counts(created=2, failed=1)
        (entry,) = [entry for entry in await emr.entries("internal") if entry.status == "failed"]
        assert "the gateway made a mistake (ZeroDivisionError in test_apply.py:" in entry.detail
        assert "Secretname" not in f"{entry.detail} {log_lines}"
        assert [line["event"] for line in log_lines if line["log_level"] == "error"] == ["unforeseen failure"]

    async def test_two_charts_of_one_page_with_one_key_are_one_patient(self, emr: Clinic) -> None:
        assert await take(emr, chart(record()), chart(record(phone="2"))) == counts(created=1, updated=1)
        assert (await the_only(emr))["telecom"][0]["value"] == "2"

    async def test_pages_that_arrive_together_make_one_patient(self, emr: Clinic) -> None:
        done = await asyncio.gather(*(take(emr, chart(record())) for _ in range(5)))
        assert sorted(map(str, done)) == sorted(map(str, [counts(created=1), *[counts(unchanged=1)] * 4]))
        assert len(await emr.all("Patient")) == 1


class Poison:
    """A table that fails on what it reads."""

    type = PATIENT.type

    def to_fhir(self, record: Record) -> Any:
        raise ZeroDivisionError("Secretname")
