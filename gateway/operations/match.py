"""FHIR operation $match on Patient (https://hl7.org/fhir/R4/patient-operation-match.html).

Candidates come from the search index (matching/blocks.py), are compared fact by fact (matching/weights.py), and are
answered from most to least likely with score and grade. `onlyCertainMatches` is for a client that will act without a
person looking: it gets the one certain match, or nothing where there are several.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.responses import Response

from gateway.access.seen import SeenConnection
from gateway.definitions.contract import Resource
from gateway.faults import Invalid, Issue
from gateway.formats import CONTENT_TYPE
from gateway.interactions.exchange import Exchange, encode
from gateway.operations.matching.blocks import blocks_of
from gateway.operations.matching.facts import REPLACED_BY, facts_of
from gateway.operations.matching.grades import Verdict, judged
from gateway.operations.parameters import PARAMETERS, Given, Takes, boolean, received, whole_number
from gateway.outcome import operation_outcome
from gateway.store import document
from gateway.store.contract import Stored
from gateway.store.record_sql import targets

PATIENT = "Patient"
TAKES = (
    Takes("resource", ("resource",)),
    Takes("onlyCertainMatches", ("valueBoolean",)),
    Takes("count", ("valueInteger",)),
)
GRADE = "http://hl7.org/fhir/StructureDefinition/match-grade"
DEFAULT_COUNT, MOST = 50, 100
SEVERAL = Issue(
    "Several records are certain matches, so none is returned; ask without onlyCertainMatches and let a person decide",
    code="multiple-matches",
    severity="warning",
)
INCOMPLETE = Issue(
    "There are more records to look at than this server compares; send an identifier or a day of birth",
    code="incomplete",
    severity="warning",
)


@dataclass(frozen=True, slots=True)
class Match:
    """A record and how well it matches."""

    stored: Stored
    verdict: Verdict


async def match(exchange: Exchange) -> Response:
    """POST [base]/Patient/$match"""
    exchange.require(PATIENT, "s")
    asked = await received(exchange, TAKES, unclaimed)
    patient = asked_for(asked.one("resource"))
    only_certain = boolean(asked.one("onlyCertainMatches"))
    count = whole_number(asked.one("count"), 1, MOST, DEFAULT_COUNT)
    found, complete = await exchange.store.within(lambda seen: matches(seen, exchange.base, patient))
    issues = () if complete else (INCOMPLETE,)
    if only_certain:
        found = [each for each in found if each.verdict.grade == "certain"]
        if len(found) > 1:
            found, issues = [], (*issues, SEVERAL)
    return Response(_searchset(exchange, found, count, issues), media_type=CONTENT_TYPE)


def asked_for(given: Given | None) -> Resource:
    """The Patient; refuses one that says nothing to compare by."""
    if given is None:
        raise Invalid("Send the patient as the parameter `resource`", f"{PARAMETERS}.parameter")
    patient: Resource = given.value
    if patient.get("resourceType") != PATIENT:
        raise Invalid("The resource to match is a Patient", given.place)
    if facts_of(patient).is_empty:
        advice = "Send at least one of identifier, name, birthDate, or a telecom that is a phone or e-mail"
        raise Invalid((Issue(advice, (given.place,), "required"),))
    return patient


def unclaimed(sent: Resource) -> Resource:
    """R4: the patient has to be an instance, but may be incomplete; so it need not keep the profiles that it claims."""
    if sent["resourceType"] != PARAMETERS:
        return _without_profiles(sent)
    parameters = sent.get("parameter")
    if not isinstance(parameters, list):
        return sent
    return sent | {"parameter": [_with_unclaimed(each) for each in parameters]}


def _with_unclaimed(parameter: Any) -> Any:
    resource = parameter.get("resource") if isinstance(parameter, dict) else None
    return parameter | {"resource": _without_profiles(resource)} if isinstance(resource, dict) else parameter


def _without_profiles(resource: Resource) -> Resource:
    meta = resource.get("meta")
    if not isinstance(meta, dict) or "profile" not in meta:
        return resource
    kept = document.without(meta, ("profile",))
    return document.without(resource, ("meta",)) | ({"meta": kept} if kept else {})


def matches(seen: SeenConnection, base: str, patient: Resource) -> tuple[list[Match], bool]:
    """From most to least likely, and whether all there is was looked at; records that replaced others are looked at."""
    gathered = seen.candidates(PATIENT, blocks_of(patient))
    resources = {each.key: (each, document.decode(each.body)) for each in gathered.found}
    known = {each.id for each in gathered.found}
    for each in seen.by_ids(PATIENT, set(successors((r for _, r in resources.values()), base)) - known):
        resources[each.key] = (each, document.decode(each.body))
    asked = facts_of(patient)
    judgements = [Match(each, judged(asked, facts_of(resource))) for each, resource in resources.values()]
    found = [each for each in judgements if each.verdict.grade != "certainly-not"]
    return sorted(found, key=lambda each: (-each.verdict.weight, each.stored.key)), gathered.complete


def successors(patients: Iterable[Resource], base: str) -> Iterable[str]:
    for patient in patients:
        for link in patient.get("link", ()):
            if link.get("type") == REPLACED_BY:
                yield from (id for type, id in targets(link, base) if type == PATIENT)


# --- the answer -----------------------------------------------------------------------------------------------------


def _searchset(exchange: Exchange, found: Sequence[Match], count: int, issues: tuple[Issue, ...]) -> bytes:
    shown = found[:count]
    entries: list[dict[str, Any]] = [_entry(exchange.base, each) for each in shown]
    issues = (*issues, *(held(number, each) for number, each in enumerate(shown) if each.verdict.held))
    if issues:
        entries.append({"resource": operation_outcome(issues), "search": {"mode": "outcome"}})
    body: dict[str, Any] = {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(found),
        "link": [{"relation": "self", "url": f"{exchange.base}/{PATIENT}/$match"}],
    }
    return encode(body | ({"entry": entries} if entries else {}))


def _entry(base: str, each: Match) -> dict[str, Any]:
    grade = {"url": GRADE, "valueCode": each.verdict.grade}
    return {
        "fullUrl": f"{base}/{PATIENT}/{each.stored.id}",
        "resource": msgspec.Raw(each.stored.body),
        "search": {"extension": [grade], "mode": "match", "score": each.verdict.score},
    }


def held(number: int, each: Match) -> Issue:
    text = f"By its facts this record would be a certain match, but for one thing: {each.verdict.held}"
    return Issue(text, (f"Bundle.entry[{number}]",), "informational", "information")
