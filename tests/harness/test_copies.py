import errno
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.copies import Copy


@pytest.fixture
def path(tmp_path):
    return tmp_path / "points" / "01-users-4" / "records-w1.jsonl"


@pytest.fixture
def copy(path):
    copy = Copy(path)
    yield copy
    copy.close()


def test_pieces_in_order(copy, path):
    assert copy.add(0, b"abc")
    assert copy.add(3, b"de")
    assert (copy.held, path.read_bytes()) == (5, b"abcde")


def test_a_piece_that_is_there_changes_nothing(copy, path):
    copy.add(0, b"abc")
    assert copy.add(0, b"abc")
    assert copy.add(1, b"b")
    assert (copy.held, path.read_bytes()) == (3, b"abc")


def test_of_a_piece_that_is_partly_there_the_rest_is_taken(copy, path):
    copy.add(0, b"abc")
    assert copy.add(1, b"bcde")
    assert (copy.held, path.read_bytes()) == (5, b"abcde")


def test_no_holes(copy, path):
    copy.add(0, b"abc")
    assert not copy.add(4, b"e")
    assert (copy.held, path.read_bytes()) == (3, b"abc")


def test_nothing_is_no_file(copy, path):
    assert copy.add(0, b"")
    assert not path.exists()


def test_it_goes_on_where_the_file_ends(copy, path):
    copy.add(0, b"abc")
    copy.close()
    other = Copy(path)
    assert other.held == 3
    assert other.add(2, b"cd")
    other.close()
    assert path.read_bytes() == b"abcd"


def test_it_opens_again_after_it_was_closed(copy, path):
    copy.add(0, b"abc")
    copy.close()
    assert copy.add(3, b"d")
    assert path.read_bytes() == b"abcd"


def test_two_that_fill_the_same_file(copy, path):
    other = Copy(path)
    copy.add(0, b"abc")
    other.add(0, b"abcdef")
    copy.add(3, b"de")
    other.close()
    assert path.read_bytes() == b"abcdef"


def test_a_full_disk_is_said_and_what_was_written_counts(tmp_path):
    path = tmp_path / "full"
    path.symlink_to("/dev/full")
    copy = Copy(path)
    with pytest.raises(OSError, match="No space left"):
        copy.add(0, b"abc")
    assert copy.held == 0
    copy.close()


def test_a_disk_that_fills_up_in_the_middle_of_a_piece(copy, path, monkeypatch):
    room = [2, 1]
    write = os.pwrite

    def scarce(file, data, at):
        if not room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(file, data[: room.pop(0)], at)

    monkeypatch.setattr("harness.copies.os.pwrite", scarce)
    with pytest.raises(OSError, match="No space left"):
        copy.add(0, b"abcde")
    assert (copy.held, path.read_bytes()) == (3, b"abc")
    room.append(9)
    assert copy.add(0, b"abcde")
    assert (copy.held, path.read_bytes()) == (5, b"abcde")


@given(st.binary(max_size=60), st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=30))
def test_any_pieces_in_any_order_leave_a_beginning_of_the_source(tmp_path_factory, source, cuts):
    path = tmp_path_factory.mktemp("copy") / "file"
    copy = Copy(path)
    for begin, size in cuts:
        copy.add(begin, source[begin : begin + size])
        there = path.read_bytes() if path.exists() else b""
        assert there == source[: copy.held]
    assert copy.add(0, source)
    copy.close()
    assert (path.read_bytes() if source else b"") == source
