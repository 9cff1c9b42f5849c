"""A run's process: started, found again, ended with all that it started."""

import os
import sys
import time

import psutil
import pytest

from service.jobs.child import find, start
from service.jobs.directory import Directory, Order

BEARS = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def directory(tmp_path):
    made = Directory(tmp_path / "20260131T120000000Z-abcdef")
    made.make({"host": "http://h"}, Order())
    return made


def await_text(path):
    until_s = time.monotonic() + 20
    while not (text := path.read_text()).endswith("\n"):
        assert time.monotonic() < until_s
        time.sleep(0.01)
    return text


def has_ended(pid):
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_all_that_a_run_started_is_killed_with_it(directory):
    child = start([sys.executable, "-c", BEARS], directory, os.environ)
    born = int(await_text(directory.progress))
    assert not has_ended(born)
    child.kill()
    until_s = time.monotonic() + 20
    while child.is_alive() or not has_ended(born):
        assert time.monotonic() < until_s
        time.sleep(0.01)
    child.kill()  # once more, of what is gone


def test_a_run_is_found_by_its_directory(directory, tmp_path):
    assert find(directory) is None
    child = start([sys.executable, "-c", BEARS], directory, os.environ)
    await_text(directory.progress)
    found = find(directory)
    assert (found.pid, found.is_alive()) == (child.pid, True)
    assert abs(found.begun_s - child.begun_s) < 5
    assert find(Directory(tmp_path / directory.id[:-1])) is None
    child.kill()
    child._process.wait(20)
    assert not found.is_alive()
    assert find(directory) is None


def test_lines_of_progress_are_read_from_the_end(directory):
    assert directory.last_progress() is None
    directory.progress.write_text('{"n": 1}\n{"n": 2}\n{"n": 3')
    assert directory.last_progress() == {"n": 2}
    directory.progress.write_text('{"n": "' + "x" * 10_000 + '"}\n')
    assert directory.last_progress() is None


def test_last_words_are_few(directory):
    assert directory.last_words() == ""
    directory.errors.write_text("x" * 10_000 + "\nwhy\n")
    assert len(directory.last_words()) <= 4_000
    assert directory.last_words().endswith("x\nwhy")
