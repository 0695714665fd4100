"""The two steps that make a patient: what is remembered between them, and what becomes of a PATCH that is refused."""

from __future__ import annotations

import pytest

from gateway.canonical import MARITAL_STATUS
from gateway.faults import EmrRefused, EmrUnreachable
from gateway.translation.contract import Call, Chart, Halfway, Linked, Pushed
from tests.translators.ritten.driving import LINK, MOMENT, Clinic, chart, coverage, patient, payer
from translators.ritten import translator

FULL = chart(patient(), coverage(), referenced=(payer(),))


class Remembering(Clinic):
    """Keeps what a flow says of halves."""

    told: Halfway | None = None

    async def attempt(self, call: Call) -> object:  # type: ignore[override]
        reply = await super().attempt(call)
        if call.halfway is not None:
            self.told = call.halfway(reply)
        return reply

    @property
    def link(self) -> Linked:
        """What the gateway would start the next push from."""
        assert self.told is not None
        return Linked("pat-1", self.told.external_id, self.told.record)


async def push(clinic: Clinic, chart: Chart = FULL, link: Linked = LINK) -> Pushed:
    return await clinic(translator.push(clinic.account, chart, link, MOMENT))


def methods(clinic: Clinic) -> list[str]:
    return [call.method for call in clinic.sent if "payers" not in call.path]


async def test_what_the_first_step_made_is_finished_by_the_second_alone() -> None:
    clinic = Remembering()
    clinic.sandbox.switch(["patch-not-made"])
    with pytest.raises(EmrUnreachable, match="502"):
        await push(clinic)
    (stored,) = clinic.patients("Winter")
    assert stored["phones"] == []
    assert clinic.told is not None
    assert clinic.told.has == "Ritten has the patient with name and birth date only"
    assert clinic.told.record == {
        "id": stored["id"],
        "externalId": "pat-1",
        "name": {"first": "Robin", "last": "Winter"},
        "dob": "2001-05-27",
    }
    assert "Winter" not in repr(clinic.told)
    clinic.sandbox.switch([])
    clinic.sent.clear()
    pushed = await push(clinic, link=clinic.link)
    assert methods(clinic) == ["GET", "GET", "PATCH"]  # the second sees whether the items are there already
    assert pushed.external_id == stored["id"]
    assert stored["phones"] == ["+17855550142"]
    assert stored["insurance"][0]["memberIdentifier"] == "M42"


async def test_a_name_that_changed_between_the_steps_arrives() -> None:
    clinic = Remembering()
    clinic.sandbox.switch(["create-unanswered"])
    with pytest.raises(EmrUnreachable):
        await push(clinic)
    clinic.sandbox.switch(["patch-not-made"])
    later = chart(patient(name=[{"family": "Summer", "given": ["Robin"]}]))
    with pytest.raises(EmrUnreachable):
        await push(clinic, later)
    assert methods(clinic).count("POST") == 1
    clinic.sandbox.switch([])
    await push(clinic, later, clinic.link)
    assert len(clinic.patients("Summer")) == 1
    assert clinic.patients("Winter") == []


async def test_a_patient_that_is_whole_already_is_not_called_minimal() -> None:
    clinic = Remembering()
    clinic.sandbox.switch(["patch-unanswered"])
    with pytest.raises(EmrUnreachable):
        await push(clinic)
    clinic.sandbox.switch([])
    await push(clinic)
    assert clinic.told is not None
    assert "from an earlier delivery" in clinic.told.has


@pytest.mark.parametrize(
    ("part", "where"), [("insurance", "Coverage"), ("phones", "Patient.telecom"), ("addresses", "Patient.address")]
)
async def test_a_part_that_ritten_refuses_keeps_no_other_back(part: str, where: str) -> None:
    clinic = Clinic()
    clinic.sandbox.switch([f"{part}-refused"])
    pushed = await push(clinic)
    (stored,) = clinic.patients("Winter")
    assert stored[part] == []
    rest = {"demographics", "phones", "emails", "addresses", "insurance"} - {part}
    assert all(stored[name] for name in rest)
    assert pushed.refused is not None
    assert f"`{part}`" in pushed.refused
    assert where in {lost.expression for lost in pushed.left_out if "called" in lost.reason}
    assert pushed.external_id == stored["id"]
    clinic.sandbox.switch([])
    mended = await push(clinic, link=Linked("pat-1", pushed.external_id, pushed.record))
    assert mended.refused is None
    assert len(stored[part]) == 1


async def test_a_patch_that_is_refused_whole_says_so() -> None:
    clinic = Remembering()
    clinic.sandbox.switch(["patch-refused"])
    with pytest.raises(EmrRefused) as refused:
        await push(clinic)
    assert "each part of it by itself" in str(refused.value)
    assert "`insurance`, check payer" in str(refused.value)
    assert "Winter" not in str(refused.value)
    with pytest.raises(EmrRefused, match="`demographics`"):
        await push(clinic, chart(patient(telecom=[], address=[])), clinic.link)


async def test_a_refused_number_is_asked_for_again() -> None:
    """What Ritten never shows is remembered only when it took it."""
    clinic = Clinic()
    social = chart(patient(identifier=[{"system": "http://hl7.org/fhir/sid/us-ssn", "value": "900-00-0001"}]))
    first = await push(clinic, social)
    assert (first.record or {})["ssn"] == "900-00-0001"


async def test_a_coarser_word_is_told_as_one() -> None:
    divorced = {"coding": [{"system": MARITAL_STATUS, "code": "D"}], "text": "Divorced"}
    pushed = await push(Clinic(), chart(patient(maritalStatus=divorced, gender="other")))
    told = [(lost.expression, "coarser word" in lost.reason) for lost in pushed.left_out]
    assert told.count(("Patient.maritalStatus", True)) == 1
    assert ("Patient.gender", True) in told
    tongues = [{"language": {"text": "English"}, "preferred": True}, {"language": {"text": "Klingon"}}]
    assert "coarser" not in str((await push(Clinic(), chart(patient(communication=tongues)))).left_out)
    unsaid = await push(Clinic(), chart(patient(maritalStatus={"text": "It is complicated"})))
    assert not any("coarser" in lost.reason for lost in unsaid.left_out)
