"""What flows which way, from the translators' own declarations: the table in the README."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.translation.contract import Translator
from gateway.translation.lens import Interaction
from gateway.translation.row import Way

TO, FROM, BOTH, NEITHER = "to the EMR", "from the EMR", "both ways", "–"


def markdown(translators: Mapping[str, Translator]) -> str:
    """A table: a row for each type that more than one EMR has, a column per EMR."""
    named = sorted(translators)
    rows = [[type, *(_cell(translators[name], type) for name in named)] for type in _types(translators)]
    header = ["", *(translators[name].title for name in named)]
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def _types(translators: Mapping[str, Translator]) -> list[str]:
    given = [type for translator in translators.values() for type in translator.maps]
    return sorted({type for type in given if given.count(type) > 1})


def _cell(translator: Translator, type: str) -> str:
    map = translator.maps.get(type)
    if map is None:
        return NEITHER
    reads = Way.READ in map.ways()
    writes = Way.WRITE in map.ways() and type not in translator.refused
    writes = writes and (type != "Patient" or Interaction.CREATE in map.interactions)
    return {(True, True): BOTH, (True, False): FROM, (False, True): TO}.get((reads, writes), NEITHER)
