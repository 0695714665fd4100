"""The statements that find which resources an export of patients holds, by the index of references."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, bindparam, exists, select

from gateway.store.inclusion import binds
from gateway.store.tables import HISTORY, REFERENCE, RESOURCE

PATIENT = "Patient"


def live(resource: Any) -> list[Any]:
    return [resource.c.org == bindparam("org"), resource.c.type == bindparam("type"), resource.c.deleted == 0]


def all_of_type() -> Select[Any]:
    """Page by page, in order of creation."""
    resource = RESOURCE.alias("r")
    return _paged(select(resource.c.key).where(*live(resource)), resource)


def about_any_patient(params: int) -> Select[Any]:
    """Those that refer to some patient by one of the compartment's parameters, page by page."""
    resource, row = RESOURCE.alias("r"), REFERENCE.alias("i")
    own = [row.c.org == bindparam("org"), row.c.key == resource.c.key, row.c.param.in_(binds("param", params))]
    refers = exists().where(*own, row.c.target_type == PATIENT)
    return _paged(select(resource.c.key).where(*live(resource), refers), resource)


def _paged(statement: Select[Any], resource: Any) -> Select[Any]:
    return statement.where(resource.c.key > bindparam("after")).order_by(resource.c.key).limit(bindparam("limit"))


def about_patients(params: int, patients: int) -> Select[Any]:
    row = REFERENCE.alias("i")
    by = [row.c.org == bindparam("org"), row.c.param.in_(binds("param", params)), row.c.target_type == PATIENT]
    return select(row.c.key).where(*by, row.c.target_id.in_(binds("id", patients)))


def with_ids(ids: int) -> Select[Any]:
    resource = RESOURCE.alias("r")
    return select(resource.c.key).where(*live(resource), resource.c.id.in_(binds("id", ids)))


def referred_to(keys: int, types: int) -> Select[Any]:
    """What resources refer to, of some types."""
    row = REFERENCE.alias("i")
    of = [row.c.org == bindparam("org"), row.c.key.in_(binds("key", keys)), row.c.target_type.in_(binds("type", types))]
    return select(row.c.target_type, row.c.target_id).distinct().where(*of)


def deleted_since() -> Select[Any]:
    resource = RESOURCE.alias("r")
    of = [resource.c.org == bindparam("org"), resource.c.type == bindparam("type"), resource.c.deleted == 1]
    return select(resource.c.key, resource.c.id).where(*of, resource.c.updated > bindparam("since"))


def last_content() -> Select[Any]:
    """What a deleted resource was."""
    version = HISTORY.alias("v")
    of = [version.c.org == bindparam("org"), version.c.type == bindparam("type"), version.c.id == bindparam("id")]
    return select(version.c.body).where(*of, version.c.deleted == 0).order_by(version.c.version.desc()).limit(1)
