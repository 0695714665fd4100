"""What a push has brought about, and what of the chart eCW does not take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gateway.translation.contract import Account, Chart, Pushed
from gateway.translation.lens import LeftOut
from gateway.translation.rows import Record
from translators.ecw.patient import owned
from translators.ecw.wire import Draft

REFUSED: Mapping[str, str] = {
    "Encounter": (
        "not supported: eClinicalWorks' API gives encounters to read and has no access for creating or updating them"
    ),
    "Coverage": (
        "not supported: eClinicalWorks' API gives insurance to read only; enter it there, the next pull brings it here"
    ),
    "QuestionnaireResponse": "not supported: eClinicalWorks has no API for pre-assessment data",
}
UNTOLD = "200 OK; eClinicalWorks has not told the id yet"


def pushed(account: Account, chart: Chart, made: Draft, key: str | None, agreed: Record, current: Record) -> Pushed:
    identifiers = {**owned(current), **({"id": key} if key else {})}
    detail = "200 OK" if key else UNTOLD
    # Without an id nothing is sent again: the next push looks for the patient.
    return Pushed(key, agreed, identifiers, left_out=left_out(account, chart, made), detail=detail, awaited=key is None)


def left_out(account: Account, chart: Chart, made: Draft) -> tuple[LeftOut, ...]:
    """Elements, and resources that eCW does not take; those that came from it are there already."""
    return (*made.left_out, *(each for type in sorted(chart.resources) for each in _whole(account, chart, type)))


def _whole(account: Account, chart: Chart, type: str) -> Iterator[LeftOut]:
    """Each is named in the Task, and one of what eCW has no way to take in the log as well."""
    system, reason = account.system("id"), REFUSED.get(type, f"eClinicalWorks takes no {type} from other systems")
    ours = [each for each in chart.of(type) if not any(i.get("system") == system for i in _identifiers(each))]
    for number, resource in enumerate(ours):
        yield LeftOut(f"{type}/{resource.get('id')}", reason, notable=number == 0 and type in REFUSED)


def agreed(base: Record, document: Record, key: str | None) -> Record:
    """What both sides now know: what eCW changed meanwhile is not in it, so that the next pull sees it as news."""
    about: Record = {name: base[name] for name in ("id", "meta") if name in base}
    return {**document, **about, **({"id": key} if key else {})}


def _identifiers(resource: Record) -> list[Record]:
    found = resource.get("identifier", [])
    return found if isinstance(found, list) else [found]
