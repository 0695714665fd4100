"""Runs the gateway as a server: one process or several, on Hypercorn or Granian.

Several Hypercorn workers are processes of our own on one inherited socket: Hypercorn's own drop requests under way on
SIGTERM and end with a worker that died. A dead worker is started again; SIGTERM lets each finish what it began.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.config import Config
from starlette.applications import Starlette

from gateway.app import create_app, provide
from gateway.faults import Misconfigured
from gateway.opening import open_services
from gateway.settings import Settings
from gateway.telemetry import configure_logging

GRACE_S = 10.0
REQUESTS_PER_CONNECTION = 1_000_000
A_DAY_S = 24 * 3600
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
log = structlog.get_logger()


def application() -> Starlette:
    """The ASGI application of the environment; its lifespan opens and closes everything."""
    settings = Settings.from_environment()
    configure_logging(settings.log_level)
    return application_for(settings)


def application_for(settings: Settings) -> Starlette:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_services(settings) as services, services.sync.working():
            provide(app, services)
            yield

    return create_app(None, lifespan)


def check_exposure(host: str, settings: Settings) -> None:
    if host not in LOOPBACK and not settings.secret_key:
        raise Misconfigured("Set CROSSWALK_SECRET_KEY before serving beyond this machine")


def listen(host: str, port: int) -> socket.socket:
    """Raises Misconfigured when the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise Misconfigured(f"Cannot listen on {host}:{port}: {error.strerror}; choose another --port") from None
    listener.listen(512)
    return listener


def serve_one(listener: socket.socket, app: Starlette) -> None:
    """Serve in this process until SIGTERM or SIGINT."""
    asyncio.run(serve_until_signalled(listener, app))


async def serve_until_signalled(listener: socket.socket, app: Starlette) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, stop.set)
    await hypercorn_serve(app, configuration(listener, Settings.from_environment()), shutdown_trigger=stop.wait)  # type: ignore[arg-type]


def configuration(listener: socket.socket, settings: Settings) -> Config:
    """A head that is not whole within the idle time is given up with its connection; unread.py bounds bodies."""
    config = Config()
    config.bind = [f"fd://{os.dup(listener.fileno())}"]  # the server closes the one it gets
    config.graceful_timeout = GRACE_S
    config.keep_alive_max_requests = REQUESTS_PER_CONNECTION
    config.accesslog = None
    config.errorlog = None
    config.h11_max_incomplete_size = 64 * 1024
    config.read_timeout = None  # it would break answers off that take longer
    config.keep_alive_timeout = settings.idle_seconds or None  # type: ignore[assignment]
    return config


def serve_many(listener: socket.socket, workers: int) -> None:
    """Keep `workers` processes on the socket until SIGTERM or SIGINT."""
    os.set_inheritable(listener.fileno(), True)
    stopping = False

    def stop(signal_number: int, frame: object) -> None:
        nonlocal stopping
        stopping = True
        for child in children:
            child.terminate()

    children = [_worker(listener) for _ in range(workers)]
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while children:
        pid, status = os.wait()
        children = [child for child in children if child.pid != pid]
        if not stopping:
            log.warning("a worker ended and is started again", status=status)
            children.append(_worker(listener))


def _worker(listener: socket.socket) -> subprocess.Popen[bytes]:
    fd = listener.fileno()
    command = [sys.executable, "-m", "gateway.worker", str(fd)]
    return subprocess.Popen(command, pass_fds=(fd,))  # noqa: S603 — our own interpreter and module


def serve_granian(host: str, port: int, workers: int) -> None:
    from granian.constants import Interfaces
    from granian.http import HTTP1Settings
    from granian.server import Server

    idle = Settings.from_environment().idle_seconds or A_DAY_S
    server = Server(
        "gateway.serving:application",
        factory=True,
        interface=Interfaces.ASGI,
        address=host,
        port=port,
        workers=workers,
        respawn_failed_workers=True,
        log_access=False,
        http1_settings=HTTP1Settings(header_read_timeout=idle * 1000),
    )
    server.serve()
