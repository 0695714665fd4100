"""From parameters to a query, and what is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.faults import ClientFault, Fault, Invalid, NotSupported, TooLarge
from gateway.search.dates import date_range
from gateway.search.parse import MAX_PARAMETERS, MAX_VALUES, parse
from gateway.search.query import (
    Criterion,
    DateValue,
    Include,
    NumberValue,
    Query,
    ReferenceValue,
    SortKey,
    StringValue,
    TokenValue,
    UriValue,
    Value,
)
from tests.gateway.store.basic_definitions import BasicDefinitions

BASE = "https://gateway.example/fhir/r4/north"
NOW = 1_700_000_000_000_000


def parsed(*params: tuple[str, str]) -> Query:
    query, unknown = parse(BasicDefinitions(), "Basic", params, base=BASE, now=NOW)
    assert unknown == []
    return query


def one(name: str, text: str) -> Criterion:
    [criterion] = parsed((name, text)).criteria
    assert isinstance(criterion, Criterion)
    return criterion


def refusal(*params: tuple[str, str]) -> Fault:
    with pytest.raises(ClientFault) as refused:
        parse(BasicDefinitions(), "Basic", params, base=BASE, now=NOW)
    return refused.value


@pytest.mark.parametrize(
    ("name", "text", "values"),
    [
        ("token", "a", [TokenValue(None, "a")]),
        ("token", "true", [TokenValue(None, "true")]),
        ("token", "http://s|a", [TokenValue("http://s", "a")]),
        ("token", "http://s|", [TokenValue("http://s", None)]),
        ("token", "|a", [TokenValue("", "a")]),
        ("token", r"a\,b,c\|d,e\\", [TokenValue(None, "a,b"), TokenValue(None, "c|d"), TokenValue(None, "e\\")]),
        ("string", r"O'Neil,50%_\$", [StringValue("O'Neil"), StringValue("50%_$")]),
        ("uri", "urn:a|1", [UriValue("urn:a|1")]),
        ("date", "ge2024-02", [DateValue("ge", *date_range("2024-02"))]),
        ("number", "5.40", [NumberValue("eq", Decimal("5.395"), Decimal("5.405"))]),
        ("number", "lt-1e2", [NumberValue("lt", Decimal(-150), Decimal(-50))]),
        ("number", "ap100", [NumberValue("ap", Decimal(90), Decimal(110))]),
        ("quantity", "gt5|http://u|mg", [NumberValue("gt", Decimal("4.5"), Decimal("5.5"), "http://u", "mg")]),
        ("quantity", "5||mg", [NumberValue("eq", Decimal("4.5"), Decimal("5.5"), None, "mg")]),
        ("reference", "p1", [ReferenceValue(None, "p1")]),
        ("reference", "Patient/p1", [ReferenceValue("Patient", "p1")]),
        ("reference", f"{BASE}/Patient/p1", [ReferenceValue("Patient", "p1")]),
        (
            "reference",
            "https://other.example/Patient/p1",
            [ReferenceValue(None, "", "https://other.example/Patient/p1")],
        ),
        ("reference", "urn:uuid:1", [ReferenceValue(None, "", "urn:uuid:1")]),
        ("subject:Patient", "p1", [ReferenceValue("Patient", "p1")]),
        ("_id", "a,b", [TokenValue(None, "a"), TokenValue(None, "b")]),
        ("_lastUpdated", "gt2024", [DateValue("gt", *date_range("2024"))]),
        ("token:missing", "false", [TokenValue(None, "false")]),
    ],
)
def test_values(name: str, text: str, values: list[Value]) -> None:
    assert list(one(name, text).values) == values


def test_approximate_dates_widen_by_a_tenth_of_the_distance() -> None:
    low, high = date_range("2013")
    slack = (NOW - low) // 10
    assert one("date", "ap2013").values == (DateValue("ap", low - slack, high + slack),)


def test_repetition_is_and_comma_is_or() -> None:
    query = parsed(("token", "a,b"), ("token:not", "c"), ("string:exact", "D"))
    assert [(c.param, c.modifier, len(c.values)) for c in query.criteria if isinstance(c, Criterion)] == [
        ("token", "", 2),
        ("token", "not", 1),
        ("string", "exact", 1),
    ]


def test_what_steers_the_answer() -> None:
    query = parsed(
        ("_count", "20"), ("_sort", "-date,string"), ("_include", "Basic:subject"), ("_include", "Basic:subject:Group"),
        ("_total", "accurate"), ("_format", "json"), ("_page", "x"), ("_summary", "false"),
    )  # fmt: skip
    assert query.sort == (SortKey("date", "date", True), SortKey("string", "string", False))
    assert query.includes == (Include("Basic", "subject", None), Include("Basic", "subject", "Group"))
    assert (query.count, query.want_total) == (20, True)


def test_counts() -> None:
    assert (parsed().count, parsed().want_total) == (50, False)
    assert parsed(("_count", "100000")).count == 1000
    for params in ([("_count", "0")], [("_summary", "count")], [("_summary", "count"), ("_count", "5")]):
        assert (parsed(*params).count, parsed(*params).want_total) == (0, True)


def test_unknown_parameters_are_handed_back() -> None:
    query, unknown = parse(BasicDefinitions(), "Basic", [("colour", "red"), ("shape:exact", "x")], base="", now=NOW)
    assert query == Query("Basic", count=50, want_total=False)
    assert unknown == ["colour", "shape:exact"]


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("date", "2024-13", "date"),
        ("date", "xx2024", "date"),
        ("date", "yesterday", "date"),
        ("number", "NaN", "number"),
        ("number", "1e9999", "number"),
        ("quantity", "5|mg", "quantity"),
        ("token", "a|b|c", "token"),
        ("token", "|", "token"),
        ("token", "", "token"),
        ("string", "a,,b", "string"),
        ("token:missing", "maybe", "token"),
        ("reference", "Nonsense/1", "reference"),
        ("reference", "Patient/1/2", "reference"),
        ("reference", "a b", "reference"),
        ("subject:Patient", "Group/1", "subject"),
        ("subject:Observation", "1", "subject"),
        ("_id", "a'b", "_id"),
        ("_count", "-1", "_count"),
        ("_count", "٣", "_count"),
        ("_total", "some", "_total"),
        ("_summary", "all", "_summary"),
        ("_sort", "colour", "_sort"),
        ("_sort", "--date", "_sort"),
        ("_sort", "date;DROP TABLE resource", "_sort"),
        ("_sort", "", "_sort"),
        ("_include", "Basic:colour", "_include"),
        ("_include", "Basic:token", "_include"),
        ("_include", "Basic:subject:Observation", "_include"),
        ("string", "a\0b", "string"),
        ("string", "\ud800", "string"),
    ],
)
def test_bad_input_is_refused_by_name_and_never_repeated(name: str, text: str, place: str) -> None:
    fault = refusal((name, text))
    assert isinstance(fault, Invalid)
    assert fault.issues[0].expression == (place,)
    assert len(text) < 4 or text not in fault.issues[0].diagnostics


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("subject.string", "x", "subject.string"),
        ("subject:Patient.string", "x", "subject:Patient.string"),
        ("_has:Basic:link:token", "x", "_has:Basic:link:token"),
        ("_list", "$current-problems", "_list"),
        ("_include:recurse", "Basic:subject", "_include:recurse"),
        ("_include", "Patient:subject", "_include"),
        ("composite", "a$b", "composite"),
        ("token:in", "x", "token"),
        ("token:below", "x", "token"),
        ("token:of-type", "a|b|c", "token"),
        ("string:not", "x", "string"),
        ("_id:not", "x", "_id"),
        ("_sort", "composite", "_sort"),
        ("_type", "Basic", "_type"),
    ],
)
def test_what_is_not_declared_is_refused_by_name(name: str, text: str, place: str) -> None:
    fault = refusal((name, text))
    assert isinstance(fault, NotSupported)
    assert fault.issues[0].expression == (place,)


@pytest.mark.parametrize(
    "params",
    [
        [("token", "a")] * (MAX_PARAMETERS + 1),
        [("token", "a," * MAX_VALUES)],
        [("token", "a" * 3000)],
        [("_include", "Basic:subject")] * 30,
        [("_sort", "date,string,token,uri,number,quantity")],
    ],
)
def test_everything_is_bounded(params: list[tuple[str, str]]) -> None:
    assert isinstance(refusal(*params), TooLarge)


def test_steering_parameters_come_once() -> None:
    assert refusal(("_count", "1"), ("_count", "2")).issues[0].expression == ("_count",)


NAMES = st.sampled_from(
    ["token", "string:exact", "date", "number", "quantity", "reference", "uri", "_id", "_sort", "_count"]
)


@given(st.lists(st.tuples(NAMES | st.text(max_size=12), st.text(max_size=24)), max_size=6))
def test_no_input_breaks_the_parser(params: list[tuple[str, str]]) -> None:
    try:
        query, _ = parse(BasicDefinitions(), "Basic", params, base=BASE, now=NOW)
    except ClientFault:
        return
    assert 0 <= query.count <= 1000
