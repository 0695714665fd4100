"""US Core beyond cardinality: slices, fixed values, patterns and required bindings, each broken in valid resources."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import msgspec
import pytest

from gateway.definitions.profiles.nodes import Node
from gateway.definitions.profiles.slices import belongs_to
from gateway.definitions.tables import Tables
from tests.gateway.definitions.profiles.instances import INSTANCES, US_CORE
from tests.gateway.definitions.profiles.test_us_core import EXAMPLES, PROFILES, Json, decode, errors

CODES = Tables().profile_codes
SERVED = sorted(url for url, p in PROFILES.items() if url.startswith(US_CORE) and p.type in Tables().served)
Steps = tuple[Any, ...]
Change = tuple[str, Steps, Any]
"""What is broken, where, and the value to put there; None takes the place away."""


def changes(node: Node, value: Json, steps: Steps = ()) -> Iterator[Change]:
    for child in node.children.values():
        name = next((key for key in value if key == child.name or (child.choice and key.startswith(child.name))), None)
        if name is not None:
            yield from of_element(child, value[name], (*steps, name))


def of_element(node: Node, value: Any, steps: Steps) -> Iterator[Change]:
    items = value if isinstance(value, list) else [value]
    if isinstance(value, list):
        yield from of_slices(node, value, steps)
    for number, item in enumerate(items):
        place = (*steps, number) if isinstance(value, list) else steps
        yield from of_value(node, item, place)
        if isinstance(item, dict):
            yield from changes(node, item, place)


def of_value(node: Node, value: Any, place: Steps) -> Iterator[Change]:
    strength, value_set = node.facts.get("binding", ("", ""))
    if "fixed" in node.facts or "pattern" in node.facts:
        yield "fixed or pattern", place, other_than(value)
    elif strength == "required" and value_set in CODES:
        yield "required binding", place, other_than(value)


def of_slices(node: Node, items: list[Any], steps: Steps) -> Iterator[Change]:
    by = node.slicing.get("by", [])
    for slice in node.slices.values():
        belongs = belongs_to(slice, by, CODES, lambda url, value: False)
        here = [item for item in items if belongs("", item)]
        if here and slice.min:
            yield "required slice", steps, [item for item in items if item not in here] or None
        if here and slice.max is not None:
            yield "too many of a slice", steps, [*items, *[here[0]] * slice.max]


def other_than(value: Any) -> Any:
    if isinstance(value, dict):
        return {**value, "coding": [{"system": "urn:x", "code": "other"}]} if "coding" in value else {"code": "other"}
    return not value if isinstance(value, bool) else "other"


def changed(resource: Json, steps: Steps, value: Any) -> Json:
    copy = deepcopy(resource)
    place: Any = copy
    for step in steps[:-1]:
        place = place[step]
    if value is None:
        del place[steps[-1]]
    else:
        place[steps[-1]] = value
    return copy


def all_changes(resource: Json) -> Iterator[tuple[Change, Json]]:
    for claim in resource.get("meta", {}).get("profile", ()):
        profile = PROFILES.get(claim.partition("|")[0])
        if profile is not None and profile.type == resource["resourceType"]:
            for change in changes(profile.root, resource):
                yield change, changed(resource, *change[1:])


@pytest.mark.parametrize("name", INSTANCES)
def test_an_instance_with_one_part_changed(name: str) -> None:
    unnoticed = [change for change, resource in all_changes(INSTANCES[name]) if not errors(resource)]
    assert unnoticed == []


def test_the_instances_break_in_every_way() -> None:
    found = {what for instance in INSTANCES.values() for (what, _, _), _ in all_changes(instance)}
    assert found >= {"fixed or pattern", "required slice", "too many of a slice"}


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the examples of US Core are not at hand")
class TestPublishedExamples:
    """Those that US Core 6.1.0 publishes."""

    EXAMPLES = [decode(path.read_bytes()) for path in sorted(EXAMPLES.glob("*.json"))] if EXAMPLES.is_dir() else []

    def test_every_profile_of_a_served_type_has_one_or_an_instance(self) -> None:
        everything = [*self.EXAMPLES, *INSTANCES.values()]
        claimed = {claim.partition("|")[0] for r in everything for claim in r.get("meta", {}).get("profile", ())}
        assert set(SERVED) <= claimed

    def test_each_with_one_part_changed(self) -> None:
        pairs = [(example["id"], change, r) for example in self.EXAMPLES for change, r in all_changes(example)]
        assert len(pairs) > 200
        assert "required binding" in {what for _, (what, _, _), _ in pairs}
        assert [(id, change) for id, change, resource in pairs if not errors(resource)] == []


def test_what_has_to_be_supported_is_known_for_every_profile() -> None:
    """A server shows support by keeping and giving back; instances need not have the elements."""
    assert all(PROFILES[url].must_support for url in SERVED)
    assert msgspec.json.decode(msgspec.json.encode(INSTANCES["us-core-patient"])) == INSTANCES["us-core-patient"]
