"""No interaction and no operation reaches a resource but through what the caller sees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent.parent / "gateway"
FOLDERS = ("interactions", "operations", "bulk")
FILES = sorted(file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py"))
READING = frozenset({"read", "vread", "search", "history"})
STORES = frozenset({"gateway.store.history_sql", "gateway.store.record_sql", "gateway.store.labels_sql"})
READERS = frozenset(
    {"history", "history_page", "one_version", "current", "record_page", "labels_in_use", "candidates", "by_ids"}
)
ITS_OWN = {"bulk/gathering.py", "bulk/pages.py", "bulk/key_sql.py"}
"""Collect keys and pages of an export; bulk/export.py shows of them what SeenConnection.shows."""
WRITES = {"interactions/changes.py"}
"""Asks the transaction itself for one thing: whether an id is in use, where its caller reaches every resource."""


def name(file: Path) -> str:
    return str(file.relative_to(ROOT))


def calls(file: Path) -> Iterator[str]:
    """Methods of a plain store or transaction that are called, as they are written."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in READING:
            yield ast.unparse(node.func)


def plain(call: str) -> bool:
    return call.endswith(tuple(f"{store}.{way}" for store in ("services.store", "transaction") for way in READING))


@pytest.mark.parametrize("file", FILES, ids=name)
def test_nothing_is_read_from_the_plain_store(file: Path) -> None:
    found = [call for call in calls(file) if plain(call)]
    assert found == (["self.transaction.read"] * 2 if name(file) in WRITES else [])


@pytest.mark.parametrize("file", [file for file in FILES if name(file) not in ITS_OWN], ids=name)
def test_no_statement_goes_around_it(file: Path) -> None:
    imported = {
        alias.name
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gateway.store.")
        for alias in node.names
    }
    assert imported & READERS == set()


def test_the_test_sees_what_it_looks_for() -> None:
    assert [
        call for call in ("exchange.services.store.read", "transaction.search", "self.transaction.vread") if plain(call)
    ]
    assert not [call for call in ("exchange.store.read", "self.seen.search", "seen.vread") if plain(call)]
