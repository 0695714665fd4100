"""Pushing a patient: a transaction Bundle with one entry, POST to create and PUT to update.

HTTP 200 tells nothing: the fate of the write stands in `entry[0].response.status` (codes.py). A create goes out once
(create.py). An update sends the whole resource: what eCW has now, with what the chart changed since both sides last
agreed.
"""

from __future__ import annotations

from gateway.translation.contract import Account, Chart, Flow, Linked, Pushed
from translators.ecw.create import create
from translators.ecw.pushed import REFUSED as REFUSED
from translators.ecw.update import update
from translators.ecw.wire import refuse_incomplete


def push(account: Account, chart: Chart, link: Linked) -> Flow[Pushed]:
    refuse_incomplete(chart.patient)
    if link.external_id is not None:
        return (yield from update(account, chart, link, link.external_id))
    return (yield from create(account, chart, link))
