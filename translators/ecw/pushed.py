"""What a push has brought about, and what of the chart eCW does not take."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.translation.contract import Account, Chart, Pushed
from gateway.translation.lens import LeftOut
from gateway.translation.rows import Record
from translators.ecw.patient import owned
from translators.ecw.wire import Draft

REFUSED: Mapping[str, str] = {
    "Encounter": "eClinicalWorks gives encounters to read only: its API has no access for creating or updating them",
    "Coverage": "eClinicalWorks gives insurance to read only: enter it there, the next pull brings it here",
    "QuestionnaireResponse": "eClinicalWorks has no API for pre-assessment data",
}
UNTOLD = "200 OK; eClinicalWorks has not told the id yet"


def pushed(account: Account, chart: Chart, made: Draft, key: str | None, agreed: Record, current: Record) -> Pushed:
    identifiers = {**owned(current), **({"id": key} if key else {})}
    detail = "200 OK" if key else UNTOLD
    # Without an id nothing is sent again: the next push looks for the patient.
    return Pushed(key, agreed, identifiers, left_out=left_out(account, chart, made), detail=detail, awaited=key is None)


def left_out(account: Account, chart: Chart, made: Draft) -> tuple[LeftOut, ...]:
    """Elements, and resources that eCW does not take; those that came from it are there already."""
    system = account.system("id")
    whole = (
        LeftOut(f"{type}/{resource.get('id')}", REFUSED.get(type, f"eClinicalWorks takes no {type} from other systems"))
        for type, resources in sorted(chart.resources.items())
        for resource in resources
        if not any(i.get("system") == system for i in _identifiers(resource))
    )
    return (*made.left_out, *whole)


def agreed(base: Record, document: Record, key: str | None) -> Record:
    """What both sides now know: what eCW changed meanwhile is not in it, so that the next pull sees it as news."""
    about: Record = {name: base[name] for name in ("id", "meta") if name in base}
    return {**document, **about, **({"id": key} if key else {})}


def _identifiers(resource: Record) -> list[Record]:
    found = resource.get("identifier", [])
    return found if isinstance(found, list) else [found]
