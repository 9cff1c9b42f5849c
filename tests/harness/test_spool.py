import pytest
from support.folders import point

import harness.spool
from harness.run import RunError
from harness.spool import Spool, file_of, read_lines, spools_beside

ROW = point(3, 8)


def test_a_spool_is_laid_out_like_a_run_folder(tmp_path):
    spool = Spool(tmp_path, "r1", "w2")
    assert spool.path(ROW, "records") == spool.folder / "points" / "03-users-8" / "records-w2.jsonl"
    assert spool.path(ROW, "health") == file_of(spool.folder, ROW, "w2", "health")
    assert (spool.folder / "points").is_dir()


def test_it_lies_beside_the_run_folders_of_its_directory(tmp_path):
    spool = Spool(tmp_path, "r1", "w2")
    assert spool.folder.parent == spools_beside(tmp_path / "output" / "r1")
    assert spool.folder.name.startswith("r1-w2-")


def test_two_never_share_a_folder(tmp_path):
    assert Spool(tmp_path, "r1", "w2").folder != Spool(tmp_path, "r1", "w2").folder


def test_it_can_be_removed(tmp_path):
    spool, other = Spool(tmp_path, "r1", "w2"), Spool(tmp_path, "r1", "w3")
    spool.remove()
    assert not spool.folder.exists()
    assert other.folder.exists()
    other.remove()
    assert list((tmp_path / "output").iterdir()) == []


def test_a_directory_that_cannot_be_written_to(tmp_path):
    (tmp_path / "output").write_text("a file is in the way")
    with pytest.raises(
        RunError, match=r"Records cannot be spooled in .*: .* Choose another directory with --work-dir\."
    ):
        Spool(tmp_path, "r1", "w2")


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setattr(harness.spool, "BLOCK_BYTES", 8)
    path = tmp_path / "records-w1.jsonl"
    path.write_bytes(b"aaa\nbbb\ncc\nlong, longer\nto")
    return path


@pytest.mark.parametrize(
    ("begin", "end", "torn", "lines"),
    [
        (0, 26, False, b"aaa\nbbb\n"),  # 8 bytes, that is two lines
        (8, 26, False, b"cc\n"),  # the ninth to sixteenth byte hold one line's end
        (11, 26, False, b"long, longer\n"),  # a line longer than a block
        (24, 26, False, b""),  # a line that is not there yet
        (24, 26, True, b"to"),  # and never will be
        (11, 26, True, b"long, longer\nto"),
        (0, 6, False, b"aaa\n"),  # what was written after one looked is left for the next time
        (0, 3, False, b""),
        (26, 26, False, b""),
    ],
)
def test_read_lines(file, begin, end, torn, lines):
    assert read_lines(file, begin, end, torn=torn) == lines


def test_a_line_that_no_receiver_would_take_at_once_comes_in_parts(file, monkeypatch):
    monkeypatch.setattr(harness.spool, "LARGEST_BYTES", 10)
    assert read_lines(file, 11, 26) == b"long, long"
    assert read_lines(file, 21, 26) == b"er\n"


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_lines(tmp_path / "none", 0, 1)
