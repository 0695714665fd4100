"""Finds the faces by their entry points and checks that what each declares can be served."""

from __future__ import annotations

from collections import Counter
from functools import cache
from importlib.metadata import entry_points

from gateway.faults import Misconfigured
from gateway.translation.face import Face, Operation

FACES = "gateway.faces"


@cache
def load_faces() -> tuple[Face, ...]:
    """All installed ones, in the order of their names; raises Misconfigured and names the one that is not whole."""
    points = sorted(entry_points(group=FACES), key=lambda point: point.name)
    return tuple(checked(point.name, point.load()) for point in points)


def checked(name: str, face: object) -> Face:
    if not isinstance(face, Face):
        raise Misconfigured(f"the face {name} is none: its entry point has to name a Face")
    for problem in (*_twice(face), *(f for operation in face.operations for f in _amiss(operation))):
        raise Misconfigured(f"the face {name}: {problem}")
    return face


def _twice(face: Face) -> list[str]:
    names = Counter(operation.name for operation in face.operations)
    places = Counter((operation.method, operation.path) for operation in face.operations)
    return [f"{found} is declared twice" for found, number in (*names.items(), *places.items()) if number > 1]


def _amiss(operation: Operation) -> list[str]:
    if (operation.handle is None) == (operation.stages is None):
        return [f"{operation.name} needs either a handler or stages"]
    if operation.stages is not None and not operation.writes:
        return [f"{operation.name} has stages and writes nothing"]
    return []
