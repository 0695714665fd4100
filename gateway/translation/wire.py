"""One request over the network and its reply: httpx's failures become faults, and no body is read without end."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
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


def body_of(call: Call, files: Sequence[bytes] = ()) -> bytes:
    """The bytes of the body; `files` are those of the parts that have one, in their order."""
    if call.json is not None:
        return ENCODER.encode(call.json)
    if call.form is not None:
        return urlencode(call.form).encode("ascii")
    return _multipart(call, files) if call.parts else b""


def _multipart(call: Call, files: Sequence[bytes]) -> bytes:
    """RFC 7578; httpx writes it, in the order of the parts."""
    bytes_of = iter(files)
    parts = [
        (part.name, (part.filename, next(bytes_of), part.file.media_type))
        if part.file
        else (part.name, (None, part.text.encode(), None))
        for part in call.parts
    ]
    typed = {"Content-Type": call.media_type or ""}
    return httpx.Request("POST", "http://nowhere.invalid", files=parts, headers=typed).read()


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
    with network_faults(request.url):
        response = await opened(client, request)
        try:
            return Reply(response.status_code, headers_of(response), await _body(response))
        finally:
            await response.aclose()


async def opened(client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
    """The answer before its body is read; the caller closes it. Use it within `network_faults`."""
    return await client.send(request, stream=True, auth=None, follow_redirects=False)


@contextmanager
def network_faults(url: httpx.URL) -> Iterator[None]:
    """What the network does becomes a fault with what an operator can do about it."""
    try:
        yield
    except httpx.PoolTimeout:
        told = "As many calls to EMRs are under way as this process makes at once"
        raise EmrUnreachable(told, unsent=True) from None
    except httpx.ConnectTimeout as error:
        told = f"The EMR could not be reached in time ({type(error).__name__}): check host and port of base_url"
        raise EmrUnreachable(told, unsent=True, hung=True) from None
    except httpx.TimeoutException as error:
        raise EmrUnreachable(f"The EMR did not answer in time ({type(error).__name__})", hung=True) from None
    except httpx.ConnectError as error:
        raise EmrUnreachable(_unconnected(url, error), unsent=True) from None
    except httpx.DecodingError:
        raise EmrNonsense("The EMR's answer cannot be unpacked: its Content-Encoding is wrong") from None
    except httpx.LocalProtocolError:
        raise Misconfigured("The request cannot be sent: check the connection's credentials for line breaks") from None
    except httpx.UnsupportedProtocol:
        raise Misconfigured("The EMR's address is not http(s): check base_url") from None
    except (httpx.RequestError, httpx.InvalidURL) as error:
        raise EmrUnreachable(f"No answer from the EMR: the connection failed ({type(error).__name__})") from None


def _unconnected(url: httpx.URL, error: BaseException) -> str:
    """Why there is no connection, in an operator's words."""
    causes = tuple(_causes(error))
    if refused := next((each for each in causes if isinstance(each, ssl.SSLError)), None):
        return f"No secure connection to {url.host}: {_tls(refused)}"
    if any(isinstance(each, socket.gaierror) or "resolved" in str(each) for each in causes):
        return f"There is no host {url.host}: check the spelling of base_url, and this machine's DNS"
    if any(isinstance(each, ConnectionRefusedError) or "no address" in str(each) for each in causes):
        return f"Nothing answers at {url.host} port {_port(url)}: check base_url"
    return f"No connection to {url.host} port {_port(url)} (ConnectError): check base_url, and the way to that network"


def _tls(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message}): check the host in base_url"
    return f"it does not speak TLS as it should ({error.reason or 'TLS failed'}): check scheme and port of base_url"


def _port(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for inner in error.exceptions:
                yield from _causes(inner)
        error = error.__cause__ or error.__context__


def headers_of(response: httpx.Response) -> dict[str, str]:
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
