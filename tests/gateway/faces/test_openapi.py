"""The description of a face says what its operations declare."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from gateway.faces.openapi import document
from gateway.translation.face import Asked, Face, Operation, Records


class Book(BaseModel):
    """An answer."""

    id: str
    version: int
    title: str
    lent_to: str | None = None


class NewBook(BaseModel):
    """A body."""

    title: Annotated[str, Field(min_length=1, description="As on the spine.")]
    kind: Literal["novel", "atlas"] = "novel"


class ChangedBook(NewBook):
    """A body with a version."""

    base_version: int


class Shelf(BaseModel):
    """A query."""

    page: Annotated[int, Field(ge=1)] = 1
    kind: Literal["novel", "atlas"] | None = None
    word: list[str] = []


class Discard(BaseModel):
    """A query with a version."""

    base_version: int


class Books(BaseModel):
    """A page."""

    items: list[Book]
    total: int


class Refused(BaseModel):
    """A refusal."""

    why: str


def nothing(asked: Asked, records: Records) -> None:
    return None


OPERATIONS = (
    Operation("GET", "/books", "list_books", "List", "books", nothing, query=Shelf, answer=Books),
    Operation(
        "POST", "/books", "add_book", "Add", "books", nothing, description="Puts one on the shelf.", body=NewBook,
        answer=Book, status=201, refusals={404: "No such shelf.", 409: "It is there."}, repeatable=True,
    ),
    Operation("GET", "/books/{book}", "show_book", "Show", "books", nothing, answer=Book),
    Operation("PATCH", "/books/{book}", "change_book", "Change", "books", nothing, body=ChangedBook, answer=Book),
    Operation("POST", "/books/{book}/discard", "discard_book", "Discard", "books", nothing, query=Discard, status=204),
    Operation("GET", "/books/{book}/readers", "readers", "Readers", "people", nothing, answer=list[str]),
)  # fmt: skip
FACE = Face("/library/v1", "branch", "The library", "1.2", OPERATIONS, lambda *_: {}, Refused, list[str])


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return document(FACE)


def operation(described: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    found: dict[str, Any] = described["paths"][f"/library/v1/{{branch}}{path}"][method]
    return found


def test_each_operation_is_there_with_its_name_subject_and_protection(described: dict[str, Any]) -> None:
    assert {m["operationId"] for place in described["paths"].values() for m in place.values()} == {
        each.name for each in OPERATIONS
    }
    assert described["openapi"] == "3.1.0"
    assert described["info"] == {"title": "The library", "version": "1.2"}
    assert described["tags"] == [{"name": "books"}, {"name": "people"}]
    assert operation(described, "get", "/books")["security"] == [{"bearer": []}]
    assert described["components"]["securitySchemes"] == {"bearer": {"type": "http", "scheme": "bearer"}}
    assert operation(described, "post", "/books")["description"] == "Puts one on the shelf."


def test_a_query_is_described_parameter_by_parameter(described: dict[str, Any]) -> None:
    branch, page, kind, word = operation(described, "get", "/books")["parameters"]
    assert (branch["name"], branch["in"], branch["required"]) == ("branch", "path", True)
    assert page == {
        "name": "page", "in": "query", "required": False, "schema": {"type": "integer", "minimum": 1, "default": 1}
    }  # fmt: skip
    assert kind["schema"]["enum"] == ["novel", "atlas"], "null cannot be said in a query"
    assert word["schema"]["items"] == {"type": "string"}
    version = operation(described, "post", "/books/{book}/discard")["parameters"][-1]
    assert (version["name"], version["required"]) == ("base_version", True)


def test_bodies_and_answers_are_the_models(described: dict[str, Any]) -> None:
    schemas = described["components"]["schemas"]
    body = operation(described, "post", "/books")["requestBody"]
    assert body == {
        "required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/NewBook"}}}
    }  # fmt: skip
    assert schemas["NewBook"]["required"] == ["title"]
    assert schemas["NewBook"]["properties"]["title"] == {
        "type": "string", "minLength": 1, "description": "As on the spine."
    }  # fmt: skip
    assert schemas["Book"]["required"] == ["id", "version", "title"]
    readers = operation(described, "get", "/books/{book}/readers")["responses"]["200"]["content"]
    assert readers["application/json"]["schema"] == {"type": "array", "items": {"type": "string"}}
    assert "content" not in operation(described, "post", "/books/{book}/discard")["responses"]["204"]


def test_refusals_are_those_that_can_come(described: dict[str, Any]) -> None:
    added = operation(described, "post", "/books")["responses"]
    assert set(added) == {"201", "401", "403", "404", "409", "413", "415", "422", "429", "500", "503"}
    assert added["404"]["description"] == "No such shelf. There is no such organisation."
    assert added["409"]["description"] == "It is there."
    assert added["409"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Refused"}
    assert added["422"]["content"]["application/json"]["schema"] == {"type": "array", "items": {"type": "string"}}
    shown = operation(described, "get", "/books/{book}")["responses"]
    assert set(shown) == {"200", "401", "403", "404", "422", "429", "500", "503"}
    assert set(shown["429"]["headers"]) == {"X-Request-Id", "Retry-After"}
    assert set(shown["401"]["headers"]) == {"X-Request-Id", "WWW-Authenticate"}


def test_only_what_can_be_repeated_takes_a_key(described: dict[str, Any]) -> None:
    takes = {
        each["operationId"]
        for place in described["paths"].values()
        for each in place.values()
        if any(parameter["name"] == "Idempotency-Key" for parameter in each["parameters"])
    }
    assert takes == {"add_book"}


def test_what_was_added_leads_to_itself_and_to_what_asks_for_its_version(described: dict[str, Any]) -> None:
    links = operation(described, "post", "/books")["responses"]["201"]["links"]
    assert set(links) == {"show_book", "change_book", "discard_book", "readers"}
    assert links["show_book"]["parameters"] == {"branch": "$request.path.branch", "book": "$response.body#/id"}
    assert links["change_book"]["requestBody"] == {"base_version": "$response.body#/version"}
    assert links["discard_book"]["parameters"]["base_version"] == "$response.body#/version"


def test_a_list_leads_to_its_first_record(described: dict[str, Any]) -> None:
    links = operation(described, "get", "/books")["responses"]["200"]["links"]
    assert links["show_book"]["parameters"]["book"] == "$response.body#/items/0/id"
    assert links["change_book"]["requestBody"] == {"base_version": "$response.body#/items/0/version"}
    assert "add_book" not in links


def test_a_record_leads_to_its_changes(described: dict[str, Any]) -> None:
    links = operation(described, "get", "/books/{book}")["responses"]["200"]["links"]
    assert set(links) == {"change_book", "discard_book"}
    assert links["discard_book"]["parameters"] == {
        "branch": "$request.path.branch", "book": "$request.path.book", "base_version": "$response.body#/version"
    }  # fmt: skip
    assert "links" not in operation(described, "get", "/books/{book}/readers")["responses"]["200"]


def test_the_links_lead_to_operations_that_are_there(described: dict[str, Any]) -> None:
    names = {each.name for each in OPERATIONS}
    for place in described["paths"].values():
        for each in place.values():
            for answer in each["responses"].values():
                for link in answer.get("links", {}).values():
                    assert link["operationId"] in names
