"""What can go wrong between the runner and an EMR, on a real socket."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.faults import EmrFault, EmrNonsense, EmrUnreachable, Misconfigured
from gateway.translation import wire
from gateway.translation.contract import Call, File, FormPart, Reply, send
from gateway.upstream import GuardedTransport
from tests.gateway.translation.vendor import account, raw_server, runner

OK = b"HTTP/1.1 200 OK\r\n"


async def answered(answer: bytes, call: Call | None = None) -> Reply:
    async with raw_server(answer) as server, httpx.AsyncClient(timeout=5) as client:
        return await runner(to=account(server.url), client=client).run(send(call or Call("GET", "/x")))


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (b"", EmrUnreachable),
        (b"SMTP hello\r\n\r\n", EmrUnreachable),
        (OK + b"Content-Length: 10\r\n\r\nshort", EmrUnreachable),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", EmrUnreachable),
        (OK + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nJane", EmrNonsense),
        (OK + b"Content-Encoding: br\r\nContent-Length: 4\r\n\r\nJane", EmrNonsense),
    ],
)
async def test_broken_answers(answer: bytes, fault: type[EmrFault]) -> None:
    with pytest.raises(fault) as caught:
        await answered(answer)
    assert "Jane" not in str(caught.value)


async def test_packed_bodies_are_unpacked_and_header_names_are_lower_case() -> None:
    packed = gzip.compress(b'{"a": 1.00}')
    head = f"Content-Encoding: gzip\r\nX-Total: 7\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    reply = await answered(OK + head + packed)
    assert (reply.body, reply.headers["x-total"]) == (b'{"a": 1.00}', "7")


async def test_a_body_over_the_limit_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "LIMIT", 1000)
    packed = gzip.compress(b" " * 1_000_000)
    head = f"Content-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    with pytest.raises(EmrNonsense, match="longer than"):
        await answered(OK + head + packed)


async def test_nobody_there() -> None:
    async with raw_server(b"") as server:
        url = server.url
    async with httpx.AsyncClient() as client:
        with pytest.raises(EmrUnreachable, match=r"Nothing answers at 127\.0\.0\.1 port"):
            await runner(to=account(url), client=client).run(send(Call("GET", "/x")))


async def test_no_answer_in_time() -> None:
    def never(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("Jane Doe", request=request)

    with pytest.raises(EmrUnreachable, match=r"in time \(ReadTimeout\)"):
        await runner(never).run(send(Call("GET", "/x")))


@pytest.mark.parametrize("value", ["tok\r\nX-Evil: 1", "tök"])
async def test_credentials_with_odd_characters_are_the_operators_to_mend(value: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        await answered(OK + b"Content-Length: 0\r\n\r\n", Call("GET", "/x", headers={"X-Key": value}))
    assert "tok" not in str(caught.value)
    assert caught.value.__cause__ is None


async def test_a_host_that_is_not_there_is_named() -> None:
    async def nowhere(host: str, port: int) -> list[str]:
        raise OSError("Name or service not known")

    async with httpx.AsyncClient(transport=GuardedTransport(allow_private=True, resolver=nowhere)) as client:
        with pytest.raises(EmrUnreachable, match=r"There is no host .*check the spelling") as caught:
            await runner(to=account("https://api.kipu.example"), client=client).run(send(Call("GET", "/x")))
    assert caught.value.unsent


async def test_https_where_plain_http_is_spoken() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, httpx.AsyncClient() as client:
        with pytest.raises(EmrUnreachable, match=r"it does not speak TLS as it should .* check scheme and port"):
            await runner(to=account(f"https://127.0.0.1:{port}"), client=client).run(send(Call("GET", "/x")))


async def test_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0, ssl=_stranger(tmp_path))
    port = server.sockets[0].getsockname()[1]
    async with server, httpx.AsyncClient() as client:
        with pytest.raises(EmrUnreachable, match=r"certificate is not trusted .*self-signed"):
            await runner(to=account(f"https://127.0.0.1:{port}"), client=client).run(send(Call("GET", "/x")))


def _stranger(folder: Path) -> ssl.SSLContext:
    """The server side of TLS with a certificate made a moment ago."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stranger")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(hours=1))
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    certificate = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    (folder / "stranger.pem").write_bytes(pem + certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "stranger.pem")
    return context


PICTURE = File("Binary/b-1", "image/jpeg", 6, "d" * 64)


def test_a_multipart_body_is_the_same_each_time() -> None:
    parts = (FormPart("document[data][first_name]", "Zoë"), FormPart("document[file]", file=PICTURE, filename="a.jpg"))
    call = Call("POST", "/x", parts=parts, boundary="b-0123")
    body = wire.body_of(call, [b"\xff\xd8\xff\x00\r\n"])
    assert call.media_type == "multipart/form-data; boundary=b-0123"
    assert body == wire.body_of(call, [b"\xff\xd8\xff\x00\r\n"])
    assert body == (
        b'--b-0123\r\nContent-Disposition: form-data; name="document[data][first_name]"\r\n\r\nZo\xc3\xab\r\n'
        b'--b-0123\r\nContent-Disposition: form-data; name="document[file]"; filename="a.jpg"\r\n'
        b"Content-Type: image/jpeg\r\n\r\n\xff\xd8\xff\x00\r\n\r\n--b-0123--\r\n"
    )
