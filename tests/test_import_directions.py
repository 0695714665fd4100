"""The rooms of the project: which may know which, and that each file is of a size that one can read.

A rule is one test, which names every file that breaks it: a test per file would be thousands, each costing more than
to look at the file.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCES = [ROOT / "gateway", ROOT / "translators"]
FILES = sorted(file for folder in (*SOURCES, ROOT / "tests") for file in folder.rglob("*.py"))
GATEWAY = [file for file in FILES if file.is_relative_to(ROOT / "gateway")]
TRANSLATORS = [file for file in FILES if file.is_relative_to(ROOT / "translators")]
VENDORS = re.compile(r"kipu|ritten(?<!written)|\becw|ecw\b|eclinicalworks|dazos", re.IGNORECASE)
APP_USERS = ("gateway.cli", "gateway.__main__", "gateway.commands", "gateway.serving", "tests")
MIRRORED = ("gateway", "translators")
ABSTRACT = ("Callable", "Iterable", "Iterator", "Sequence")
"""What this file imports from there."""


def broken(files: Sequence[Path], breaches: Callable[[Path], Iterable[str]]) -> dict[str, list[str]]:
    """What each file that breaks a rule breaks it by."""
    assert len(files) > 100
    found = {str(file.relative_to(ROOT)): sorted(set(breaches(file))) for file in files}
    return {file: what for file, what in found.items() if what}


def module(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))


@cache
def imported(file: Path) -> tuple[str, ...]:
    return tuple(names_imported(tree(file)))


def names_imported(parsed: ast.Module) -> Iterator[str]:
    for node in ast.walk(parsed):
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


def imported_from(file: Path, package: str) -> list[str]:
    return [name for name in imported(file) if is_of(name, package)]


def test_the_gateway_imports_no_translator() -> None:
    assert broken(GATEWAY, lambda file: imported_from(file, "translators")) == {}


def test_the_gateway_names_no_vendor() -> None:
    assert broken(GATEWAY, lambda file: [word for word in words(file) if VENDORS.search(word)]) == {}


def test_vendors_are_told_from_words_that_look_like_them() -> None:
    assert [word for word in ("Kipu", "RITTEN", "ecw_id", "eClinicalWorks") if not VENDORS.search(word)] == []
    assert [word for word in ("written", "overwritten", "rewritten") if VENDORS.search(word)] == []


def test_only_the_command_line_and_tests_import_the_app() -> None:
    others = [file for file in FILES if not any(is_of(module(file), user) for user in APP_USERS)]
    assert broken(others, lambda file: imported_from(file, "gateway.app")) == {}


def test_translators_know_no_room_of_the_gateway_but_translation() -> None:
    """A translator is written in faults, canonical URLs and the mapping language; nor do vendors know each other."""

    def beyond(file: Path) -> list[str]:
        vendor = ".".join(module(file).split(".")[:2])
        allowed = ("gateway.translation", "gateway.faults", "gateway.canonical", vendor)
        names = [*imported_from(file, "gateway"), *imported_from(file, "translators")]
        return [name for name in names if not any(is_of(name, package) for package in allowed)]

    assert broken(TRANSLATORS, beyond) == {}


def test_no_source_imports_tests() -> None:
    assert broken([*GATEWAY, *TRANSLATORS], lambda file: imported_from(file, "tests")) == {}


def test_a_file_has_at_most_400_lines() -> None:
    def over(file: Path) -> list[str]:
        lines = len(file.read_text("utf-8").splitlines())
        return [f"{lines} lines"] if lines > 400 else []

    assert broken(FILES, over) == {}


def test_every_module_says_what_it_is_for() -> None:
    assert broken(FILES, lambda file: [] if ast.get_docstring(tree(file)) else ["no docstring"]) == {}


def test_what_breaks_a_rule_is_found() -> None:
    """By every way of looking; a rule that finds nothing would hold of anything."""
    this = Path(__file__)
    found = broken(FILES, lambda file: ["read"] if file == this else [])
    assert found == {str(this.relative_to(ROOT)): ["read"]}
    assert imported_from(this, "collections.abc") == [f"collections.abc.{name}" for name in ABSTRACT]
    assert "kipu" in {word.partition("|")[0] for word in words(this)}


def test_folders_of_tests_mirror_the_source() -> None:
    folders = {file.parent for room in MIRRORED for file in (ROOT / "tests" / room).rglob("test_*.py")}
    stray = [folder for folder in folders if not (ROOT / folder.relative_to(ROOT / "tests")).is_dir()]
    assert stray == []


def test_every_folder_of_tests_is_a_package() -> None:
    folders = {file.parent for file in FILES if file.is_relative_to(ROOT / "tests")}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []
