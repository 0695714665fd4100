"""Where tests keep their files: in memory, where the machine has room for them there.

The gateway waits for the disk before it answers a write or a refusal. No test can tell whether a power cut would have
been survived, so here that wait buys nothing and takes longer than the tests themselves.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108 - a mount that Linux has
ENOUGH = 4 << 30
"""Bytes; containers often have 64 MiB there."""
PYTEST = "PYTEST_DEBUG_TEMPROOT"
"""pytest's own name for the folder above all that `tmp_path` gives."""


def room() -> Path:
    in_memory = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ENOUGH
    return MEMORY if in_memory else Path("/tmp")  # noqa: S108 - sockets need a short path


def keep_in_memory() -> None:
    """What pytest hands out, unless the environment says where."""
    os.environ.setdefault(PYTEST, str(room()))
