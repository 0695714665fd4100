"""The operations of the faces as routes, one for each address, so that a 405 names every method of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from starlette.routing import BaseRoute

from gateway.faces.describing import description_routes
from gateway.faces.plugins import load_faces
from gateway.faces.serving import Endpoint, endpoint
from gateway.routing import at
from gateway.translation.face import Face


@cache
def installed_routes() -> tuple[BaseRoute, ...]:
    """Those of all faces that are installed, made once: they hold nothing of an application."""
    return tuple(face_routes(load_faces()))


def face_routes(faces: Iterable[Face]) -> list[BaseRoute]:
    return [route for face in faces for route in (*description_routes(face), *_routes(face))]


def _routes(face: Face) -> Iterator[BaseRoute]:
    places: dict[str, dict[str, Endpoint]] = {}
    for operation in face.operations:
        places.setdefault(operation.path, {})[operation.method] = endpoint(face, operation)
    for path in sorted(places, key=_generality):
        yield at(f"{face.root}/{{{face.org}}}{path}", **places[path])


def _generality(path: str) -> list[tuple[bool, str]]:
    """Fixed words before parameters in the same place."""
    return [(part.startswith("{"), part) for part in path.split("/")]
