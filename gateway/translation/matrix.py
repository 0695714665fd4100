"""What flows which way, from the translators' own declarations: the table in the README and docs/flows.md.

python -m gateway.translation.matrix --write | --check
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.translation.contract import Translator
from gateway.translation.lens import Interaction
from gateway.translation.registry import load_translators
from gateway.translation.row import Way

TO, FROM, BOTH, NEITHER = "to the EMR", "from the EMR", "both ways", "–"
ACROSS, ONE_BY_ONE = "matrix", "flows"
MARKED = re.compile(rf"(<!-- ({ACROSS}|{ONE_BY_ONE}) -->\n).*?(<!-- /\2 -->)", re.DOTALL)
PAGES = ("README.md", "docs/flows.md")
SPOKEN = {
    "Patient": "Patient demographics",
    "Coverage": "Insurance",
    "QuestionnaireResponse": "Pre-assessment",
    "Observation": "Vital signs and other observations",
    "Organization": "Payers, referrers, facilities' owners",
    "ServiceRequest": "Referrals",
    "RelatedPerson": "Relatives and subscribers",
    "DocumentReference": "Documents",
}
"""What people call a type when FHIR's name does not say it."""


@dataclass(frozen=True, slots=True)
class FlowOf:
    """One FHIR type at one EMR."""

    to_emr: bool
    from_emr: bool
    """Pulls bring it into the store."""
    live: bool
    """It can be read at `/via/`."""
    reason: str = ""
    """Why the EMR does not take it."""


def flow_of(translator: Translator, type: str) -> FlowOf:
    map = translator.maps.get(type)
    is_read = map is not None and bool({Interaction.READ, Interaction.SEARCH} & map.interactions)
    writes = map is not None and Way.WRITE in map.ways() and type not in translator.refused
    if type == "Patient" and map is not None:
        writes = writes and Interaction.CREATE in map.interactions
    return FlowOf(writes, type in translator.pulled, is_read, translator.refused.get(type, ""))


def markdown(translators: Mapping[str, Translator]) -> str:
    """A row for each type that flows to or from an EMR, a column per EMR."""
    named = sorted(translators)
    types = sorted({type for each in translators.values() for type in {*each.maps, *each.pulled}})
    rows = [[type, *(_cell(flow_of(translators[name], type)) for name in named)] for type in types]
    moving = [row for row in rows if set(row[1:]) != {NEITHER}]
    return _table(["", *(translators[name].title for name in named)], moving)


def one_by_one(translators: Mapping[str, Translator]) -> str:
    """A table for each EMR."""
    return "\n".join(_section(translators[name]) for name in sorted(translators))


def _section(translator: Translator) -> str:
    told = {*translator.pulled, *translator.refused}
    told |= {type for type in translator.maps if flow_of(translator, type).to_emr}
    rows = [_row(type, flow_of(translator, type)) for type in sorted(told)]
    header = ["", "FHIR", "CRM → EMR", "EMR → CRM", f"live at `/via/`, {translator.title}", "why not to the EMR"]
    other = sorted(type for type in translator.maps if type not in told)
    also = f"\nLive only: {', '.join(other)}.\n" if other else ""
    return f"## {translator.title}\n\n{_table(header, rows)}{also}"


def _row(type: str, flow: FlowOf) -> list[str]:
    marks = ["✅" if way else "❌" for way in (flow.to_emr, flow.from_emr, flow.live)]
    return [SPOKEN.get(type, type), type, *marks, flow.reason]


def _cell(flow: FlowOf) -> str:
    words = {(True, True): BOTH, (True, False): TO, (False, True): FROM}
    return words.get((flow.to_emr, flow.from_emr), NEITHER)


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def page(text: str, translators: Mapping[str, Translator]) -> str:
    """A page with its tables as they are now."""
    tables = {ACROSS: markdown, ONE_BY_ONE: one_by_one}
    return MARKED.sub(lambda found: f"{found[1]}{tables[found[2]](translators)}{found[3]}", text)


def main(words: list[str], root: Path = Path()) -> int:
    """0 when every page is as it should be."""
    if words not in (["--write"], ["--check"]):
        sys.stderr.write("give one of --write and --check\n")
        return 2
    translators, stale = load_translators(), []
    for path in (root / name for name in PAGES):
        text = path.read_text("utf-8")
        if page(text, translators) != text:
            stale.append(path)
            if "--write" in words:
                path.write_text(page(text, translators), "utf-8")
    for path in stale:
        sys.stderr.write(f"{path} {'was written' if '--write' in words else 'is not what the translators declare'}\n")
    return 1 if stale and "--check" in words else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
