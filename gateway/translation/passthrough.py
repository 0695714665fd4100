"""The map of a vendor that speaks FHIR: the record is a resource already; what is the vendor's own is taken off.

Theory. `to_fhir` takes the record without its `id`, `meta` and narrative (they tell of the vendor's copy), adds the
connection's own identifiers (`$id`, `$mr`), writes references to the vendor's other records as `emr:Type/key` and gives
the vendor's extensions their canonical URLs. `to_vendor` undoes exactly this, so the laws of lens.py hold.

`absorb` is a three-way merge, element by element (news.py): what differs between `base` and the record is news.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from gateway.canonical import IDENTIFIER_TYPE
from gateway.translation.lens import Carried, Interaction, LeftOut
from gateway.translation.likeness import FHIR_KEYS, Likeness
from gateway.translation.news import Spelling, as_written, with_news
from gateway.translation.rows import Bindings, Record, Resource, Way

HIDDEN = ("id", "meta", "text")
"""Elements of the record that are about the vendor's copy; they stay in the record."""
LITERAL = re.compile(r"[A-Z][A-Za-z]+/[^/|#?]+")
EMR = "emr:"


def key_only(record: Record) -> Mapping[str, str]:
    """The vendor's key as the connection's `id`."""
    return {"id": record["id"]} if "id" in record else {}


@dataclass(frozen=True, slots=True)
class PassThrough:
    """One FHIR type of a vendor that speaks FHIR."""

    type: str
    interactions: frozenset[Interaction]
    search: Mapping[str, str] = field(default_factory=dict)
    paths: tuple[str, ...] = ()
    """The leaves that the vendor documents, for the accounting; others pass as well."""
    extensions: Mapping[str, str] = field(default_factory=dict)
    """URL of a vendor's extension on the resource itself → its canonical URL. One to one."""
    owned: Callable[[Record], Mapping[str, str]] = key_only
    """The identifiers that the connection owns, by kind, as the record tells them."""
    spelling: Spelling = as_written
    """Differences in spelling that are no news: see news.py."""
    choices: tuple[str, ...] = ()
    """Stems of choice elements (`deceased`), of which a resource has one at most."""
    silent: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(set(self.extensions.values())) != len(self.extensions):
            raise ValueError("two vendor extensions have one canonical URL")

    def bound(self, bindings: Bindings) -> PassThroughLens:
        return PassThroughLens(self, bindings)

    def ways(self) -> Way:
        writes = {Interaction.CREATE, Interaction.UPDATE} & self.interactions
        return Way.BOTH if writes else Way.READ


@dataclass(frozen=True, slots=True)
class PassThroughLens:
    """A PassThrough bound to one connection."""

    map: PassThrough
    bindings: Bindings

    @property
    def type(self) -> str:
        return self.map.type

    @property
    def likeness(self) -> Likeness:
        return Likeness(FHIR_KEYS, self.map.spelling)

    def to_fhir(self, record: Record) -> Carried[Resource]:
        body = {name: value for name, value in record.items() if name not in HIDDEN}
        resource = {"resourceType": self.type, **_references(body, _marked)}
        self._rename(resource, self.map.extensions)
        if owned := self._owned(record):
            resource["identifier"] = [*resource.get("identifier", ()), *owned]
        return Carried(resource)

    def absorb(
        self, record: Record, onto: Resource, base: Record | None = None, *, keep_local: bool = False
    ) -> Carried[Resource]:
        """`onto` with the record's news; with `keep_local` a fact that changed on both sides stays as it is here."""
        old = self.to_fhir(base).value if base is not None else {}
        merged = with_news(onto, old, self.to_fhir(record).value, self.map.spelling, keep=keep_local)
        self._settle_choices(merged, onto, keep_local=keep_local)
        return Carried(merged)

    def to_vendor(self, resource: Resource, onto: Record | None = None) -> Carried[Record]:
        record = {name: deepcopy(value) for name, value in (onto or {}).items() if name in HIDDEN}
        return Carried({**record, **self._returned(resource)}, self.unmapped(resource))

    def merge(self, resource: Resource, onto: Record | None = None) -> Carried[Record]:
        return Carried({**deepcopy(onto or {}), **self._returned(resource)}, self.unmapped(resource))

    def mirrored(self, resource: Resource, onto: Record) -> Record:
        return self.to_vendor(resource, onto).value

    def unmapped(self, resource: Resource) -> tuple[LeftOut, ...]:
        """Nothing, where the vendor takes this type; all of it, where it does not."""
        if Way.WRITE in self.map.ways():
            return ()
        return (LeftOut(self.type, "the EMR gives this type but does not take it"),)

    def vendor_paths(self) -> tuple[str, ...]:
        return self.map.paths

    def _returned(self, resource: Resource) -> Record:
        """The vendor's document of the resource; its id is the one that our identifier tells."""
        body = {name: value for name, value in resource.items() if name not in HIDDEN}
        record: Record = _references(body, _unmarked)
        self._rename(record, {ours: theirs for theirs, ours in self.map.extensions.items()})
        identifiers = record.pop("identifier", [])
        if theirs := [item for item in identifiers if not self._is_owned(item)]:
            record["identifier"] = theirs
        key = next((item.get("value") for item in identifiers if item.get("system") == self._system("id")), None)
        return {**({"id": key} if key else {}), **record}

    def _owned(self, record: Record) -> list[dict[str, Any]]:
        kinds = {"mr": {"type": {"coding": [{"system": IDENTIFIER_TYPE, "code": "MR"}]}}}
        told = self.map.owned(record).items()
        return [{**kinds.get(kind, {}), "system": self._system(kind), "value": value} for kind, value in told]

    def _system(self, kind: str) -> str:
        return self.bindings.constants[kind]

    def _is_owned(self, identifier: Any) -> bool:
        return isinstance(identifier, dict) and identifier.get("system") in self.bindings.constants.values()

    def _rename(self, document: dict[str, Any], urls: Mapping[str, str]) -> None:
        for item in document.get("extension", ()) if urls else ():
            item["url"] = urls.get(item.get("url"), item.get("url"))

    def _settle_choices(self, merged: Resource, onto: Resource, *, keep_local: bool) -> None:
        """Of two variants of a choice the one that came goes or stays, as the rule for conflicts is."""
        for stem in self.map.choices:
            variants = [name for name in merged if _is_variant(name, stem)]
            if len(variants) > 1:
                for name in variants:
                    if (name in onto) != keep_local:
                        del merged[name]


def _is_variant(name: str, stem: str) -> bool:
    return name.startswith(stem) and name[len(stem) : len(stem) + 1].isupper()


def _references(node: Any, write: Callable[[str], str]) -> Any:
    """A copy in which each literal reference is rewritten."""
    if isinstance(node, dict):
        return {
            name: write(value) if name == "reference" and isinstance(value, str) else _references(value, write)
            for name, value in node.items()
        }
    return [_references(item, write) for item in node] if isinstance(node, list) else node


def _marked(reference: str) -> str:
    return f"{EMR}{reference}" if LITERAL.fullmatch(reference) else reference


def _unmarked(reference: str) -> str:
    return reference.removeprefix(EMR)
