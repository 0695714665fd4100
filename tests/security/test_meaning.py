"""What makes the table of a few spellings one of all: the FHIR face asks a caller's sight, never the token itself."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent / "gateway"
FOLDERS = ("interactions", "operations", "patching", "search", "provenance")
FILES = sorted(file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py"))
OF_THE_TOKEN = frozenset({"scopes", "user_role", "fhir_user", "user_email"})
AUTHORS = {"provenance/authors.py": {"fhir_user", "user_email"}}
"""Who wrote a version is told, and nothing follows from it."""


def asked_of_callers(source: str) -> set[str]:
    return {node.attr for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute)} & OF_THE_TOKEN


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_nothing_is_read_from_the_token_but_through_sight(file: Path) -> None:
    assert asked_of_callers(file.read_text("utf-8")) <= AUTHORS.get(str(file.relative_to(ROOT)), set())


def test_the_test_sees_what_it_looks_for() -> None:
    assert asked_of_callers("if exchange.caller.scopes.admin and caller.user_role: ...") == {"scopes", "user_role"}
