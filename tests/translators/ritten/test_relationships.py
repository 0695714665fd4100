"""Relationships: who is whose, with flags, joined with the contact or patient that they name."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.faults import EmrNonsense
from gateway.translation.contract import Part, Pulled
from gateway.translation.rows import Bindings
from tests.translators.ritten.driving import MOMENT, Clinic
from translators.ritten import translator
from translators.ritten.relationship import FLAGS, RELATED, RELATION

LENS = RELATED.bound(Bindings({"id": "urn:test:id"}, {}))
CODES = {"isEmergencyContact": "C", "isGuarantor": "GUAR", "isGuardian": "GUARD"}


async def chart(clinic: Clinic, last: str = "Ashgrove") -> Pulled:
    (found,) = await clinic(translator.fetch(clinic.account, [clinic.patients(last)[0]["id"]], (), MOMENT))
    return found


def related(pulled: Pulled) -> list[Part]:
    return [part for part in pulled.parts if part.lens.type == "RelatedPerson"]


def read(part: Part) -> dict[str, Any]:
    return part.lens.to_fhir(part.record).value


async def test_a_contact_is_a_related_person() -> None:
    clinic = Clinic()
    address = {"use": "HOME", "country": "usa", "line": "9 Elm Row", "region": "Kansas"}
    points = [
        {"system": "PHONE", "use": "MOBILE", "value": "+17855550131", "valueExt": "7", "isPrimary": True},
        {"system": "EMAIL", "use": "PERSONAL", "value": "pat@mail.example"},
    ]
    person = {"first": "Pat", "middle": "Q", "last": "Brandt", "dob": "1959-02-03", "contactPoints": points}
    flags = {"isGuarantor": True, "isGuardian": True}
    made = await clinic.command(
        "relate", last_name="Brandt", type="Legal Guardian", person={**person, "address": address}, **flags
    )
    (part,) = related(await chart(clinic, "Brandt"))
    assert (part.key, part.references) == (made["relationship"], {"patient": f"emr:Patient/{made['id']}"})
    told = read(part)
    assert [concept["coding"][0]["code"] for concept in told["relationship"]] == ["GUARD", "GUAR", "GUARD"]
    assert told["relationship"][0]["text"] == "Legal Guardian"
    assert told["name"] == [{"use": "official", "given": ["Pat", "Q"], "family": "Brandt"}]
    assert (told["birthDate"], told["active"]) == ("1959-02-03", True)
    extension = "http://hl7.org/fhir/StructureDefinition/contactpoint-extension"
    assert told["telecom"] == [
        {
            "system": "phone",
            "use": "mobile",
            "value": "+17855550131",
            "extension": [{"url": extension, "valueString": "7"}],
            "rank": 1,
        },
        {"system": "email", "use": "home", "value": "pat@mail.example"},
    ]
    assert told["address"] == [{"use": "home", "country": "US", "line": ["9 Elm Row"], "state": "KS"}]


async def test_a_patient_may_be_related_to_another() -> None:
    clinic = Clinic()
    other = clinic.patients("Ashgrove")[0]
    await clinic.command("relate", last_name="Brandt", type="Sister", personId=other["id"])
    (part,) = related(await chart(clinic, "Brandt"))
    told = read(part)
    assert (told["name"][0]["family"], told["telecom"][0]["value"]) == ("Ashgrove", "+17855550100")
    assert set(part.record["person"]) == {"id", "first", "last", "dob", "contactPoints"}  # nothing of their treatment


async def test_one_whose_person_is_no_more_keeps_what_it_says() -> None:
    clinic = Clinic()
    clinic.sandbox.state["contacts"].clear()
    told = read(related(await chart(clinic))[0])
    assert "name" not in told
    assert told["relationship"][0]["text"] == "Mother"


async def test_what_a_chart_no_longer_has_is_gone() -> None:
    clinic = Clinic()
    (before,) = related(await chart(clinic))
    assert read(before)["active"] is True
    await clinic.command("unrelate", last_name="Ashgrove", relationship=before.key)
    told = await chart(clinic)
    gone = {whole.lens.type: whole.lens.to_fhir({**before.record, **whole.gone}).value for whole in told.wholes}
    assert related(told) == []
    assert gone["RelatedPerson"] == {**read(before), "active": False}
    assert (gone["Coverage"]["status"], gone["Encounter"]["status"]) == ("cancelled", "entered-in-error")


async def test_an_integration_without_relationships_takes_none_away() -> None:
    clinic = Clinic()
    clinic.sandbox.switch(["no-contacts"])
    told = await chart(clinic)
    assert (related(told), [whole.lens.type for whole in told.wholes]) == ([], ["Encounter", "Coverage"])


async def test_fields_that_no_table_knows_are_named() -> None:
    clinic = Clinic()
    clinic.sandbox.state["contacts"][0]["shoeSize"] = 44
    assert (await chart(clinic)).unaccounted == ("relationships[].person.shoeSize",)


@pytest.mark.parametrize("body", [{}, [{"id": 7}], [{"id": "r1", "personId": {}}]])
async def test_relationships_in_another_form_are_nonsense(body: Any) -> None:
    clinic = Clinic()
    clinic.sandbox.state["relationships"][clinic.patients("Ashgrove")[0]["id"]] = body
    with pytest.raises(EmrNonsense):
        await chart(clinic)


@given(
    st.sampled_from([*RELATION.values, "mother", "Godparent", "Sponsor"]),
    st.sets(st.sampled_from(sorted(FLAGS))),
)
def test_words_and_flags_have_their_way_back(word: str, flags: set[str]) -> None:
    record = {"id": "r1", "type": word, **dict.fromkeys(flags, True)}
    told = LENS.to_fhir(record).value["relationship"]
    assert told[0]["text"] == word
    assert [one["coding"][0]["code"] for one in told[1:]] == [CODES[flag] for flag in FLAGS if flag in flags]
    written: dict[str, Any] = {}
    RELATED.rows[2].encode({"relationship": told}, written, Bindings({}, {}))  # type: ignore[attr-defined]
    assert written == {name: value for name, value in record.items() if name != "id"}


@pytest.mark.parametrize(("code", "word"), [("SIGOTHR", "Significant Other"), ("GUARD", "Guardian"), ("MTH", "Mother")])
def test_a_code_without_text_goes_by_its_canonical_word(code: str, word: str) -> None:
    coding = {"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": code}
    assert RELATION.encode({"coding": [coding]}) == word
