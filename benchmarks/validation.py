"""How long validation takes beside fhir.resources: a US Core Patient alone, and a Bundle of a hundred.

    python -m benchmarks.validation

The two take turns, and of each the best of several runs of processor time counts, so that what else the machine does
matters little. The resources are read from JSON anew for each run, as they are in the gateway.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.patient import Patient

from benchmarks.intake import PATIENT, bundle_of
from gateway.definitions import load

RUNS = 15
Work = Callable[[Any], object]
decode = msgspec.json.Decoder(float_hook=Decimal).decode


def seconds(work: Work, body: bytes, times: int) -> float:
    resources = [decode(body) for _ in range(times)]
    began = time.process_time()
    for resource in resources:
        work(resource)
    return (time.process_time() - began) / times


def measured(ours: Work, theirs: Work, resource: dict[str, Any], times: int) -> tuple[float, float]:
    """The best of both, in microseconds."""
    body = msgspec.json.encode(resource)
    rounds = [(seconds(ours, body, times), seconds(theirs, body, times)) for _ in range(RUNS)]
    return min(mine for mine, _ in rounds) * 1e6, min(other for _, other in rounds) * 1e6


def main() -> None:
    validate = load().validate
    plain = {name: value for name, value in PATIENT.items() if name != "meta"}
    rows = (
        ("Patient that claims US Core", PATIENT, Patient, 200),
        ("Patient that claims nothing", plain, Patient, 200),
        ("Bundle of a hundred, claiming", bundle_of(100), Bundle, 3),
    )
    for name, resource, model, times in rows:
        ours, theirs = measured(validate, model.model_validate, resource, times)
        print(f"{name:30} {ours:10.0f} µs   fhir.resources {theirs:10.0f} µs   1/{theirs / ours:.1f}")


if __name__ == "__main__":
    main()
