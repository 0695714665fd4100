"""One request over the network and its reply: httpx's failures become faults, and no body is read without end."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import httpx
import msgspec

from gateway.digits import as_written
from gateway.faults import EmrNonsense, EmrUnreachable, Misconfigured
from gateway.translation.contract import Call, Reply

LIMIT = 32 * 1024 * 1024
"""Bytes of a body, unpacked."""
PLAIN_ENCODINGS = frozenset({"", "identity", "gzip", "deflate"})
ENCODER = msgspec.json.Encoder(enc_hook=as_written, decimal_format="number")
DEFAULT_HEADERS = {"Accept": "application/json", "Accept-Encoding": "gzip, deflate", "User-Agent": "Crosswalk"}


def body_of(call: Call) -> tuple[bytes, str | None]:
    """The bytes of the body and their default media type."""
    if call.json is not None:
        return ENCODER.encode(call.json), "application/json"
    if call.form is not None:
        return urlencode(call.form).encode("ascii"), "application/x-www-form-urlencoded"
    return b"", None


def request_of(url: httpx.URL, call: Call, body: bytes, *layers: Mapping[str, str]) -> httpx.Request:
    """Headers of a later layer replace those of an earlier one."""
    try:
        headers = httpx.Headers(DEFAULT_HEADERS)
        for layer in layers:
            headers.update(layer)
        return httpx.Request(call.method, url, headers=headers, content=body)
    except (UnicodeError, ValueError, TypeError):
        raise Misconfigured("A header cannot be sent: check the connection's credentials for odd characters") from None


async def exchanged(client: httpx.AsyncClient, request: httpx.Request) -> Reply:
    """Sent once, redirects not followed; the body is read up to LIMIT."""
    try:
        response = await client.send(request, stream=True, auth=None, follow_redirects=False)
        try:
            return Reply(response.status_code, _headers(response), await _body(response))
        finally:
            await response.aclose()
    except httpx.TimeoutException as error:
        raise EmrUnreachable(f"The EMR did not answer in time ({type(error).__name__})") from None
    except httpx.DecodingError:
        raise EmrNonsense("The EMR's answer cannot be unpacked: its Content-Encoding is wrong") from None
    except httpx.LocalProtocolError:
        raise Misconfigured("The request cannot be sent: check the connection's credentials for line breaks") from None
    except httpx.UnsupportedProtocol:
        raise Misconfigured("The EMR's address is not http(s): check base_url") from None
    except (httpx.RequestError, httpx.InvalidURL) as error:
        raise EmrUnreachable(f"No answer from the EMR: the connection failed ({type(error).__name__})") from None


def _headers(response: httpx.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items() if name.lower() != "set-cookie"}


async def _body(response: httpx.Response) -> bytes:
    encodings = {part.strip().lower() for part in response.headers.get("content-encoding", "").split(",")}
    if not encodings <= PLAIN_ENCODINGS:
        raise EmrNonsense("The EMR's answer has a Content-Encoding that was not asked for")
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > LIMIT:
            raise EmrNonsense(f"The EMR's answer is longer than {LIMIT // (1024 * 1024)} MiB")
    return bytes(body)
