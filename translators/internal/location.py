"""Location: the API names the location of a patient (`{id, name}`) and has no operation that reads one."""

from __future__ import annotations

from gateway.translation.lens import ResourceMap
from gateway.translation.rows import Field, Way

LOCATION = ResourceMap(
    "Location",
    frozenset(),
    (Field("id", "identifier[system=$id].value", way=Way.READ), Field("name", "name", way=Way.READ)),
    constants={"mode": "instance", "status": "active"},
)
