import shutil

import msgspec
import pytest
from support.folders import manifest, phases, point, process, record, write_run

from harness.record import from_line, to_line
from harness.run import Phases, RunError, health_path, read_manifest, records_path, write_manifest
from harness.salvage import salvage
from harness.spool import Spool

RECORDS = [record(at_ms=100 * number, seq=number, worker="w1") for number in range(5)]
ROW = point(1, 4, workers=["w1"])


def spool_of(work_dir, *, run_id="r1", worker="w1", records=RECORDS, row=ROW, torn=b""):
    """What a worker that died has left."""
    spool = Spool(work_dir, run_id, worker)
    write_run(spool.folder, records, row, id=run_id, processes=[process(worker, spool=str(spool.folder))], locust=None)
    with spool.path(row, "records").open("ab") as file:
        file.write(torn)
    return spool


def run_of(work_dir, *, run_id="r1", points=(ROW,), processes=None, **fields):
    folder = work_dir / "output" / run_id
    folder.mkdir(parents=True)
    copied = [msgspec.structs.replace(each, phases=dict(each.phases)) for each in points]
    write_manifest(
        folder, manifest(copied, id=run_id, processes=[process("w1")] if processes is None else processes, **fields)
    )
    return folder


def has(folder, records, row=ROW, worker="w1"):
    written = records_path(folder, row, worker).read_bytes()
    return [from_line(line) for line in written.splitlines()] == list(records)


def test_a_spool_beside_the_run_is_found(tmp_path):
    folder, spool = run_of(tmp_path), spool_of(tmp_path)
    (salvaged,) = salvage(folder)
    assert has(folder, RECORDS)
    assert health_path(folder, ROW, "w1").read_bytes() == spool.path(ROW, "health").read_bytes()
    size = spool.path(ROW, "records").stat().st_size + spool.path(ROW, "health").stat().st_size
    assert salvaged == (spool.folder, "w1", size)
    assert str(salvaged) == f"Salvaged {size:,} bytes of worker w1 from {spool.folder}."


def test_a_spool_that_the_manifest_names_is_found(tmp_path):
    spool = spool_of(tmp_path / "elsewhere")
    folder = run_of(tmp_path, processes=[process("w1", spool=str(spool.folder))])
    assert salvage(folder)
    assert has(folder, RECORDS)


def test_a_second_time_there_is_nothing_new(tmp_path):
    folder, _ = run_of(tmp_path), spool_of(tmp_path)
    salvage(folder)
    assert salvage(folder) == []
    assert has(folder, RECORDS)


def test_only_what_is_missing_is_taken(tmp_path):
    folder, spool = run_of(tmp_path), spool_of(tmp_path)
    mine = records_path(folder, ROW, "w1")
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"".join(to_line(each) for each in RECORDS[:2]))
    (salvaged,) = salvage(folder)
    assert has(folder, RECORDS)
    lines = sum(len(to_line(each)) for each in RECORDS[2:])
    assert salvaged.size_bytes == lines + spool.path(ROW, "health").stat().st_size


def test_a_torn_last_line_stays_torn_until_there_is_more(tmp_path):
    folder = run_of(tmp_path)
    last = to_line(RECORDS[4])
    spool = spool_of(tmp_path, records=RECORDS[:4], torn=last[:50])
    salvage(folder)
    assert records_path(folder, ROW, "w1").read_bytes().endswith(b"\n" + last[:50])
    with spool.path(ROW, "records").open("ab") as file:
        file.write(last[50:])  # its worker was not dead after all
    (salvaged,) = salvage(folder)
    assert salvaged.size_bytes == len(last) - 50
    assert has(folder, RECORDS)


def test_several_workers_and_points(tmp_path):
    rows = (ROW, point(2, 8, workers=["w1"]))
    folder = run_of(tmp_path, points=rows, processes=[process("w0"), process("w1")])
    ours = [record(seq=number, worker="w0") for number in range(3)]
    spool_of(tmp_path, worker="w0", records=ours, row=point(1, 4, workers=["w0"]))
    spool_of(tmp_path)
    spool_of(tmp_path, row=rows[1], records=RECORDS[:1])  # the same worker's, of a later point
    assert [each.worker for each in salvage(folder)] == ["w0", "w1", "w1"]
    assert has(folder, ours, worker="w0")
    assert has(folder, RECORDS)
    assert has(folder, RECORDS[:1], rows[1])


def test_spools_of_other_runs_are_left_alone(tmp_path):
    folder = run_of(tmp_path)
    spool_of(tmp_path, run_id="r1-2")  # its folder's name begins like that of a spool of r1
    spool_of(tmp_path, run_id="r2")
    assert salvage(folder) == []
    assert not (folder / "points").exists()


def test_a_run_without_spools(tmp_path):
    folder = write_run(tmp_path / "output" / "r1", RECORDS)
    before = (folder / "run.json").stat().st_mtime_ns
    assert salvage(folder) == []
    assert (folder / "run.json").stat().st_mtime_ns == before


def test_a_spool_that_is_named_and_gone(tmp_path):
    folder = run_of(tmp_path, processes=[process("w1", spool=str(tmp_path / "gone"))])
    assert salvage(folder) == []


def test_a_spool_whose_worker_wrote_nothing(tmp_path):
    folder = run_of(tmp_path)
    Spool(tmp_path, "r1", "w1")
    assert salvage(folder) == []


def test_phases_that_only_the_worker_knew(tmp_path):
    begun = Phases(spawn_ns=phases().spawn_ns)
    folder = run_of(tmp_path, points=[point(1, 4, phases={"w0": phases(), "w1": begun})])
    spool_of(tmp_path)
    salvage(folder)
    (row,) = read_manifest(folder).points
    assert row.phases == {"w0": phases(), "w1": phases()}


def test_phases_that_the_master_knows_as_well_stay(tmp_path):
    folder = run_of(tmp_path, points=[point(1, 4, phases={"w1": phases(20)})])
    spool_of(tmp_path)
    salvage(folder)
    assert read_manifest(folder).points[0].phases["w1"] == phases(20)


def test_a_worker_that_was_lost_did_not_see_the_end(tmp_path):
    begun = Phases(spawn_ns=phases().spawn_ns)
    lost = [process("w1", lost=True)]
    folder = run_of(tmp_path, points=[point(1, 4, phases={"w1": begun})], processes=lost)
    spool_of(tmp_path)
    salvage(folder)
    (row,) = read_manifest(folder).points
    assert row.phases == {"w1": msgspec.structs.replace(phases(), end_ns=None)}


def test_a_worker_that_the_master_never_wrote_down(tmp_path):
    folder = run_of(tmp_path, points=[point(1, 4, phases={})], processes=[])
    spool = spool_of(tmp_path)
    salvage(folder)
    told = read_manifest(folder)
    assert [(each.worker, each.spool) for each in told.processes] == [("w1", str(spool.folder))]
    assert told.points[0].phases == {"w1": phases()}


def test_a_point_that_the_master_never_wrote_down(tmp_path):
    folder = run_of(tmp_path, points=[])
    spool_of(tmp_path)
    salvage(folder)
    (row,) = read_manifest(folder).points
    assert (row.index, row.users, row.phases) == (1, 4, {"w1": phases()})
    assert has(folder, RECORDS)


def test_a_point_that_the_worker_never_reached(tmp_path):
    waiting = point(2, 8, phases={}, state="planned")
    folder = run_of(tmp_path, points=[ROW, waiting])
    spool_of(tmp_path)
    salvage(folder)
    assert read_manifest(folder).points[1] == waiting


def test_a_disk_that_was_full_there(tmp_path):
    folder = run_of(tmp_path)
    spool_of(tmp_path, row=point(1, 4, workers=["w1"], disk_full=True))
    salvage(folder)
    assert read_manifest(folder).points[0].disk_full


def test_a_spool_brought_from_another_host(tmp_path):
    folder = run_of(tmp_path)
    there = spool_of(tmp_path / "there")
    brought = tmp_path / "brought"
    shutil.copytree(there.folder, brought)
    (salvaged,) = salvage(folder, [brought])
    assert salvaged.spool == brought
    assert has(folder, RECORDS)


def test_a_directory_of_spools(tmp_path):
    folder = run_of(tmp_path)
    spool_of(tmp_path / "there")
    spool_of(tmp_path / "there", run_id="r2")
    assert len(salvage(folder, [tmp_path / "there" / "output" / ".spools"])) == 1


def test_one_that_is_found_anyway_is_taken_once(tmp_path):
    folder, spool = run_of(tmp_path), spool_of(tmp_path)
    assert len(salvage(folder, [spool.folder])) == 1
    assert has(folder, RECORDS)


@pytest.mark.parametrize("what", ["missing", "empty", "foreign"])
def test_a_directory_without_a_spool_of_the_run(tmp_path, what):
    folder, given = run_of(tmp_path), tmp_path / "given"
    if what == "empty":
        given.mkdir()
    if what == "foreign":
        given = spool_of(tmp_path / "there", run_id="r2").folder
    with pytest.raises(RunError, match=r"--spool .*: there is no spool of the run r1\."):
        salvage(folder, [given])


def test_a_folder_that_is_no_run(tmp_path):
    with pytest.raises(RunError, match="is not a run folder"):
        salvage(tmp_path)


def test_a_full_disk_is_said(tmp_path):
    folder, spool = run_of(tmp_path), spool_of(tmp_path)
    mine = records_path(folder, ROW, "w1")
    mine.parent.mkdir(parents=True)
    mine.symlink_to("/dev/full")
    with pytest.raises(RunError, match=r"What workers spooled cannot be taken: No space left on device .* It is kept"):
        salvage(folder)
    assert has(spool.folder, RECORDS)
