"""What tests of pulls share: the charts of pages, the links that a gateway would keep of them, many people."""

from __future__ import annotations

from gateway.translation.contract import Linked, Pulled, PullPage
from tests.translators.kipu.desk import Desk


def charts(pages: list[PullPage]) -> list[Pulled]:
    return [chart for page in pages for chart in page.charts if chart.patient_key]


def linked(found: list[Pulled]) -> tuple[Linked, ...]:
    return tuple(Linked(f"p-{i}", c.patient_key, c.parts[0].record) for i, c in enumerate(found))


async def many(desk: Desk, count: int) -> None:
    for number in range(count):
        await desk.staff("admit", last_name=f"Person{number:03d}")
