"""The databases that tests run on: every test that asks for `dialect` runs on each that its folder is for."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from gateway.store.migrations import migrate
from tests.databases import DIALECTS, Original, empty
from tests.postgresql import NoServer, Server, server
from tests.scratch import keep_in_memory

ROOT = Path(__file__).parent
ROOMS = (
    "access", "store", "search", "interactions", "operations", "sync", "bulk", "subscriptions", "audit", "provenance"
)  # fmt: skip
FILES = ("auth/test_code_grant.py", "auth/test_launches.py", "faces/test_repeated.py")
WALK = ROOT / "translators/internal/face/test_both_faces.py"
ON_BOTH = (*(ROOT / "gateway" / place for place in (*ROOMS, *FILES)), WALK)
OWN = {
    **dict.fromkeys(("test_sqlite.py", "test_plans.py", "test_via.py", "test_via_answers.py"), DIALECTS[:1]),
    "test_postgres.py": DIALECTS[1:],
}
"""Files about one of them, or about what no database has a part in."""
LONG = tuple(f"tests/{place}/" for place in ("blackbox", "browser", "conformance", "security"))
NEEDED = "CROSSWALK_TESTS_NEED_POSTGRESQL"


def pytest_configure(config: pytest.Config) -> None:
    keep_in_memory()
    trust_nobody()


def trust_nobody() -> None:
    """No test reaches beyond this machine; to read the web's authorities for each client takes 25 ms of a core."""
    os.environ.pop("SSL_CERT_FILE", None)
    os.environ["SSL_CERT_DIR"] = str(ROOT)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What waits for other processes, or takes long, begins first: at the end every worker has something to do."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


def pytest_collection_finish() -> None:
    """What is here now stays: the collector need not look through a million objects again at every turn of its own."""
    if "hypothesis" in sys.modules:  # as it is imported it asks the collector who holds the generators that it seeds
        gc.collect()
        gc.freeze()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "dialect" in metafunc.fixturenames:
        path = Path(metafunc.module.__file__ or "")
        metafunc.parametrize("dialect", dialects_for(path), indirect=True, scope="session")


def dialects_for(path: Path) -> tuple[str, ...]:
    """Those of the folder, or the one that the file is named after."""
    on_both = any(place in (path, *path.parents) for place in ON_BOTH)
    return OWN.get(path.name) or (DIALECTS if on_both else DIALECTS[:1])


@pytest.fixture(scope="session", autouse=True)
def loggers_are_not_kept() -> Iterator[None]:
    """A command that runs in this process sets logging up; loggers that it kept would be of its making ever after."""
    configure = structlog.configure

    def uncached(**settings: Any) -> None:
        configure(**{**settings, "cache_logger_on_first_use": False})

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(structlog, "configure", uncached)
        yield


@pytest.fixture(autouse=True)
def logging_as_it_was(loggers_are_not_kept: None) -> Iterator[None]:
    """What a test sets up does not outlive it."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """Without a server the tests skip, unless the environment says that there has to be one."""
    try:
        with server() as found:
            yield found
    except NoServer as why:
        if os.environ.get(NEEDED):
            pytest.fail(f"{NEEDED} is set, and {why}")
        pytest.skip(str(why))


@pytest.fixture(scope="session")
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def new_original(
    dialect: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Original]:
    """Makes a database without a table."""
    found = request.getfixturevalue("postgresql") if dialect == "postgresql" else None
    return lambda: empty(found, tmp_path_factory.mktemp("original"))


@pytest.fixture(scope="session")
def migrated(new_original: Callable[[], Original]) -> Original:
    """A database at the current schema, with nothing in it."""
    original = new_original()
    migrate(original.url)
    return original


@pytest.fixture
def database_url(migrated: Original, tmp_path: Path) -> Iterator[str]:
    """A migrated database of the test's own."""
    with migrated.copy(tmp_path) as url:
        yield url
