import tracemalloc

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.block import (
    BLOCK_BYTES,
    LARGEST_BYTES,
    Block,
    Damaged,
    Receipt,
    Stream,
    block_of,
    pack,
    receipt_of,
    to_message,
    unpack,
    whole_lines,
    zstd,
)

STREAM = Stream("w1", 3, "records")
LINES = b'{"seq":1}\n{"seq":2}\n'


def over_the_wire(message):
    """As Locust packs and unpacks what is sent."""
    return msgpack.loads(msgpack.dumps(message), raw=False, strict_map_key=False)


def altered(block: Block, **fields) -> Block:
    return Block(**({name: getattr(block, name) for name in block.__struct_fields__} | fields))


def test_a_block_says_whose_lines_it_holds_and_where_they_belong():
    block = pack(STREAM, 700, LINES)
    assert (block.stream, block.begin, block.size) == (STREAM, 700, 20)


@given(st.binary(min_size=1, max_size=4096), st.integers(0, 1 << 60))
def test_what_comes_out_is_what_went_in(data, begin):
    block = block_of(over_the_wire(to_message(pack(STREAM, begin, data))))
    assert (block.stream, block.begin, unpack(block)) == (STREAM, begin, data)


def test_a_receipt_travels_as_plain_values():
    receipt = Receipt(worker="w1", point=3, kind="health", held=9, gap=True)
    message = to_message(receipt)
    assert message == {"worker": "w1", "point": 3, "kind": "health", "held": 9, "gap": True}
    assert receipt_of(over_the_wire(message)) == receipt


def test_records_shrink():
    lines = b"".join(b'{"schema":1,"id":"5f0c-w0-3-%06d","outcome":"ok"}\n' % n for n in range(1000))
    assert len(pack(STREAM, 0, lines).data) < len(lines) / 3


@given(st.data())
def test_a_changed_byte_is_noticed(data):
    block = pack(STREAM, 0, LINES * 10)
    packed = bytearray(block.data)
    packed[data.draw(st.integers(0, len(packed) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        # Some bits of a frame's header mean nothing; what counts is that no other bytes come out.
        assert unpack(altered(block, data=bytes(packed))) == LINES * 10
    except Damaged:
        return


def test_a_changed_byte_of_the_lines_is_noticed():
    block = pack(STREAM, 0, bytes(range(256)))  # nothing to compress: the lines stand in the frame as they are
    at = block.data.index(bytes(range(100, 110)))
    changed = block.data[:at] + b"\x00" + block.data[at + 1 :]
    with pytest.raises(Damaged, match="cannot be unpacked"):
        unpack(altered(block, data=changed))


@pytest.mark.parametrize("cut", [0, 1, 5, -1])
def test_a_cut_block_is_noticed(cut):
    block = pack(STREAM, 0, LINES)
    with pytest.raises(Damaged):
        unpack(altered(block, data=block.data[:cut]))


@pytest.mark.parametrize("size", [-1, 0, 19, 21, LARGEST_BYTES + 1])
def test_a_size_that_is_not_true_is_noticed(size):
    with pytest.raises(Damaged):
        unpack(altered(pack(STREAM, 0, LINES), size=size))


def test_a_position_before_the_beginning_is_refused():
    with pytest.raises(Damaged, match="from byte -1 on"):
        unpack(altered(pack(STREAM, 0, LINES), begin=-1))


@pytest.mark.parametrize("size", [10, -10])
def test_a_small_message_does_not_become_large(size):
    bomb = Block(worker="w1", point=3, kind="records", begin=0, size=size, data=zstd.compress(bytes(50_000_000)))
    tracemalloc.start()
    with pytest.raises(Damaged):
        unpack(bomb)
    _, most_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most_bytes < 10_000_000


@pytest.mark.parametrize(
    "change",
    [
        {"worker": 1},
        {"point": "3"},
        {"kind": "../../etc/passwd"},
        {"begin": None},
        {"size": 1.5},
        {"data": "text"},
        {"data": None},
    ],
)
def test_a_message_that_is_no_block(change):
    with pytest.raises(Damaged, match="A message is no block"):
        block_of(to_message(pack(STREAM, 0, LINES)) | change)


def test_a_message_that_is_nothing():
    for message in ({}, None, [], "block"):
        with pytest.raises(Damaged):
            block_of(message)
        with pytest.raises(Damaged):
            receipt_of(message)


@pytest.mark.parametrize(
    ("data", "size"), [(b"", 0), (b"a", 0), (b"a\n", 2), (b"a\nb", 2), (b"\n\n", 2), (b"a\nb\n", 4)]
)
def test_whole_lines(data, size):
    assert whole_lines(data) == size


def test_a_block_is_small_enough_for_any_receiver():
    assert BLOCK_BYTES * 16 <= LARGEST_BYTES
