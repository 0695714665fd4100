"""A run that is killed leaves a server and a folder, and the next one clears them away; those of the living stay."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.leftovers import clear, is_left, server_of, sign
from tests.postgresql import PREFIX, Server

ROOT = Path(__file__).parent.parent
RUN = """
import sys
from tests.postgresql import server
with server() as made:
    print(made.folder, flush=True)
    sys.stdin.read()
"""


def test_what_a_killed_run_left_is_cleared_away(postgresql: Server) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", RUN], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as killed:
        assert killed.stdout is not None
        folder = Path(killed.stdout.readline().strip())
        clear(folder.parent, PREFIX)
        assert server_of(folder) is not None, "it lives"
        killed.kill()
    clear(folder.parent, PREFIX)
    assert server_of(folder) is None
    assert not folder.exists()
    assert server_of(postgresql.folder) is not None


def test_what_does_not_say_who_made_it_stays(tmp_path: Path) -> None:
    said = ("", "1", "nobody", "1 0", "1 0 pid:[0]")
    for number, words in enumerate(said):
        (tmp_path / f"{PREFIX}{number}").mkdir()
        (tmp_path / f"{PREFIX}{number}" / "made-by").write_text(words)
    (tmp_path / f"{PREFIX}unsigned").mkdir()
    (tmp_path / "another").mkdir()
    clear(tmp_path, PREFIX)
    assert len(list(tmp_path.iterdir())) == len(said) + 2


def test_a_number_that_came_again_is_another_process(tmp_path: Path) -> None:
    sign(tmp_path)
    assert not is_left(tmp_path)
    process, _, of = (tmp_path / "made-by").read_text().split()
    (tmp_path / "made-by").write_text(f"{process} 1 {of}")
    assert is_left(tmp_path)
