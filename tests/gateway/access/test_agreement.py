"""One limit, judged by looking at a resource and asked of the database, gives one answer."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from gateway.access.conditions import open_by_labels
from gateway.definitions.contract import Resource
from gateway.search.entries import TokenEntry
from gateway.search.labels import MARK, LabelRule, labels_of, required_by, restricting
from gateway.search.parse import parse
from gateway.search.query import NEVER, Both, Condition, Either, Query
from gateway.store import document
from gateway.store.limits_sql import is_closed
from gateway.store.param_ids import param_id
from gateway.store.tables import RESOURCE, TOKEN
from gateway.subscriptions.matching import candidate, satisfies
from tests.gateway.search.test_against_naive import CRITERIA, RESOURCES, Trial, Work, filled
from tests.gateway.search.test_against_naive import trial as trial
from tests.gateway.store.basic_definitions import BasicDefinitions
from tests.gateway.store.conftest import NOW

BASE = "https://own.example"
SHAPES = st.recursive(
    CRITERIA.filter(bool).map(tuple),
    lambda inner: st.tuples(st.sampled_from([Both, Either]), st.lists(inner, min_size=1, max_size=3).map(tuple)),
    max_leaves=5,
)
ACT_CODE, CONFIDENTIALITY, REASON = (
    f"http://terminology.hl7.org/CodeSystem/v3-{name}" for name in ("ActCode", "Confidentiality", "ActReason")
)
LABELS = st.lists(
    st.sampled_from(
        [
            (ACT_CODE, "42CFRPart2"), (ACT_CODE, "ETH"), (ACT_CODE, "PSY"), (CONFIDENTIALITY, "R"),
            (CONFIDENTIALITY, "N"), (REASON, "TREAT"), (REASON, "ETREAT"), (REASON, "HPAYMT"), ("urn:x", "R"),
            (CONFIDENTIALITY, "V"),
        ]
    ),
    max_size=3,
)  # fmt: skip
PURPOSES = st.frozensets(st.sampled_from(["TREAT", "ETREAT", "HPAYMT", "HRESCH"]))


def condition(shape: object) -> Condition:
    assert isinstance(shape, tuple)
    if shape and shape[0] in (Both, Either):
        kind, parts = shape
        made: Condition = kind(tuple(map(condition, parts)))
        return made
    query, _ = parse(BasicDefinitions(), "Basic", shape, base=BASE, now=NOW)
    return Both(tuple(query.criteria))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(RESOURCES, max_size=5), SHAPES)
def test_memory_and_database_agree(trial: Trial, resources: list[Resource], shape: tuple[object, ...]) -> None:
    limit = condition(shape)

    def both(work: Work) -> tuple[set[str], set[str]]:
        known = filled(work, resources)
        judged = [candidate(BasicDefinitions(), each.resource, each.updated, "") for each in known]
        found = work.search(Query("Basic", (limit,))).matches
        return {each.id for each in judged if satisfies(each, "Basic", (limit,))}, {match.id for match in found}

    memory, database = trial.run(both)
    assert memory == database


def test_never_is_true_of_nothing(trial: Trial) -> None:
    def found(work: Work) -> list[str]:
        filled(work, [{}, {}])
        alone, among = Query("Basic", (NEVER,)), Query("Basic", (Either((NEVER, NEVER)),))
        return [match.id for query in (alone, among) for match in work.search(query).matches]

    assert trial.run(found) == []


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(LABELS, min_size=1, max_size=4), PURPOSES)
def test_labels_are_understood_alike(
    trial: Trial, labelled: list[list[tuple[str, str]]], purposes: frozenset[str]
) -> None:
    """By the body, as a condition of a search, and where several types are gone through."""
    rule = LabelRule(tuple(sorted(purposes)))
    bodies = {f"r{at}": security(at, labels) for at, labels in enumerate(labelled)}
    expected = {id for id, resource in bodies.items() if rule.admits(document.encode(resource))}
    assert expected == {id for id, each in bodies.items() if rule.opens(required_by(labels_of(each)))}

    def found(work: Work) -> tuple[set[str], set[str]]:
        filled(work, [{} for _ in labelled])
        for id, labels in zip(bodies, labelled, strict=True):
            (key,) = work.connection.execute(
                select(RESOURCE.c.key).where(RESOURCE.c.org == 1, RESOURCE.c.id == id)
            ).scalars()
            for system, code in dict.fromkeys(labels):
                entry = TokenEntry("_security", system, code)
                row = (1, param_id("Basic", entry.param), entry.code, entry.system, key)
                work.connection.execute(TOKEN.insert().values(row))
        by_condition = {match.id for match in work.search(Query("Basic", (open_by_labels(rule),))).matches}
        closed = is_closed(rule, 1, ("Basic",), RESOURCE.c.key)
        rows = work.connection.execute(select(RESOURCE.c.id).where(RESOURCE.c.org == 1, ~closed)).scalars()
        return by_condition, set(rows) & bodies.keys()

    by_condition, by_key = trial.run(found)
    assert by_condition == by_key == expected


def security(at: int, labels: list[tuple[str, str]]) -> Resource:
    codings = [{"system": system, "code": code} for system, code in labels]
    return {"resourceType": "Basic", "id": f"r{at}", "meta": {"security": codings} if codings else {}}


def test_bodies_without_labels_are_not_read() -> None:
    assert LabelRule(()).admits(b'no JSON at all, and no "secur"ity')
    assert MARK in document.encode(security(0, [("urn:x", "y")]))


def test_the_value_set_names_what_42_cfr_part_2_protects() -> None:
    codes = {code for codes in restricting().values() for code in codes}
    assert {"42CFRPart2", "ETH", "ETHUD", "OPIOIDUD", "R", "V"} <= codes
    assert not {"N", "M", "L", "U", "PSY"} & codes
