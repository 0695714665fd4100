"""FHIRPath Patch: a Parameters resource of operations (fhirpatch.html)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from gateway.faults import Invalid, TooLarge, Unprocessable
from gateway.patching.fhirpath import Path, Place, parse
from gateway.xml.shapes import UNKNOWN, Kind, Shape, Slot, shape_of

MOST_OPERATIONS = 1000
Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Value:
    """What an operation brings: the value, what stands beside it, and how its type ends the name of a choice."""

    value: Any
    twin: Any = None
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One parameter `operation`."""

    type: str
    path: Path
    parts: dict[str, Object] = field(repr=False)
    place: str

    def text(self, name: str) -> str:
        return str(self._typed(name, ("valueString", "valueCode"), str))

    def number(self, name: str) -> int:
        return int(self._typed(name, ("valueInteger", "valueUnsignedInt", "valuePositiveInt"), int))

    def part(self, name: str) -> Object:
        if name not in self.parts:
            raise Invalid(f"{self.type} needs a part `{name}`", self.place)
        return self.parts[name]

    def _typed(self, name: str, keys: tuple[str, ...], kind: Any) -> Any:
        value = next((self.part(name)[key] for key in keys if key in self.part(name)), None)
        if type(value) is not kind:
            raise Invalid(f"The part `{name}` of {self.type} has a {keys[0]}", self.place)
        return value


def operations(parameters: Object, type: str) -> list[Operation]:
    """Raises Invalid. `parameters` is a valid Parameters resource, `type` that of the resource to patch."""
    given = parameters.get("parameter", [])
    if len(given) > MOST_OPERATIONS:
        raise TooLarge(f"A patch has at most {MOST_OPERATIONS} operations; send several")
    return [_operation(item, type, f"Parameters.parameter[{index}]") for index, item in enumerate(given)]


def _operation(item: Object, type: str, place: str) -> Operation:
    if item.get("name") != "operation":
        raise Invalid("Each parameter of a FHIRPath Patch is an `operation`", f"{place}.name")
    parts = {part.get("name"): part for part in item.get("part", [])}
    kind = parts.get("type", {}).get("valueCode")
    if not isinstance(kind, str) or kind not in PERFORM:
        raise Invalid(f"The part `type` is one of {', '.join(PERFORM)}", place)
    path = parts.get("path", {})
    text = path.get("valueString", path.get("valueCode"))
    return Operation(kind, parse(text, type, f"{place}.part(path)"), parts, place)


def patched(resource: Object, operations: list[Operation]) -> Object:
    """The resource after all operations. `resource` is changed; what refuses leaves it half done."""
    for operation in operations:
        PERFORM[operation.type](resource, operation)
    return resource


def add(resource: Object, operation: Operation) -> None:
    parent = single(operation.path.find(resource), operation)
    name = operation.text("name")
    value = value_of(operation.part("value"), shape_below(parent.shape, name), operation.place)
    key, slot = key_for(parent.shape, name, value, operation.place)
    if slot.many:
        items = Items(parent.value, key)
        items.insert(len(items), value, operation.place)
    elif any(other in parent.value for other in parent.shape.choices.get(name, (key,))):
        raise Unprocessable("The element is there already; replace it", operation.place)
    else:
        write(parent.value, key, value)


def insert(resource: Object, operation: Operation) -> None:
    parent, name = list_of(resource, operation)
    value = value_of(operation.part("value"), shape_below(parent.shape, name), operation.place)
    Items(parent.value, name).insert(operation.number("index"), value, operation.place)


def delete(resource: Object, operation: Operation) -> None:
    places = operation.path.find(resource)
    if not places:
        return  # what is to be gone is gone
    remove(resource, single(places, operation), operation)


def replace(resource: Object, operation: Operation) -> None:
    place = single(operation.path.find(resource), operation)
    if not place.keys:
        raise Unprocessable("The whole resource cannot be replaced by a patch; send it by PUT", operation.place)
    value = value_of(operation.part("value"), place.shape, operation.place)
    parent, key = parent_of(resource, place)
    if isinstance(key, int):
        items = Items(parent_of(resource, place, 2)[0], str(place.keys[-2]))
        items.take(key, operation.place)
        items.insert(key, value, operation.place)
        return
    parent.pop(key, None)
    parent.pop(f"_{key}", None)
    write(parent, f"{place.choice}{value.suffix}" if place.choice else key, value)


def move(resource: Object, operation: Operation) -> None:
    parent, name = list_of(resource, operation)
    items = Items(parent.value, name)
    source, destination = operation.number("source"), operation.number("destination")
    if not 0 <= destination < len(items):
        raise Unprocessable("The list has no such place", operation.place)
    items.insert(destination, items.take(source, operation.place), operation.place)


PERFORM: dict[str, Callable[[Object, Operation], None]] = {
    "add": add,
    "insert": insert,
    "delete": delete,
    "replace": replace,
    "move": move,
}


# --- places -----------------------------------------------------------------------------------------------------------


def single(places: list[Place], operation: Operation) -> Place:
    if len(places) != 1:
        found = "several elements" if places else "nothing"
        raise Unprocessable(f"The path of a {operation.type} names one element; here it finds {found}", operation.place)
    return places[0]


def list_of(resource: Object, operation: Operation) -> tuple[Place, str]:
    """The element that has the list, and the list's name."""
    name = operation.path.last
    if name is None:
        raise Invalid(f"The path of {operation.type} ends with the name of a list", operation.place)
    parent = single(operation.path.find_parent(resource), operation)
    slot = parent.shape.slots.get(name)
    if slot is None or not slot.many:
        raise Invalid(f"The path of {operation.type} ends with the name of a list", operation.place)
    return parent, name


def parent_of(resource: Object, place: Place, levels: int = 1) -> tuple[Any, str | int]:
    node: Any = resource
    for key in place.keys[:-levels]:
        node = node[key]
    return node, place.keys[-levels]


def remove(resource: Object, place: Place, operation: Operation) -> None:
    """Take the element away, and what is empty without it: FHIR has no empty elements."""
    if not place.keys:
        raise Unprocessable("The whole resource cannot be taken away; delete it instead", operation.place)
    parent, key = parent_of(resource, place)
    levels = 1
    if isinstance(key, int):
        parent, name = parent_of(resource, place, 2)
        Items(parent, str(name)).take(key, operation.place)
        levels = 2
    else:
        parent.pop(key, None)
        parent.pop(f"_{key}", None)
    if not parent and len(place.keys) > levels:
        remove(resource, Place(place.keys[:-levels], parent, place.slot), operation)


# --- values -----------------------------------------------------------------------------------------------------------


def shape_below(shape: Shape, name: str) -> Shape:
    slot = shape.slots.get(name)
    return shape_of(slot.type) if slot is not None and slot.kind is Kind.COMPLEX else UNKNOWN


def key_for(shape: Shape, name: str, value: Value, place: str) -> tuple[str, Slot]:
    key = f"{name}{value.suffix}" if name in shape.choices else name
    slot = shape.slots.get(key)
    if slot is None:
        raise Invalid("The element that the path names has no element of this name and type", place)
    return key, slot


def value_of(part: Object, shape: Shape, place: str) -> Value:
    """A value[x], a resource, or an element of which each part is a part."""
    if "resource" in part:
        return Value(part["resource"])
    if "part" in part:
        return Value(_element(part["part"], shape, place))
    for key in part:
        name = key.removeprefix("_")
        if name.startswith("value") and name != "value":
            return Value(part.get(name), part.get(f"_{name}"), name.removeprefix("value"))
    raise Invalid("The part `value` has a value", place)


def _element(parts: list[Object], shape: Shape, place: str) -> Object:
    element: Object = {}
    for part in parts:
        name = str(part.get("name"))
        value = value_of(part, shape_below(shape, name), place)
        key, slot = key_for(shape, name, value, place)
        if slot.many:
            items = Items(element, key)
            items.insert(len(items), value, place)
        else:
            write(element, key, value)
    return element


def write(parent: Object, key: str, value: Value) -> None:
    for name, written in ((key, value.value), (f"_{key}", value.twin)):
        if written is not None:
            parent[name] = written


class Items:
    """A list of an element and the one beside it, where a primitive has ids and extensions; they keep in step."""

    def __init__(self, parent: Object, key: str) -> None:
        self.parent = parent
        self.key = key
        values, twins = parent.get(key, []), parent.get(f"_{key}", [])
        self.pairs = list(_padded(values, twins))

    def __len__(self) -> int:
        return len(self.pairs)

    def insert(self, index: int, value: Value, place: str) -> None:
        if not 0 <= index <= len(self.pairs):
            raise Unprocessable("The list has no such place", place)
        self.pairs.insert(index, (value.value, value.twin))
        self._write()

    def take(self, index: int, place: str) -> Value:
        if not 0 <= index < len(self.pairs):
            raise Unprocessable("The list has no such place", place)
        value, twin = self.pairs.pop(index)
        self._write()
        return Value(value, twin)

    def _write(self) -> None:
        for key, column in ((self.key, [pair[0] for pair in self.pairs]), (f"_{self.key}", [p[1] for p in self.pairs])):
            if any(item is not None for item in column):
                self.parent[key] = column
            else:
                self.parent.pop(key, None)


def _padded(values: list[Any], twins: list[Any]) -> Iterator[tuple[Any, Any]]:
    for index in range(max(len(values), len(twins))):
        yield (
            values[index] if index < len(values) else None,
            twins[index] if index < len(twins) else None,
        )
