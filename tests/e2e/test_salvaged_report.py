"""What `llocust report` finds of workers whose master is gone."""

import shutil

import pytest
from support.command import Run, llocust
from support.folders import full_window, manifest, phases, point, process, write_run

from harness.run import write_manifest
from harness.spool import Spool

ROW = point(1, 2, workers=["w1"])
RECORDS = full_window(2, worker="w1")


def left_by_a_killed_tree(work_dir, spool_dir):
    """The master had just opened the window when all of them were killed; its workers had a whole window on their disks."""
    spool = Spool(spool_dir, "r1", "w1")
    fields = {"id": "r1", "state": "running"}
    write_run(spool.folder, RECORDS, ROW, locust=None, processes=[process("w1", end=None)], **fields)
    folder = work_dir / "output" / "r1"
    folder.mkdir(parents=True)
    row = point(1, 2, state="running", phases={"w1": phases()})
    write_manifest(folder, manifest([row], processes=[process("w1", end=None, spool=str(spool.folder))], **fields))
    return folder, spool


@pytest.mark.parametrize("directory", [".", "elsewhere"])
def test_spools_on_this_host_are_taken_without_being_asked_for(tmp_path, directory):
    folder, spool = left_by_a_killed_tree(tmp_path, tmp_path / directory)
    done = llocust("report", str(folder), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"bytes of worker w1 from {spool.folder}." in done.stderr
    (row,) = Run(folder).report["points"]
    assert row["requests"]["sent"] == len(RECORDS)
    again = llocust("report", str(folder), cwd=tmp_path)
    assert (again.returncode, again.stderr) == (0, "")
    assert Run(folder).report["points"] == [row]


def test_a_spool_from_another_host_is_named(tmp_path):
    folder, spool = left_by_a_killed_tree(tmp_path, tmp_path / "elsewhere")
    brought = tmp_path / "brought"
    shutil.move(spool.folder, brought)
    done = llocust("report", str(folder), "--spool", str(brought), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"bytes of worker w1 from {brought}." in done.stderr
    assert len(Run(folder).records()) == len(RECORDS)


def test_mistakes(tmp_path):
    folder, spool = left_by_a_killed_tree(tmp_path, tmp_path)
    done = llocust("report", str(folder), "--spool", str(tmp_path), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (2, f"--spool {tmp_path}: there is no spool of the run r1.\n")
    done = llocust("report", str(folder), str(folder), "--spool", str(spool.folder), cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.endswith("--spool belongs to one run; name only that.\n")
