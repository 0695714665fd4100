"""What /metadata declares of operations is there, under HL7's own canonical URLs, and nothing else is."""

from __future__ import annotations

from typing import Any

from tests.gateway.conftest import Fhir, issue


async def declared(client: Fhir) -> dict[str, Any]:
    answer = await client.ask("GET", "metadata")
    (rest,) = answer.json()["rest"]
    return dict(rest)


async def is_there(client: Fhir, place: str, name: str) -> bool:
    """A call of an operation that is not declared is told to be not supported."""
    answer = await client.ask("POST", f"{place}/${name}" if place else f"${name}")
    return answer.status_code < 400 or issue(answer)["code"] != "not-supported"


async def test_what_is_declared_is_there(client: Fhir) -> None:
    rest = await declared(client)
    assert [each["name"] for each in rest["operation"] if each["name"] == "meta"] == ["meta"]
    assert await is_there(client, "", "meta")
    # Nothing is called on an AuditEvent: the trail is no part of the store.
    for resource in (each for each in rest["resource"] if each["type"] != "AuditEvent"):
        names = {each["name"]: each["definition"] for each in resource["operation"]}
        assert set(names) >= {"validate", "meta", "meta-add", "meta-delete"}
        assert names["meta-add"] == "http://hl7.org/fhir/OperationDefinition/Resource-meta-add"
        assert ("everything" in names) == (resource["type"] == "Patient")
    for name in ("meta", "meta-add", "meta-delete", "everything"):
        assert await is_there(client, "Patient/1", name)


async def test_what_is_not_declared_is_refused(client: Fhir) -> None:
    for place, name in (
        ("Patient", "everything"),
        ("Encounter/1", "everything"),
        ("Patient", "meta-add"),
        ("", "graphql"),
    ):
        assert not await is_there(client, place, name)
