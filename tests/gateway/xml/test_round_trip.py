"""JSON to XML and back is the same resource; XML of any kind is either a resource or refused."""

# ruff: noqa: E501 (tables, a row a line)

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.faults import Malformed
from gateway.xml.decode import resource_from_xml
from gateway.xml.encode import xml_from_json
from tests.gateway.definitions.strategies import EXTENSIONS, PATIENTS, resources_of_rubbish

decode = msgspec.json.Decoder(float_hook=Decimal).decode
encode = msgspec.json.Encoder(decimal_format="number", order="deterministic").encode
FHIR = 'xmlns="http://hl7.org/fhir"'
DIV = '<div xmlns="http://www.w3.org/1999/xhtml">{}</div>'
WRITABLE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff", min_codepoint=32), max_size=20)  # fmt: skip
TEXTS = (WRITABLE | st.sampled_from(["a\r\nb", "\t", "\"<&>'", " ", "]]>", "\U0001f600"])).filter(bool)


def there_and_back(resource: Any, *, pretty: bool = False) -> Any:
    return resource_from_xml(xml_from_json(encode(resource), pretty=pretty))


@given(PATIENTS, TEXTS, st.lists(TEXTS, min_size=1, max_size=3), st.booleans())
def test_generated_patients(patient: dict[str, Any], text: str, given: list[str], pretty: bool) -> None:
    resource = {**patient, "implicitRules": text, "contact": [{"name": {"given": given}}]}
    assert encode(there_and_back(resource, pretty=pretty)) == encode(resource)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4) | st.integers(-(10**18), 10**18), EXTENSIONS)
def test_generated_quantities(value: Any, extension: dict[str, Any]) -> None:
    quantity = {"value": value, "_value": {"id": "v", "extension": [extension]}}
    resource = {"resourceType": "Observation", "valueQuantity": quantity, "component": [{"valueBoolean": False}]}
    assert encode(there_and_back(resource)) == encode(resource)


@pytest.mark.parametrize("number", ["1.00", "0.10", "-0.0", "100", "1E+2", "123456789012345678901234567890.10"])
def test_decimals_keep_their_digits(number: str) -> None:
    body = b'{"resourceType":"Observation","valueQuantity":{"value":%s}}' % number.encode()
    xml = xml_from_json(body)
    assert f'<value value="{number}"/>'.encode() in xml
    assert encode(resource_from_xml(xml)) == encode(decode(body))


RESOURCES: list[dict[str, Any]] = [
    {"resourceType": "Patient"},
    {"resourceType": "Patient", "id": "p", "meta": {"versionId": "1", "lastUpdated": "2024-01-01T00:00:00.120+02:00"}},
    {"resourceType": "Patient", "text": {"status": "generated", "div": DIV.format("<p title='x'>a<br/>b &amp; c</p>")}},
    {"resourceType": "Patient", "text": {"status": "generated", "div": DIV.format("<div>in a div</div> ")}},
    {"resourceType": "Patient", "text": {"status": "generated", "div": DIV.format("&lt;script&gt; \u00e4\u2028")}},
    {"resourceType": "Patient", "name": [{"given": ["A", None, "B"], "_given": [None, {"id": "g"}, None]}]},
    {"resourceType": "Patient", "name": [{"_given": [{"extension": [{"url": "u", "valueCode": "x"}]}]}]},
    {"resourceType": "Patient", "_birthDate": {"extension": [{"url": "u", "extension": [{"url": "v"}]}]}},
    {"resourceType": "Patient", "contained": [{"resourceType": "Organization", "id": "o", "name": "x"}]},
    {"resourceType": "Observation", "_valueString": {"id": "only"}, "code": {"id": "c", "text": "t"}},
    {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Bundle", "entry": [{"fullUrl": "urn:x"}]}}]},
    {"resourceType": "Parameters", "parameter": [{"name": "n", "resource": {"resourceType": "Patient"}}]},
    {"resourceType": "Binary", "contentType": "text/plain", "data": "YQ=="},
]


@pytest.mark.parametrize("resource", RESOURCES)
@pytest.mark.parametrize("pretty", [False, True])
def test_what_xml_writes_in_ways_of_its_own(resource: dict[str, Any], pretty: bool) -> None:
    assert encode(there_and_back(resource, pretty=pretty)) == encode(resource)


def test_elements_stand_in_the_order_of_the_definitions() -> None:
    resource = {
        "resourceType": "Patient", "birthDate": "2000-01-01", "active": True, "id": "p",
        "name": [{"given": ["B"], "family": "A", "id": "n"}], "extension": [{"valueCode": "c", "url": "u"}],
    }  # fmt: skip
    assert xml_from_json(json.dumps(resource).encode()).decode() == (
        f'<?xml version="1.0" encoding="UTF-8"?><Patient {FHIR}><id value="p"/>'
        '<extension url="u"><valueCode value="c"/></extension><active value="true"/>'
        '<name id="n"><family value="A"/><given value="B"/></name><birthDate value="2000-01-01"/></Patient>'
    )


def test_what_xml_cannot_carry_is_replaced() -> None:
    xml = xml_from_json(json.dumps({"resourceType": "Patient", "language": "a\x00\x0b\ufffeb"}).encode())
    assert resource_from_xml(xml)["language"] == "a\ufffd\ufffd\ufffdb"


@pytest.mark.parametrize(
    ("div", "wanted"),
    [
        (DIV.format("a&nbsp;b&copy;"), DIV.format("a&#160;b&#169;")),
        ("<div>x</div>", DIV.format("x")),
        (DIV.format("<p>open"), DIV.format("<pre>")[:-6]),
        ("<div/><evil/>", DIV.format("<pre>")[:-6]),
        ('<!DOCTYPE x [<!ENTITY e "e">]><div>&e;</div>', DIV.format("<pre>")[:-6]),
    ],
)
def test_narrative_that_is_no_xml(div: str, wanted: str) -> None:
    body = json.dumps({"resourceType": "Patient", "text": {"status": "additional", "div": div}}).encode()
    assert resource_from_xml(xml_from_json(body))["text"]["div"].startswith(wanted)


def test_narrative_with_namespaces_from_around() -> None:
    document = (
        '<f:Patient xmlns:f="http://hl7.org/fhir" xmlns:h="http://www.w3.org/1999/xhtml"><f:text>'
        '<h:div><h:p class="a">x<h:br/></h:p></h:div></f:text></f:Patient>'
    )
    wanted = DIV.format('<p class="a">x<br></br></p>')
    assert resource_from_xml(document.encode()) == {"resourceType": "Patient", "text": {"div": wanted}}


def test_comments_instructions_and_schema_locations_mean_nothing() -> None:
    document = (
        f'<?xml version="1.0"?><!-- a --><Patient {FHIR} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xsi:schemaLocation="a b"><?b?><active value="true"/>\n<!-- c --></Patient>'
    )
    assert resource_from_xml(document.encode()) == {"resourceType": "Patient", "active": True}


def test_what_the_definitions_do_not_know_is_kept_for_validation_to_name() -> None:
    document = f'<Patient {FHIR}><shoe value="9"/><active value="yes"/><lace><a value="1"/></lace></Patient>'
    wanted = {"resourceType": "Patient", "shoe": "9", "active": "yes", "lace": {"a": "1"}}
    assert resource_from_xml(document.encode()) == wanted


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
HOSTILE = [
    "",
    "<",
    "{}",
    "<Patient/>",
    '<Patient xmlns="urn:x"/>',
    f"<Patient {FHIR}>text</Patient>",
    f'<Patient {FHIR} a="b"/>',
    f'<Patient {FHIR}><active value="true" b="c"/></Patient>',
    f'<Patient {FHIR}><active value="true"><shoe value="9"/></active></Patient>',
    f"<Patient {FHIR}><contained/></Patient>",
    f"<Patient {FHIR}><contained><Patient/><Patient/></contained></Patient>",
    f"{BOMB}<Patient {FHIR}>&b;</Patient>",
    f'<!DOCTYPE x SYSTEM "file:///etc/passwd"><Patient {FHIR}/>',
    f'<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1/"> %p;]><Patient {FHIR}/>',
    f'<?xml version="1.0" encoding="UTF-16"?><Patient {FHIR}/>',
    f"<Patient {FHIR}>&nbsp;</Patient>",
    f"<Patient {FHIR}>" + "<extension>" * 200 + "</extension>" * 200 + "</Patient>",
    f"<Patient {FHIR}>" + "<extension>" * 100_000,
    f"<Patient {FHIR}/><Patient {FHIR}/>",
    '<div xmlns="http://www.w3.org/1999/xhtml"/>',
]


@pytest.mark.parametrize("document", HOSTILE)
def test_hostile_documents(document: str) -> None:
    with pytest.raises(Malformed):
        resource_from_xml(document.encode())


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_refused(body: bytes) -> None:
    with pytest.raises(Malformed):
        resource_from_xml(body)


FRAGMENTS = st.sampled_from(
    [
        *(f"<{name} {FHIR}>" for name in ("Patient", "Bundle", "x")), *("</Patient>", "</x>", "<name>", "</name>", "<div/>"),
        *('<div xmlns="http://www.w3.org/1999/xhtml">', "</div>", "<p/>", '<active value="true"/>', "<![CDATA[a]]>", "a"),
        *("<contained>", "</contained>", '<extension url="u">', "</extension>", "<?a?>", "<!-- -->", "&#0;", "&lt;"),
    ]
)  # fmt: skip


@given(st.lists(FRAGMENTS, max_size=12))
@settings(max_examples=300)
def test_pieces_of_documents_never_crash(pieces: list[str]) -> None:
    try:
        resource = resource_from_xml("".join(pieces).encode())
    except Malformed:
        return
    assert isinstance(resource["resourceType"], str)


@given(resources_of_rubbish(), st.booleans())
def test_rubbish_under_true_names_is_written_as_well_formed_xml(resource: dict[str, Any], pretty: bool) -> None:
    try:
        body = json.dumps(resource, default=str).encode()
        xml = xml_from_json(body, pretty=pretty)
    except (ValueError, msgspec.DecodeError):
        return  # it is no JSON
    try:
        resource_from_xml(xml)
    except Malformed as refused:
        assert not str(refused).startswith("The body is not XML")  # noqa: PT017
