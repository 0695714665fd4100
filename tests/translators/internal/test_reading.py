"""Charts in full: what a pull brings of them, whom it reads in turn, and what is there no more."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.faults import Misconfigured
from gateway.translation.contract import Call, Linked, Pulled, PullPage, Reply
from tests.translators.internal.driving import World, account
from translators.internal import sweep, translator
from translators.internal.sweep import Place, begun

HOLLOWAY, AMBERLY, TANNHILL = (f"00000000-0000-4000-8000-0000000000a{number}" for number in (1, 2, 3))
PENICILLIN = "00000000-0000-4000-8000-0000000060a1"
HYPERTENSION = "00000000-0000-4000-8000-0000000080c2"
CALLOWAY = "00000000-0000-4000-8000-0000000020d1"
FALL_RISK = "00000000-0000-4000-8000-0000000091e1"
PHARMACY = "00000000-0000-4000-8000-0000000092f1"
NOW = datetime.now(UTC)


async def filled(world: World, key: str = HOLLOWAY) -> dict[str, str]:
    """One of each kind in a chart; answers their keys by place."""
    bodies: dict[str, dict[str, Any]] = {
        "allergies": {"allergy_definition_uuid": PENICILLIN, "reaction": "Hives"},
        "diseases": {"disease_definition_uuid": HYPERTENSION, "date_start": "2019-05-01"},
        "medications": {"med_descript": "Naltrexone", "provider_uuid": CALLOWAY},
        "vital-signs": {"date_taken": "2026-02-03", "pulse": 61},
        "alerts": {"alert_definition_uuid": FALL_RISK},
        "communication-logs": {"communication_datetime": "2026-02-03T10:00:00Z", "note": "Rang"},
        "referral-attributions": {"provider_uuid": CALLOWAY, "attribution_role": "primary"},
        "relationships": {"relationship_type": "parent", "to_patient_uuid": TANNHILL},
    }
    made = {place: await world.api("POST", f"/patients/{key}/{place}", body) for place, body in bodies.items()}
    fields = {"fields": [{"field_definition_uuid": PHARMACY, "value": "Quay Street"}]}
    await world.api("PUT", f"/patients/{key}/field-values", fields)
    return {place: record["id"] for place, record in made.items()}


async def fetched(world: World, key: str = HOLLOWAY) -> tuple[Pulled, Pulled]:
    """The entities, and the chart."""
    entities, chart = await world.run(translator.fetch(world.account, [key], (), world.moment()))
    return entities, chart


def parts(pulled: Pulled) -> dict[str, str]:
    return {part.lens.type: part.key for part in pulled.parts}


async def test_a_chart_has_a_part_for_each_record_and_the_entities_come_before(world: World) -> None:
    made = await filled(world)
    entities, chart = await fetched(world)
    assert parts(chart) == {
        "Patient": HOLLOWAY,
        "AllergyIntolerance": made["allergies"],
        "Condition": made["diseases"],
        "MedicationStatement": made["medications"],
        "Observation": made["vital-signs"],
        "Flag": made["alerts"],
        "Communication": made["communication-logs"],
        "ServiceRequest": made["referral-attributions"],
        "RelatedPerson": made["relationships"],
    }
    assert {part.key for part in entities.parts} >= {PENICILLIN, HYPERTENSION, CALLOWAY, FALL_RISK}
    assert len({(part.lens.type, part.key) for part in entities.parts}) == len(entities.parts)
    patient = chart.parts[0]
    (field,) = [each for each in patient.lens.to_fhir(patient.record).value["extension"] if "custom" in each["url"]]
    assert {"url": "value", "valueString": "Quay Street"} in field["extension"]
    assert chart.unaccounted == ()


async def test_a_record_says_nothing_of_its_row_and_of_the_patients_name(world: World) -> None:
    await filled(world)
    _, chart = await fetched(world)
    for part in chart.parts[1:]:
        assert part.record.keys().isdisjoint({"version", "updated_at", "abnormal_flags", "interaction_warnings"})
        assert all(set(part.record.get(name, {"id": ""})) == {"id"} for name in ("patient", "to_patient"))


async def test_all_that_is_read_of_a_chart_is_whole_but_logs_and_relationships(world: World) -> None:
    await filled(world)
    _, chart = await fetched(world)
    wholes = {whole.lens.type: (set(whole.gone), whole.once) for whole in chart.wholes}
    assert wholes.keys() == parts(chart).keys() - {"Patient", "Communication", "RelatedPerson"}
    assert wholes["Flag"] == ({"status"}, "")
    assert wholes["AllergyIntolerance"] == ({"deleted_at"}, "deleted_at")


async def test_a_pull_of_certain_types_reads_no_other_lists(world: World) -> None:
    await filled(world)
    page: PullPage = await world.run(
        translator.pull(world.account, None, (), world.moment(), frozenset({"AllergyIntolerance"}))
    )
    asked = {call.path.rpartition("/")[2] for call in world.calls}
    assert asked == {"cursor", "allergies", "field-values"}
    (chart,) = [each for each in page.charts if each.patient_key == HOLLOWAY]
    assert parts(chart).keys() == {"Patient", "AllergyIntolerance"}


async def test_a_field_of_a_record_that_the_contract_does_not_have_is_named(world: World) -> None:
    await filled(world)
    original = world.make

    async def extended(call: Call) -> Reply:
        reply = await original(call)
        return replace(reply, body=reply.body.replace(b'"reaction":', b'"mood":"calm","reaction":'))

    world.make = extended  # type: ignore[method-assign]
    _, chart = await fetched(world)
    assert chart.unaccounted == ("allergies.mood",)


# --- in turn ----------------------------------------------------------------------------------------------------------


def known(*keys: str, looked: int = 0) -> tuple[Linked, ...]:
    return tuple(Linked(f"p{number}", key, looked=looked + number) for number, key in enumerate(keys))


async def pulled(world: World, cursor: str | None, people: tuple[Linked, ...]) -> tuple[list[PullPage], str | None]:
    pages: list[PullPage] = []
    while not pages or pages[-1].more:
        page = await world.run(translator.pull(world.account, cursor, people, world.moment(), frozenset()))
        pages, cursor = [*pages, page], page.cursor
    return pages, cursor


def read(pages: list[PullPage]) -> list[str]:
    return [chart.patient_key for page in pages for chart in page.charts if chart.patient_key]


async def test_an_allergy_that_moves_no_patient_is_found_in_turn(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("translators.internal.pull.OVERLAP", -timedelta(seconds=1))
    _, cursor = await pulled(world, None, ())
    made = await world.api("POST", f"/patients/{AMBERLY}/allergies", {"allergy_definition_uuid": PENICILLIN})
    pages, cursor = await pulled(world, cursor, known(HOLLOWAY, AMBERLY))
    assert sorted(read(pages)) == [HOLLOWAY, AMBERLY]
    assert made["id"] in {part.key for page in pages for chart in page.charts for part in chart.parts}
    just_now = int(datetime.now(UTC).timestamp() * 1_000_000) + 60_000_000
    pages, _ = await pulled(world, cursor, known(HOLLOWAY, looked=just_now))
    assert read(pages) == [], "who was read since the pull began is not read again"


async def test_a_patient_who_is_there_no_more_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("translators.internal.pull.OVERLAP", -timedelta(seconds=1))
    _, cursor = await pulled(world, None, ())
    nobody = "00000000-0000-4000-8000-00000000ffff"
    pages, _ = await pulled(world, cursor, known(nobody))
    assert [(chart.patient_key, chart.parts) for page in pages for chart in page.charts if chart.patient_key] == [
        (nobody, ())
    ]
    assert [page.notes for page in pages if page.notes] == [(sweep.GONE,)]


class Many:
    """So many known patients that nobody counts them one by one."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count


@pytest.mark.parametrize(("count", "quota"), [(0, None), (1, 1), (100, 100), (2_400, 100), (64_000, 2_667)])
def test_the_share_of_a_pull(count: int, quota: int | None) -> None:
    place = begun(account(), Many(count), 7)  # type: ignore[arg-type]
    assert place == (None if quota is None else Place(quota, began=7))


@pytest.mark.parametrize("walks", ["0", "often"])
def test_a_share_that_is_none_is_refused(walks: str) -> None:
    with pytest.raises(Misconfigured, match="full_walks"):
        begun(account(full_walks=walks), Many(5), 0)  # type: ignore[arg-type]
