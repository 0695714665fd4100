"""What all bodies, queries and answers of the API have in common."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from translators.internal.schema.values import ShownKey, Version


def _plain(schema: dict[str, Any]) -> None:
    """Without titles that repeat names, and without `null` as a default where it only stands for `not given`."""
    schema.pop("title", None)
    for member in schema.get("properties", {}).values():
        member.pop("title", None)
        if member.get("default", ...) is None:
            del member["default"]


class In(BaseModel):
    """A body: members that it does not name are refused, as a misspelt one would be lost in silence.

    What was not given is not in `model_fields_set`; null clears, where the record can do without.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, json_schema_extra=_plain)


class Query(BaseModel):
    """The parameters of a query; unknown ones are refused, as a misspelt filter would show everybody."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, json_schema_extra=_plain)


class Out(BaseModel):
    """An answer; what is not among its required members may be null."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, json_schema_extra=_plain)


class VersionIn(In):
    """The body of what only needs to know which version it is about."""

    base_version: Version


class EntityRef(Out):
    """A related record: its id, and its name where it has one."""

    id: ShownKey
    name: str | None = None
