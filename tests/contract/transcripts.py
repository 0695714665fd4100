"""Drives a flow with given answers and writes down what it asks for and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gateway.faults import Fault
from gateway.outcome import outcome_of
from gateway.translation.contract import Call, Flow, Reply

STEPS = 25
"""A flow that goes on longer than this with one and the same answer is cut off."""
Answer = Callable[[Call], Reply | Fault]


@dataclass
class Transcript:
    """Everything that can be seen of one run."""

    steps: list[tuple[Any, ...]] = field(default_factory=list)
    ending: Any = None


def transcript(flow: Callable[[], Flow[Any]], answer: Answer) -> Transcript:
    """Faults end a run like results do; anything else comes out as the error that it is."""
    told = Transcript()
    try:
        _drive(flow(), answer, told)
    except Fault as fault:
        told.ending = outcome_of(fault)
    return told


def _drive(running: Flow[Any], answer: Answer, told: Transcript) -> None:
    outcome: Any = None
    try:
        for _ in range(STEPS):
            calls = running.throw(outcome) if isinstance(outcome, Fault) else running.send(outcome)
            told.steps.append(tuple(_seen(call) for call in calls))
            replies = tuple(answer(call) for call in calls)
            outcome = next((reply for reply in replies if isinstance(reply, Fault)), replies)
        told.ending = "cut off"
    except StopIteration as stop:
        told.ending = repr(stop.value)
    finally:
        running.close()


def _seen(call: Call) -> tuple[Any, ...]:
    guarded = transcript(call.guard, lambda _: Reply(200, {}, b"{}")).steps if call.guard else None
    return call.method, call.path, call.query, call.json, call.form, dict(call.headers), call.token, guarded
