"""The generated field tables: READMEs are in step, and every leaf of every kind stands there."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.translation import fields
from gateway.translation.registry import load_translators

ROOT = Path(__file__).parents[3] / "translators"
MARKED = sorted(name for name in load_translators() if fields.MARKED.search((ROOT / name / "README.md").read_text()))


def test_kipu_shows_its_tables() -> None:
    assert "kipu" in MARKED


@pytest.mark.parametrize("name", MARKED)
def test_a_readme_says_what_the_tables_say(name: str) -> None:
    text = (ROOT / name / "README.md").read_text("utf-8")
    assert text == fields.page(text, load_translators()[name]), "run python -m gateway.translation.fields --write"


@pytest.mark.parametrize("name", MARKED)
def test_every_leaf_is_told(name: str) -> None:
    translator = load_translators()[name]
    told = fields.markdown(translator)
    leaves = {leaf for kind in translator.kinds for leaf in kind.leaves}
    assert sorted(leaf for leaf in leaves if f"`{leaf}`" not in told and f"`{leaf.partition('[')[0]}" not in told) == []


def test_selectors_are_shortened_to_what_they_select() -> None:
    short = fields._short
    assert short("Patient.extension[url=https://x.example/fhir/StructureDefinition/own].value") == (
        "Patient.extension[url=own].value"
    )
    assert short("Patient.telecom[system=phone,rank:=2,use=|home|work].value") == (
        "Patient.telecom[system=phone,rank=2].value"
    )
    assert short("Patient.address[use=home|].city") == "Patient.address[use=home].city"


def test_pages_are_written_and_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "kipu" / "README.md"
    page.parent.mkdir()
    page.write_text("# KIPU\n<!-- fields -->\nold\n<!-- /fields -->\nrest\n")
    assert fields.main(["--check"], tmp_path) == 1
    assert fields.main(["--write"], tmp_path) == 0
    assert fields.main(["--check"], tmp_path) == 0
    assert "`casefile_id`" in page.read_text()
    assert page.read_text().endswith("<!-- /fields -->\nrest\n")
    assert fields.main([], tmp_path) == 2
    assert "was written" in capsys.readouterr().err
