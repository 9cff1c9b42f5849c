"""Every test that asks for a store runs against both databases."""

import shutil

import pytest
from support import postgres

from service.store.store import Store
from service.store.tables import metadata


@pytest.fixture(scope="session")
def postgres_server():
    with postgres.server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, tmp_path):
    """Of a database without a table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    with postgres.database(request.getfixturevalue("postgres_server")) as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_file(tmp_path_factory):
    """Of a store without a row, to be copied."""
    path = tmp_path_factory.mktemp("store") / "store.db"
    store = Store(f"sqlite:///{path}")
    store.migrate()
    store.close()
    return path


@pytest.fixture(scope="session")
def postgres_store(postgres_server):
    """Shared by all tests, as making a database takes long; each leaves it empty."""
    with postgres.database(postgres_server) as url:
        store = Store(url)
        store.migrate()
        yield store
        store.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path):
    """Without a row."""
    if request.param == "sqlite":
        path = shutil.copy(request.getfixturevalue("sqlite_file"), tmp_path / "store.db")
        store = Store(f"sqlite:///{path}")
        yield store
        store.close()
        return
    store = request.getfixturevalue("postgres_store")
    yield store
    with store._database.writing() as connection:
        connection.exec_driver_sql(f"TRUNCATE {', '.join(metadata.tables)} RESTART IDENTITY")
