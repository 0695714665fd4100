"""What of a chart stays here: records whose labels do not open for the purpose of use that a connection serves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gateway.definitions.contract import Resource
from gateway.search.labels import LabelRule, labels_of, required_by
from gateway.translation.contract import Chart
from gateway.translation.lens import LeftOut

REASON = "Its security labels do not open it for the purpose of use of this connection (the setting purpose)"


def rule_of(purpose: str) -> LabelRule:
    """One code of v3-PurposeOfUse, or several with blanks between."""
    return LabelRule(tuple(sorted(purpose.split())))


def is_open(resource: Resource, rule: LabelRule) -> bool:
    return rule.opens(required_by(labels_of(resource)))


def opened(chart: Chart, rule: LabelRule) -> tuple[Chart, tuple[LeftOut, ...]]:
    """The chart without what is withheld, and the names of that; the patient is not looked at."""
    resources = {type: tuple(each for each in group if is_open(each, rule)) for type, group in chart.resources.items()}
    referenced = {name: each for name, each in chart.referenced.items() if is_open(each, rule)}
    names = dict.fromkeys(_closed(chart, rule))
    return replace(chart, resources=resources, referenced=referenced), tuple(LeftOut(name, REASON) for name in names)


def _closed(chart: Chart, rule: LabelRule) -> Iterator[str]:
    everything = [*(each for group in chart.resources.values() for each in group), *chart.referenced.values()]
    yield from (f"{each['resourceType']}/{each['id']}" for each in everything if not is_open(each, rule))
