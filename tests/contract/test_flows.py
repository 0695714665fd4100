"""Declared is implemented, flows are pure, and whatever an EMR answers they end in a result or a fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import msgspec
import pytest

from gateway.faults import ClientFault, EmrBusy, Fault, Misconfigured, NotFound, NotSupported
from gateway.translation.announced import Announcing
from gateway.translation.contract import Call, Chart, Flow, Linked, PullPage, Reply, Translator
from gateway.translation.lens import Interaction
from gateway.translation.rows import Resource
from gateway.translation.wire import ENCODER
from tests.contract.plugins import MOMENT, READINGS, WHOLE, account, each_translator
from tests.contract.transcripts import Transcript, transcript

FOREIGN = ("Observation", "Contract", "Patients", "patient", "")
IDS = ("7", "7-7", "7--7", "7.7", "6f1c2d3e-0a1b-4c2d-8e3f-101112131415", "6f1c2d3e0a1b4c2d8e3f101112131415" * 2)
"""Of every form that live ids have."""
NONSENSE = [
    b"{}",
    b"[]",
    b"null",
    b'"x"',
    b"7",
    b"",
    b"<html>",
    b'{"data": null}',
    b'{"data": [null]}',
    b'[{"id": {}}]',
]


def resources(translator: Translator) -> Iterator[Resource]:
    """What the examples read as."""
    for number, reading in enumerate(r for r in READINGS if r.translator is translator):
        for record in reading.records[:1]:
            yield {**reading.view.to_fhir(record).value, "id": f"id-{number}"}


class Watched(dict[str, tuple[Resource, ...]]):
    """Remembers which types a push has looked at."""

    def __init__(self, resources: dict[str, tuple[Resource, ...]]) -> None:
        super().__init__(resources)
        self.asked: set[str] = set()

    def get(self, type: str, default: Any = None) -> Any:
        self.asked.add(type)
        return super().get(type, default)

    def __getitem__(self, type: str) -> tuple[Resource, ...]:
        self.asked.add(type)
        return super().__getitem__(type)

    def items(self) -> Any:
        self.asked |= set(self)
        return super().items()

    def values(self) -> Any:
        self.asked |= set(self)
        return super().values()


def chart(translator: Translator) -> Chart:
    by_type: dict[str, tuple[Resource, ...]] = {}
    for resource in resources(translator):
        by_type[resource["resourceType"]] = (*by_type.get(resource["resourceType"], ()), resource)
    patient = by_type.pop("Patient", ({"resourceType": "Patient", "id": "p1"},))[0]
    referenced = {f"{type}/{one['id']}": one for type, many in by_type.items() for one in many}
    return Chart(patient, Watched(by_type), referenced)


def flows(translator: Translator) -> dict[str, Callable[[], Flow[Any]]]:
    """Every flow of a translator, ready to start."""
    to = account(translator)
    full = chart(translator)
    new, old = Linked(full.patient["id"]), Linked(full.patient["id"], "7", next(_records(translator), None))
    started: dict[str, Callable[[], Flow[Any]]] = {
        "test": lambda: translator.test(to, MOMENT),
        "push new": lambda: translator.push(to, full, new, MOMENT),
        "push old": lambda: translator.push(to, full, old, MOMENT),
        "pull": lambda: translator.pull(to, None, [old], MOMENT, frozenset()),
        "pull on": lambda: pull_on(translator, old),
    }
    for type in sorted({map.type for kind in translator.kinds for map in kind.maps}):
        started[f"pull {type}"] = partial(translator.pull, to, None, [old], MOMENT, frozenset({type}))
    if isinstance(translator, Announcing):
        started["fetch"] = partial(translator.fetch, to, named(translator), [old], MOMENT)
    if translator.token(to, "", MOMENT) is not None:
        started["token"] = lambda: translator.token(to, "", MOMENT)  # type: ignore[assignment,return-value]
    for type in declared(translator, Interaction.READ):
        started[f"read {type}"] = partial(translator.read, to, type, "7")
    for type in declared(translator, Interaction.SEARCH):
        started[f"search {type}"] = partial(translator.search, to, type, [("_id", "7")])
    return started


def named(translator: Announcing) -> list[str]:
    """The charts that webhooks name whose bodies are the vendor's own documents: webhooks, where it publishes them."""
    records = [example for kind in translator.kinds for example in kind.examples]  # type: ignore[attr-defined]
    return [key for record in records for key in translator.named(msgspec.json.encode(record, enc_hook=str))]


@each_translator
def test_whatever_a_webhook_says_names_charts_or_none(translator: Translator) -> None:
    if isinstance(translator, Announcing):
        assert named(translator)
        for body in (b"", b"\xff\x00", b"[" * 100_000, b'{"patient_id": [], "casefile_id": {}}', b"1:" * 50_000):
            assert list(translator.named(body)) == []


def pull_on(translator: Translator, known: Linked) -> Flow[PullPage]:
    """Page after page, as long as the EMR leads on."""
    cursor, more, page = None, True, PullPage((), None, more=False)
    while more:
        page = yield from translator.pull(account(translator), cursor, [known], MOMENT, frozenset())
        cursor, more = page.cursor, page.more
    return page


def _records(translator: Translator) -> Iterator[dict[str, Any]]:
    return (r.records[0] for r in READINGS if r.translator is translator and r.table.type == "Patient" and r.records)


def declared(translator: Translator, interaction: Interaction) -> list[str]:
    return sorted(type for type, table in translator.maps.items() if interaction in table.interactions)


FLOWS = [
    pytest.param(flow, id=f"{translator.name}-{name}")
    for translator in WHOLE
    for name, flow in flows(translator).items()
]


def always(reply: Reply | Fault) -> Callable[[Call], Reply | Fault]:
    return lambda call: reply


def answers(translator: Translator) -> list[Reply | Fault]:
    """Plausible answers: each example, alone and in a list, nothing, and faults."""
    examples = [example for kind in translator.kinds for example in kind.examples[:1]]
    bodies: list[Any] = [{}, [], *examples, *([example] for example in examples)]
    replies: list[Reply | Fault] = [Reply(200, {}, ENCODER.encode(body)) for body in bodies]
    return [*replies, Reply(201, {"location": "https://emr.example/base/x/7"}, b""), NotFound("none"), EmrBusy("later")]


@pytest.mark.parametrize("flow", FLOWS)
def test_whatever_an_emr_answers_a_flow_ends_in_a_result_or_a_fault(flow: Callable[[], Flow[Any]]) -> None:
    for body in NONSENSE:
        told = transcript(flow, always(Reply(200, {}, body)))
        assert told.ending is not None, body


@each_translator
def test_flows_are_pure(translator: Translator) -> None:
    for name, flow in flows(translator).items():
        for reply in answers(translator):
            one, other = transcript(flow, always(reply)), transcript(flow, always(reply))
            assert one == other, name


@each_translator
def test_a_fault_of_the_emr_comes_through_or_is_dealt_with(translator: Translator) -> None:
    for name, flow in flows(translator).items():
        told = transcript(flow, always(EmrBusy("come back later")))
        assert told.ending != "cut off", f"{name} goes on for ever while the EMR is busy"


@each_translator
def test_calls_are_below_the_base_url_and_serialisable(translator: Translator) -> None:
    for name, flow in flows(translator).items():
        for reply in answers(translator):
            for method, path, query, json, form, headers, *_ in _calls(transcript(flow, always(reply))):
                assert method in {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"}, name
                assert path.startswith(("/", "https://")), name
                assert all(isinstance(part, str) for pair in query for part in pair), name
                assert json is None or form is None, f"{name}: two bodies"
                assert all(isinstance(value, str) for value in {**(form or {}), **headers}.values()), name
                msgspec.json.decode(ENCODER.encode(json))


def _calls(told: Transcript) -> Iterator[tuple[Any, ...]]:
    return (call for step in told.steps for call in step)


@each_translator
def test_declared_reads_ask_the_emr_and_others_are_refused(translator: Translator) -> None:
    to = account(translator)
    known = declared(translator, Interaction.READ)
    for type in known:
        told = [transcript(partial(translator.read, to, type, id), always(NotFound("none"))) for id in IDS]
        assert any(one.steps for one in told), f"read {type} asks for nothing"
    for type in {*FOREIGN, *translator.maps}.difference(known):
        assert_refused(partial(translator.read, to, type, "7"), f"read {type}")


@each_translator
def test_declared_searches_ask_the_emr_and_others_are_refused(translator: Translator) -> None:
    to, busy = account(translator), always(EmrBusy("later"))
    known = declared(translator, Interaction.SEARCH)
    for type in known:
        for parameter in sorted(translator.maps[type].search) or ["_id"]:
            told = [transcript(partial(translator.search, to, type, [(parameter, id)]), busy) for id in IDS]
            refused = [one for one in told if isinstance(one.ending, dict)]
            assert refused or any(one.steps for one in told), f"search {type}?{parameter} asks for nothing"
    for type in {*FOREIGN, *translator.maps}.difference(known):
        assert_refused(partial(translator.search, to, type, []), f"search {type}")


def assert_refused(flow: Callable[[], Flow[Any]], what: str) -> None:
    running = None
    try:
        running = flow()
        calls = next(running)
    except (NotFound, NotSupported):
        return
    except StopIteration:
        pytest.fail(f"{what} is not declared, and answers all the same")
    pytest.fail(f"{what} is not declared, and asks for {calls}")


@each_translator
def test_the_fhir_id_of_a_read_is_not_trusted(translator: Translator) -> None:
    """Ids that would lead elsewhere are escaped or refused, never put into a path as they are."""
    to = account(translator)
    for type in declared(translator, Interaction.READ):
        for id in ("../admin", "a/b", "a?b=c", "a#b", "a b", "é", "%2e%2e"):
            told = transcript(partial(translator.read, to, type, id), always(NotFound("none")))
            assert all(id not in call[1] for call in _calls(told)), f"read {type} {id}"


@each_translator
def test_every_written_map_is_reached_by_a_push(translator: Translator) -> None:
    written = {*declared(translator, Interaction.CREATE), *declared(translator, Interaction.UPDATE)} - {"Patient"}
    to = account(translator)
    asked: set[str] = set()
    for reply in answers(translator):
        for link in (Linked("id-0"), Linked("id-0", "7", next(_records(translator), None))):
            full = chart(translator)
            transcript(partial(translator.push, to, full, link, MOMENT), always(reply))
            assert isinstance(full.resources, Watched)
            asked |= full.resources.asked
    assert sorted(written - asked) == []


@each_translator
def test_a_push_is_refused_or_asks_the_emr(translator: Translator) -> None:
    to = account(translator)
    told = transcript(lambda: translator.push(to, chart(translator), Linked("id-0"), MOMENT), always(EmrBusy("later")))
    assert told.steps


@each_translator
def test_hostile_settings_are_misconfigured_at_worst(translator: Translator) -> None:
    for flow in flows(translator).values():
        try:
            next(flow(), None)
        except (Misconfigured, ClientFault):
            continue
