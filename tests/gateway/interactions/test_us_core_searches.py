"""The searches that US Core 6.1.0 asks of a server, each with the parameters that it combines: all are answered."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from gateway.definitions.contract import Definitions
from tests.gateway.conftest import Fhir, Template, standing

SEARCHES = {
    "AllergyIntolerance": "clinical-status+patient patient",
    "CarePlan": "category+date+patient category+date+patient+status category+patient category+patient+status",
    "CareTeam": "patient+role patient+status role",
    "Condition": (
        "abatement-date+patient asserted-date+patient category+clinical-status+patient "
        "category+encounter+patient category+patient clinical-status+patient code+patient "
        "onset-date+patient patient patient+recorded-date"
    ),
    "Coverage": "patient",
    "Device": "patient patient+status patient+type",
    "DiagnosticReport": (
        "category+date+patient category+patient code+date+patient code+patient patient patient+status"
    ),
    "DocumentReference": (
        "_id category+date+patient category+patient patient patient+period+type patient+status patient+type"
    ),
    "Encounter": (
        "_id class+patient date+patient discharge-disposition+patient identifier location+patient "
        "patient patient+status patient+type"
    ),
    "Goal": "description+patient lifecycle-status+patient patient patient+target-date",
    "Immunization": "date+patient patient patient+status",
    "MedicationDispense": "patient patient+status patient+status+type",
    "MedicationRequest": "authoredon+intent+patient encounter+intent+patient intent+patient intent+patient+status",
    "Observation": "category+date+patient category+patient category+patient+status code+date+patient code+patient",
    "Organization": "address name",
    "Patient": "_id birthdate+family birthdate+name death-date+family family+gender gender+name identifier name",
    "Practitioner": "_id identifier name",
    "PractitionerRole": "practitioner specialty",
    "Procedure": "code+date+patient date+patient patient patient+status",
    "QuestionnaireResponse": "_id authored+patient patient patient+questionnaire patient+status",
    "RelatedPerson": "_id name name+patient patient",
    "ServiceRequest": (
        "_id authored+category+patient authored+code+patient category+patient code+patient patient patient+status"
    ),
    "Specimen": "_id patient",
}
"""Type → the combinations; SHALL and SHOULD alike."""
INCLUDES = {
    "CareTeam": "CareTeam:participant:PractitionerRole CareTeam:participant:Practitioner CareTeam:participant:Patient",
    "MedicationDispense": "MedicationDispense:medication",
    "MedicationRequest": "MedicationRequest:medication",
    "PractitionerRole": "PractitionerRole:endpoint PractitionerRole:practitioner",
}
WITH_PROVENANCE = sorted(SEARCHES.keys() - {"Organization", "Practitioner", "PractitionerRole", "Specimen"})
VALUES = {"token": "urn:x|y", "string": "x", "date": "ge2024-01-01T00:00:00+00:00", "reference": "x", "uri": "urn:x"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def asking(
    template: Template, definitions: Definitions, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Fhir]:
    """Who only reads, of nothing."""
    async with standing(template, definitions, tmp_path_factory.mktemp("us-core")) as client:
        yield client


@pytest.mark.parametrize("type", sorted(SEARCHES))
async def test_searches(asking: Fhir, definitions: Definitions, type: str) -> None:
    known = definitions.search_parameters(type)
    for names in SEARCHES[type].split():
        asked = [(name, "x" if name == "_id" else VALUES[known[name].kind]) for name in names.split("+")]
        answer = await asking.ask("GET", type, params=asked, headers={"Prefer": "handling=strict"})
        assert (answer.status_code, answer.json()["total"]) == (200, 0), names


@pytest.mark.parametrize("type", sorted(INCLUDES))
async def test_includes(asking: Fhir, type: str) -> None:
    for include in INCLUDES[type].split():
        assert (await asking.ask("GET", type, params={"_include": include})).status_code == 200


@pytest.mark.parametrize("type", WITH_PROVENANCE)
async def test_provenance(asking: Fhir, type: str) -> None:
    assert (await asking.ask("GET", type, params={"_revinclude": "Provenance:target"})).status_code == 200


@pytest.mark.parametrize("prefix", ["", "gt", "ge", "lt", "le"])
@pytest.mark.parametrize("date", ["2024", "2024-01-01", "2024-01-01T00:00:00+00:00"])
async def test_comparisons_of_an_encounters_date(asking: Fhir, prefix: str, date: str) -> None:
    answer = await asking.ask("GET", "Encounter", params={"patient": "x", "date": prefix + date})
    assert answer.status_code == 200
