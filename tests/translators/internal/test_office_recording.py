"""Pushes of what the office keeps: alerts, log entries, sources, relationships, and values of custom fields."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from gateway.canonical import extension_url
from gateway.translation.contract import Chart, Linked
from gateway.translation.path import Json
from tests.translators.internal.driving import World
from tests.translators.internal.test_recording import LINK, SUBJECT, after, chart, patient, there, writes
from translators.internal.attribution import CATEGORY, INBOUND

HOLLOWAY = "00000000-0000-4000-8000-0000000000a1"
HOTLINE = "00000000-0000-4000-8000-0000000030e2"
CALLOWAY = "00000000-0000-4000-8000-0000000020d1"
PHARMACY = "00000000-0000-4000-8000-0000000092f1"
ROLE_CODE = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"


def extension(name: str, **value: Any) -> Json:
    return {"url": extension_url(name), **value}


def alert(status: str = "active", **more: Any) -> Json:
    told = {"status": status, "code": {"text": "Fall risk"}, "subject": SUBJECT}
    return {"resourceType": "Flag", "id": "f1", **told, **more}


def call(note: str = "Rang the sister", **more: Any) -> Json:
    told = {"status": "completed", "subject": SUBJECT, "sent": "2026-02-03T10:00:00Z"}
    return {"resourceType": "Communication", "id": "c1", **told, "payload": [{"contentString": note}], **more}


def source(role: str = "primary", reference: str = "Organization/o1", **more: Any) -> Json:
    coding = {"system": CATEGORY, "code": INBOUND}
    return {
        "resourceType": "ServiceRequest",
        "id": "s1",
        "status": "active",
        "intent": "order",
        "category": [{"coding": [coding]}],
        "subject": SUBJECT,
        "requester": {"reference": reference},
        "extension": [extension("attribution-role", valueCode=role)],
        **more,
    }


def kin(code: str = "PRN", of: str = "Patient/p9") -> Json:
    return {
        "resourceType": "RelatedPerson",
        "id": "r1",
        "patient": SUBJECT,
        "relationship": [{"coding": [{"system": ROLE_CODE, "code": code}]}],
        "extension": [extension("related-patient", valueReference={"reference": of})],
    }


def field(name: str, value: str | None) -> Json:
    parts = [{"url": "name", "valueString": name}, {"url": "value", "valueString": value}]
    return extension("custom-field", extension=parts)


def known(world: World, **keys: str) -> dict[str, Json]:
    """Resources that a pull has brought, by `Type/id`."""
    system = world.account.system("id")
    return {name.replace("_", "/"): {"resourceType": name.partition("_")[0], "identifier": [{"system": system,
            "value": key}]} for name, key in keys.items()}  # fmt: skip


async def test_an_alert_is_made_by_its_name_disabled_and_archived(world: World) -> None:
    made = await world.push(chart(alert()), LINK)
    (found,) = await there(world, made.external_id, "alerts")
    assert (found["alert_definition"]["name"], found["status"]) == ("Fall risk", "active")
    assert made.left_out == ()
    world.calls.clear()
    urgent = extension("note", valueString="At night")
    again = await world.push(chart(alert("inactive", extension=[urgent])), after(made))
    assert writes(world) == [("POST", f"alerts/{found['id']}/disable"), ("PATCH", f"alerts/{found['id']}")]
    (found,) = await there(world, made.external_id, "alerts")
    assert (found["status"], found["note"], found["date_disabled"] is not None) == ("disabled", "At night", True)
    world.calls.clear()
    archived = alert("inactive", extension=[extension("alert-status", valueCode="archived"), urgent])
    await world.push(chart(archived), after(again))
    assert writes(world) == [("POST", f"alerts/{found['id']}/archive")]
    assert await there(world, made.external_id, "alerts") == []


async def test_a_log_entry_goes_out_once_and_stays_as_it_was_entered(world: World) -> None:
    made = await world.push(chart(call()), LINK)
    (found,) = await there(world, made.external_id, "communication-logs")
    assert (found["note"], found["direction"]) == ("Rang the sister", "sent")
    world.calls.clear()
    again = await world.push(chart(call("Rang the brother")), after(made))
    assert writes(world) == []
    assert [(out.expression, "entered" in out.reason) for out in again.left_out] == [("Communication/c1", True)]


async def test_a_moment_that_is_written_otherwise_is_no_change(world: World) -> None:
    full = chart(call(sent="2026-02-03T10:00:00.000+01:00"))
    made = await world.push(full, LINK)
    (found,) = await there(world, made.external_id, "communication-logs")
    assert datetime.fromisoformat(found["communication_datetime"]) == datetime(2026, 2, 3, 9, tzinfo=UTC)
    assert (await world.push(full, after(made))).left_out == ()


async def test_a_source_is_fixed_its_role_is_not(world: World) -> None:
    referenced = known(world, Organization_o1=HOTLINE, Practitioner_d1=CALLOWAY)
    made = await world.push(chart(source(), referenced=referenced), LINK)
    (found,) = await there(world, made.external_id, "referral-attributions")
    assert (found["referral_source"]["id"], found["attribution_role"]) == (HOTLINE, "primary")
    changed = source("assist", "Practitioner/d1")
    again = await world.push(chart(changed, referenced=referenced), after(made))
    (found,) = await there(world, made.external_id, "referral-attributions")
    assert (found["referral_source"]["id"], found["provider"], found["attribution_role"]) == (HOTLINE, None, "assist")
    assert ["entered" in out.reason for out in again.left_out] == [True]
    gone = source("assist", extension=[extension("archived-at", valueDateTime="2026-03-01T10:00:00Z")])
    world.calls.clear()
    await world.push(chart(gone, referenced=referenced), after(again))
    (archived,) = [each for each in world.calls if each.method == "POST"]
    assert archived.query == (("base_version", "2"),)
    assert await there(world, made.external_id, "referral-attributions") == []


async def test_relatives_are_related_where_the_emr_has_both(world: World) -> None:
    made = await world.push(chart(kin()), LINK)
    assert [out.expression for out in made.left_out] == ["RelatedPerson/r1"]
    link = Linked("p1", made.external_id, made.record, keys={"Patient/p9": HOLLOWAY})
    again = await world.push(chart(kin()), link)
    (found,) = await there(world, HOLLOWAY, "relationships")
    assert (found["relationship_type"], found["to_patient"]["id"]) == ("parent", made.external_id)
    assert again.left_out == ()
    link = Linked("p1", made.external_id, made.record, keys={**link.keys, **again.links}, records=again.records)
    await world.push(chart(kin("GRPRN")), link)
    (found,) = await there(world, HOLLOWAY, "relationships")
    assert found["relationship_type"] == "grandparent"


async def test_custom_fields_go_by_the_emrs_definition_of_that_name(world: World) -> None:
    full = Chart(patient(extension=[field("preferred pharmacy", "Quay Street"), field("Shoe size", "41")]))
    made = await world.push(full, LINK)
    rows = (await world.api("GET", f"/patients/{made.external_id}/field-values"))["items"]
    assert [(row["field_definition_uuid"], row["value"]) for row in rows] == [(PHARMACY, "Quay Street")]
    assert [out.expression for out in made.left_out] == ["Patient.extension"]
    link = Linked("p1", made.external_id, made.record)
    world.calls.clear()
    await world.push(full, link)
    assert writes(world) == []
    again = await world.push(Chart(patient()), link)
    assert (await world.api("GET", f"/patients/{made.external_id}/field-values"))["items"] == []
    assert again.left_out == ()
