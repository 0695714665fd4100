"""JSON Pointer (RFC 6901): where a JSON Patch acts."""

from __future__ import annotations

import re
from typing import Any

from gateway.faults import Malformed, Unprocessable

LONGEST = 128
"""Steps; resources are nested less deeply."""
POINTER = re.compile(r"(?:/(?:[^~/]|~[01])*)*")
INDEX = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
END = "-"


def steps_of(text: str, place: str) -> list[str]:
    if not POINTER.fullmatch(text) or text.count("/") > LONGEST:
        raise Malformed("Write a JSON Pointer: /name/0/given", place)
    return [step.replace("~1", "/").replace("~0", "~") for step in text.split("/")[1:]]


def value_at(node: Any, steps: list[str], place: str) -> Any:
    for step in steps:
        node = node[key_in(node, step, place)]
    return node


def key_in(node: Any, step: str, place: str) -> Any:
    """The key of something that is there."""
    if isinstance(node, dict) and step in node:
        return step
    if isinstance(node, list) and INDEX.fullmatch(step) and int(step) < len(node):
        return int(step)
    raise missing(place)


def index_for_new(node: list[Any], step: str, place: str) -> int:
    if step == END:
        return len(node)
    if INDEX.fullmatch(step) and int(step) <= len(node):
        return int(step)
    raise missing(place)


def missing(place: str) -> Unprocessable:
    return Unprocessable("The resource has nothing at this path; read it and try again", place)
