"""FHIR vread: http.html#vread."""

from __future__ import annotations

import pytest

from tests.gateway.conftest import Fhir, issue, patient


async def test_every_version_stays_readable(client: Fhir) -> None:
    made = await client.create(patient("Before"))
    await client.ask("PUT", f"Patient/{made['id']}", patient("After", id=made["id"]))
    for version, family in (("1", "Before"), ("2", "After")):
        answer = await client.ask("GET", f"Patient/{made['id']}/_history/{version}")
        assert (answer.status_code, answer.headers["etag"]) == (200, f'W/"{version}"')
        assert answer.json()["name"] == [{"family": family}]
        assert answer.json()["meta"]["versionId"] == version


async def test_the_version_of_a_deletion_is_gone_and_those_before_stay(client: Fhir) -> None:
    made = await client.create(patient())
    await client.ask("DELETE", f"Patient/{made['id']}")
    gone = await client.ask("GET", f"Patient/{made['id']}/_history/2")
    assert (gone.status_code, issue(gone)["code"]) == (410, "deleted")
    assert (await client.ask("GET", f"Patient/{made['id']}/_history/1")).json() == made


@pytest.mark.parametrize("version", ["2", "0", "01", "-1", "abc", "%C2%B2", "9" * 18, "9" * 40, "1%00"])
async def test_other_versions_are_not_found(client: Fhir, version: str) -> None:
    made = await client.create(patient())
    answer = await client.ask("GET", f"Patient/{made['id']}/_history/{version}")
    assert (answer.status_code, issue(answer)["code"]) == (404, "not-found")
