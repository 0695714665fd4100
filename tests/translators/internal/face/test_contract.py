"""What `/api/v1/openapi.json` says is what the API's contract says: paths, methods, parameters, members, enumerations.

Where the two have to differ, it stands here with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
import schemathesis

from tests.gateway.conftest import PUBLIC
from tests.translators.internal.contract import contract, facts

Facts = dict[str, Any]
Place = tuple[str, str, str]
PATIENT = "/api/v1/{org_id}/patients/{patient_uuid}"
NO_ZONE = "RFC 3339's `time` has a zone, which the API's times of day do not have: a pattern says so instead"
RESUMES = "an interrupted import goes on where it was, by the key that it was begun with"
EMPTY = "the contract names 200 as well as 204 for an answer without a body: one of them is told"
READINGS = (
    "GET vital-signs/{vitals_uuid}",
    "PATCH vital-signs/{vitals_uuid}",
    "POST vital-signs/{vitals_uuid}/archive",
)
DIFFERENT: Mapping[Place, str] = {
    ("POST /api/v1/{org_id}/patients/bulk", "parameters", "Idempotency-Key"): RESUMES,
    (f"POST {PATIENT}/alerts/bulk-dismiss", "answers", "200"): EMPTY,
    (f"POST {PATIENT}/referral-attributions/{{attribution_uuid}}/archive", "answers", "200"): EMPTY,
    (f"POST {PATIENT}/vital-signs", "body", "time_taken"): NO_ZONE,
    (f"POST {PATIENT}/vital-signs", "201", "time_taken"): NO_ZONE,
    (f"PATCH {PATIENT}/vital-signs/{{vitals_uuid}}", "body", "time_taken"): NO_ZONE,
    **{(f"{m} {PATIENT}/{p}", "200", "time_taken"): NO_ZONE for m, p in map(str.split, READINGS)},
}


@pytest.fixture(scope="module")
def documented() -> Facts:
    return contract()


@pytest.fixture
async def served(http: httpx.AsyncClient) -> Facts:
    answer = await http.get(f"{PUBLIC}/api/v1/openapi.json")
    assert answer.status_code == 200
    return facts(answer.json())


def differences(documented: Facts, served: Facts) -> Iterator[Place]:
    for where in documented.keys() & served.keys():
        ours, theirs = served[where], documented[where]
        yield from ((where, "operation", part) for part in ("name", "tag") if ours[part] != theirs[part])
        for part in ("parameters", "body"):
            yield from ((where, part, name) for name in unlike(theirs[part], ours[part]))
        for status, members in theirs["answers"].items():
            if status not in ours["answers"]:
                yield where, "answers", status
            else:
                yield from ((where, status, name) for name in unlike(members, ours["answers"][status]))


def unlike(theirs: Mapping[str, str], ours: Mapping[str, str]) -> Iterator[str]:
    return (name for name in sorted(theirs.keys() | ours.keys()) if theirs.get(name) != ours.get(name))


def test_the_contract_has_sixty_seven_operations(documented: Facts) -> None:
    assert len(documented) == 67


async def test_all_of_them_are_served_and_no_others(documented: Facts, served: Facts) -> None:
    assert served.keys() == documented.keys()


async def test_they_differ_only_where_they_have_to(documented: Facts, served: Facts) -> None:
    found = set(differences(documented, served))
    assert {place: (served[place[0]], documented[place[0]]) for place in found - DIFFERENT.keys()} == {}
    assert DIFFERENT.keys() - found == set(), "these do not differ any more"


async def test_what_the_contract_refuses_by_is_described(documented: Facts, served: Facts) -> None:
    """Ours has more: whatever can come."""
    for where, operation in documented.items():
        refusals = {status for status in operation["answers"] if status >= "4"}
        assert refusals <= served[where]["answers"].keys(), where


async def test_it_is_an_openapi_document_that_programs_can_walk(http: httpx.AsyncClient) -> None:
    described = schemathesis.openapi.from_dict((await http.get(f"{PUBLIC}/api/v1/openapi.json")).json())
    described.validate()
    assert len(list(described.get_all_operations())) == 67
