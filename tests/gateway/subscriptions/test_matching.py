"""A resource judged in memory satisfies a search exactly when the database finds it."""

from __future__ import annotations

from urllib.parse import parse_qsl

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.definitions.contract import Definitions, Resource
from gateway.search.criteria import Authority
from gateway.search.parse import parse
from gateway.search.query import Criterion
from gateway.services import Services
from gateway.store import document
from gateway.store.contract import Transaction
from gateway.subscriptions.criteria import conditions
from gateway.subscriptions.matching import candidate, satisfies
from tests.gateway.search.test_against_naive import CRITERIA, RESOURCES, Trial, Work, filled
from tests.gateway.search.test_against_naive import trial as trial
from tests.gateway.store.basic_definitions import BasicDefinitions
from tests.gateway.store.conftest import NOW

BASE = "https://own.example"
Params = list[tuple[str, str]]


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(RESOURCES, max_size=5), CRITERIA)
def test_memory_and_database_agree(trial: Trial, resources: list[Resource], params: Params) -> None:
    definitions = BasicDefinitions()
    query, _ = parse(definitions, "Basic", params, base=BASE, now=NOW)
    criteria = [each for each in query.criteria if isinstance(each, Criterion)]
    assert len(criteria) == len(query.criteria)

    def both(work: Work) -> tuple[set[str], set[str]]:
        known = filled(work, resources)
        judged = [candidate(definitions, each.resource, each.updated, "") for each in known]
        return {each.id for each in judged if satisfies(each, "Basic", criteria)}, {
            match.id for match in work.search(query).matches
        }

    memory, database = trial.run(both)
    assert memory == database


OBSERVATION: Resource = {
    "resourceType": "Observation",
    "id": "o",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4", "display": "Heart rate"}]},
    "subject": {"reference": f"{BASE}/fhir/r4/north/Patient/p"},
    "effectiveDateTime": "2026-03-04T05:06:07Z",
    "valueQuantity": {"value": 72, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"},
}
PATIENT: Resource = {
    "resourceType": "Patient",
    "id": "p",
    "name": [{"family": "Muñoz", "given": ["Ana María"]}],
    "birthDate": "1990-04-17",
    "identifier": [
        {"type": {"coding": [{"system": "urn:types", "code": "MR"}], "text": "Chart"}, "system": "urn:a", "value": "1"}
    ],
    "generalPractitioner": [{"identifier": {"system": "urn:npi", "value": "7"}}],
}
VALUE_SET: Resource = {
    "resourceType": "ValueSet", "id": "v", "status": "draft", "url": "https://example.com/fhir/ValueSet/rates/heart"
}  # fmt: skip
SEARCHES: list[tuple[Resource, str, bool]] = [
    (OBSERVATION, "code-value-quantity=http://loinc.org|8867-4$gt70", True),
    (OBSERVATION, "code-value-quantity=http://loinc.org|8867-4$gt72", False),
    (OBSERVATION, "code-value-quantity=8867-4$72||/min", True),
    (OBSERVATION, "code-value-date=8867-4$2026", False),
    (OBSERVATION, "code:text=heart", True),
    (OBSERVATION, "code:not=8867-4", False),
    (OBSERVATION, "patient=p&date=ge2026-03-04", True),
    (OBSERVATION, "patient=Patient/p&date=lt2026-03-04", False),
    (OBSERVATION, "status:in=http://hl7.org/fhir/ValueSet/observation-status", True),
    (OBSERVATION, "status:not-in=http://hl7.org/fhir/ValueSet/observation-status", False),
    (OBSERVATION, "_id=o,other", True),
    (OBSERVATION, "_id=other", False),
    (OBSERVATION, "", True),
    (PATIENT, "name=munoz&given=ana", True),
    (PATIENT, "name:exact=munoz", False),
    (PATIENT, "family:contains=uno", True),
    (PATIENT, "identifier:of-type=urn:types|MR|1", True),
    (PATIENT, "identifier:of-type=urn:types|SS|1", False),
    (PATIENT, "identifier=urn:a|", True),
    (PATIENT, "general-practitioner:identifier=urn:npi|7", True),
    (PATIENT, "birthdate=ap1990-04-17&death-date:missing=true", True),
    (PATIENT, "_lastUpdated=gt2020-01-01", True),
    (PATIENT, "_lastUpdated=lt2020-01-01", False),
    (VALUE_SET, "url:below=https://example.com/fhir", True),
    (VALUE_SET, "url:above=https://example.com/fhir/ValueSet/rates/heart/adult", True),
    (VALUE_SET, "url:below=https://example.com/fhi", False),
]


async def test_modifiers_and_composites(services: Services, definitions: Definitions) -> None:
    base, now = f"{BASE}/fhir/r4/north", services.clock()
    reach = Authority(lambda type: False, definitions.value_set)

    def judged(tx: Transaction, resource: Resource, text: str) -> tuple[bool, bool]:
        """By memory, and by the database."""
        type, stored = resource["resourceType"], tx.put(resource)
        found = candidate(definitions, document.decode(stored.body), stored.updated, base)
        params = [*parse_qsl(text), ("_id", resource["id"])]
        query, _ = parse(definitions, type, params, base=base, now=now, authority=reach)
        criteria = conditions(definitions, type, text, base=base, now=now)
        return satisfies(found, type, criteria), bool(tx.search(query).matches)

    def work(tx: Transaction) -> list[tuple[str, bool, bool]]:
        tx.base = base
        return [(text, *judged(tx, resource, text)) for resource, text, _ in SEARCHES]

    assert await services.store.write(1, work) == [(text, expected, expected) for _, text, expected in SEARCHES]
