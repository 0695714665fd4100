"""The field tables of a translator as Markdown, and every field that is not taken with its reason: for its README.

    python -m gateway.translation.fields --write | --check     the READMEs below translators/ that have the marks

The tables are read from the maps themselves, so that what the page says is what the translator does.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gateway.translation.contract import RecordKind, Translator
from gateway.translation.lens import ResourceMap
from gateway.translation.registry import load_translators
from gateway.translation.row import Unbound, Way

MARKED = re.compile(r"(<!-- fields -->\n).*?(<!-- /fields -->)", re.DOTALL)
ARROWS = {Way.READ: "←", Way.WRITE: "→", Way.BOTH: "↔"}
URL = re.compile(r"=(?:https?://|urn:)[^\]|,]*?([^/:\]|,]+)(?=[\]|,])")
ALTERNATIVES = re.compile(r"\|[^\],]*")
UNSAID = re.compile(r",?\b\w+=(?=[\],])")
ELSEWHERE = "an extension of its own"
Line = tuple[str, str, str]
"""The vendor's path, the way, the FHIR path."""


def markdown(translator: Translator) -> str:
    """A section for each kind of document."""
    return "\n".join(_section(kind) for kind in translator.kinds)


def page(text: str, translator: Translator) -> str:
    """A README with its tables as they are now."""
    return MARKED.sub(lambda found: f"{found[1]}{markdown(translator)}{found[2]}", text)


def _section(kind: RecordKind) -> str:
    places: dict[str, dict[str, None]] = {}
    for vendor, way, fhir in _mapped(kind):
        places.setdefault(vendor, {})[f"{way} {fhir}"] = None
    table = ["| field | FHIR |", "|---|---|"]
    table += [f"| `{vendor}` | {'; '.join(told)} |" for vendor, told in sorted(places.items())]
    reasons: dict[str, list[str]] = {}
    for leaf, reason in sorted(kind.ignored.items()):
        reasons.setdefault(reason, []).append(f"`{leaf}`")
    table += [f"| {', '.join(leaves)} | not taken: {reason} |" for reason, leaves in reasons.items()]
    return "\n".join((f"### {kind.name[:1].upper()}{kind.name[1:]}", "", *table, ""))


def _mapped(kind: RecordKind) -> Iterator[Line]:
    for map in kind.maps:
        if not isinstance(map, ResourceMap):
            continue
        within = kind.within.get(map.type, "")
        prefix = f"{within}." if within else ""
        for row in map.rows:
            yield from _lines(row, prefix, f"{map.type}.")


def _lines(row: Any, before: str, around: str) -> Iterator[Line]:
    """Of a row as tables declare it: Field, Pair and Each, or one of a translator's own."""
    fhir, vendor = getattr(row, "fhir", None), row.vendor
    inner: tuple[Unbound, ...] = getattr(row, "fields", ())
    if inner:
        for field in inner:
            yield from _lines(field, f"{before}{vendor}[].", f"{around}{fhir}[].")
        return
    places = (fhir,) if isinstance(fhir, str) else tuple(fhir or ())
    told = ", ".join(f"`{_short(around + place)}`" for place in places) or ELSEWHERE
    for name in (vendor,) if isinstance(vendor, str) else vendor:
        yield f"{before}{name}", ARROWS[row.way], told


def _short(place: str) -> str:
    """Selectors name what they select by the end of a URL, and the first of their alternatives."""
    first = UNSAID.sub("", ALTERNATIVES.sub("", URL.sub(r"=\1", place.replace(":=", "="))))
    return first.replace("[]", "") if "[]." not in first else first


def main(words: list[str], root: Path = Path("translators")) -> int:
    """0 when every page is as it should be."""
    if words not in (["--write"], ["--check"]):
        sys.stderr.write("give one of --write and --check\n")
        return 2
    stale = []
    for name, translator in sorted(load_translators().items()):
        readme = root / name / "README.md"
        text = readme.read_text("utf-8") if readme.exists() else ""
        if MARKED.search(text) and page(text, translator) != text:
            stale.append(str(readme))
            if "--write" in words:
                readme.write_text(page(text, translator), "utf-8")
    for path in stale:
        sys.stderr.write(f"{path} {'was written' if '--write' in words else 'is not what the tables say'}\n")
    return 1 if stale and "--check" in words else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
