"""$meta-add and $meta-delete (https://hl7.org/fhir/R4/resource-operation-meta-add.html)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.operations.meta_changes import added, identity, removed
from tests.gateway.conftest import Answer, Fhir, Outbox, issue, patient

RED, BLUE = {"system": "urn:colours", "code": "red"}, {"system": "urn:colours", "code": "blue", "display": "Blue"}
SECRET = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "N"}
PROFILE = "https://profiles.example/one"
US_CORE_PATIENT = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient"


def parameters(**meta: Any) -> dict[str, Any]:
    return {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": meta}]}


async def change(client: Fhir, id: str, how: str, /, headers: Any = None, **meta: Any) -> Answer:
    return await client.ask("POST", f"Patient/{id}/$meta-{how}", parameters(**meta), headers=headers)


async def test_labels_are_added_found_and_taken_away(client: Fhir, outbox: Outbox) -> None:
    made = await client.create(patient(meta={"tag": [RED], "source": "urn:crm"}))
    id = made["id"]
    answer = await change(client, id, "add", tag=[BLUE], security=[SECRET], profile=[PROFILE])
    assert (answer.status_code, answer.headers["etag"]) == (200, 'W/"2"')
    read = (await client.ask("GET", f"Patient/{id}")).json()
    assert answer.json()["parameter"] == [{"name": "return", "valueMeta": read["meta"]}]
    labels = {name: read["meta"][name] for name in ("tag", "security", "profile", "source")}
    assert labels == {"tag": [RED, BLUE], "security": [SECRET], "profile": [PROFILE], "source": "urn:crm"}
    assert {k: v for k, v in read.items() if k != "meta"} == {k: v for k, v in made.items() if k != "meta"}
    searches = ("_tag=urn:colours|blue", "_security=N", f"_profile={PROFILE}")
    assert [await client.total(f"Patient?{search}") for search in searches] == [1, 1, 1]
    assert outbox.handed == [[f"Patient/{id}/1"], [f"Patient/{id}/2"]]
    answer = await change(client, id, "delete", tag=[RED, BLUE], security=[SECRET], profile=[PROFILE])
    assert (answer.status_code, answer.headers["etag"]) == (200, 'W/"3"')
    meta = (await client.ask("GET", f"Patient/{id}")).json()["meta"]
    assert set(meta) == {"versionId", "lastUpdated", "source"}
    assert [await client.total(f"Patient?{search}") for search in searches] == [0, 0, 0]


async def test_what_is_there_already_changes_nothing(client: Fhir) -> None:
    made = await client.create(patient(meta={"tag": [BLUE]}))
    renamed = {**BLUE, "display": "Another word", "version": "2"}
    for how, tag in (("add", renamed), ("delete", RED)):
        answer = await change(client, made["id"], how, tag=[tag])
        assert answer.json()["parameter"][0]["valueMeta"] == made["meta"]
        assert answer.headers["etag"] == 'W/"1"'


async def test_version_and_instant_are_not_changed_this_way(client: Fhir) -> None:
    made = await client.create(patient())
    sent = {"versionId": "77", "lastUpdated": "2001-01-01T00:00:00Z", "source": "urn:other", "tag": [RED]}
    meta = (await change(client, made["id"], "add", **sent)).json()["parameter"][0]["valueMeta"]
    assert (meta["versionId"], meta["tag"], "source" in meta) == ("2", [RED], False)
    assert meta["lastUpdated"] > made["meta"]["lastUpdated"]


async def test_if_match(client: Fhir) -> None:
    id = (await client.create(patient()))["id"]
    assert (await change(client, id, "add", {"If-Match": 'W/"2"'}, tag=[RED])).status_code == 412
    assert await client.total("Patient?_tag=red") == 0
    assert (await change(client, id, "add", {"If-Match": 'W/"1"'}, tag=[RED])).status_code == 200


async def test_a_profile_that_the_resource_does_not_keep_is_not_claimed(client: Fhir) -> None:
    id = (await client.create(patient()))["id"]
    answer = await change(client, id, "add", profile=[US_CORE_PATIENT])
    assert (answer.status_code, issue(answer)["expression"]) == (400, ["Patient.identifier"])
    assert "profile" not in (await client.ask("GET", f"Patient/{id}")).json()["meta"]


WRONG = [
    ({"resourceType": "Parameters"}, "Parameters.parameter"),
    (patient(), "resourceType"),
    (
        {"resourceType": "Parameters", "parameter": [{"name": "other", "valueMeta": {"tag": [RED]}}]},
        "Parameters.parameter[0]",
    ),
    ({"resourceType": "Parameters", "parameter": [{"name": "meta", "valueCode": "x"}]}, "Parameters.parameter[0]"),
    (parameters(tag=[{"display": "words"}]), "Parameters.parameter[0].valueMeta.tag[0]"),
    (parameters(tag="red"), "Parameters.parameter[0].valueMeta.tag"),
    (
        {"resourceType": "Parameters", "parameter": [*parameters(tag=[RED])["parameter"] * 2]},
        "Parameters.parameter[1].valueMeta",
    ),
]


@pytest.mark.parametrize(("body", "place"), WRONG)
@pytest.mark.parametrize("how", ["add", "delete"])
async def test_what_is_wrong_is_told_at_its_place_and_changes_nothing(
    client: Fhir, how: str, body: dict[str, Any], place: str
) -> None:
    id = (await client.create(patient(meta={"tag": [RED]})))["id"]
    answer = await client.ask("POST", f"Patient/{id}/$meta-{how}", body)
    assert answer.status_code == 400
    assert issue(answer)["expression"] == [place]
    assert (await client.ask("GET", f"Patient/{id}")).headers["etag"] == 'W/"1"'


async def test_what_is_not_there(client: Fhir) -> None:
    id = (await client.create(patient()))["id"]
    await client.ask("DELETE", f"Patient/{id}")
    assert (await change(client, id, "add", tag=[RED])).status_code == 410
    assert (await change(client, "none", "add", tag=[RED])).status_code == 404
    assert (await client.ask("POST", "Starship/1/$meta-add", parameters())).status_code == 404
    assert (await client.ask("GET", f"Patient/{id}/$meta-add")).status_code in (400, 405)


async def test_it_takes_the_scope_to_update(client: Fhir, scoped: Callable[[str], Awaitable[Fhir]]) -> None:
    id = (await client.create(patient()))["id"]
    for scope, status in (("system/Patient.read", 403), ("system/Organization.cruds", 403), ("system/Patient.u", 200)):
        assert (await change(await scoped(scope), id, "add", security=[SECRET])).status_code == status, scope


CODINGS = st.lists(
    st.fixed_dictionaries(
        {"code": st.sampled_from("abc")}, optional={"system": st.sampled_from("xy"), "display": st.sampled_from("uv")}
    ),
    max_size=5,
)
METAS = st.fixed_dictionaries(
    {}, optional={"tag": CODINGS, "security": CODINGS, "profile": st.lists(st.sampled_from("pqr"))}
)


def sets(meta: dict[str, Any]) -> list[set[Any]]:
    return [
        set(meta.get("profile", ())),
        *({identity(each) for each in meta.get(name, ())} for name in ("tag", "security")),
    ]


@given(METAS, METAS)
def test_labels_are_sets(meta: dict[str, Any], labels: dict[str, Any]) -> None:
    united = added(meta, labels)
    assert sets(united) == [one | other for one, other in zip(sets(meta), sets(labels), strict=True)]
    assert added(united, labels) == united
    assert sets(removed(meta, labels)) == [one - other for one, other in zip(sets(meta), sets(labels), strict=True)]
