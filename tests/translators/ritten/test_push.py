"""The push: two steps that may be cut anywhere, insurance by payer code, and what is left out and why."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.canonical import SUBSCRIBER_RELATIONSHIP
from gateway.faults import EmrRefused, EmrUnreachable, Unprocessable
from gateway.translation.contract import Chart, Linked, Pushed
from tests.translators.ritten.driving import LINK, MOMENT, Clinic, Cut, account, chart, coverage, patient, payer
from translators.ritten import translator

FULL = chart(patient(), coverage(), referenced=(payer(),))


async def push(clinic: Clinic, chart: Chart, link: Linked = LINK) -> Pushed:
    return await clinic(translator.push(clinic.account, chart, link, MOMENT))


def sent(clinic: Clinic) -> list[str]:
    return [f"{call.method} {call.path.split('/')[1]}" for call in clinic.sent]


def reasons(pushed: Pushed) -> dict[str, str]:
    return {lost.expression: lost.reason for lost in pushed.left_out}


async def test_a_patient_is_made_in_two_steps() -> None:
    clinic = Clinic()
    pushed = await push(clinic, FULL)
    created, patched = (call.json for call in clinic.sent if call.method in {"POST", "PATCH"})
    assert created == {"name": {"first": "Robin", "last": "Winter"}, "dob": "2001-05-27", "externalId": "pat-1"}
    assert set(patched) == {"demographics", "phones", "emails", "addresses", "insurance"}
    (stored,) = clinic.patients("Winter")
    assert stored["phones"] == ["+17855550142"]
    assert stored["addresses"][0]["region"] == "KS"
    assert stored["demographics"] == {"sex": "Male", "maritalStatus": "Married"}
    assert stored["insurance"][0]["payerId"] == clinic.payer("60054")
    assert stored["insurance"][0]["notSubscriber"] is False
    assert pushed.external_id == stored["id"]
    assert pushed.identifiers == {"id": stored["id"], "mr": stored["mrn"]}
    assert pushed.links == {
        "Coverage/cov-1": stored["insurance"][0]["id"],
        "Organization/org-1": clinic.payer("60054"),
    }
    assert reasons(pushed) == {"Patient.telecom[0].use": "no field of the EMR carries it"}


@pytest.mark.parametrize("arrays", ["merge", "replace"])
async def test_a_push_cut_anywhere_is_finished_by_the_next(arrays: str) -> None:
    whole = Clinic()
    await push(whole, FULL)
    for calls in range(len(whole.sent)):
        clinic = Clinic(options={"arrays": arrays}, cut_after=calls)
        with pytest.raises(Cut):
            await push(clinic, FULL)
        clinic.cut_after = None
        pushed = await push(clinic, FULL)
        (stored,) = clinic.patients("Winter")
        assert pushed.external_id == stored["id"]
        assert len(stored["addresses"]) == len(stored["insurance"]) == len(stored["phones"]) == 1


@pytest.mark.parametrize("arrays", ["merge", "replace"])
async def test_answers_lost_after_the_commit_make_no_second_patient(arrays: str) -> None:
    clinic = Clinic(options={"arrays": arrays})
    for _ in range(3):
        clinic.sandbox.switch(["drop-after-commit"])
        with pytest.raises(EmrUnreachable):
            await push(clinic, FULL)
        if clinic.patients("Winter")[0]["insurance"]:
            break
    clinic.sandbox.switch([])
    await push(clinic, FULL)
    (stored,) = clinic.patients("Winter")
    assert len(stored["addresses"]) == len(stored["insurance"]) == 1


async def test_nothing_changed_nothing_sent() -> None:
    clinic = Clinic()
    social = [{"system": "http://hl7.org/fhir/sid/us-ssn", "value": "900-00-0001"}]
    full = chart(patient(identifier=social), coverage(), referenced=(payer(),))
    first = await push(clinic, full)
    assert clinic.patients("Winter")[0]["ssn"] == "900-00-0001"
    clinic.sent.clear()
    again = await push(clinic, full, Linked("pat-1", first.external_id, first.record))
    assert sent(clinic) == ["GET patients", "GET insurance"]
    assert again.detail == "200 OK, nothing to change"
    assert (again.record, again.links) == (first.record, first.links)


async def test_an_update_says_only_what_the_chart_changed() -> None:
    clinic = Clinic()
    first = await push(clinic, FULL)
    await clinic.command(
        "edit",
        id=first.external_id,
        fields={
            "name": {"chosenName": "Rob"},
            "phones": ["+17855550142", "+17855550177"],
            "emails": ["new@mail.example"],
            "demographics": {"sex": "Male", "maritalStatus": "Unmarried"},
            "addresses": [{"use": "WORK", "line": "1 Mill Street", "city": "Topeka", "region": "KS"}],
        },
    )
    changed = patient(name=[{"family": "Winter", "given": ["Robin", "May"]}], gender="female")
    changed["telecom"][0]["value"] = "785-555-0199"
    changed["address"][0]["line"] = ["23 Home Street"]
    clinic.sent.clear()
    await push(
        clinic, chart(changed, coverage(), referenced=(payer(),)), Linked("pat-1", first.external_id, first.record)
    )
    body = clinic.sent[-1].json
    assert body["name"] == {"middle": "May"}
    assert body["demographics"] == {"sex": "Female", "maritalStatus": "Unmarried"}
    assert body["phones"] == ["+17855550199", "+17855550177"]
    assert "emails" not in body
    assert "insurance" not in body
    (stored,) = clinic.patients("Winter")
    assert [(item["use"], item["line"]) for item in stored["addresses"]] == [
        ("HOME", "23 Home Street"),
        ("WORK", "1 Mill Street"),
    ]
    assert stored["name"]["chosenName"] == "Rob"
    assert stored["emails"] == ["new@mail.example"]


async def test_what_cannot_be_taken_away_is_told() -> None:
    clinic = Clinic()
    first = await push(clinic, chart(patient(name=[{"family": "Winter", "given": ["Robin", "May"]}])))
    link = Linked("pat-1", first.external_id, first.record)
    shorter = await push(clinic, chart(patient()), link)
    assert "clear it in Ritten" in reasons(shorter)["Patient (Ritten: name.middle)"]


async def test_an_edit_of_a_policy_in_ritten_survives_a_push_of_something_else() -> None:
    clinic = Clinic()
    first = await push(clinic, FULL)
    (stored,) = clinic.patients("Winter")
    policy = {"id": stored["insurance"][0]["id"], "payerId": clinic.payer("60054"), "groupNumber": "G7"}
    await clinic.command("edit", id=first.external_id, fields={"insurance": [policy | {"orderNumber": 2}]})
    link = Linked("pat-1", first.external_id, first.record)
    await push(clinic, chart(patient(gender="female"), coverage(), referenced=(payer(),)), link)
    assert "insurance" not in clinic.sent[-1].json
    await push(clinic, chart(patient(), coverage(subscriberId="M43"), referenced=(payer(),)), link)
    assert [(item["memberIdentifier"], item["groupNumber"]) for item in stored["insurance"]] == [("M43", "G7")]
    assert stored["insurance"][0]["orderNumber"] == 1


class TestInsurance:
    """Policies travel when there are any and their payer code is mapped."""

    async def test_without_coverage(self) -> None:
        pushed = await push(Clinic(), chart(patient()))
        assert "the chart has no Coverage" in reasons(pushed)["Coverage"]

    async def test_with_an_unmapped_payer_code(self) -> None:
        clinic = Clinic()
        pushed = await push(clinic, chart(patient(), coverage(), referenced=(payer("BCBS-KS"),)))
        assert "crosswalk mapping set --org demo clinic payer BCBS-KS" in reasons(pushed)["Coverage/cov-1"]
        (stored,) = clinic.patients("Winter")
        assert stored["insurance"] == []
        assert stored["phones"] == ["+17855550142"]

    @pytest.mark.parametrize("by", ["identifier", "id"])
    async def test_with_a_mapped_payer_code(self, by: str) -> None:
        clinic = Clinic()
        target = "87726" if by == "identifier" else clinic.payer("87726")
        clinic.account = account(mappings={"payer": {"BCBS-KS": target}})
        pushed = await push(clinic, chart(patient(), coverage(), referenced=(payer("BCBS-KS"),)))
        assert "Coverage/cov-1" in pushed.links
        assert clinic.patients("Winter")[0]["insurance"][0]["payerId"] == clinic.payer("87726")

    async def test_with_a_mapping_to_nothing(self) -> None:
        clinic = Clinic(account=account(mappings={"payer": {"BCBS-KS": "00000"}}))
        pushed = await push(clinic, chart(patient(), coverage(), referenced=(payer("BCBS-KS"),)))
        assert "mapped to 00000, which is no payerIdentifier" in reasons(pushed)["Coverage/cov-1"]

    async def test_without_a_payer(self) -> None:
        pushed = await push(Clinic(), chart(patient(), coverage()))
        assert "no payer code" in reasons(pushed)["Coverage/cov-1"]

    async def test_a_cancelled_policy(self) -> None:
        clinic = Clinic()
        pushed = await push(clinic, chart(patient(), coverage(status="cancelled"), referenced=(payer(),)))
        assert "status cancelled" in reasons(pushed)["Coverage/cov-1"]
        assert "GET insurance" not in sent(clinic)

    @pytest.mark.parametrize("contained", [False, True])
    async def test_a_subscriber_travels_with_the_policy(self, contained: bool) -> None:
        clinic = Clinic()
        mother: dict[str, Any] = {
            "resourceType": "RelatedPerson",
            "id": "mother",
            "patient": {"reference": "Patient/pat-1"},
            "name": [{"family": "Winter", "given": ["Sylvia"]}],
            "birthDate": "1970-02-01",
            "gender": "female",
            "telecom": [{"system": "phone", "value": "785 555 0133"}],
            "address": [{"line": ["22 Home Street"], "city": "Lawrence", "state": "kansas", "postalCode": "66044"}],
        }
        child = {"coding": [{"system": SUBSCRIBER_RELATIONSHIP, "code": "child"}]}
        policy = coverage(
            relationship=child, subscriber={"reference": "#mother" if contained else "RelatedPerson/mother"}
        )
        if contained:
            policy["contained"] = [{name: value for name, value in mother.items() if name != "patient"}]
        others = (policy,) if contained else (policy, mother)
        pushed = await push(clinic, chart(patient(), *others, referenced=(payer(),)))
        (item,) = clinic.patients("Winter")[0]["insurance"]
        assert item["relationship"] == "The Beneficiary is a child of the Subscriber"
        assert item["notSubscriber"] is True
        assert [item[name] for name in ("firstName", "lastName", "birthDate", "sex", "state")] == [
            "Sylvia",
            "Winter",
            "1970-02-01",
            "Female",
            "KS",
        ]
        assert item["subscriberPhoneNumber"] == "+17855550133"
        assert pushed.links.get("RelatedPerson/mother") == (None if contained else item["id"])
        assert [name for name in reasons(pushed) if not name.startswith("Patient.")] == []

    async def test_policies_of_the_staff_stay(self) -> None:
        clinic = Clinic()
        first = await push(clinic, chart(patient()))
        other = {"payerId": clinic.payer("87726"), "memberIdentifier": "STAFF"}
        await clinic.command("edit", id=first.external_id, fields={"insurance": [other]})
        await push(clinic, FULL, Linked("pat-1", first.external_id, first.record))
        members = [item["memberIdentifier"] for item in clinic.patients("Winter")[0]["insurance"]]
        assert members == ["STAFF", "M42"]


async def test_values_that_ritten_would_refuse_stay_out_alone() -> None:
    clinic = Clinic()
    odd = patient()
    odd["telecom"][0]["value"] = "call the office"
    odd["telecom"][1]["value"] = "[email protected]"
    odd["telecom"].append({"system": "phone", "value": "785-555-0150"})
    odd["address"][0]["state"] = "open"
    pushed = await push(clinic, chart(odd))
    (stored,) = clinic.patients("Winter")
    assert stored["phones"] == ["+17855550150"]
    assert "region" not in stored["addresses"][0]
    told = reasons(pushed)
    assert "+1 and ten digits" in told["Patient.telecom[0].value"]
    assert "name@host" in told["Patient.telecom[1].value"]
    assert stored["emails"] == []
    assert "two letters" in told["Patient.address[0].state"]
    assert not any("call" in lost.reason or "open" in lost.reason for lost in pushed.left_out)


async def test_a_number_that_ritten_has_itself_is_kept() -> None:
    clinic = Clinic()
    first = await push(clinic, chart(patient()))
    clinic.patients("Winter")[0]["phones"] = ["+17855550142", "desk 4"]
    link = Linked("pat-1", first.external_id, {**(first.record or {}), "phones": ["+17855550142", "desk 4"]})
    absorbed = patient()
    absorbed["telecom"].append({"system": "phone", "value": "desk 4"})
    pushed = await push(clinic, chart(absorbed), link)
    assert pushed.detail == "200 OK, nothing to change"
    assert not any(lost.expression.endswith("value") for lost in pushed.left_out)


async def test_a_region_elsewhere_is_free_text() -> None:
    clinic = Clinic()
    abroad = patient(address=[{"city": "Leeds", "state": "West Yorkshire", "country": "GB"}])
    pushed = await push(clinic, chart(abroad))
    assert clinic.patients("Winter")[0]["addresses"][0]["region"] == "West Yorkshire"
    assert not any("address" in name for name in reasons(pushed))


async def test_a_referrer_travels_by_its_id_in_ritten() -> None:
    clinic = Clinic()
    known: dict[str, Any] = {"system": clinic.account.system("id"), "value": "66c2350d-a532-4d19-b063-24570269ef50"}
    stays = [
        {"resourceType": "Encounter", "id": id, "hospitalization": {"origin": {"reference": f"Organization/{id}"}}}
        for id in ("e1", "e2")
    ]
    referenced = (
        {"resourceType": "Organization", "id": "e1", "identifier": [known]},
        {"resourceType": "Organization", "id": "e2"},
    )
    pushed = await push(clinic, chart(patient(), *stays, referenced=referenced))
    (referral,) = clinic.patients("Winter")[0]["referrals"]
    assert (referral["organizationId"], referral["isPrimary"]) == (known["value"], True)
    told = reasons(pushed)
    assert "identifier of system" in told["Encounter/e2.hospitalization.origin"]
    assert "admits and discharges" in told["Encounter/e1"]
    clinic.sent.clear()
    link = Linked("pat-1", pushed.external_id, pushed.record)
    assert (await push(clinic, chart(patient(), *stays, referenced=referenced), link)).detail.endswith("change")


async def test_every_other_resource_of_the_chart_is_told() -> None:
    allergy = {"resourceType": "AllergyIntolerance", "id": "a1"}
    basic = {"resourceType": "Basic", "id": "b1"}
    told = reasons(await push(Clinic(), chart(patient(), allergy, basic)))
    assert told["AllergyIntolerance/a1"] == translator.refused["AllergyIntolerance"]
    assert told["Basic/b1"]


async def test_a_patient_without_a_name_is_refused_before_any_call() -> None:
    clinic = Clinic()
    with pytest.raises(Unprocessable) as refused:
        await push(clinic, chart(patient(name=[])))
    assert refused.value.issues[0].expression == ("Patient.name",)
    assert clinic.sent == []


async def test_a_patient_of_name_alone_is_read_for_its_mr_number() -> None:
    clinic = Clinic()
    pushed = await push(clinic, chart({"resourceType": "Patient", "id": "pat-1", "name": [{"family": "Solo"}]}))
    assert sent(clinic) == ["GET patients", "POST patients", "GET patients"]
    assert pushed.identifiers["mr"] == clinic.patients("Solo")[0]["mrn"]


async def test_a_patient_linked_by_a_pull_gets_our_id() -> None:
    clinic = Clinic()
    (stored,) = clinic.patients("Brandt")
    await push(clinic, chart(patient(name=[{"family": "Brandt", "given": ["Theo"]}])), Linked("pat-1", stored["id"]))
    assert stored["externalId"] == "pat-1"


async def test_a_patient_that_ritten_no_longer_has() -> None:
    with pytest.raises(EmrRefused, match="404"):
        await push(Clinic(), FULL, Linked("pat-1", "182c2e54-0000-4b85-aba5-038cf539d5bf"))
