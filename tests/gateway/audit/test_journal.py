"""The journal keeps what was appended, whatever becomes of its process, and is taken over by the next one."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.audit.access import Access, encoded, floor_of, mentions, numbered
from gateway.audit.journal import Journal, abandoned, files, lines
from gateway.audit.trail import Trail
from gateway.services import Services
from gateway.store.open import system_clock

APPENDING = """
import sys
from pathlib import Path
from gateway.audit.journal import Journal
journal = Journal(Path(sys.argv[1]))
for number in range(100):
    journal.append(b"%d" % number)
print("done", flush=True)
sys.stdin.read()
"""


def read(folder: Path) -> list[bytes]:
    return [line for path in files(folder) for some, _ in lines(path, 0) for line in some]


def access(number: int, org: str = "north") -> Access:
    at = 1_700_000_000_000_000 + number
    return Access(f"{floor_of(at)}-x-{number:x}", at, org, "read", "R", 200, f"Patient/{number}", client="crm")


def test_a_killed_process_loses_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", APPENDING, str(tmp_path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == b"done\n"
    (path,) = files(tmp_path)
    assert abandoned(path) is None
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    process.stdin.close()
    process.stdout.close()
    assert read(tmp_path) == [b"%d" % number for number in range(100)]
    taken = abandoned(path)
    assert taken is not None
    taken.remove()
    assert files(tmp_path) == []


def test_a_torn_line_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "dead.journal"
    path.write_bytes(b"one\ntwo\nthr")
    assert read(tmp_path) == [b"one", b"two"]


def test_its_file_is_the_owners_alone(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "audit")
    journal.append(b"x")
    (path,) = files(tmp_path / "audit")
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0
    segment = journal.rotate()
    assert segment is not None
    segment.remove()


def test_a_full_disk_is_no_success(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append(b"x")
    (path,) = files(tmp_path)
    full = os.open("/dev/full", os.O_WRONLY)
    segment = journal.rotate()
    assert segment is not None
    journal._current = type(segment)(path, full)
    with pytest.raises(OSError, match=r".*"):
        journal.append(b"y")
    os.close(full)
    segment.remove()


async def test_what_a_dead_process_left_is_taken_over(services: Services, tmp_path: Path) -> None:
    folder = tmp_path / "left"
    folder.mkdir()
    left = [access(number) for number in range(50)]
    (folder / "dead.journal").write_bytes(b"".join(encoded(each) + b"\n" for each in left) + b'{"id":"torn')
    trail = Trail(services.store, folder, system_clock)
    async with trail.moving():
        async with asyncio.timeout(10):
            while files(folder):
                await asyncio.sleep(0.01)
    assert await kept(services) == {each.id for each in left}


async def test_it_is_moved_once_whatever_is_repeated(services: Services, tmp_path: Path) -> None:
    trail = Trail(services.store, tmp_path / "own", system_clock)
    for number in range(20):
        trail.record(access(number))
    await trail.flush()
    trail._done.clear()
    await trail.flush()
    assert len(await kept(services)) == 20
    await trail.close()
    assert files(tmp_path / "own") == []


async def test_what_comes_after_the_end_is_kept_at_once_and_nothing_is_left_to_do(
    services: Services, tmp_path: Path
) -> None:
    trail = Trail(services.store, tmp_path / "own", system_clock)
    await trail.close()
    trail.record(access(1))
    assert (trail._later, trail._syncing) == (None, None)
    (left,) = files(tmp_path / "own")
    assert left.read_bytes() == encoded(access(1)) + b"\n"
    await trail.close()
    assert await kept(services) == {access(1).id}


async def test_secured_means_synced(services: Services, tmp_path: Path) -> None:
    trail = Trail(services.store, tmp_path / "own", system_clock)

    async def one(number: int) -> None:
        trail.record(access(number))
        await trail.secure()
        assert trail._synced >= 1

    await asyncio.gather(*(one(number) for number in range(64)))
    assert trail._synced == 64
    await trail.close()


async def test_the_unknown_organisations_have_no_trail(services: Services, tmp_path: Path) -> None:
    trail = Trail(services.store, tmp_path / "own", system_clock)
    trail.record(access(1, "nowhere"))
    trail.record(access(2))
    await trail.close()
    assert await kept(services) == {access(2).id}


async def test_old_events_are_forgotten(services: Services, tmp_path: Path) -> None:
    trail = Trail(services.store, tmp_path / "own", lambda: access(5).at + 86_400_000_000, days=1)
    for number in (1, 9):
        trail.record(access(number))
    await trail.flush()
    await trail._tidy()
    await trail.close()
    assert await kept(services) == {access(9).id}


async def kept(services: Services) -> set[str]:
    from gateway.audit.access import decoded
    from gateway.audit.rows import Window, events

    found = await services.store.session_read(lambda session: events(session, Window(1)))
    return {decoded(body).id for body in found}


def test_ids_are_in_order_of_time() -> None:
    new = numbered()
    ids = [new(at) for at in (1, 2, 1_700_000_000_000_000, 1_700_000_000_000_001)]
    assert ids == sorted(ids)


def test_what_an_event_is_found_by() -> None:
    seen = Access("x", 1, "north", "read", "R", 200, "Observation/9/_history/1", client="crm", user="a@b.example",
                  touched=("Observation/9/_history/1",), patients=("Patient/1",))  # fmt: skip
    assert mentions(seen) == ("Observation/9", "Patient/1")
    for what in (
        "Patient/$match",
        "Patient/_history",
        "Patient",
        "https://a.example/b",
        "Patient/a\x00",
        "Patient/a b",
    ):
        assert mentions(Access("x", 1, "north", "operation", "E", 200, what)) == ()


def test_a_sync_that_begins_in_a_loops_last_turn_leaves_nothing_unrun(tmp_path: Path, services: Services) -> None:
    async def last_turn() -> Trail:
        trail = Trail(services.store, tmp_path / "own", system_clock)
        trail.record(access(1))
        trail._sync_by_itself()
        return trail

    trail = asyncio.run(last_turn())
    gc.collect()  # of a task that never ran, it would complain
    assert trail._syncing is None


def test_it_needs_nothing_of_the_loop_that_ends_before_it(tmp_path: Path, services: Services) -> None:
    """Who runs workflows in the same process gives the loop an executor of theirs, and takes it away when they end."""

    async def at_the_end() -> Trail:
        trail = Trail(services.store, tmp_path / "own", system_clock)
        await asyncio.get_running_loop().shutdown_default_executor()
        trail.record(access(1))
        trail._sync_by_itself()
        await trail.secure()
        await trail.flush()
        return trail

    trail = asyncio.run(at_the_end())
    assert trail._synced == 1
    assert trail._done
