"""Checks resources against the R4 tables: types, cardinalities, formats, required bindings, references, invariants.

Theory of operation. Each datatype, each BackboneElement and each resource type is compiled, at its first use, into one
closure `check(value, depth, scope)`. A check answers with the findings, an empty tuple when all is well, so that a
valid resource costs no path building: a finding collects its path on the way out, one step per level that it passes.

    checks.py       the registry: type name → check, compiled on demand
    objects.py      the check of a JSON object, from the elements of its type
    properties.py   one element of an object: single or repeating, primitive (with its `_name` twin) or not
    primitives.py   the formats of primitive types
    bindings.py     required value sets
    references.py   what a reference may point to
    invariants.py   rules of the specification that tables cannot say (further_invariants.py: more of them)
    verdicts.py     the quick answer: is it surely right, so that none of the above has to look
    resources.py    resources within resources: contained, Bundle.entry, Parameters
"""

from __future__ import annotations
