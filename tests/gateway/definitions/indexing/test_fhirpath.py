"""The syntax of search expressions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.definitions.indexing.fhirpath import Call, Index, Literal, Member, Node, Operation, UnknownSyntax, parse

PATIENT = Member(None, "Patient")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("Patient.name", Member(PATIENT, "name")),
        ("Bundle.entry[0]", Index(Member(Member(None, "Bundle"), "entry"), 0)),
        ("(a as Quantity)", Operation("as", Member(None, "a"), Member(None, "Quantity"))),
        ("a.as(Age)", Call(Member(None, "a"), "as", Member(None, "Age"))),
        ("a|b", Operation("|", Member(None, "a"), Member(None, "b"))),
        ("where(system='phone')", Call(None, "where", Operation("=", Member(None, "system"), Literal("phone")))),
        ("a.exists() and b != false", Operation("and", Call(Member(None, "a"), "exists", None),
                                                Operation("!=", Member(None, "b"), Literal(False)))),
        ("a or b and c", Operation("or", Member(None, "a"), Operation("and", Member(None, "b"), Member(None, "c")))),
        ("a | b or c", Operation("|", Member(None, "a"), Operation("or", Member(None, "b"), Member(None, "c")))),
        ("iif(a, 'x', b)", Call(None, "iif", Member(None, "a"), (Literal("x"), Member(None, "b")))),
        ("a.replaceMatches('[^0-9]', '')",
         Call(Member(None, "a"), "replaceMatches", Literal("[^0-9]"), (Literal(""),))),
        ("(a as X).text", Member(Operation("as", Member(None, "a"), Member(None, "X")), "text")),
    ],
)  # fmt: skip
def test_parse(text: str, tree: Node) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(
    "text",
    ["", "a.", "a b", "(a", "a)", "a[", "a[x]", "a + b", "a or", "'a", "a..b", "where(", "= b", "f(,)", "f(a,)",
     "f(,a)", "a, b"],
)  # fmt: skip
def test_unknown_syntax(text: str) -> None:
    with pytest.raises(UnknownSyntax):
        parse(text)


@given(st.text("aB.()|='[]0 !,", max_size=20))
def test_any_text_parses_or_is_unknown(text: str) -> None:
    try:
        parse(text)
    except UnknownSyntax:
        return
