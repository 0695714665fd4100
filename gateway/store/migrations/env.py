"""Run by Alembic: the connection comes from migrate(), and the caller's transaction spans the whole chain."""

from __future__ import annotations

from alembic import context
from sqlmodel import SQLModel

from gateway.store import tables
from gateway.store.migrations import declared_only

assert tables.INDEX_TABLES  # noqa: S101 (imported for the metadata)

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    include_object=declared_only,
    transactional_ddl=False,
)
context.run_migrations()
