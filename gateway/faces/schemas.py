"""The JSON schemas of a face's models: bodies as they are taken, answers as they are told."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode
from pydantic_core import core_schema

from gateway.translation.face import Face, Operation

PLACE = "#/components/schemas/{model}"
Wanted = tuple[str, JsonSchemaMode, TypeAdapter[Any]]


class Plain(GenerateJsonSchema):
    """Without titles that repeat the members' names."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def model_schema(self, schema: core_schema.ModelSchema) -> dict[str, Any]:
        return {name: value for name, value in super().model_schema(schema).items() if name != "title"}


class Schemas:
    """Where the schema of each operation's models is, and all of them."""

    def __init__(self, face: Face) -> None:
        wanted: list[Wanted] = [
            ("refused", "serialization", TypeAdapter(face.refused)),
            ("invalid", "serialization", TypeAdapter(face.invalid)),
        ]
        for operation in face.operations:
            if operation.body is not None:
                wanted.append((f"body {operation.name}", "validation", TypeAdapter(operation.body)))
            if operation.answer is not None:
                wanted.append((f"answer {operation.name}", "serialization", TypeAdapter(operation.answer)))
        places, whole = TypeAdapter.json_schemas(wanted, ref_template=PLACE, schema_generator=Plain)
        self._places = {str(key): place for (key, _), place in places.items()}
        self.components: dict[str, Any] = whole.get("$defs", {})

    @property
    def refused(self) -> dict[str, Any]:
        return self._places["refused"]

    @property
    def invalid(self) -> dict[str, Any]:
        return self._places["invalid"]

    def body(self, operation: Operation) -> dict[str, Any] | None:
        return self._places.get(f"body {operation.name}")

    def answer(self, operation: Operation) -> dict[str, Any] | None:
        return self._places.get(f"answer {operation.name}")

    def query(self, operation: Operation) -> dict[str, Any]:
        """A query is no component: its parameters are described one by one."""
        model: type[BaseModel] | None = operation.query
        return model.model_json_schema(schema_generator=Plain) if model is not None else {}
