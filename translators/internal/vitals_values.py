"""The values of a set of vital signs: their LOINC codes and units, and how other units are told in the API's own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from gateway.translation.codec import Unreadable
from gateway.translation.path import EMPTY, get, parse
from gateway.translation.rows import Bindings, Pair, Record, Resource
from translators.internal.vocabulary import LOINC

UCUM = "http://unitsofmeasure.org"
_DIGITS = re.compile(r"-?(0|[1-9]\d{0,17})(\.\d{1,17})?", re.ASCII)
_TENTH = Decimal("0.1")

Converter = Callable[[Decimal], Decimal]


@dataclass(frozen=True, slots=True)
class Vital:
    """One value of a set."""

    key: str
    codes: tuple[str, ...]
    """LOINC; written with all of them, told by any."""
    display: str
    unit: str
    """UCUM, as written."""
    shown: str
    """The unit as people write it."""
    whole: bool = True
    """A whole number; else decimal digits in a string, as the API answers them."""
    same: frozenset[str] = frozenset()
    """Other units of the same size."""
    others: Mapping[str, Converter] = field(default_factory=dict)


def _times(factor: str) -> Converter:
    return lambda value: value * Decimal(factor)


def _over(divisor: str) -> Converter:
    return lambda value: value / Decimal(divisor)


def _fahrenheit(value: Decimal) -> Decimal:
    return value * 9 / 5 + 32


_BEATS = frozenset({"{beats}/min", "{Beats}/min", "1/min"})
_BREATHS = frozenset({"{breaths}/min", "{Breaths}/min", "1/min"})
_PASCAL = {"kPa": _times("7.50061683")}
VITALS: tuple[Vital, ...] = (
    Vital("bp_systolic", ("8480-6",), "Systolic blood pressure", "mm[Hg]", "mmHg", others=_PASCAL),
    Vital("bp_diastolic", ("8462-4",), "Diastolic blood pressure", "mm[Hg]", "mmHg", others=_PASCAL),
    Vital("pulse", ("8867-4",), "Heart rate", "/min", "beats/minute", same=_BEATS),
    Vital("oxygen_saturation", ("2708-6", "59408-5"), "Oxygen saturation", "%", "%"),
    Vital("temperature_f", ("8310-5",), "Body temperature", "[degF]", "°F", whole=False, others={"Cel": _fahrenheit}),
    Vital("respiration_rate", ("9279-1",), "Respiratory rate", "/min", "breaths/minute", same=_BREATHS),
    Vital(
        "height_inches", ("8302-2",), "Body height", "[in_i]", "in", whole=False,
        others={"cm": _over("2.54"), "m": _over("0.0254"), "[ft_i]": _times("12")},
    ),
    Vital(
        "weight_lbs", ("29463-7",), "Body weight", "[lb_av]", "lb", whole=False,
        others={"kg": _over("0.45359237"), "g": _over("453.59237"), "[oz_av]": _over("16")},
    ),
    Vital("bmi", ("39156-5",), "Body mass index (BMI)", "kg/m2", "kg/m2", whole=False),
    Vital("bmi_percentile", ("59576-9",), "BMI percentile", "%", "%", same=frozenset({"{percentile}"})),
)  # fmt: skip
VITAL_OF: Mapping[str, Vital] = {code: vital for vital in VITALS for code in vital.codes}


def coded(vital: Vital) -> Resource:
    return {"coding": [{"system": LOINC, "code": code, "display": vital.display} for code in vital.codes]}


def quantity(vital: Vital, said: Any) -> Resource:
    """A value of the API as a Quantity."""
    return {"value": _number(vital, said), "unit": vital.shown, "system": UCUM, "code": vital.unit}


def _number(vital: Vital, said: Any) -> int | Decimal:
    if vital.whole:
        if not isinstance(said, int) or isinstance(said, bool) or abs(said) >= 10**18:
            raise Unreadable("expected a whole number")
        return said
    if not isinstance(said, str) or not _DIGITS.fullmatch(said):
        raise Unreadable("expected decimal digits")
    return Decimal(said)


def told(vital: Vital, measured: Any) -> int | str | None:
    """A Quantity in the API's unit; None where that cannot be told."""
    value = measured.get("value") if isinstance(measured, dict) else None
    if not isinstance(value, int | Decimal) or isinstance(value, bool) or "comparator" in measured:
        return None
    unit = measured.get("code") or measured.get("unit")
    if unit in vital.others:
        value = vital.others[unit](Decimal(value)).quantize(_TENTH)
    elif unit not in {vital.unit, vital.shown, *vital.same}:
        return None
    return int(Decimal(value).quantize(Decimal(1))) if vital.whole else f"{Decimal(value):f}"


def value_of(vital: Vital) -> Pair:
    """The row of one value. Another value takes the whole component's place: what was said of the old one is gone."""
    name = f"component[code.coding.code={'|'.join(vital.codes)}]"
    place = parse(name)

    def decode(record: Record, resource: Resource, bindings: Bindings) -> None:
        if (said := record.get(vital.key)) not in EMPTY:
            resource["component"] = [{"code": coded(vital), "valueQuantity": quantity(vital, said)}]

    def encode(resource: Resource, record: Record, bindings: Bindings) -> None:
        component = get(resource, place) or {}
        if (said := told(vital, component.get("valueQuantity"))) is not None:
            record[vital.key] = said

    return Pair((vital.key,), (name,), decode, encode)
