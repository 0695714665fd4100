"""Entries of an append-only log (docs/decisions/2611-append-only.md)."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.interactions.permanence import APPEND_ONLY
from tests.gateway.conftest import Fhir, entry, issue

PLACE = "Communication/entry"


def logged(note: str = "Rang", *, mark: bool | None = True, **more: Any) -> dict[str, Any]:
    marks = [] if mark is None else [{"url": APPEND_ONLY, "valueBoolean": mark}]
    extension = {"extension": marks} if marks else {}
    return {
        "resourceType": "Communication", "id": "entry", "status": "completed", **extension,
        "payload": [{"contentString": note}], **more,
    }  # fmt: skip


@pytest.fixture
async def kept(client: Fhir) -> dict[str, Any]:
    assert (await client.ask("PUT", PLACE, logged())).status_code == 201
    found: dict[str, Any] = (await client.ask("GET", PLACE)).json()
    return found


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("changed", [logged("Wrote"), logged(mark=None), logged(mark=False), logged(priority="stat")])
async def test_an_entry_is_not_changed(client: Fhir, changed: dict[str, Any]) -> None:
    answer = await client.ask("PUT", PLACE, changed)
    assert (answer.status_code, issue(answer)["expression"]) == (422, ["Communication.extension"])
    assert "append-only" in issue(answer)["diagnostics"]
    assert (await client.ask("GET", PLACE)).json()["meta"]["versionId"] == "1"


async def test_an_entry_is_not_patched_or_deleted(client: Fhir, kept: dict[str, Any]) -> None:
    patch = [{"op": "remove", "path": "/extension"}]
    media = {"Content-Type": "application/json-patch+json"}
    assert (await client.ask("PATCH", PLACE, patch, headers=media)).status_code == 422
    assert (await client.ask("DELETE", PLACE)).status_code == 422
    assert (await client.ask("GET", PLACE)).json() == kept


async def test_a_bundle_that_would_change_one_has_no_effect(client: Fhir, kept: dict[str, Any]) -> None:
    others = {"resourceType": "Patient", "id": "newcomer", "name": [{"family": "Fenn"}]}
    for refused in (entry("DELETE", PLACE), entry("PUT", PLACE, logged("Wrote"))):
        assert (await client.transaction(entry("PUT", "Patient/newcomer", others), refused)).status_code == 422
    assert (await client.ask("GET", "Patient/newcomer")).status_code == 404
    assert (await client.ask("GET", PLACE)).json() == kept


async def test_what_is_sent_as_it_is_passes_and_labels_are_our_copys(client: Fhir, kept: dict[str, Any]) -> None:
    assert (await client.ask("PUT", PLACE, logged())).status_code == 200
    assert (await client.ask("GET", PLACE)).json() == kept
    tagged = logged(meta={"tag": [{"system": "urn:desk", "code": "seen"}]})
    assert (await client.ask("PUT", PLACE, tagged)).json()["meta"]["versionId"] == "2"


@pytest.mark.parametrize("mark", [None, False])
async def test_what_is_no_entry_is_changed_as_ever(client: Fhir, mark: bool | None) -> None:
    assert (await client.ask("PUT", PLACE, logged(mark=mark))).status_code == 201
    assert (await client.ask("PUT", PLACE, logged("Wrote", mark=mark))).status_code == 200
    assert (await client.ask("DELETE", PLACE)).status_code == 204
