"""How long validation takes beside fhir.resources: a US Core Patient alone, and a Bundle of a hundred.

    python -m benchmarks.validation

Times are the best of several runs of processor time, so that what else the machine does matters little.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from copy import deepcopy

from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.patient import Patient

from gateway.definitions import load
from tests.gateway.definitions.profiles.instances import INSTANCES

RUNS = 9


def microseconds(work: Callable[[], object], times: int) -> float:
    work()
    best = float("inf")
    for _ in range(RUNS):
        began = time.process_time()
        for _ in range(times):
            work()
        best = min(best, (time.process_time() - began) / times)
    return best * 1e6


def main() -> None:
    definitions, patient = load(), INSTANCES["us-core-patient"]
    entry = {"resource": patient, "request": {"method": "POST", "url": "Patient"}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [deepcopy(entry) for _ in range(100)]}
    plain = {name: value for name, value in patient.items() if name != "meta"}
    rows = (
        ("Patient that claims US Core", patient, Patient, 200),
        ("Patient that claims nothing", plain, Patient, 200),
        ("Bundle of a hundred", bundle, Bundle, 3),
    )
    for name, resource, model, times in rows:
        ours = microseconds(lambda resource=resource: definitions.validate(resource), times)  # type: ignore[misc]
        theirs = microseconds(lambda resource=resource, model=model: model.model_validate(resource), times)  # type: ignore[misc]
        print(f"{name:30} {ours:10.0f} µs   fhir.resources {theirs:10.0f} µs   1/{theirs / ours:.1f}")


if __name__ == "__main__":
    main()
