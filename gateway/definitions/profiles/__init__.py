"""Profiles: what a StructureDefinition of derivation `constraint` adds to its type, compiled and checked.

Theory of operation. A profile's table (table_of.py writes it, from a published definition or from one of ours) holds a
line per element that says more than its R4 type does. It is read into a tree of nodes (nodes.py), and each node is
compiled into a closure that answers with findings, like the checks of the types themselves. A profile is checked only
on a resource that its type has found right, so that nothing here looks at shapes again.

    table_of.py    StructureDefinition → table
    nodes.py       table → tree of nodes
    values.py      fixed values, patterns and bindings
    elements.py    cardinality, types and contents of one element
    slices.py      which slice an item belongs to, by its discriminators
    rules.py       the invariants of profiles, by their keys
    verdicts.py    the quick answer to whether a value keeps a profile
    registry.py    the profiles at hand: by claim, by demand, and of extensions by their url
"""

from __future__ import annotations
