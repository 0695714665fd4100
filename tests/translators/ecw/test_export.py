"""The Group export: asked for, waited for over runs, read in pieces, thrown away; and what eCW may refuse."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from gateway.faults import EmrDenied, EmrNonsense, Misconfigured
from gateway.translation.contract import Linked, Pulled, PullPage
from tests.translators.ecw.world import HOST, World, account, reply
from translators.ecw import export, translator
from translators.ecw.export import FLAWED, LOST, RUNNING
from translators.ecw.run import Cursor, Job, Run
from translators.ecw.sandbox import BASE
from translators.ecw.sandbox_data import PATIENT

SETTINGS = {"group": "G1", "modules": "Patient Coverage Encounter", "new_days": "0"}
KNOWN = [Linked("local-1", PATIENT)]


async def world(**settings: str) -> World:
    made = World(account({**SETTINGS, **settings}))
    await made.staff("group", id="G1", patients=[PATIENT])
    return made


async def pages(world: World, cursor: str | None, known: list[Linked]) -> list[PullPage]:
    """One run; who is told to wait, waits."""
    found: list[PullPage] = []
    world.pass_time(1)
    moment = world.moment()
    while True:
        page = await world.run(translator.pull(world.account, cursor, known, moment, frozenset()))
        found.append(page)
        cursor = page.cursor
        world.pass_time(page.wait)
        if not page.more:
            return found


def charts(found: list[PullPage]) -> list[Pulled]:
    return [chart for page in found for chart in page.charts]


def notes(found: list[PullPage]) -> list[str]:
    return [note for page in found for note in page.notes]


async def test_everything_of_the_group_comes_and_then_only_what_changed() -> None:
    emr = await world()
    found = await pages(emr, None, [])
    assert [page.wait for page in found if page.wait] == [120.0]
    patient, *others = charts(found)
    assert (patient.patient_key, [part.lens.type for part in patient.parts]) == (PATIENT, ["Patient"])
    # Nobody knew the patient while the files were read, so the whole chart was.
    assert {tuple(part.lens.type for part in chart.parts) for chart in others} == {("Patient", "Coverage", "Encounter")}
    assert not emr.sandbox.state["exports"]["jobs"], "thrown away"
    (asked,) = (path for _, path in emr.calls if path.startswith("/Group/"))
    assert asked == "/Group/G1/$export?_type=Patient%2CCoverage%2CEncounter"
    emr.pass_time(10)
    await emr.staff("coverage", patient=PATIENT, subscriberId="MEM-7")
    found = await pages(emr, found[-1].cursor, KNOWN)
    exported = charts(found)[1:]
    assert [[part.record["subscriberId"] for part in chart.parts] for chart in exported] == [["MEM-7"]]
    assert exported[0].local_id == "local-1"
    assert "_since=2026-03-01T12" in [path for _, path in emr.calls if path.startswith("/Group/")][1]


async def test_an_export_that_takes_long_is_taken_by_a_later_run_with_a_new_token() -> None:
    emr = await world()
    await emr.staff("export-pace", seconds=4000, retry_after=600)
    found = await pages(emr, None, [])
    assert notes(found) == ["eClinicalWorks still prepares the Group export, 45% done: the next pull takes it"]
    assert charts(found) == []
    found = await pages(emr, found[-1].cursor, [])
    assert notes(found) == ["eClinicalWorks still prepares the Group export, 90% done: the next pull takes it"]
    found = await pages(emr, found[-1].cursor, [])
    assert (charts(found)[0].patient_key, notes(found)) == (PATIENT, [])
    assert sum(path.startswith("/Group/") for _, path in emr.calls) == 1, "asked for once"
    assert len(emr.sandbox.state["tokens"]) > 2, "tokens of 300 seconds"


async def test_a_cursor_that_forgot_its_export_waits_until_the_other_one_is_over() -> None:
    emr = await world()
    await emr.staff("export-pace", seconds=100_000)
    await pages(emr, None, [])
    assert notes(await pages(emr, None, [])) == [RUNNING]


async def test_an_export_that_eclinicalworks_threw_away_is_asked_for_anew() -> None:
    emr = await world()
    await emr.staff("export-pace", seconds=100_000)
    found = await pages(emr, None, [])
    emr.sandbox.state["exports"]["jobs"].clear()
    found = await pages(emr, found[-1].cursor, [])
    assert notes(found) == [LOST]
    await emr.staff("export-pace", seconds=0)
    assert charts(await pages(emr, found[-1].cursor, []))


async def test_a_group_that_is_not_the_practices_is_the_operators_to_mend() -> None:
    emr = await world(group="Group/G2")
    with pytest.raises(EmrDenied, match="setting group"):
        await pages(emr, None, [])


@pytest.mark.parametrize(
    ("fault", "said", "exported"),
    [
        ("export-stuck", "eClinicalWorks still prepares the Group export, 99% done: the next pull takes it", ""),
        ("export-lost", LOST, ""),
        ("export-incomplete", FLAWED, ""),
        ("repeated-next", None, "2026-03-01T12:00:01.000+00:00"),
    ],
)
async def test_what_fails_about_an_export_is_told_and_asked_for_again(
    fault: str, said: str | None, exported: str
) -> None:
    emr = await world()
    emr.sandbox.switch([fault])
    found = await pages(emr, None, [])
    assert notes(found) == ([said] if said else [])
    assert msgspec.json.decode(found[-1].cursor or "{}", type=Cursor).exported == exported


async def test_a_group_that_nobody_authorised_fails_the_pull_in_words() -> None:
    emr = await world()
    emr.sandbox.switch(["group-not-authorized"])
    with pytest.raises(EmrDenied, match="authorised"):
        await pages(emr, None, [])


async def test_scopes_that_lack_the_groups_are_named() -> None:
    emr = await world(scope="system/Patient.read system/Coverage.r system/Encounter.read")
    with pytest.raises(Misconfigured, match=r"system/Group\.read"):
        await pages(emr, None, [])


def test_bulk_and_other_requests_never_share_a_scope_set() -> None:
    (call,) = next(export.export(_run(), Cursor()))
    assert call.token is not None
    assert set(call.token.split()) == {
        "system/Group.read", "system/Patient.read", "system/Coverage.r", "system/Encounter.read"
    }  # fmt: skip
    assert call.headers["Prefer"] == "respond-async"


def _run() -> Any:
    return Run.of(account(SETTINGS), KNOWN, World().moment(), frozenset())


def _reading(**more: Any) -> Cursor:
    job = Job(url=f"{HOST}{BASE}/$poll?job_id=1", files=(("Patient", f"{HOST}{BASE}/file/1"),), time="T1", **more)
    return Cursor(exported="T0", job=job)


def _lines(*ids: str) -> bytes:
    return b"".join(json.dumps({"resourceType": "Patient", "id": id}).encode() + b"\n" for id in ids)


def step(place: Cursor, *replies: Any) -> Any:
    """One page, its calls answered in turn."""
    flow = export.export(_run(), place)
    next(flow)
    try:
        for each in replies:
            flow.send((each,))
    except StopIteration as stop:
        return stop.value
    raise AssertionError("it asks for more")


def test_files_are_read_in_pieces_from_servers_that_have_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = _lines("A", "B", "C")
    monkeypatch.setattr(export, "PIECE", len(_lines("A", "B")) + 3)
    flow = export.export(_run(), _reading())
    (call,) = next(flow)
    assert (call.path, call.headers["Range"]) == ("/file/1", f"bytes=0-{export.PIECE - 1}")
    first = step(_reading(), reply(whole[: export.PIECE], 206, **{"content-range": f"bytes 0-1/{len(whole)}"}))
    assert [chart.patient_key for chart in first.charts] == ["A", "B"]
    assert (first.is_over, first.place.job.offset) == (False, len(_lines("A", "B")))
    rest = reply(whole[first.place.job.offset :], 206, **{"content-range": f"bytes 1-2/{len(whole)}"})
    last = step(first.place, rest, reply(b"", 202))
    assert ([chart.patient_key for chart in last.charts], last.is_over) == (["C"], True)
    assert (last.place.exported, last.place.job) == ("T1", None)


def test_servers_without_ranges_send_all_of_it_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = _lines("A", "B", "C")
    monkeypatch.setattr(export, "PIECE", len(_lines("A", "B")))
    first = step(_reading(), reply(whole))
    assert [chart.patient_key for chart in first.charts] == ["A", "B"]
    assert [chart.patient_key for chart in step(first.place, reply(whole), reply(b"", 202)).charts] == ["C"]
    assert step(_reading(offset=9), reply(b"", 416), reply(b"", 202)).charts == ()


def test_a_line_longer_than_a_piece_is_asked_for_again_and_larger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "PIECE", 8)
    monkeypatch.setattr(export, "LONGEST_LINE", 200)
    whole = _lines("A", "B")
    got = [reply(whole[:size], 206, **{"content-range": f"bytes 0-1/{len(whole)}"}) for size in (8, 32)]
    done = step(_reading(), *got, reply(whole), reply(b"", 202))
    assert [chart.patient_key for chart in done.charts] == ["A", "B"]
    with pytest.raises(EmrNonsense, match="longer"):
        step(_reading(), *(reply(b"x" * size, 206, **{"content-range": "bytes 0-1/999"}) for size in (8, 32, 128)))


@pytest.mark.parametrize("line", [b"nonsense", b"[]", b'{"resourceType":"Slot","id":"A"}', b"\xff", b"[" * 100_000])
def test_what_is_no_record_is_left_out_and_the_time_is_asked_for_again(line: bytes) -> None:
    done = step(_reading(), reply(line + b"\n\n" + _lines("A")), reply(b"", 202))
    assert [chart.patient_key for chart in done.charts] == ["A"]
    assert (done.place.exported, done.notes) == ("T0", (FLAWED,))


def test_a_newcomer_of_the_files_who_cannot_be_told_is_asked_for_again() -> None:
    job = Job(url=f"{HOST}{BASE}/$poll?job_id=1", files=(("Encounter", f"{HOST}{BASE}/file/1"),), time="T1")
    flow = export.export(_run(), Cursor(exported="T0", job=job))
    next(flow)
    line = {"resourceType": "Encounter", "id": "E1", "subject": {"reference": f"{HOST}{BASE}/Patient/new"}}
    (call, *_) = flow.send((reply(line),))
    assert call.path == "/Patient/new"
    (ended,) = flow.throw(EmrNonsense("status 500"))
    assert ended.method == "DELETE"
    with pytest.raises(StopIteration) as stop:
        flow.send((reply(b"", 202),))
    assert (stop.value.value.place.exported, stop.value.value.notes) == ("T0", (FLAWED,))


def test_parts_that_eclinicalworks_could_not_export_are_asked_for_again() -> None:
    asked = Cursor(exported="T0", job=Job(url=f"{HOST}{BASE}/$poll?job_id=1"))
    output = [{"type": "Patient", "url": f"{HOST}{BASE}/file/1"}, {"type": "Location", "url": "x"}, "odd"]
    manifest = {"transactionTime": "T1", "output": output, "error": [{"type": "OperationOutcome", "url": "x"}]}
    ready = step(asked, reply(manifest))
    assert (ready.notes, ready.place.job.files) == ((FLAWED,), (("Patient", f"{HOST}{BASE}/file/1"),))
    assert step(ready.place, reply(_lines("A")), reply(b"", 202)).place.exported == "T0"
    nothing = step(asked, reply({"transactionTime": "T1", "output": []}), reply(b"", 202))
    assert (nothing.is_over, nothing.place.exported) == (True, "T1")


@pytest.mark.parametrize("answer", [reply({}), reply([]), reply({"output": []}), reply(b"<html>")])
def test_an_export_that_ends_in_nonsense_is_told(answer: Any) -> None:
    with pytest.raises(EmrNonsense):
        step(Cursor(job=Job(url=f"{HOST}{BASE}/$poll?job_id=1")), answer)


def test_an_export_without_an_address_is_nonsense() -> None:
    with pytest.raises(EmrNonsense):
        step(Cursor(), reply(b"", 202))


def test_a_file_that_is_gone_ends_the_export() -> None:
    assert step(_reading(), reply(b"", 404)).place.job is None
