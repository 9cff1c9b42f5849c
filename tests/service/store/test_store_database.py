import sqlite3
import threading
from datetime import timedelta

import msgspec
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError, OperationalError
from support.rows import NOON, row

from service.store.database import Database
from service.store.nouns import Page, RunFilter, RunRow, StoreError
from service.store.store import Store
from service.store.tables import metadata


def run(number: int = 0, **fields) -> RunRow:
    return RunRow(**({"id": f"20260131T12000{number}Z-abc", "submitted": NOON} | fields))


def test_the_tables_are_those_that_the_code_knows(store):
    with store._database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_migrating_again_changes_nothing(store):
    store.add_results([row()])
    store.migrate()
    assert store.results().total == 1


def test_two_that_migrate_at_once(database_url):
    stores = [Store(database_url) for _ in range(3)]
    threads = [threading.Thread(target=each.migrate) for each in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stores[0].add_results([row()])
    assert stores[2].results().total == 1
    for each in stores:
        each.close()


def test_a_database_of_a_newer_version_is_refused(database_url):
    store = Store(database_url)
    store.migrate()
    with store._database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(
        StoreError, match=r"^The database was made by a newer version of llocust: update llocust, or give"
    ):
        store.migrate()
    store.close()


def test_a_store_without_tables_says_so(database_url):
    store = Store(database_url)
    with pytest.raises(StoreError, match=r"^The database cannot be used: .*runs.*\.$"):
        store.runs()
    store.close()


def test_a_run_is_kept_with_all_that_is_known_of_it(store):
    full = run(
        folder="runs/x/output/y",
        name="nightly",
        description="after the upgrade",
        state="done",
        begun=NOON,
        ended=NOON + timedelta(minutes=5, microseconds=1),
        model="tiny",
        dialect="chat",
        host="http://127.0.0.1:8000",
        users=[1, 8],
        workload="sha256:ab",
        verdict="trusted",
        figures={"points": [{"users": 1, "ttft_s": {"p50": 0.1, "p95": None}}]},
        options={"users": [1, 8], "max_tokens": 16},
        trouble="",
        imported=True,
    )
    store.add_run(full)
    assert store.run(full.id) == full
    assert store.run("none") is None
    assert store.runs().items == [full]


def test_a_run_changes(store):
    store.add_run(run())
    store.update_run(run().id, state="running", begun=NOON)
    store.update_run(run().id, trouble="the server went away", figures={"a": 1})
    changed = store.run(run().id)
    assert (changed.state, changed.begun, changed.trouble, changed.figures) == (
        "running",
        NOON,
        "the server went away",
        {"a": 1},
    )
    with pytest.raises(StoreError, match=r"^There is no run x\.$"):
        store.update_run("x", state="done")


def test_a_run_is_added_once(store):
    store.add_run(run())
    with pytest.raises(StoreError, match=r"^The database cannot be used: "):
        store.add_run(run())


def test_runs_are_found_newest_first(store):
    store.add_run(run(0, state="done", model="a", name="Nightly"))
    store.add_run(run(1, state="failed", model="a", workload="w", description="100% of nightly"))
    store.add_run(run(2, state="done", model="b", workload="w"))

    def numbers(wanted):
        found = store.runs(wanted)
        assert found.total == len(found.items)
        return [each.id[14] for each in found.items]

    assert numbers(RunFilter()) == ["2", "1", "0"]
    assert numbers(RunFilter(state="done")) == ["2", "0"]
    assert numbers(RunFilter(model="a", workload="w")) == ["1"]
    assert numbers(RunFilter(text="NIGHT")) == ["1", "0"]
    assert numbers(RunFilter(text="0%")) == ["1"]
    assert numbers(RunFilter(text="12_0")) == []
    assert numbers(RunFilter(text="120002z")) == ["2"]


def test_pages_of_runs(store):
    for number in range(5):
        store.add_run(run(number))
    first = store.runs(page=Page(limit=2))
    assert ([each.id[14] for each in first.items], first.total) == (["4", "3"], 5)
    second = store.runs(page=Page(limit=2, cursor=first.next))
    assert [each.id[14] for each in second.items] == ["2", "1"]
    last = store.runs(page=Page(limit=2, cursor=second.next))
    assert ([each.id[14] for each in last.items], last.next) == (["0"], None)
    assert [each.id[14] for each in store.runs(page=Page(limit=2, offset=1)).items] == ["3", "2"]


def test_threads_that_add_at_once_lose_nothing_and_count_right(store):
    def add(first):
        for n in range(first, first + 20):
            store.add_results([row(n, n, model="m"), row(n // 2, n // 2, model="m")])

    threads = [threading.Thread(target=add, args=(first,)) for first in (0, 10, 20, 30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.results().total == 50
    assert store.average()[0].count == 50


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("nonsense", "The database's URL cannot be read: write sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME."),
        ("sqlite://", "The database's URL names no file: write sqlite:///PATH."),
        ("sqlite:///:memory:", "The database's URL names no file: write sqlite:///PATH."),
        ("mysql://u:secret@h/d", "There is no store in mysql: the database's URL begins with sqlite: or postgresql:."),
        ("postgresql://u:secret@h:port/d", "The database's URL cannot be read: write sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME."),
    ],
)  # fmt: skip
def test_a_url_that_is_of_no_store(url, sentence):
    with pytest.raises(StoreError) as info:
        Store(url)
    assert str(info.value) == sentence


@pytest.mark.parametrize("url", ["postgresql", "postgres", "postgresql+psycopg"])
def test_a_server_that_is_not_there_and_no_credentials(url):
    store = Store(f"{url}://someone:s3cret@127.0.0.1:9/db")
    with pytest.raises(StoreError) as info:
        store.ping()
    assert str(info.value).startswith("The database cannot be used: ")
    assert "s3cret" not in str(info.value)
    assert "someone" not in str(info.value)
    store.close()


def test_a_file_that_is_no_database(tmp_path):
    (tmp_path / "x.db").write_text("not a database, but long enough to be taken for one " * 100)
    store = Store(f"sqlite:///{tmp_path}/x.db")
    with pytest.raises(StoreError, match=r"^The database cannot be used: file is not a database\.$"):
        store.migrate()


def test_a_directory_for_the_database_is_made(tmp_path):
    store = Store(f"sqlite:///{tmp_path}/a/b/x.db")
    store.migrate()
    store.ping()
    store.close()
    connection = sqlite3.connect(tmp_path / "a/b/x.db")
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_a_directory_that_cannot_be_made(tmp_path):
    (tmp_path / "a").write_text("")
    with pytest.raises(StoreError, match=r"a/b cannot be made for the database: Not a directory\.$"):
        Store(f"sqlite:///{tmp_path}/a/b/x.db")


def test_an_error_shows_no_content(store):
    store.add_run(run())
    secret = run(description="a prompt that is nobody's business")
    with pytest.raises(StoreError) as info:
        store.add_run(secret)
    assert "nobody" not in str(info.value)
    with store._database.engine.connect() as connection, pytest.raises(IntegrityError) as raw:
        connection.execute(insert(metadata.tables["runs"]), msgspec.structs.asdict(secret))
    assert "nobody" not in str(raw.value)


def test_an_error_shows_no_credentials():
    database = Database("postgresql://me:s3cret@127.0.0.1:9/db")
    why = Exception('some "me" came with s3cret, me too.\nAnd more.')
    with pytest.raises(StoreError) as info:
        database._complain(OperationalError("SELECT 1", None, why))
    assert str(info.value) == 'The database cannot be used: some "***" came with ***, *** too.'


def test_a_transaction_that_writes_takes_its_lock_at_the_beginning(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/x.db")
    other = sqlite3.connect(tmp_path / "x.db", timeout=0)
    with database.reading() as connection:
        connection.exec_driver_sql("SELECT 1")
        other.execute("BEGIN IMMEDIATE")
        other.rollback()
    with database.writing(), pytest.raises(sqlite3.OperationalError, match="database is locked"):
        other.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")
    other.close()
    database.engine.dispose()


def test_ping(store):
    store.ping()
