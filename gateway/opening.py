"""Puts a gateway together from its settings, and takes it apart again: the one place that knows every room."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.audit.trail import Trail
from gateway.auth.authority import Auth
from gateway.auth.secrets import SecretBox, load_secret_box
from gateway.bulk.workflows import BulkWorkflows
from gateway.definitions import load
from gateway.faults import Misconfigured
from gateway.provenance.witness import provenance_witness
from gateway.services import Services
from gateway.settings import Settings
from gateway.store.dialect import SQLITE, dialect_of, open_engine
from gateway.store.index_version import STALE, is_index_current
from gateway.store.migrations import is_current
from gateway.store.migrations import migrate as migrate_tables
from gateway.store.open import open_store, system_clock
from gateway.store.reindex import Progress, reindex
from gateway.store.sqlite import database_path
from gateway.store.store import SqlStore
from gateway.subscriptions.orders import enqueuing
from gateway.subscriptions.subscriptions import A_DAY, Subscriptions
from gateway.sync.journal import migrate_journal
from gateway.sync.patience import Patience
from gateway.sync.sync import Sync
from gateway.translation.registry import load_translators
from gateway.upstream import upstream_client

PAGING = "paging"
AUDIT = "audit"
SYNC_ALL = "all"


def data_dir(settings: Settings) -> Path:
    """Where files that belong to the database go: beside it, or under data/ where it is a server."""
    if dialect_of(settings.database_url) is SQLITE:
        return database_path(settings.database_url).parent
    return Path("data")


def migrate(settings: Settings, progress: Progress = lambda done, total: None) -> None:
    """Bring the database to the current schema, DBOS's tables included; `progress` is of an index made anew."""
    data_dir(settings).mkdir(parents=True, exist_ok=True)
    migrate_tables(settings.database_url)
    reindex_tables(settings, progress)
    migrate_journal(settings.database_url)


def reindex_tables(settings: Settings, progress: Progress) -> None:
    """Make the search index anew where an older version of the gateway made it."""
    engine = open_engine(settings.database_url)
    try:
        reindex(engine, load(), settings.public_url, progress)
    finally:
        engine.dispose()


def check_migrated(settings: Settings) -> None:
    """Raises Misconfigured."""
    if not is_current(settings.database_url):
        raise Misconfigured("The database is not at the current schema; run `crosswalk migrate`")
    if not is_index_current(settings.database_url):
        raise Misconfigured(STALE)


@asynccontextmanager
async def open_services(
    settings: Settings, box: SecretBox | None = None, patience: Patience = A_DAY
) -> AsyncIterator[Services]:
    """Services over a migrated database. Nothing works on the queues until `services.sync.working()`.

    `patience` is with the endpoints of Subscriptions.
    """
    box = box or load_secret_box(settings, data_dir(settings))
    definitions = load()
    store = open_store(settings.database_url, definitions)
    async with upstream_client(settings) as http:
        try:
            auth = Auth(store.engine, settings, box, http, definitions.all_types)
            sync = Sync(store, definitions, auth, box, load_translators(), http, time.time)
            store.witnesses.append(provenance_witness)
            wake = enqueuing(sync.client)
            subscriptions = Subscriptions(store, definitions, settings, box, http, wake, patience=patience)
            sync.others.append(subscriptions)
            trail = open_trail(settings, store)
            services = Services(
                settings=settings,
                definitions=definitions,
                store=store,
                auth=auth,
                sync=sync,
                paging_key=box.mac_key(PAGING),
                clock=system_clock,
                subscriptions=subscriptions,
                audit=trail,
            )
            sync.others.append(BulkWorkflows(services))
            async with trail.moving():
                yield services
        finally:
            await store.close()


def open_trail(settings: Settings, store: SqlStore) -> Trail:
    """The audit trail of this process; its journal lies beside the database."""
    sync_all, days = settings.audit_sync == SYNC_ALL, settings.audit_days
    return Trail(store, data_dir(settings) / AUDIT, system_clock, sync_all=sync_all, days=days)
