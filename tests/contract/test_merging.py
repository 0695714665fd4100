"""The three-way merge of gateway/sync, over every map of every translator: what one side alone changed survives."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, given, settings

from gateway.sync.reconcile import CRM_WINS, EMR_WINS, reconciled
from gateway.translation.rows import Record
from gateway.translation.view import View
from tests.contract.drawing import records
from tests.contract.plugins import Reading, each_reading
from tests.contract.test_laws import read_examples

MERGE = settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@each_reading
def test_two_sides(reading: Reading) -> None:
    read_examples(reading)
    drawn = records(reading)

    @MERGE
    @given(drawn, drawn, drawn)
    def law(base: Record, record: Record, other: Record) -> None:
        check(reading.view, base, record, other)

    law()


def check(view: View, base: Record, record: Record, other: Record) -> None:
    """`other` is what the CRM made of the patient, in the EMR's words."""
    local = view.absorb(other, view.to_fhir(base).value, base).value
    both = [reconciled(view, local, base, record, winner) for winner in (EMR_WINS, CRM_WINS)]
    # What nobody changed at the EMR is no news, whatever was changed here.
    assert reconciled(view, local, base, base, CRM_WINS).resource == local
    # What nobody changed here is taken as it came.
    fresh = view.to_fhir(base).value
    assert reconciled(view, fresh, base, record, CRM_WINS).resource == view.absorb(record, fresh, base).value
    # Where nothing is in dispute, the rule makes no difference.
    if not both[0].disagreements and not both[1].disagreements:
        assert both[0].resource == both[1].resource
    # Taken once, it is no news any more.
    for each in both:
        assert reconciled(view, each.resource, record, record, EMR_WINS).resource == each.resource
