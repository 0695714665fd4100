"""The live face: reads and searches through to Ritten."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.faults import Invalid, NotFound, NotSupported
from gateway.translation.contract import Found
from gateway.translation.rows import Resource
from tests.translators.ritten.driving import LINK, MOMENT, Clinic, chart, patient
from translators.ritten import translator
from translators.ritten.live import live_id, parted


async def search(clinic: Clinic, type: str, **params: str) -> Found:
    asked = [(name.replace("id_", "_id"), value) for name, value in params.items()]
    return await clinic(translator.search(clinic.account, type, asked))


async def read(clinic: Clinic, type: str, id: str) -> Resource:
    return await clinic(translator.read(clinic.account, type, id))


def known(clinic: Clinic) -> str:
    return str(clinic.patients("Ashgrove")[0]["id"])


async def test_a_patient_is_read_by_id() -> None:
    clinic = Clinic()
    found = await read(clinic, "Patient", known(clinic))
    assert (found["id"], found["name"][0]["family"]) == (known(clinic), "Ashgrove")
    assert found["generalPractitioner"][0]["reference"].startswith("Practitioner/")
    assert await read(clinic, "Practitioner", found["generalPractitioner"][0]["reference"].partition("/")[2])


@pytest.mark.parametrize("type", ["Patient", "Encounter", "Coverage", "Location", "Practitioner", "Organization"])
@pytest.mark.parametrize("id", ["no-such-id", "182c2e54-0000-4b85-aba5-038cf539d5bf", "a.b", "0" * 64, "z" * 64])
async def test_what_is_not_there(type: str, id: str) -> None:
    clinic = Clinic()
    with pytest.raises(NotFound):
        await read(clinic, type, id)
    assert (await search(clinic, type, id_=id)).resources == ()


@pytest.mark.parametrize("type", ["Encounter", "Coverage"])
async def test_parts_of_a_chart_are_found_by_patient_and_read_by_their_id(type: str) -> None:
    clinic = Clinic()
    for reference in (known(clinic), f"Patient/{known(clinic)}"):
        (part,) = (await search(clinic, type, patient=reference)).resources
        assert len(part["id"]) <= 64
        assert await read(clinic, type, part["id"]) == part
        assert part["subject" if type == "Encounter" else "beneficiary"] == {"reference": f"Patient/{known(clinic)}"}
    with pytest.raises(Invalid, match="patient=ID"):
        await search(clinic, type)


async def test_a_policys_references_can_be_followed() -> None:
    clinic = Clinic()
    mother = {"firstName": "Iris", "lastName": "Ashgrove", "notSubscriber": True, "relationship": "Parent"}
    policy = clinic.patients("Ashgrove")[0]["insurance"][0] | mother
    await clinic.command("edit", id=known(clinic), fields={"insurance": [policy]})
    (found,) = (await search(clinic, "Coverage", patient=known(clinic))).resources
    references = {name: found[name]["reference"] for name in ("beneficiary", "subscriber")}
    references["payor"] = found["payor"][0]["reference"]
    for reference in references.values():
        type, _, id = reference.partition("/")
        assert (await read(clinic, type, id))["resourceType"] == type
    assert references["subscriber"].startswith("RelatedPerson/")


async def test_patients_are_found_by_identifier() -> None:
    clinic = Clinic()
    pushed = await clinic(translator.push(clinic.account, chart(patient()), LINK, MOMENT))
    for token in ("pat-1", "urn:crm|pat-1", f"{clinic.account.system('id')}|{pushed.external_id}"):
        (found,) = (await search(clinic, "Patient", identifier=token)).resources
        assert found["id"] == pushed.external_id
    assert (await search(clinic, "Patient", identifier="pat-2")).resources == ()
    with pytest.raises(NotSupported):
        await search(clinic, "Patient", identifier=f"{clinic.account.system('mr')}|D31EBE")


async def test_all_patients_are_paged() -> None:
    clinic = Clinic()
    for index in range(25):
        clinic.sandbox.state["patients"].append(
            {"id": f"00000000-0000-4000-8000-{index:012}", "programs": [], "name": {"last": "Crowd"}}
        )
    found: list[Any] = []
    page = await search(clinic, "Patient")
    while True:
        found += [resource["id"] for resource in page.resources]
        if page.next is None:
            break
        name, _, value = page.next.partition("=")
        page = await search(clinic, "Patient", **{name: value})
    assert sorted(found) == sorted(item["id"] for item in clinic.sandbox.state["patients"])
    with pytest.raises(Invalid):
        await search(clinic, "Patient", page="anywhere")


async def test_locations_are_found_by_name() -> None:
    clinic = Clinic()
    assert len((await search(clinic, "Location")).resources) == 2
    (found,) = (await search(clinic, "Location", name="larch")).resources
    assert await read(clinic, "Location", found["id"]) == found


async def test_payers_are_found_by_code() -> None:
    clinic = Clinic()
    (found,) = (await search(clinic, "Organization", identifier="60054")).resources
    assert await read(clinic, "Organization", found["id"]) == found


async def test_what_ritten_cannot_search_by_is_refused() -> None:
    with pytest.raises(NotSupported, match="identifier"):
        await search(Clinic(), "Patient", family="Ashgrove")
    with pytest.raises(NotSupported, match="one value"):
        await search(Clinic(), "Patient", identifier="a,b")


@pytest.mark.parametrize(
    ("patient", "key"),
    [("182c2e54-3494-4b85-aba5-038cf539d5bf", "9e0c5b7a-2d14-4c3b-b7aa-5f1e8d2cd001"), ("p1", "k.2")],
)
def test_ids_are_taken_apart_as_they_were_joined(patient: str, key: str) -> None:
    assert parted(live_id(patient, key)) == (patient, key)


def test_every_declared_search_parameter_is_served() -> None:
    for type, table in translator.maps.items():
        assert "_id" in table.search, type
