"""The process that commands are forked from: it has imported the gateway, which takes longer than most commands do.

Each message of its socket is a command, with the streams it gets as file descriptors and a last one on which its exit
status is told. A child runs what `python -m gateway` runs, and ends as Python ends.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import struct
import sys
import threading

from gateway import cli
from gateway.definitions import load
from gateway.translation.registry import load_sandboxes, load_translators

LONGEST = 1 << 18
STATUS = struct.Struct("i")


class Forking:
    """One thread, no database and no event loop: a child begins with nothing under way."""

    def __init__(self, orders: socket.socket) -> None:
        self.orders = orders
        self.children: dict[int, int] = {}
        """Process → where its end is told."""
        self.woken, self.waking = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def serve(self) -> None:
        """Returns at the end of the orders, and in every child."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self.waking, warn_on_full_buffer=False)
        watched: list[socket.socket | int] = [self.orders, self.woken]
        while True:
            ready, _, _ = select.select(watched, [], [])
            if self.woken in ready:
                os.read(self.woken, LONGEST)
                self._tell_ends()
            if self.orders in ready:
                message, descriptors, _, _ = socket.recv_fds(self.orders, LONGEST, 4)
                if not message:
                    return
                if self._is_child(descriptors):
                    self._become(json.loads(message), descriptors)
                    return

    def _tell_ends(self) -> None:
        for process, told in list(self.children.items()):
            ended, status = os.waitpid(process, os.WNOHANG)
            if ended:
                os.write(told, STATUS.pack(os.waitstatus_to_exitcode(status)))
                os.close(self.children.pop(process))

    def _is_child(self, descriptors: list[int]) -> bool:
        *streams, told = descriptors
        process = os.fork()
        if process == 0:
            return True
        self.children[process] = told
        for stream in streams:
            os.close(stream)
        self.orders.send(STATUS.pack(process))
        return False

    def _become(self, order: dict[str, object], descriptors: list[int]) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self.orders.close()
        for target, stream in enumerate(descriptors[:3]):
            os.dup2(stream, target)
        for descriptor in (self.woken, self.waking, *descriptors, *self.children.values()):
            os.close(descriptor)
        os.environ.clear()
        os.environ.update(order["environment"])  # type: ignore[call-overload]
        os.chdir(str(order["folder"]))
        sys.argv[1:] = order["arguments"]  # type: ignore[call-overload]
        cli.main()


def prepare() -> None:
    """What every child would do first: nothing of it depends on what the child is told."""
    definitions = load()
    for type in definitions.served:
        definitions.search_parameters(type)
    load_translators()
    load_sandboxes()


def main() -> None:
    prepare()
    assert threading.active_count() == 1
    gc.collect()
    gc.freeze()  # what is here already stays shared with every child
    orders = socket.socket(fileno=int(sys.argv[1]))
    orders.send(b"ready")
    Forking(orders).serve()


if __name__ == "__main__":
    main()
