"""JSON Patch (RFC 6902) on a resource.

Copies could double a document with each operation: what operations copy and compare is counted, and bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from gateway.faults import Malformed, TooLarge, Unprocessable
from gateway.patching.pointer import index_for_new, key_in, steps_of, value_at

MOST_OPERATIONS = 1000
MOST_WORK = 1_000_000
"""Values and characters, over all operations of a patch."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation; `source` is its `from`."""

    op: str
    path: list[str]
    source: list[str]
    value: Any
    place: str


def operations(document: Any) -> list[Operation]:
    """Raises Malformed."""
    if not isinstance(document, list):
        raise Malformed("A JSON Patch is an array of operations")
    if len(document) > MOST_OPERATIONS:
        raise TooLarge(f"A patch has at most {MOST_OPERATIONS} operations; send several")
    return [_operation(item, f"[{index}]") for index, item in enumerate(document)]


def _operation(item: Any, place: str) -> Operation:
    op = item.get("op") if isinstance(item, dict) else None
    if not isinstance(op, str) or op not in PERFORM:
        raise Malformed(f"op is one of {', '.join(PERFORM)}", f"{place}.op")
    if op in ("add", "replace", "test") and "value" not in item:
        raise Malformed(f"{op} needs a value", f"{place}.value")
    source = _pointer(item, "from", place) if op in ("move", "copy") else []
    return Operation(op, _pointer(item, "path", place), source, item.get("value"), place)


def _pointer(item: Mapping[str, Any], name: str, place: str) -> list[str]:
    text = item.get(name)
    if not isinstance(text, str):
        raise Malformed("A JSON Pointer is needed here", f"{place}.{name}")
    return steps_of(text, f"{place}.{name}")


def patched(resource: dict[str, Any], operations: list[Operation]) -> Any:
    """The resource after all operations. `resource` is changed; what refuses leaves it half done."""
    run = _Run(resource)
    for operation in operations:
        PERFORM[operation.op](run, operation)
    return run.document


class _Run:
    """The document between two operations."""

    def __init__(self, document: Any) -> None:
        self.document = document
        self.work = 0

    def add(self, operation: Operation) -> None:
        self.put(operation.path, self.copied(operation.value), operation.place)

    def remove(self, operation: Operation) -> None:
        self.take(operation.path, f"{operation.place}.path")

    def replace(self, operation: Operation) -> None:
        place = f"{operation.place}.path"
        value = self.copied(operation.value)
        if not operation.path:
            self.document = value
            return
        *above, last = operation.path
        parent = value_at(self.document, above, place)
        parent[key_in(parent, last, place)] = value

    def move(self, operation: Operation) -> None:
        if operation.path[: len(operation.source)] == operation.source != operation.path:
            raise Unprocessable("A value cannot move into itself", f"{operation.place}.path")
        value = self.take(operation.source, f"{operation.place}.from")
        self.put(operation.path, value, operation.place)

    def copy(self, operation: Operation) -> None:
        value = value_at(self.document, operation.source, f"{operation.place}.from")
        self.put(operation.path, self.copied(value), operation.place)

    def test(self, operation: Operation) -> None:
        self.count(operation.value)
        if not equal(value_at(self.document, operation.path, f"{operation.place}.path"), operation.value):
            raise Unprocessable("The value here is another one; read the resource and try again", operation.place)

    def put(self, path: list[str], value: Any, place: str) -> None:
        if not path:
            self.document = value
            return
        *above, last = path
        parent = value_at(self.document, above, f"{place}.path")
        if isinstance(parent, list):
            parent.insert(index_for_new(parent, last, f"{place}.path"), value)
        elif isinstance(parent, dict):
            parent[last] = value
        else:
            raise Unprocessable("Only objects and arrays hold values", f"{place}.path")

    def take(self, path: list[str], place: str) -> Any:
        if not path:
            raise Unprocessable("The whole resource cannot be taken away; delete it instead", place)
        *above, last = path
        parent = value_at(self.document, above, place)
        key = key_in(parent, last, place)
        return parent.pop(key)

    def copied(self, value: Any) -> Any:
        self.count(value)
        return deepcopy(value)

    def count(self, value: Any) -> None:
        waiting = [value]
        while waiting:
            node = waiting.pop()
            self.work += len(node) + 1 if isinstance(node, str) else 1
            if self.work > MOST_WORK:
                raise TooLarge("The patch copies too much; send the resource by PUT")
            if isinstance(node, dict):
                waiting.extend(node.values())
            elif isinstance(node, list):
                waiting.extend(node)


PERFORM: dict[str, Callable[[_Run, Operation], None]] = {
    "add": _Run.add,
    "remove": _Run.remove,
    "replace": _Run.replace,
    "move": _Run.move,
    "copy": _Run.copy,
    "test": _Run.test,
}


def equal(one: Any, other: Any) -> bool:
    """RFC 6902, 4.6: numbers by their value, objects whatever their order; true is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equal, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | Decimal) and isinstance(other, int | Decimal):
        return one == other
    return type(one) is type(other) and bool(one == other)
