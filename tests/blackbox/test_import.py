"""`crosswalk import`, and what clients read afterwards: the values that stood in the files."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.blackbox.conftest import Server

pytestmark = pytest.mark.blackbox

SYNTHEA = Path(__file__).resolve().parents[3] / "shared" / "examples" / "synthea"
OF_SERVER = ("versionId", "lastUpdated")
Resource = dict[str, Any]
Digits = tuple[str, str]


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{server.base}/", timeout=60) as client:
        client.headers["Authorization"] = f"Bearer {server.token()}"
        yield client


def digits(text: str) -> Digits:
    """A decimal by its digits, so that 1.00 is not 1.0."""
    return ("decimal", text)


def read(text: bytes | str) -> Any:
    return json.loads(text, parse_float=digits)


def all_of(client: httpx.Client, type: str) -> Iterator[Resource]:
    url = f"{type}?_count=500"
    while url:
        answer = client.get(url)
        assert answer.status_code == 200, answer.text
        body = read(answer.content)
        yield from (entry["resource"] for entry in body.get("entry", ()))
        url = next((link["url"] for link in body["link"] if link["relation"] == "next"), "")


def plain(node: Any, name_of: Callable[[str], str]) -> Any:
    """With its references by the names that they are given here."""
    if isinstance(node, dict):
        named = {key: plain(value, name_of) for key, value in node.items()}
        if isinstance(named.get("reference"), str):
            named["reference"] = name_of(named["reference"])
        return named
    return [plain(item, name_of) for item in node] if isinstance(node, list) else node


def told(resource: Resource, name_of: Callable[[str], str]) -> str:
    """As text, without what a server gives: id, version and time."""
    meta = {name: value for name, value in resource.get("meta", {}).items() if name not in OF_SERVER}
    own = {name: value for name, value in resource.items() if name not in ("id", "meta")}
    return json.dumps([meta, plain(own, name_of)], sort_keys=True)


@pytest.mark.skipif(not SYNTHEA.is_dir(), reason=f"needs the Synthea Bundles, and {SYNTHEA} is not there")
def test_synthea_comes_back_as_sent(server: Server, client: httpx.Client) -> None:
    bundles = [read(path.read_bytes()) for path in sorted(SYNTHEA.glob("*.json"))]
    sent = [
        Sent(number, entry["fullUrl"], entry["resource"])
        for number, each in enumerate(bundles)
        for entry in each["entry"]
    ]
    types = {each.resource["resourceType"] for each in sent}
    old = {type: {each["id"] for each in all_of(client, type)} for type in types}
    assert server.run("import", "--org", server.org, str(SYNTHEA)) == {"resources": len(sent), "failed": 0}
    stored = {
        f"{type}/{each['id']}": each for type in types for each in all_of(client, type) if each["id"] not in old[type]
    }
    type_of = {(each.bundle, each.url): each.resource["resourceType"] for each in sent}
    texts = [told(each.resource, each.names(type_of)) for each in sent]
    came = {place: told(each, lambda to: to.partition("/")[0]) for place, each in stored.items()}
    assert Counter(texts) == Counter(came.values())
    assert_references_lead_to_the_same(sent, texts, stored, came)


@dataclass(frozen=True)
class Sent:
    """An entry of a file."""

    bundle: int
    url: str
    resource: Resource

    def names(self, type_of: dict[tuple[int, str], str]) -> Callable[[str], str]:
        """References within its Bundle by their types."""
        return lambda reference: type_of.get((self.bundle, reference), reference)


def assert_references_lead_to_the_same(
    sent: list[Sent], texts: list[str], stored: dict[str, Resource], came: dict[str, str]
) -> None:
    """Of what can be told from all others where references are left out: those between them are followed."""
    once = {text for text, count in Counter(texts).items() if count == 1}
    where = {text: place for place, text in came.items() if text in once}
    place = {(each.bundle, each.url): where[text] for each, text in zip(sent, texts, strict=True) if text in once}
    followed = 0
    for each in sent:
        if (each.bundle, each.url) in place:
            now = stored[place[each.bundle, each.url]]
            for was, is_now in zip(references(each.resource), references(now), strict=True):
                if (each.bundle, was) in place:
                    assert is_now == place[each.bundle, was]
                    followed += 1
    assert followed > len(sent) // 2


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("reference"), str):
            yield node["reference"]
        for key in sorted(node):
            yield from references(node[key])
    elif isinstance(node, list):
        for item in node:
            yield from references(item)


# --- fidelity -----------------------------------------------------------------------------------------------------

FAITHFUL = """
{"resourceType":"Observation","id":"faithful","meta":{"profile":["http://example.org/none"],"tag":[{"code":"t"}]},
 "implicitRules":"http://example.org/rules","language":"en",
 "text":{"status":"generated","div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\"><p>5 &lt; 6 <b>日本</b></p></div>"},
 "contained":[{"resourceType":"Device","id":"d","note":[{"text":"inside"}]}],
 "extension":[{"url":"urn:price","valueDecimal":1.00},{"url":"urn:tiny","valueDecimal":0.000000000000000000010},
              {"url":"urn:none","valueDecimal":-0.0},{"url":"urn:big","valueDecimal":123456789012345678901234567890.10},
              {"url":"urn:power","valueDecimal":1.50e3},{"url":"urn:whole","valueDecimal":12345678901234567890123}],
 "status":"final","_status":{"id":"st","extension":[{"url":"urn:why","valueString":"because"}]},
 "code":{"text":"\\ud83d\\ude00 e\\u0301 é \\u2028 tab\\tend","_text":{"extension":[{"url":"urn:l","valueCode":"x"}]}},
 "device":{"reference":"#d"},
 "effectiveDateTime":"2020-02-29T23:59:59.1234567+13:45","issued":"2015-02-07T13:28:17.239-05:00",
 "performer":[{"reference":"Practitioner/x","_reference":{"extension":[{"url":"urn:e","valueBoolean":false}]}}],
 "valueQuantity":{"value":6.30,"unit":"mg"},
 "referenceRange":[{"low":{"value":1.0},"high":{"value":10.000},"text":"  spaces  kept  "}],
 "component":[{"code":{"text":"dates"},"valueSampledData":{"origin":{"value":0},"period":10,"factor":1.610,
   "dimensions":1,"data":"1 2 3"}},{"code":{"text":"none"},
   "_valueDateTime":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}}]}
"""
"""What servers like to lose: digits, offsets, what hangs on primitives, odd characters, order."""


def kept(resource: Resource) -> Resource:
    """All but what the server adds to meta."""
    meta = {name: value for name, value in resource["meta"].items() if name not in OF_SERVER}
    return {**resource, "meta": meta}


@pytest.fixture(scope="module")
def faithful(server: Server, client: httpx.Client, tmp_path_factory: pytest.TempPathFactory) -> Resource:
    """Came in by a file of NDJSON, among others."""
    patients = [{"resourceType": "Patient", "id": f"nd-{n}", "name": [{"family": f"Line {n}"}]} for n in range(250)]
    lines = [*(json.dumps(each) for each in patients), "", FAITHFUL.replace("\n", " ")]
    path = tmp_path_factory.mktemp("import") / "mixed.ndjson"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert server.run("import", "--org", server.org, str(path)) == {"resources": 251, "failed": 0}
    assert client.get("Patient/nd-249").json()["name"] == [{"family": "Line 249"}]
    return kept(read(FAITHFUL))


def test_ndjson_comes_back_as_sent(client: httpx.Client, faithful: Resource) -> None:
    assert kept(read(client.get("Observation/faithful").content)) == faithful


@pytest.mark.parametrize(
    "path", ["Observation/faithful/_history/1", "Observation?_id=faithful", "Observation/faithful?_pretty=true"]
)
def test_by_every_road(client: httpx.Client, faithful: Resource, path: str) -> None:
    body = read(client.get(path).content)
    assert kept(body["entry"][0]["resource"] if "entry" in body else body) == faithful


@pytest.mark.parametrize("media", ["application/fhir+json", "application/fhir+xml"])
def test_a_round_trip_changes_nothing(client: httpx.Client, faithful: Resource, media: str) -> None:
    """What was read in a format and is put again in it is no other version."""
    got = client.get("Observation/faithful", headers={"Accept": media})
    assert got.headers["content-type"].startswith(media)
    put = client.put("Observation/faithful", content=got.content, headers={"Content-Type": media})
    assert put.status_code == 200, put.text
    assert (put.headers["etag"], kept(read(put.content))) == (got.headers["etag"], faithful)


def test_a_create_in_xml_is_the_same_in_json(client: httpx.Client, faithful: Resource) -> None:
    xml = client.get("Observation/faithful", headers={"Accept": "application/fhir+xml"})
    made = client.post("Observation", content=xml.content, headers={"Content-Type": "application/fhir+xml"})
    assert made.status_code == 201, made.text
    assert {**kept(read(made.content)), "id": "faithful"} == faithful


# --- refusals -----------------------------------------------------------------------------------------------------


BAD = {
    "1.json": "{",
    "2.ndjson": '{"resourceType":"Patient","id":"before-nonsense"}\n{"resourceType":',
    "3.ndjson": "[1]",
    "4.ndjson": '{"resourceType":"Patient","gender":"M"}',
    "5.json": '{"resourceType":"Bundle","type":"document"}',
    "6.json": '{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient"}}]}',
}


def test_what_cannot_be_imported_is_told_a_file_a_line_and_hinders_no_other(
    server: Server, client: httpx.Client, tmp_path: Path
) -> None:
    for name, text in {**BAD, "7.json": '{"resourceType":"Patient","id":"behind-nonsense"}'}.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(AssertionError) as told:
        server.run("import", "--org", server.org, str(tmp_path))
    assert "Traceback" not in str(told.value)
    places = ["1.json: ", "2.ndjson:2: ", "3.ndjson:1: ", "4.ndjson:1: ", "5.json: ", "6.json: "]
    assert [place for place in places if place not in str(told.value)] == []
    for id in ("before-nonsense", "behind-nonsense"):
        assert client.get(f"Patient/{id}").status_code == 200
