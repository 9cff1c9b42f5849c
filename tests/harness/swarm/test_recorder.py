import json

import pytest
from support.folders import health, record

from harness.record import from_line
from harness.run import Point, health_path, records_path
from harness.swarm.recorder import Recorder

POINT = Point(index=3, users=8)


@pytest.fixture
def recorder(tmp_path):
    recorder = Recorder(tmp_path, POINT, "w0")
    yield recorder
    recorder.close()


def lines(tmp_path, of=records_path) -> list[bytes]:
    return of(tmp_path, POINT, "w0").read_bytes().splitlines()


def test_its_files_are_the_points(tmp_path, recorder):
    folder = tmp_path / "points" / "03-users-8"
    assert sorted(path.name for path in folder.iterdir()) == ["health-w0.jsonl", "records-w0.jsonl"]


def test_a_record_a_line_in_order(tmp_path, recorder):
    wanted = [record(seq=number) for number in range(3)]
    for each in wanted:
        recorder.write(each)
    recorder.flush()
    assert recorder.written == 3
    assert [from_line(line) for line in lines(tmp_path)] == wanted


def test_a_second_of_health_takes_the_records_along(tmp_path, recorder):
    recorder.write(record())
    assert lines(tmp_path) == []
    (line,) = health(1)
    recorder.write_health(line)
    assert [from_line(each) for each in lines(tmp_path)] == [record()]
    (written,) = lines(tmp_path, health_path)
    assert json.loads(written)["at_ns"] == line.at_ns


def test_closing_writes_what_is_left(tmp_path):
    recorder = Recorder(tmp_path, POINT, "w0")
    recorder.write(record())
    recorder.close()
    assert [from_line(line) for line in lines(tmp_path)] == [record()]


def test_what_is_there_is_kept(tmp_path):
    for number in range(2):
        recorder = Recorder(tmp_path, POINT, "w0")
        recorder.write(record(seq=number))
        recorder.close()
    assert [from_line(line).seq for line in lines(tmp_path)] == [0, 1]


def test_a_full_disk_is_said(tmp_path):
    path = records_path(tmp_path, POINT, "w0")
    path.parent.mkdir(parents=True)
    path.symlink_to("/dev/full")
    recorder = Recorder(tmp_path, POINT, "w0")
    recorder.write(record())
    with pytest.raises(OSError, match="No space left"):
        recorder.flush()
    # Closing says so once more and lets go all the same; the health goes on.
    with pytest.raises(OSError, match="No space left"):
        recorder.close()
