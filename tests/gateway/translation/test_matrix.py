"""What flows which way, as the declarations say it."""

from __future__ import annotations

import shutil
from pathlib import Path

from gateway.translation import matrix
from gateway.translation.matrix import FlowOf, flow_of
from gateway.translation.registry import load_translators

ROOT = Path(__file__).parents[3]
ECW = {
    "Patient": (True, True),
    "Encounter": (False, True),
    "QuestionnaireResponse": (False, False),
    "Coverage": (False, True),
}
"""The vendor's integration guide: CRM → EMR, EMR → CRM."""


def test_eclinicalworks_is_as_its_guide_says() -> None:
    translator = load_translators()["ecw"]
    found = {type: flow_of(translator, type) for type in ECW}
    assert {type: (flow.to_emr, flow.from_emr) for type, flow in found.items()} == ECW
    assert all(flow.reason or flow.to_emr for flow in found.values())


def test_what_is_pulled_has_a_map_that_reads_it() -> None:
    for translator in load_translators().values():
        mapped = {map.type for kind in translator.kinds for map in kind.maps}
        assert translator.pulled <= mapped


def test_a_section_has_a_row_for_each_type_and_names_the_rest() -> None:
    told = matrix.one_by_one(load_translators())
    assert (
        "| Insurance | Coverage | ❌ | ✅ | ✅ | not supported: eClinicalWorks' API gives insurance to read only; "
        "enter it there, the next pull brings it here |\n"
    ) in told
    assert "\nLive only: AllergyIntolerance, " in told


def test_a_page_is_written_once_and_then_as_it_should_be(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    shutil.copy(ROOT / "README.md", tmp_path)
    (tmp_path / "docs" / "flows.md").write_text("a\n<!-- flows -->\nold\n<!-- /flows -->\nb\n", "utf-8")
    assert matrix.main(["--check"], tmp_path) == 1
    assert matrix.main(["--write"], tmp_path) == 0
    assert matrix.main(["--check"], tmp_path) == 0
    written = (tmp_path / "docs" / "flows.md").read_text("utf-8")
    assert written.startswith("a\n")
    assert written.endswith("b\n")
    assert "old" not in written
    assert matrix.main([], tmp_path) == 2


def test_a_type_that_nobody_has_flows_nowhere() -> None:
    assert flow_of(load_translators()["kipu"], "Contract") == FlowOf(False, False, False)
