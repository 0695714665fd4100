"""The rooms of the project: which may know which, and that each file is of a size that one can read."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = [ROOT / "gateway", ROOT / "translators"]
FILES = sorted(file for folder in (*SOURCES, ROOT / "tests") for file in folder.rglob("*.py"))
GATEWAY = [file for file in FILES if file.is_relative_to(ROOT / "gateway")]
VENDORS = re.compile(r"kipu|ritten(?<!written)|\becw|ecw\b|eclinicalworks|dazos", re.IGNORECASE)
APP_USERS = ("gateway.cli", "gateway.__main__", "gateway.commands", "gateway.serving", "tests")
MIRRORED = ("gateway", "translators")


def each(files: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("file", files, ids=[str(file.relative_to(ROOT)) for file in files])


def module(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_of(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def words(file: Path) -> Iterator[str]:
    """Names and strings of the code; docstrings may give examples."""
    parsed = tree(file)
    told = {id(node.value) for node in ast.walk(parsed) if isinstance(node, ast.Expr)}
    for node in ast.walk(parsed):
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes) and id(node) not in told:
            yield str(node.value)
        for name in ("id", "attr", "name", "arg"):
            if isinstance(value := getattr(node, name, None), str):
                yield value


@each(GATEWAY)
def test_the_gateway_imports_no_translator(file: Path) -> None:
    assert [name for name in imported(file) if is_of(name, "translators")] == []


@each(GATEWAY)
def test_the_gateway_names_no_vendor(file: Path) -> None:
    assert sorted({word for word in words(file) if VENDORS.search(word)}) == []


def test_vendors_are_told_from_words_that_look_like_them() -> None:
    assert [word for word in ("Kipu", "RITTEN", "ecw_id", "eClinicalWorks") if not VENDORS.search(word)] == []
    assert [word for word in ("written", "overwritten", "rewritten") if VENDORS.search(word)] == []


@each(FILES)
def test_only_the_command_line_and_tests_import_the_app(file: Path) -> None:
    if not any(is_of(module(file), user) for user in APP_USERS):
        assert [name for name in imported(file) if is_of(name, "gateway.app")] == []


@each([file for file in FILES if file.is_relative_to(ROOT / "translators")])
def test_translators_know_no_room_of_the_gateway_but_translation(file: Path) -> None:
    """A translator is written in faults, canonical URLs and the mapping language; nor do vendors know each other."""
    allowed = ("gateway.translation", "gateway.faults", "gateway.canonical")
    vendor = ".".join(module(file).split(".")[:2])
    names = [name for name in imported(file) if is_of(name, "gateway") or is_of(name, "translators")]
    assert [name for name in names if not any(is_of(name, package) for package in (*allowed, vendor))] == []


@each([file for file in FILES if not file.is_relative_to(ROOT / "tests")])
def test_no_source_imports_tests(file: Path) -> None:
    assert [name for name in imported(file) if is_of(name, "tests")] == []


@each(FILES)
def test_a_file_has_at_most_400_lines(file: Path) -> None:
    assert len(file.read_text("utf-8").splitlines()) <= 400


@each(FILES)
def test_every_module_says_what_it_is_for(file: Path) -> None:
    assert ast.get_docstring(tree(file))


def test_folders_of_tests_mirror_the_source() -> None:
    folders = {file.parent for room in MIRRORED for file in (ROOT / "tests" / room).rglob("test_*.py")}
    stray = [folder for folder in folders if not (ROOT / folder.relative_to(ROOT / "tests")).is_dir()]
    assert stray == []


def test_every_folder_of_tests_is_a_package() -> None:
    folders = {file.parent for file in FILES if file.is_relative_to(ROOT / "tests")}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []
