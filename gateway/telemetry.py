"""Logs and metrics. A log line is one JSON object on stderr. Neither holds patient data: routes are templates."""

from __future__ import annotations

import io
import logging
import sys
import traceback
from typing import TextIO, cast

import msgspec
import structlog
from prometheus_client import Counter, Histogram

REQUESTS = Counter("crosswalk_http_requests_total", "Requests answered", ["method", "route", "status"])
SECONDS = Histogram("crosswalk_http_request_seconds", "Time until the answer was complete", ["method", "route"])
EMR_CALLS = Counter("crosswalk_emr_calls_total", "Calls to EMRs", ["translator", "outcome"])
EMR_CIRCUITS = Counter(
    "crosswalk_emr_circuits_opened_total", "Times that an EMR hung and was left alone", ["translator"]
)
EMR_WAITS = Counter("crosswalk_emr_waits_total", "Waits of calls for what an EMR's limit allows", ["translator"])
EMR_WAITED = Counter("crosswalk_emr_waited_seconds_total", "Seconds that calls were held back so", ["translator"])
EMR_LEASES = Counter("crosswalk_emr_leases_total", "Permits asked of the database", ["translator", "outcome"])
EMR_REFUSALS = Counter("crosswalk_emr_refusals_total", "Calls that an EMR refused as one too many", ["translator"])
EMR_TOKENS = Counter("crosswalk_emr_tokens_total", "Access tokens asked of EMRs", ["outcome"])
PUSHES = Counter("crosswalk_pushes_total", "Pushes of one patient to one EMR", ["translator", "status"])
NOTIFICATIONS = Counter("crosswalk_notifications_total", "Notifications of Subscriptions", ["type", "outcome"])
PULLED = Counter("crosswalk_pulled_charts_total", "Charts pulled from EMRs", ["translator", "outcome"])


def json_line(event: object, **_: object) -> str:
    """structlog's serializer; several times as fast as the one of the standard library."""
    return msgspec.json.encode(event, enc_hook=repr).decode()


class PresentStderr(io.TextIOBase):
    """What sys.stderr is when a line is written: the one that was there at the start may have been closed since."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def configure_logging(level: str) -> None:
    stderr = cast("TextIO", PresentStderr())
    logging.basicConfig(level=level, stream=stderr, format="%(message)s")
    for name in ("httpx", "httpcore", "dbos", "hypercorn.access", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)  # their lines hold URLs and arguments
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(json_line),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.WriteLoggerFactory(file=stderr),
        cache_logger_on_first_use=True,
    )


def frames(error: BaseException) -> list[str]:
    """Where it happened; the message is left out, it may quote data."""
    last = traceback.extract_tb(error.__traceback__)[-6:]
    return [f"{frame.name} {frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in last]
