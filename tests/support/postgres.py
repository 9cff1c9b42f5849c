"""A PostgreSQL for the tests: the one that LLOCUST_TEST_POSTGRES names, or one made for them and thrown away."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from uuid import uuid4

import pytest
from sqlalchemy import URL, create_engine, make_url

ROOT = Path("/usr/lib/postgresql")
USER = "postgres"
AS_POSTGRES = ("setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups")


@contextmanager
def server() -> Iterator[URL]:
    """Of a database in which others can be made. Where there is no server the test is skipped, or fails if one is required."""
    named = os.environ.get("LLOCUST_TEST_POSTGRES")
    if named:
        yield make_url(named).set(drivername="postgresql+psycopg")
        return
    programs = sorted(ROOT.glob("*/bin"), key=lambda path: int(path.parent.name))
    if not programs or os.geteuid() != 0:
        why = "no LLOCUST_TEST_POSTGRES, and no /usr/lib/postgresql that root could start"
        if os.environ.get("LLOCUST_POSTGRES") == "required":
            pytest.fail(why)
        pytest.skip(why)
    with _thrown_away(programs[-1]) as url:
        yield url


@contextmanager
def _thrown_away(programs: Path) -> Iterator[URL]:
    # The path of a socket may have no more than 107 bytes, which pytest's own directories have soon used up.
    home = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    shutil.chown(home, USER)
    try:
        initdb = [
            *AS_POSTGRES,
            str(programs / "initdb"),
            "-D",
            str(home / "data"),
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
        ]
        subprocess.run(initdb, check=True, cwd="/", stdout=subprocess.DEVNULL, timeout=60)
        with (home / "log").open("w") as log, _running(programs, home, log) as process:
            _wait(programs, home, process)
            yield URL.create("postgresql+psycopg", USER, database="postgres", query={"host": str(home)})
    finally:
        shutil.rmtree(home)


@contextmanager
def _running(programs: Path, home: Path, log: IO[str]) -> Iterator[subprocess.Popen]:
    # It listens on a socket in that directory alone, so that its port is nobody else's business; and it ends with us,
    # also where we are killed.
    words = [*AS_POSTGRES, "--pdeathsig=QUIT", str(programs / "postgres"), "-D", str(home / "data"), "-k", str(home)]
    settings = ["-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=50"]
    process = subprocess.Popen([*words, *settings], cwd="/", stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait(timeout=60)


def _wait(programs: Path, home: Path, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 60
    while subprocess.run([str(programs / "pg_isready"), "-q", "-h", str(home)], check=False).returncode != 0:
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError((home / "log").read_text())
        time.sleep(0.05)


@contextmanager
def database(server_url: URL) -> Iterator[str]:
    """The URL of an empty database, dropped afterwards."""
    engine = create_engine(server_url, isolation_level="AUTOCOMMIT")
    name = f"llocust_{uuid4().hex[:12]}"
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        yield server_url.set(database=name).render_as_string(hide_password=False)
        with engine.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        engine.dispose()
