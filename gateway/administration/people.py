"""Who may come in: clients, users, launches, initial tokens and the organisation itself."""

from __future__ import annotations

from gateway.administration.asked import NewAccount, NewClient, NewDemands, NewLaunch, NewProvider, NewToken
from gateway.administration.errand import Errand, Json
from gateway.auth.clients import Registration
from gateway.auth.launches import Launch
from gateway.auth.minting import minted
from gateway.auth.provider import Provider
from gateway.auth.users import NewUser, Role
from gateway.commands import client, keys, org, user
from gateway.faults import Invalid


async def clients(errand: Errand) -> Json:
    """GET clients"""
    return await client.list_all(errand.services, errand.org)


async def add_client(errand: Errand) -> Json:
    """POST clients"""
    asked = errand.posted(NewClient)
    registration = Registration(**{name: getattr(asked, name) for name in asked.__struct_fields__})
    return await client.add_one(errand.services, errand.org, registration)


async def disable_client(errand: Errand) -> Json:
    """POST clients/[id]/disable"""
    return await client.disable_one(errand.services, errand.org, errand.name)


async def initial_token(errand: Errand) -> Json:
    """POST initial-tokens"""
    asked = errand.posted(NewToken)
    return await client.make_token(errand.services, errand.org, asked.scope, asked.hours, asked.uses)


async def users(errand: Errand) -> Json:
    """GET users"""
    return await user.list_all(errand.services, errand.org)


async def add_user(errand: Errand) -> Json:
    """POST users"""
    asked = errand.posted(NewAccount)
    try:
        role = Role(asked.role)
    except ValueError:
        raise Invalid(f"The role is one of {', '.join(Role)}", "role") from None
    new = NewUser(email=asked.email, role=role, patient=asked.patient, practitioner=asked.practitioner)
    return await user.add_account(errand.services, errand.org, new, asked.password)


async def disable_user(errand: Errand) -> Json:
    """POST users/[email]/disable"""
    return await user.disable_one(errand.services, errand.org, errand.name)


async def sign_out_user(errand: Errand) -> Json:
    """POST users/[email]/sign-out"""
    return await user.sign_out_one(errand.services, errand.org, errand.name)


async def launch(errand: Errand) -> Json:
    """POST launch"""
    asked = errand.posted(NewLaunch)
    about = Launch(
        patient=asked.patient,
        encounter=asked.encounter,
        intent=asked.intent,
        need_patient_banner=asked.need_patient_banner,
        smart_style_url=asked.smart_style_url,
        fhir_context=asked.fhirContext,
        client_id=asked.client_id,
        email=asked.user,
    )
    return await minted(errand.services, errand.realm, about)


async def organisation(errand: Errand) -> Json:
    """GET org"""
    return await org.shown(errand.services, errand.org)


async def demand(errand: Errand) -> Json:
    """POST org"""
    asked = errand.posted(NewDemands)
    await org.put_demands(errand.services, errand.org, asked.profile, frozenset(asked.no_profile))
    return await org.shown(errand.services, errand.org)


async def provider(errand: Errand) -> Json:
    """POST org/provider"""
    asked = errand.posted(NewProvider)
    given = Provider(asked.issuer, asked.client_id, asked.client_secret, asked.name)
    return await org.give_provider(errand.services, errand.org, given)


async def no_provider(errand: Errand) -> Json:
    """DELETE org/provider"""
    return await org.remove_provider(errand.services, errand.org)


async def rotate_keys(errand: Errand) -> Json:
    """POST org/rotate-keys"""
    return await org.rotate(errand.services, errand.org)


async def signing_keys(errand: Errand) -> Json:
    """GET keys: the organisation's, and those that EMRs know the gateway by, which are rotated at the machine"""
    return {
        "organisation": await keys.keys_of(errand.services, errand.org),
        "gateway": await keys.keys_of_gateway(errand.services),
    }
