"""Documentation that can be held against the code."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from gateway.settings import Settings
from gateway.translation.matrix import MARKED, PAGES, page
from gateway.translation.registry import load_translators

ROOT = Path(__file__).parents[1]


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def test_the_tables_are_what_the_translators_declare() -> None:
    translators = load_translators()
    for name in PAGES:
        assert MARKED.search(read(name))
        assert page(read(name), translators) == read(name)


def test_every_environment_variable_is_documented() -> None:
    page = read("docs/environment.md")
    for field in dataclasses.fields(Settings):
        assert f"`CROSSWALK_{field.name.upper()}`" in page


def test_every_translator_has_a_readme_and_is_in_the_front_door() -> None:
    for name in load_translators():
        assert len(read(f"translators/{name}/README.md")) > 1000
        assert f"translators/{name}/README.md" in read("README.md")


def test_local_links_lead_somewhere() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "translators").rglob("*.md")]
    for path in pages:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text("utf-8")):
            assert (path.parent / target).exists(), f"{path.relative_to(ROOT)} → {target}"


def test_the_lock_file_names_no_address() -> None:
    for lock in ROOT.glob("requirements*.lock"):
        assert not re.search(r"https?://|--(index|find)", lock.read_text("utf-8"))
