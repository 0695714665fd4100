"""Searches through the store: text as it is meant, includes, pages, hostile input."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.faults import ClientFault, Invalid
from gateway.search.parse import parse
from gateway.search.query import Query
from gateway.store.contract import Page, Transaction
from gateway.store.store import SqlStore
from tests.gateway.store.basic_definitions import BasicDefinitions
from tests.gateway.store.conftest import NOW


async def fill(store: SqlStore, org: int = 1, **resources: dict[str, Any]) -> None:
    def work(transaction: Transaction) -> None:
        for id, content in resources.items():
            transaction.put({"resourceType": "Basic", "id": id, **content})

    await store.write(org, work)


async def find(store: SqlStore, *params: tuple[str, str], org: int = 1) -> Page:
    query, unknown = parse(BasicDefinitions(), "Basic", params, base="https://own.example", now=NOW)
    assert unknown == []
    return await store.search(org, query)


def ids(page: Page) -> list[str]:
    return [match.id for match in page.matches]


async def test_wildcards_of_sql_are_letters(store: SqlStore) -> None:
    await fill(store, a={"string": ["50%"]}, b={"string": ["50x"]}, c={"string": ["5_0"]}, d={"string": ["*?["]})
    assert ids(await find(store, ("string", "50%"))) == ["a"]
    assert ids(await find(store, ("string", "%"))) == []
    assert ids(await find(store, ("string", "5_"))) == ["c"]
    assert ids(await find(store, ("string:contains", "%"))) == ["a"]
    assert ids(await find(store, ("string:contains", "_"))) == ["c"]
    assert ids(await find(store, ("string:contains", "*"))) == ["d"]


async def test_case_and_accents(store: SqlStore) -> None:
    await fill(store, a={"string": ["Muñoz"]}, b={"string": ["MUNOZ GARCÍA"]})
    assert ids(await find(store, ("string", "munoz"))) == ["a", "b"]
    assert ids(await find(store, ("string:contains", "garcia"))) == ["b"]
    assert ids(await find(store, ("string:exact", "Muñoz"))) == ["a"]
    assert ids(await find(store, ("string:exact", "muñoz"))) == []


async def test_long_text_is_found_by_its_beginning(store: SqlStore) -> None:
    await fill(store, a={"string": ["x" * 5000]})
    assert ids(await find(store, ("string", "x" * 2000))) == ["a"]
    assert ids(await find(store, ("string:exact", "x" * 300 + "y"))) == ["a"]


@pytest.mark.parametrize(
    "hostile",
    ["' OR '1'='1", "'; DROP TABLE resource; --", '") OR 1=1 --', "a' UNION SELECT body FROM resource --", "%27"],
)
@pytest.mark.parametrize(
    "name", ["token", "string", "string:contains", "uri", "reference", "_id", "date", "_sort", "_include"]
)
async def test_values_are_never_sql(store: SqlStore, name: str, hostile: str) -> None:
    await fill(store, a={"string": ["x"], "token": [["", "x"]]})
    try:
        assert ids(await find(store, (name, hostile))) == []
    except ClientFault as refused:
        assert hostile not in str(refused)  # noqa: PT017
    assert ids(await find(store)) == ["a"]


@pytest.mark.parametrize(
    "name", ["x' OR 1=1 --", "token) OR (1=1", "string:exact' --", "token:not; DELETE FROM resource"]
)
async def test_names_are_never_sql(store: SqlStore, name: str) -> None:
    await fill(store, a={"string": ["x"]}, b={"string": ["y"]})
    try:
        query, unknown = parse(BasicDefinitions(), "Basic", [(name, "x")], base="", now=NOW)
    except ClientFault:
        return
    assert unknown == [name]
    assert ids(await store.search(1, query)) == ["a", "b"]


async def test_includes_are_added_once_and_not_counted(store: SqlStore) -> None:
    def patients(transaction: Transaction) -> None:
        for id in ("p", "q"):
            transaction.put({"resourceType": "Patient", "id": id})
        transaction.put({"resourceType": "Group", "id": "g"})
        transaction.put({"resourceType": "Patient", "id": "gone"})
        transaction.delete("Patient", "gone")

    await store.write(1, patients)
    await fill(
        store,
        a={"subject": ["Patient/p", "Group/g"]},
        b={"subject": ["Patient/p", "Patient/gone", "Patient/never"]},
        c={"subject": ["Patient/q"]},
    )
    page = await find(store, ("_include", "Basic:subject"), ("_count", "2"))
    assert ids(page) == ["a", "b"]
    assert [(each.type, each.id) for each in page.included] == [("Patient", "p"), ("Group", "g")]
    page = await find(store, ("_include", "Basic:subject:Patient"))
    assert [each.id for each in page.included] == ["p", "q"]


async def test_an_include_never_crosses_organisations(store: SqlStore) -> None:
    await store.write(2, lambda transaction: transaction.put({"resourceType": "Patient", "id": "p"}))
    await fill(store, a={"subject": ["Patient/p"]})
    assert (await find(store, ("_include", "Basic:subject"))).included == []


async def test_a_match_is_not_included_again(store: SqlStore) -> None:
    await fill(store, a={"subject": ["Basic/b", "Basic/a"]}, b={}, c={})
    assert [each.id for each in (await find(store, ("_id", "a"), ("_include", "Basic:subject"))).included] == ["b"]
    assert (await find(store, ("_include", "Basic:subject"))).included == []


async def test_totals(store: SqlStore) -> None:
    await fill(store, a={}, b={}, c={})
    assert (await find(store, ("_count", "2"))).total is None
    assert (await find(store, ("_count", "2"), ("_total", "accurate"))).total == 3
    assert (await find(store, ("_count", "3"))).total == 3
    for params in ([("_count", "0")], [("_summary", "count")]):
        page = await find(store, *params)
        assert (page.total, list(page.matches), page.after) == (3, [], None)


async def test_a_page_stays_in_place_while_others_write(store: SqlStore) -> None:
    await fill(store, r1={"string": ["1"]}, r3={"string": ["3"]}, r5={"string": ["5"]})
    query, _ = parse(BasicDefinitions(), "Basic", [("_sort", "string"), ("_count", "2")], base="", now=NOW)
    first = await store.search(1, query)
    await fill(store, r0={"string": ["0"]}, r4={"string": ["4"]})
    await store.write(1, lambda transaction: transaction.delete("Basic", "r3"))
    second = await store.search(1, Query("Basic", sort=query.sort, count=2, after=first.after))
    assert [ids(first), ids(second)] == [["r1", "r3"], ["r4", "r5"]]


async def test_a_place_of_another_search_is_refused(store: SqlStore) -> None:
    with pytest.raises(Invalid, match="first page"):
        await store.search(1, Query("Basic", after=("x", 5)))


@pytest.mark.parametrize("values", [200, 500])
async def test_many_alternatives(store: SqlStore, values: int) -> None:
    await fill(store, a={"token": [["urn:s", "7"]], "string": ["7"]}, b={})
    numbers = [str(number) for number in range(values)]
    assert ids(await find(store, ("token", ",".join(numbers)))) == ["a"]
    assert ids(await find(store, ("_id", ",".join([*numbers[1:], "b"])))) == ["b"]
    assert ids(await find(store, ("token", ",".join(f"urn:s|{number}" for number in numbers)))) == ["a"]
    assert ids(await find(store, ("string", ",".join(numbers)))) == ["a"]


def test_any_text_can_be_stored_and_found(store: SqlStore) -> None:
    @settings(max_examples=60, deadline=None)
    @given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20))
    def found(text: str) -> None:
        escaped = "".join(f"\\{letter}" if letter in ",|$\\" else letter for letter in text)
        query, _ = parse(BasicDefinitions(), "Basic", [("string:exact", escaped), ("uri", escaped)], base="", now=NOW)
        resource = {"resourceType": "Basic", "id": "a", "string": [text], "uri": [text]}

        def work(transaction: Transaction) -> list[str]:
            transaction.put(resource)
            return ids(transaction.search(query))

        assert asyncio.run(store.write(1, work)) == ["a"]

    found()
