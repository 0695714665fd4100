"""One resource and one record of an EMR, when both have changed since they last agreed.

Theory. The resource is put into the EMR's words (`mirrored`), the three records are merged leaf by leaf (merge.py), and
what of the result differs from our own words is brought into the resource (`absorb`). So values that are richer here
than the EMR can say survive, as in every other pull, and one merge serves every translator.

A clash counts only where it would show: both ways to decide it are tried, and it is a disagreement when they make
different resources. What the EMR writes differently, never shows, or has no FHIR home for is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.sync.merge import Clash, Merged, merged
from gateway.translation import path
from gateway.translation.likeness import FHIR
from gateway.translation.row import Record, Resource
from gateway.translation.view import View

EMR_WINS, CRM_WINS = "emr", "crm"
Elements = Mapping[str, Any]
"""Some elements of a resource; None for one that it lacks."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A fact that both sides changed to different values, as the whole resource would show either."""

    field: str
    """Where it stands in the EMR's record, without telling which element of a list: `patient_contacts[].phone`."""
    expression: str
    """Where it stands in the resource."""
    ours: Elements
    theirs: Elements
    values: tuple[Any, Any]
    """What stands at the expression: ours, theirs."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """The resource with what the EMR changed, and what both sides changed."""

    resource: Resource
    disagreements: tuple[Disagreement, ...] = ()


def reconciled(view: View, local: Resource, base: Record | None, record: Record, winner: str) -> Reconciled:
    """Without a base nobody knows who changed what: then all that the winner says is taken."""
    if base is None and winner == EMR_WINS:
        return Reconciled(view.absorb(record, local).value)
    known = base or {}
    if view.likeness.same((), known, record):
        return Reconciled(view.absorb(record, local, known).value)
    ours = view.mirrored(local, known)
    if view.likeness.same((), known, ours):
        return Reconciled(view.absorb(record, local, known).value)
    meeting = _Meeting(view, local, known, ours, record, winner)
    both = meeting.merged(None, emr=winner == EMR_WINS)
    told = () if base is None else (meeting.disagreement(clash) for clash in both.clashes)
    return Reconciled(meeting.taken(both), tuple(each for each in told if each is not None))


@dataclass(frozen=True, slots=True)
class _Meeting:
    """The three records of one fact-finding, and the resource that ours stands for."""

    view: View
    local: Resource
    base: Record
    ours: Record
    theirs: Record
    winner: str

    def merged(self, number: int | None, *, emr: bool) -> Merged:
        """One clash decided as told, the others as the rule is."""
        rule = self.winner == EMR_WINS

        def theirs_win(other: int) -> bool:
            return emr if other == number else rule

        return merged(self.base, self.ours, self.theirs, self.view.likeness, theirs_win)

    def taken(self, both: Merged) -> Resource:
        return self.view.absorb(both.value, self.local, self.ours).value

    def disagreement(self, clash: Clash) -> Disagreement | None:
        ours, theirs = (self.taken(self.merged(clash.number, emr=emr)) for emr in (False, True))
        differing = _differing(ours, theirs)
        if not differing:
            return None
        place = _common(differing)
        names = dict.fromkeys(str(leaf[0]) for leaf in differing)
        return Disagreement(
            clash.field,
            path.expression(place, self.view.type),
            {name: ours.get(name) for name in names},
            {name: theirs.get(name) for name in names},
            (_at(ours, place), _at(theirs, place)),
        )


def settled(current: Resource, taken: Elements, other: Elements) -> Resource:
    """The resource as it is now, with the one fact decided the other way; all else stays as it is."""
    now = {name: current.get(name) for name in other}
    changed = merged(taken, now, other, FHIR).value
    kept = {name: value for name, value in current.items() if name not in other}
    return {**kept, **changed}


def _differing(one: Resource, other: Resource) -> list[path.Concrete]:
    mine, theirs = dict(path.leaves(one)), dict(path.leaves(other))
    return [leaf for leaf in dict.fromkeys((*mine, *theirs)) if mine.get(leaf, path) != theirs.get(leaf, path)]


def _common(places: Sequence[path.Concrete]) -> path.Concrete:
    """The innermost place that holds all of them."""
    shortest = min(places, key=len)
    depth = next((i for i, part in enumerate(shortest) if any(p[i] != part for p in places)), len(shortest))
    return shortest[:depth]


def _at(document: Any, place: path.Concrete) -> Any:
    for part in place:
        inside = document.get(part) if isinstance(document, dict) else None
        if isinstance(document, list) and isinstance(part, int) and part < len(document):
            inside = document[part]
        document = inside
    return document
