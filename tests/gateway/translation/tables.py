"""Generated field tables and records for the laws: subsets, in any order, of one row of every shape that maps use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from gateway.canonical import MARITAL_STATUS, US_CORE
from gateway.translation.codec import (
    BOOLEAN,
    CONCEPT_TEXT,
    DATE,
    INSTANT,
    INTEGER_TEXT,
    TEXT,
    Codec,
    Coded,
    Unreadable,
    codes,
    concept,
)
from gateway.translation.lens import Lens, ResourceMap
from gateway.translation.rows import Bindings, Each, Field, Pair, Record, Resource, Unbound, Way

BINDINGS = Bindings({"id": "urn:test:id", "mr": "urn:test:mr"})
GENDER = codes({"M": "male", "Male": "male", "F": "female"}, back={"male": "M", "other": "F"})
MARITAL = concept(
    (
        Coded("Married", MARITAL_STATUS, "M", "Married"),
        Coded("Unmarried", MARITAL_STATUS, "U", "unmarried"),
    ),
    back={"D": "Unmarried"},
    free_text=False,
)
WORDS = Codec(lambda text: TEXT.decode(text).split(" "), " ".join)
MR = {"type.coding.system": "http://terminology.hl7.org/CodeSystem/v2-0203", "type.coding.code": "MR"}


def decode_city(record: Record, resource: Resource, bindings: Bindings) -> None:
    """`Town, ST` in one vendor string."""
    place = TEXT.decode(record.get("place") or "")
    town, comma, state = place.partition(", ")
    if place and not (town and comma and state):
        raise Unreadable("expected town and state")
    if place:
        resource["address"] = [{"use": "home", "city": town, "state": state}]


def encode_city(resource: Resource, record: Record, bindings: Bindings) -> None:
    home: Resource = next((a for a in resource.get("address", ()) if a.get("use") == "home"), {})
    if "city" in home and "state" in home:
        record["place"] = f"{home['city']}, {home['state']}"
    elif "city" in home or "state" in home:
        raise Unreadable("the vendor takes a town with its state only")


GIVEN = "name[use=official|usual|].given"
RACE = f"extension[url={US_CORE}us-core-race].extension[url=ombCategory].valueCoding.code"
ROWS: tuple[tuple[Unbound, ...], ...] = (
    (Field("id", "identifier[system=$id].value", INTEGER_TEXT, way=Way.READ),),
    (Field("mr", "identifier[system=$mr].value", way=Way.READ, having=MR),),
    (Field("ssn", "identifier[system=http://hl7.org/fhir/sid/us-ssn].value"),),
    (
        Field("first", f"{GIVEN}[0]"),
        Field("middle", f"{GIVEN}[1:]", WORDS),
        Field("last", "name[use=official|usual|].family"),
    ),
    (Field("preferred", "name[use=nickname].given[0]"),),
    (Field("dob", "birthDate", DATE),),
    (Field("sex", "gender", GENDER),),
    (Field("marital", "maritalStatus", MARITAL),),
    (Field("religion", "extension[url=urn:test:religion].valueCodeableConcept", CONCEPT_TEXT),),
    (Field("race", RACE),),
    (Field("phones.home", "telecom[system=phone,use=home|].value", having={"rank": 1}),),
    (Field("phones.work", "telecom[system=phone,use=work].value"),),
    (Field("deceased", "deceasedBoolean", BOOLEAN),),
    (Field("seen_at", "extension[url=urn:test:seen].valueInstant", INSTANT),),
    (Field("staff.note", "extension[url=urn:test:note].valueString", way=Way.READ),),
    (Field("line1", "address[use=work].line[0]"), Field("line2", "address[use=work].line[1]")),
    (Pair(("place",), ("address[use=home].city", "address[use=home].state"), decode_city, encode_city),),
    (
        Each(
            "emails",
            "telecom",
            (Field("address", "value"), Field("key", "id", INTEGER_TEXT, way=Way.READ)),
            constants={"system": "email"},
        ),
    ),
    (
        Each(
            "contacts",
            "contact",
            (
                Field("name", "name.text"),
                Field("kind", "relationship[0]", CONCEPT_TEXT),
                Field("gender", "gender", GENDER),
            ),
        ),
    ),
)


def lens_of(rows: Sequence[Unbound]) -> Lens:
    return ResourceMap("Patient", frozenset(), tuple(rows), constants={"active": True}).bound(BINDINGS)


FULL = lens_of([row for group in ROWS for row in group])
LENSES = (
    st.permutations(ROWS)
    .flatmap(lambda groups: st.integers(1, len(groups)).map(lambda n: groups[:n]))
    .map(lambda groups: lens_of([row for group in groups for row in group]))
)

WORD = st.text("abcäß'-", min_size=1, max_size=5)
NOTHING = st.sampled_from([None, ""])
JUNK: st.SearchStrategy[Any] = st.sampled_from([7, "?!", [], {}, "12/31/1999", "0000-00-00"])


def record_of(**values: st.SearchStrategy[Any]) -> st.SearchStrategy[Record]:
    """Any subset of the keys, with good, missing and unreadable values."""
    drawn = {name: st.one_of(good, good, good, NOTHING, JUNK) for name, good in values.items()}
    return st.fixed_dictionaries({}, optional=drawn)


CLEAN_CONTACT = st.fixed_dictionaries(
    {"name": WORD},
    optional={"kind": WORD, "gender": st.sampled_from(["M", "Male", "F"]), "key": st.integers(1, 9)},
)
EMAIL = st.fixed_dictionaries({"address": WORD}, optional={"key": st.integers(1, 9), "hidden": WORD})
RECORDS = record_of(
    id=st.integers(1, 999),
    mr=WORD,
    ssn=WORD,
    first=WORD,
    middle=st.lists(WORD, min_size=1, max_size=3).map(" ".join),
    last=WORD,
    preferred=WORD,
    dob=st.dates().map(str),
    sex=st.sampled_from(["M", "Male", "F"]),
    marital=st.sampled_from(["Married", "Unmarried"]),
    religion=WORD,
    race=WORD,
    phones=record_of(home=WORD, work=WORD, fax=WORD),
    deceased=st.booleans(),
    seen_at=st.just("2024-05-06T07:08:09.10Z"),
    staff=record_of(note=WORD),
    line1=WORD,
    line2=WORD,
    place=st.tuples(WORD, WORD).map(", ".join),
    emails=st.lists(st.one_of(EMAIL, record_of(address=WORD, key=st.integers(1, 9), hidden=WORD)), max_size=4),
    contacts=st.lists(st.one_of(CLEAN_CONTACT, record_of(name=WORD, kind=WORD)), max_size=4),
    unknown=WORD,
)


def stripped(document: Any) -> Any:
    """Without empty values, which both sides read as nothing."""
    if isinstance(document, dict):
        kept = {name: stripped(value) for name, value in document.items()}
        return {name: value for name, value in kept.items() if value not in (None, "", [], {})}
    return [stripped(item) for item in document] if isinstance(document, list) else document
