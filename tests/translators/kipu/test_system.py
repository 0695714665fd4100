"""The signature against published vectors, and what every refusal means."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gateway.faults import (
    EmrBusy,
    EmrDenied,
    EmrFault,
    EmrNonsense,
    EmrRefused,
    EmrSwitchedOff,
    EmrUnreachable,
    Misconfigured,
)
from gateway.translation.contract import Call, FormPart, Moment, Reply
from tests.translators.kipu.desk import Desk, account
from translators.kipu import translator
from translators.kipu.system import content_md5, get, signature

SECRET = "test-secret-key"
DATE = "Wed, 06 Nov 2019 15:38:34 GMT"
MOMENT = Moment(datetime(2019, 11, 6, 15, 38, 34, tzinfo=UTC), "n")
CENSUS = "/api/patients/census?phi_level=high&app_id=test-app"
BODY = (
    b'{"document":{"recipient_id":"test-app","sending_app_name":"gateway",'
    b'"data":{"first_name":"Test1","last_name":"Test2","dob":"2000-01-01"}}}'
)
VECTORS = [
    (f",,{CENSUS},{DATE}", "3", "EdAtBJKohZVYAGTGAmRJg3/fhr4="),
    (f",,{CENSUS},{DATE}", "4", "KL48ONyB52hr/Bm4s/oee8eWTnXdUKuxtuCY1ZvbJvA="),
    (f"application/json,kdqp6isksPTI5s90D/MBEQ==,/api/patients,{DATE}", "3", "gsVWo54jse1f/udMT4M7NhMDim0="),
    (
        f"application/json,kdqp6isksPTI5s90D/MBEQ==,/api/patients,{DATE}",
        "4",
        "QycIyRbGIbbxcT7OEKWNp4sTEW4dLsf2TLaRF+VO1+0=",
    ),
]


@pytest.mark.parametrize(("canonical", "version", "expected"), VECTORS)
def test_signatures_agree_with_the_vectors(canonical: str, version: str, expected: str) -> None:
    assert signature(SECRET, version, canonical) == expected


@pytest.mark.parametrize(
    ("version", "scheme", "read", "write"),
    [
        ("3", "APIAuth", VECTORS[0][2], VECTORS[2][2]),
        ("4", "APIAuth-HMAC-SHA256", VECTORS[1][2], VECTORS[3][2]),
    ],
)
def test_headers_of_a_read_and_a_write(version: str, scheme: str, read: str, write: str) -> None:
    to = replace(account(api_version=version), secrets={"access_id": "sandbox-access", "secret_key": SECRET})
    got = translator.authorize(to, Call("GET", CENSUS), CENSUS, b"", None, MOMENT)
    sent = translator.authorize(to, Call("POST", "/api/patients"), "/api/patients", BODY, None, MOMENT)
    assert got == {
        "Accept": f"application/vnd.kipusystems+json; version={version}",
        "Date": DATE,
        "Authorization": f"{scheme} sandbox-access:{read}",
    }
    assert sent["Authorization"] == f"{scheme} sandbox-access:{write}"
    assert (sent["Content-Type"], sent["Content-MD5"]) == ("application/json", "kdqp6isksPTI5s90D/MBEQ==")


def test_the_digest_of_a_body() -> None:
    assert content_md5(BODY) == "kdqp6isksPTI5s90D/MBEQ=="


TABLE = {
    400: EmrRefused,
    401: EmrDenied,
    403: EmrDenied,
    404: EmrRefused,
    410: EmrSwitchedOff,
    422: EmrRefused,
    429: EmrRefused,
    500: EmrNonsense,
    502: EmrBusy,
    503: EmrBusy,
    504: EmrUnreachable,
    302: EmrNonsense,
}


@pytest.mark.parametrize(("status", "kind"), TABLE.items())
def test_what_a_status_means(status: int, kind: type[EmrFault]) -> None:
    fault = translator.fault(Reply(status, {}, b"<html>Jane Doe</html>"))
    assert isinstance(fault, kind)
    assert "Jane" not in str(fault)


@pytest.mark.parametrize("status", range(300, 600))
def test_every_refusal_has_a_meaning(status: int) -> None:
    fault = translator.fault(Reply(status, {}, b""))
    assert isinstance(fault, EmrFault)
    assert fault.retryable == (status in {502, 503, 504})


def test_how_long_to_wait() -> None:
    fault = translator.fault(Reply(503, {"retry-after": "12"}, b""))
    assert isinstance(fault, EmrBusy)
    assert fault.after == 12


async def test_a_connection_without_app_id_says_so() -> None:
    desk = Desk(account(app_id=""))
    with pytest.raises(Misconfigured, match="app_id"):
        await desk.run(translator.test(desk.account, desk.moment))


def test_what_is_switched_off_is_told_in_these_words() -> None:
    assert "switched off for this instance" in str(translator.fault(Reply(410, {}, b"")))


def refused_at(theirs: str, ours: datetime = MOMENT.now) -> str:
    return str(translator.fault(Reply(401, {"date": theirs}, b"", ours)))


@pytest.mark.parametrize(
    ("theirs", "told"),
    [
        ("Wed, 06 Nov 2019 16:18:34 GMT", "this machine's clock is 40 minutes behind KIPU's"),
        ("Wed, 06 Nov 2019 15:18:34 GMT", "this machine's clock is 20 minutes ahead of KIPU's"),
        ("Fri, 08 Nov 2019 15:38:34 GMT", "this machine's clock is 48 hours behind KIPU's"),
        ("Wed, 06 Nov 2019 16:18:34 GMT, Wed, 06 Nov 2019 15:38:34 GMT", "40 minutes behind"),
        ("Wed, 06 Nov 2019 15:40:34 GMT", "secret_key or access_id is wrong"),
        ("Wed, 31 Feb 2019 15:40:34 GMT", "secret_key or access_id is wrong"),
        ("yesterday", "secret_key or access_id is wrong"),
    ],
)
def test_a_refused_signature_is_the_clock_s_fault_or_the_secret_s(theirs: str, told: str) -> None:
    assert told in refused_at(theirs)


def test_a_form_is_signed_with_its_boundary_and_the_digest_of_its_bytes() -> None:
    call = Call("POST", "/api/patients", parts=(FormPart("document[recipient_id]", "x"),), boundary="B")
    sent = translator.authorize(account(), call, "/api/patients", b"--B\r\n", None, MOMENT)
    assert sent["Content-Type"] == "multipart/form-data; boundary=B"
    canonical = f"multipart/form-data; boundary=B,{content_md5(b'--B' + bytes([13, 10]))},/api/patients,{DATE}"
    assert sent["Authorization"].endswith(signature("sandbox-secret", "3", canonical))


async def test_the_target_is_signed_with_its_escapes_as_they_go_out() -> None:
    desk = Desk(account(app_id="a b&c=d+é/%"), options={"app_id": "a b&c=d+é/%"})
    assert (await desk.send(get(desk.account, "/api/locations"))).status == 200
