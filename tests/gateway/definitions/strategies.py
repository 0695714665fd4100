"""Generated JSON and generated Patients of no one in particular."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from gateway.definitions import load

DEFINITIONS = load()
NAMES = [
    "resourceType", "id", "meta", "extension", "_birthDate", "birthDate", "name", "family", "given", "_given", "url",
    "contained", "telecom", "system", "value", "valueQuantity", "valueString", "code", "coding", "period", "start",
    "end", "reference", "subject", "repeat", "event", "low", "high", "effectiveDateTime", "component", "boundsPeriod",
]  # fmt: skip
TEXTS = st.sampled_from(
    ["Patient", "Observation", "2024-02-30", "2024-01", "#a", "Patient/1", "", "a b", "http://x/y|1", "\ud800", "\x00"]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.sampled_from([Decimal("1e999999"), Decimal("-0.00"), 10**400])
    | st.text(max_size=8)
    | TEXTS
)
KEYS = st.sampled_from(NAMES) | st.text(max_size=6)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6), max_leaves=40
)


@st.composite
def resources_of_rubbish(draw: st.DrawFn) -> dict[str, Any]:
    """A true resource type, and under its true element names anything at all."""
    type = draw(st.sampled_from(sorted(DEFINITIONS.all_types)))
    keys = st.sampled_from(NAMES + sorted(element_keys(type)))
    return {**draw(st.dictionaries(keys, JSON, max_size=8)), "resourceType": type}


def element_keys(type: str) -> set[str]:
    return {part.split(".")[1] for p in DEFINITIONS.search_parameters(type).values() for part in paths(p.expression)}


def paths(expression: str) -> list[str]:
    return [part for part in expression.replace("(", " ").replace(")", " ").split() if part.count(".") == 1]


WORDS = st.text("abcdefghijklmnopqrstuvwxyzäöüß -'", min_size=1, max_size=12).filter(str.strip)
DATES = st.dates().map(str) | st.dates().map(lambda d: str(d)[:7]) | st.dates().map(lambda d: str(d)[:4])
CODINGS = st.fixed_dictionaries({"system": st.just("http://example.org/codes"), "code": st.sampled_from(["a", "b-1"])})
CONCEPTS = st.fixed_dictionaries({}, optional={"coding": st.lists(CODINGS, min_size=1, max_size=2), "text": WORDS})
PERIODS = st.fixed_dictionaries({"start": DATES})
HUMAN_NAMES = st.fixed_dictionaries(
    {"family": WORDS},
    optional={
        "use": st.sampled_from(["official", "nickname", "maiden"]),
        "given": st.lists(WORDS, min_size=1, max_size=3),
        "period": PERIODS,
    },
)
TELECOMS = st.fixed_dictionaries(
    {"system": st.sampled_from(["phone", "email"]), "value": WORDS}, optional={"rank": st.integers(1, 9)}
)
ADDRESSES = st.fixed_dictionaries({"city": WORDS}, optional={"line": st.lists(WORDS, min_size=1, max_size=2)})
EXTENSIONS = st.fixed_dictionaries({"url": st.just("https://example.org/extension"), "valueString": WORDS})
PATIENTS = st.fixed_dictionaries(
    {"resourceType": st.just("Patient")},
    optional={
        "id": st.from_regex(r"[A-Za-z0-9.-]{1,64}", fullmatch=True),
        "active": st.booleans(),
        "name": st.lists(HUMAN_NAMES, min_size=1, max_size=2),
        "telecom": st.lists(TELECOMS, min_size=1, max_size=2),
        "address": st.lists(ADDRESSES, min_size=1, max_size=2),
        "gender": st.sampled_from(["male", "female", "other", "unknown"]),
        "birthDate": DATES,
        "_birthDate": st.fixed_dictionaries({"extension": st.lists(EXTENSIONS, min_size=1, max_size=2)}),
        "deceasedBoolean": st.booleans(),
        "maritalStatus": CONCEPTS.filter(bool),
        "extension": st.lists(EXTENSIONS, min_size=1, max_size=2),
        "generalPractitioner": st.just([{"reference": "Practitioner/1"}]),
    },
)
