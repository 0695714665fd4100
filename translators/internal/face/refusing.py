"""How this API tells what it refuses: `detail` is text, or with status 422 a list of what is wrong where."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from gateway.translation.face import Problem

INVALID = 422


class Wrong(BaseModel):
    """One thing that is wrong with a request."""

    loc: list[str | int]
    msg: str
    type: str


class ValidationErrors(BaseModel):
    """All that is wrong with a request."""

    detail: list[Wrong]


class Errors(BaseModel):
    """Why nothing was done."""

    detail: list[Wrong] | str


def refusal(status: int, problems: tuple[Problem, ...]) -> dict[str, Any]:
    if status == INVALID:
        return {"detail": [{"loc": list(each.place), "msg": each.text, "type": each.kind} for each in problems]}
    return {"detail": "; ".join(each.text for each in problems)}
