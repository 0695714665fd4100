"""Extracts the search index entries of a resource, by the expressions of its search parameters.

    fhirpath.py   text → syntax tree, for the part of FHIRPath that R4's search parameters use
    selection.py  syntax tree + tables → closures that select values, each with its datatype
    references.py what a reference points to
    tokens.py  texts.py  quantities.py  moments.py   datatype → entries, by kind of parameter
    program.py    all of it for one resource type

Whatever an expression says that is not understood, or selects that no kind of entry can be made of, is an error when
the type is compiled, never a parameter that silently finds nothing.
"""

from __future__ import annotations
