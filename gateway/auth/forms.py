"""Forms that browsers post to our pages."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.requests import Request

from gateway.faults import Malformed
from gateway.negotiation import FORM, check_sends, read_body

MAX_FORM, MAX_FIELDS = 64 * 1024, 32


async def read_fields(request: Request, max_fields: int = MAX_FIELDS) -> list[tuple[str, str]]:
    """Raises Malformed, TooLarge, UnsupportedMedia."""
    check_sends(request, frozenset({FORM}), FORM)
    body = await read_body(request, MAX_FORM)
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=max_fields, errors="strict")
    except ValueError:
        raise Malformed("The form could not be read") from None
    if any("\0" in text for field in fields for text in field):
        raise Malformed("Leave out NUL characters")
    return fields


async def read_form(request: Request, max_fields: int = MAX_FIELDS) -> dict[str, str]:
    """The fields of a posted form; of one that comes twice, the last."""
    return dict(await read_fields(request, max_fields))
