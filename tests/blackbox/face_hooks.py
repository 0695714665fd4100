"""What Schemathesis' own process loads: ids that are there, in place of some of those that it makes up.

Only where what it has made up is an id: a request that is meant to be wrong stays wrong. FACE_IDS holds them as JSON,
by the name of the parameter or member.
"""

from __future__ import annotations

import itertools
import json
import os
import re
from collections.abc import Mapping
from typing import Any
from zlib import crc32

import schemathesis

KEY, SOUND_KEY, NUMBERS = "Idempotency-Key", re.compile(r"[!-~]([ -~]{0,200}[!-~])?"), itertools.count(1)
KNOWN: Mapping[str, list[str]] = json.loads(os.environ["FACE_IDS"])
ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@schemathesis.hook
def map_path_parameters(context: schemathesis.HookContext, path_parameters: Any) -> Any:
    """Here a uuid is what a link has led to; made up ones are of letters and dots."""
    made_up = {name: value for name, value in path_parameters.items() if not UUID.fullmatch(str(value))}
    return {**path_parameters, **known(made_up, context.operation.path if context.operation else "")}


@schemathesis.hook
def map_query(context: schemathesis.HookContext, query: Any) -> Any:
    return known(query)


@schemathesis.hook
def map_body(context: schemathesis.HookContext, body: Any) -> Any:
    return known(body)


@schemathesis.hook
def map_headers(context: schemathesis.HookContext, headers: Any) -> Any:
    """A key that came before is answered as it was then, although what was made has been archived since."""
    for name, value in dict(headers or {}).items():
        if name == KEY and isinstance(value, str) and SOUND_KEY.fullmatch(value):
            headers[name] = f"{value}{next(NUMBERS)}"
    return headers


def known(given: Any, path: str = "") -> Any:
    if not isinstance(given, dict):
        return given
    return {name: one_of(ids_of(name, path), value) for name, value in given.items()}


def ids_of(name: str, path: str) -> list[str]:
    """The records of a chart are those of one patient; definitions are of three kinds."""
    kind = next((kind for kind in ("alert", "field", "tag") if f"/patient-{kind}-definitions" in path), "")
    return KNOWN.get(f"{kind}_{name}" if name == "definition_uuid" else name, [])


def one_of(ids: list[str], made_up: Any) -> Any:
    """Always the same for the same; one in four stays as it is."""
    if not ids or not isinstance(made_up, str) or not ID.fullmatch(made_up):
        return made_up
    drawn = crc32(made_up.encode())
    return made_up if drawn % 4 == 0 else ids[drawn // 4 % len(ids)]
