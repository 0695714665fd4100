"""A profile's compact table from its StructureDefinition.

    "PROFILE URL": {"type", "version"?, "base"?, "contexts"?}
    "ELEMENT ID": {"min"?, "max"?, "types"?, "binding"?, "fixed"?, "pattern"?, "slicing"?, "rules"?, "must-support"?}

The first line is the profile's own. Then comes a line for each element that says more than the R4 element that it
constrains, and one for each slice: `binding` is [STRENGTH, VALUE SET] where it is required or extensible, `slicing` is
{"by": ["KIND:PATH", ...], "rules"}, `rules` are keys of invariants, `base` is the profile that this one constrains
further, where the table does not hold that one's constraints already. Types are written as in the tables of R4, but
targets and profiles outside of R4 by their whole url.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]
Table = dict[str, Json]

STRUCTURES = "http://hl7.org/fhir/StructureDefinition/"
EVERYWHERE = ("ele-1", "ext-1")
CHECKED = ("required", "extensible")


def profile_table(definition: Json, r4: Mapping[str, Json]) -> Table:
    """From the snapshot, or from the differential where there is none. `r4`: path → element of the R4 snapshots."""
    whole = "snapshot" in definition
    elements = definition["snapshot" if whole else "differential"]["element"]
    table = {definition["url"]: header(definition, whole)}
    for element in elements:
        facts = facts_of(element, r4.get(element.get("base", {}).get("path", ""), {}))
        if facts or "sliceName" in element:
            table[element["id"]] = facts
    return table


def header(definition: Json, whole: bool) -> Json:
    made: Json = {"type": definition["type"]}
    if "version" in definition:
        made["version"] = definition["version"]
    base = definition["baseDefinition"]
    if not whole and base != STRUCTURES + definition["type"]:
        made["base"] = base
    if definition["type"] == "Extension":
        contexts = definition.get("context", ())
        made["contexts"] = [c["expression"] for c in contexts if c["type"] in ("element", "extension")]
    return made


def facts_of(element: Json, origin: Json) -> Json:
    """What the element says beyond the one that it constrains."""
    facts: Json = {}
    root = "." not in element["path"]
    if element.get("min", 0) > origin.get("min", 0) or ("sliceName" in element and element.get("min")):
        facts["min"] = element["min"]
    if not root and element.get("max", "*") != origin.get("max", "*"):
        facts["max"] = element["max"]
    if (types := types_of(element)) and types != types_of(origin):
        facts["types"] = types
    if (binding := binding_of(element)) and binding != binding_of(origin):
        facts["binding"] = binding
    facts |= {kind: value for kind in ("fixed", "pattern") if (value := valued(element, kind)) is not None}
    if "slicing" in element and element["slicing"] != origin.get("slicing"):
        facts["slicing"] = slicing_of(element["slicing"])
    known = {*EVERYWHERE, *(c["key"] for c in origin.get("constraint", ()))}
    if rules := [c["key"] for c in element.get("constraint", ()) if c["key"] not in known and not of_root(c, element)]:
        facts["rules"] = rules
    return facts | ({"must-support": True} if element.get("mustSupport") else {})


def of_root(constraint: Json, element: Json) -> bool:
    """dom-2 and its like, which every resource's own type sees to."""
    return "." not in element["path"] and constraint["key"].startswith(("dom-", "ele-"))


def types_of(element: Json) -> list[str]:
    """System.String and its like are no types that a profile could change, and of a url the value says all."""
    types = [] if element.get("path", "").endswith(".url") else element.get("type", ())
    return sorted(type_text(type) for type in types if not type["code"].startswith("http://hl7.org/"))


def type_text(type: Json) -> str:
    names = type.get("targetProfile", []) + type.get("profile", [])
    return f"{type['code']}({'|'.join(sorted(n.removeprefix(STRUCTURES) for n in names))})" if names else type["code"]


def binding_of(element: Json) -> list[str] | None:
    binding = element.get("binding", {})
    if binding.get("strength") not in CHECKED or "valueSet" not in binding:
        return None
    return [binding["strength"], binding["valueSet"].split("|")[0]]


def valued(element: Json, kind: str) -> Any:
    return next((value for key, value in element.items() if key.startswith(kind) and key[len(kind)].isupper()), None)


def slicing_of(slicing: Json) -> Json:
    by = [f"{d['type']}:{d['path']}" for d in slicing.get("discriminator", ())]
    return {"by": by, "rules": slicing["rules"]}
