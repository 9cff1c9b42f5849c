"""A shipper and a depot in one process, with a link between them that the test holds in its hands."""

import errno
import os
import random
import stat

import gevent
import pytest
from locust.exception import RPCSendError
from support.folders import health, manifest, point, process, record

import harness.progress
import harness.swarm.shipper
from harness.block import BLOCK_BYTES, Stream, pack, to_message
from harness.record import from_line
from harness.run import records_path
from harness.spool import Spool, file_of
from harness.swarm.depot import Depot
from harness.swarm.recorder import Recorder
from harness.swarm.shipper import Shipper

NODE = "host_1234"


class Link:
    """Carries messages over in the order in which they were sent, unless told otherwise; a broken one says nothing."""

    def __init__(self):
        self.blocks: list[dict] = []
        self.receipts: list[dict] = []
        self.broken = False
        self.spoil = lambda message: [message]

    def carry(self, deliver, message: dict, kept: list[dict]) -> None:
        kept.append(message)
        if not self.broken:
            for each in self.spoil(message):
                gevent.spawn(deliver, each)


class Pair:
    """Both ends, and the point that is written."""

    def __init__(self, tmp_path, row=None, processes=("w1",)):
        self.row = row or point(1, 4, workers=[])
        self.folder = tmp_path / "output" / "r1"
        self.folder.mkdir(parents=True)
        self.manifest = manifest([self.row], id="r1", processes=[process(each) for each in processes])
        self.link = Link()
        self.spool = Spool(tmp_path, "r1", "w1")
        self.shipper = Shipper(self.spool, self._send)
        self.depot = Depot(self.folder, self.manifest, self._answer)
        self.recorder = Recorder(self.spool.folder, self.row, "w1")
        self.shipper.begin(self.row)
        self.shipper.start()
        self.depot.start()

    def _send(self, message: dict) -> None:
        self.link.carry(lambda each: self.depot.take(each, NODE), message, self.link.blocks)

    def _answer(self, message: dict, node: str) -> None:
        assert node == NODE
        self.link.carry(self.shipper.acknowledge, message, self.link.receipts)

    def write(self, count: int, begin: int = 0) -> None:
        for number in range(begin, begin + count):
            self.recorder.write(record(seq=number, worker="w1", text=random.Random(number).randbytes(500).hex()))
        for line in health(1):
            self.recorder.write_health(line)

    def finish(self) -> dict[str, int]:
        self.recorder.close()
        return self.shipper.finish(self.row)

    def files(self, kind: str = "records"):
        return self.spool.path(self.row, kind), file_of(self.folder, self.row, "w1", kind)

    @property
    def same(self) -> bool:
        return all(ours.read_bytes() == theirs.read_bytes() for ours, theirs in map(self.files, ("records", "health")))

    def stop(self) -> None:
        self.recorder.close()
        self.shipper.stop()
        self.depot.stop()


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(harness.swarm.shipper, "LOOK_S", 0.001)
    monkeypatch.setattr(harness.progress, "PATIENCE_S", 0.02)
    monkeypatch.setattr(harness.progress, "LONGEST_PATIENCE_S", 0.05)


@pytest.fixture
def pair(tmp_path):
    pair = Pair(tmp_path)
    yield pair
    pair.stop()


def until(condition) -> None:
    with gevent.Timeout(20):
        while not condition():
            gevent.sleep(0.001)


def test_the_masters_file_is_the_workers(pair):
    pair.write(2000)
    sizes = pair.finish()
    assert sizes["records"] > 4 * BLOCK_BYTES
    assert pair.shipper.drain(20)
    assert pair.depot.complete("w1", pair.row, sizes)
    assert pair.depot.held("w1", pair.row) == sizes
    assert pair.same


def test_what_is_flushed_is_shipped_while_the_point_runs(pair):
    pair.write(3)
    ours, theirs = pair.files()
    until(lambda: theirs.exists() and theirs.read_bytes() == ours.read_bytes())
    pair.write(3, begin=3)
    until(lambda: theirs.read_bytes() == ours.read_bytes())
    assert [from_line(line).seq for line in theirs.read_bytes().splitlines()] == list(range(6))


def test_a_point_is_complete_only_when_all_of_it_is_there(pair):
    pair.write(3)
    sizes = pair.finish()
    assert not pair.depot.complete("w1", pair.row, sizes)
    assert not pair.depot.complete("w1", pair.row, sizes | {"records": 0})
    assert not pair.depot.complete("w1", pair.row, sizes | {"health": 0})
    assert pair.shipper.drain(20)
    assert pair.depot.complete("w1", pair.row, sizes)
    assert not pair.depot.complete("w1", pair.row, sizes | {"health": sizes["health"] + 1})


def test_a_point_in_which_nothing_was_written(pair):
    sizes = pair.finish()
    assert sizes == {"records": 0, "health": 0}
    assert pair.shipper.drain(0)
    assert pair.depot.complete("w1", pair.row, sizes)


def test_several_points(pair):
    pair.write(5)
    pair.finish()
    later = point(2, 8, workers=[])
    pair.manifest.points.append(later)
    recorder = Recorder(pair.spool.folder, later, "w1")
    pair.shipper.begin(later)
    recorder.write(record(seq=7, worker="w1", point=2))
    recorder.close()
    assert pair.shipper.finish(later)["health"] == 0
    assert pair.shipper.drain(20)
    assert pair.same
    (line,) = records_path(pair.folder, later, "w1").read_bytes().splitlines()
    assert from_line(line).seq == 7


def test_a_torn_last_line_comes_as_it_is(pair):
    pair.write(1)
    with pair.spool.path(pair.row, "records").open("ab") as file:
        file.write(b'{"schema":1,"id":')
    sizes = pair.finish()
    assert pair.shipper.drain(20)
    assert pair.depot.complete("w1", pair.row, sizes)
    assert pair.same


def test_doubles_losses_damage_and_disorder(pair):
    draw = random.Random(1)

    def spoil(message: dict) -> list[dict]:
        fate = draw.random()
        if fate < 0.2:
            return []
        if fate < 0.4:
            return [message, message]
        if fate < 0.5 and "data" in message:
            return [message | {"data": message["data"][: len(message["data"]) // 2]}]
        if fate < 0.6:
            gevent.spawn_later(0.01, pair.depot.take, message, NODE)
            return []
        return [message]

    pair.link.spoil = spoil
    for part in range(5):
        pair.write(400, begin=400 * part)
        gevent.sleep(0.005)
    pair.finish()
    assert pair.shipper.drain(50)
    assert pair.same


@pytest.mark.parametrize(("change", "gap"), [({}, False), ({"begin": 9}, True), ({"data": b"no frame"}, True)])
def test_what_could_not_be_used_is_asked_for_again(pair, change, gap):
    pair.depot.take(to_message(pack(Stream("w1", 1, "records"), 0, b"{}\n")) | change, NODE)
    until(lambda: pair.link.receipts)
    held = 0 if gap else 3
    assert pair.link.receipts == [{"worker": "w1", "point": 1, "kind": "records", "held": held, "gap": gap}]


def test_a_link_that_was_cut(pair):
    pair.link.broken = True
    pair.write(2000)
    until(lambda: len(pair.link.blocks) > 8)
    # While nobody answers no more is sent than a window, and then a block at a time.
    begins = [block["begin"] for block in pair.link.blocks if block["kind"] == "records"]
    assert begins.count(0) >= 2
    assert max(begins) < 4 * BLOCK_BYTES < pair.shipper.waiting_bytes
    assert len(begins) - begins.count(0) == len({*begins}) - 1
    pair.finish()
    assert not pair.shipper.drain(0)
    pair.link.broken = False
    assert pair.shipper.drain(50)
    assert pair.same


def test_a_socket_that_does_not_take_it(pair, monkeypatch):
    refused = []

    def refuse(message: dict) -> None:
        refused.append(message)
        if len(refused) < 3:
            raise RPCSendError("ZMQ sent failure")
        Pair._send(pair, message)

    monkeypatch.setattr(pair.shipper, "_send", refuse)
    pair.write(10)
    pair.finish()
    assert pair.shipper.drain(20)
    assert pair.same


def test_a_block_after_its_point_was_closed(pair):
    pair.write(5)
    until(pair.files()[1].exists)
    pair.depot.close(pair.row)
    pair.write(5, begin=5)
    pair.finish()
    assert pair.shipper.drain(20)
    assert pair.same


def test_a_depot_that_starts_anew_goes_on_where_the_file_ends(pair):
    pair.write(1000)
    until(pair.files()[1].exists)
    pair.depot.stop()
    pair.depot = Depot(pair.folder, pair.manifest, pair._answer)
    pair.depot.start()
    pair.write(1000, begin=1000)
    pair.finish()
    assert pair.shipper.drain(50)
    assert pair.same


def test_a_stopped_depot_has_kept_what_had_come(pair):
    message = to_message(pack(Stream("w1", 1, "records"), 0, b"{}\n"))
    pair.depot.take(message, NODE)
    pair.depot.stop()
    assert pair.files()[1].read_bytes() == b"{}\n"
    pair.depot.take(message | {"begin": 3}, NODE)
    assert pair.depot.held("w1", pair.row)["records"] == 3


@pytest.mark.parametrize(
    "change",
    [{"worker": "w9"}, {"worker": "../../../w1"}, {"point": 9}, {"kind": "locust"}, {"data": b"", "size": "x"}],
)
def test_what_is_not_of_this_run_is_left_alone(pair, change):
    pair.depot.take(to_message(pack(Stream("w1", 1, "records"), 0, b"{}\n")) | change, NODE)
    gevent.sleep(0.01)
    assert pair.link.receipts == []
    assert not (pair.folder / "points").exists()
    assert pair.depot.trouble is None


def test_a_receipt_that_is_none_or_of_another_is_left_alone(pair):
    pair.shipper.acknowledge({"held": "all"})
    pair.shipper.acknowledge({"worker": "w9", "point": 1, "kind": "records", "held": 9})
    pair.write(2)
    pair.finish()
    assert pair.shipper.drain(20)


def test_a_full_disk_at_the_master(pair):
    theirs = pair.files()[1]
    theirs.parent.mkdir(parents=True)
    theirs.symlink_to("/dev/full")
    pair.write(5)
    until(lambda: pair.depot.trouble)
    assert pair.depot.trouble.startswith("Workers' records cannot be written: No space left on device.")
    assert pair.row.disk_full
    pair.finish()
    assert not pair.shipper.drain(0.05)
    theirs.unlink()  # there is room again
    assert pair.shipper.drain(20)
    assert pair.same


def test_a_full_disk_at_the_worker(tmp_path):
    row = point(1, 4, workers=[])
    spool = Spool(tmp_path, "r1", "w1")
    path = spool.path(row, "records")
    path.parent.mkdir(parents=True)
    path.symlink_to("/dev/full")
    recorder = Recorder(spool.folder, row, "w1")
    recorder.write(record())
    with pytest.raises(OSError, match="No space left"):
        recorder.flush()
    with pytest.raises(OSError, match="No space left"):
        recorder.close()


def test_a_spool_that_cannot_be_read(pair, monkeypatch, caplog):
    def fail(*_, **__):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(harness.swarm.shipper, "read_lines", fail)
    pair.write(5)
    until(lambda: pair.shipper.trouble)
    assert pair.shipper.trouble == f"The spool {pair.spool.folder} cannot be read: Input/output error."
    assert pair.shipper.trouble in caplog.text
    pair.finish()
    assert not pair.shipper.drain(20)


def test_waiting_bytes(pair):
    pair.link.broken = True
    pair.write(5)
    ours = sum(path.stat().st_size for path in (pair.files()[0], pair.files("health")[0]))
    assert pair.shipper.waiting_bytes == ours
    pair.link.broken = False
    until(lambda: pair.shipper.waiting_bytes == 0)


def test_the_files_are_for_everybody_to_read(pair):
    pair.write(1)
    pair.finish()
    assert pair.shipper.drain(20)
    assert stat.S_IMODE(pair.files()[1].stat().st_mode) & 0o444
