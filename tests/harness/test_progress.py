"""The rules of sending again, and the proof that they lose and double nothing."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import harness.progress
import harness.spool
from harness.block import BLOCK_BYTES, Block, Damaged, Receipt, Stream, pack, unpack
from harness.copies import Copy
from harness.metrics import NS_PER_S
from harness.progress import WINDOW_BYTES, Progress
from harness.salvage import copy_file
from harness.spool import read_lines

STREAM = Stream("w1", 1, "records")
S = NS_PER_S


def receipt(held: int, *, gap: bool = False) -> Receipt:
    return Receipt(worker="w1", point=1, kind="records", held=held, gap=gap)


@pytest.fixture
def progress():
    return Progress(0)


def test_blocks_follow_each_other(progress):
    assert progress.due(100, 0) == 0
    progress.send(0, 60, 0)
    assert progress.due(100, 0) == 60
    progress.send(60, 40, 0)
    assert progress.due(100, 0) is None
    assert progress.due(101, 0) == 100


def test_what_is_on_the_way_is_bounded(progress):
    for number in range(4):
        progress.send(number * BLOCK_BYTES, BLOCK_BYTES, 0)
    assert progress.sent == WINDOW_BYTES
    assert progress.due(10 * BLOCK_BYTES, 0) is None
    progress.hear(receipt(BLOCK_BYTES), 0)
    assert progress.due(10 * BLOCK_BYTES, 0) == WINDOW_BYTES


def test_it_is_done_when_the_last_byte_is_held(progress):
    progress.send(0, 60, 0)
    progress.hear(receipt(60), 0)
    assert not progress.done
    progress.final = 60
    assert progress.done


def test_an_empty_stream_is_done_at_once(progress):
    progress.final = 0
    assert progress.done


def test_an_old_receipt_takes_nothing_back(progress):
    progress.send(0, 60, 0)
    progress.hear(receipt(60), 0)
    progress.hear(receipt(20), 0)
    assert (progress.held, progress.sent) == (60, 60)


def test_a_gap_goes_back_once(progress):
    progress.send(0, 60, 0)
    progress.send(60, 60, 0)
    progress.hear(receipt(0, gap=True), 0)
    assert progress.due(120, 0) == 0
    progress.send(0, 60, 0)
    progress.hear(receipt(0, gap=True), 0)  # the answer to the second block, still about the first
    assert progress.due(120, 0) == 60


def test_the_same_receipt_twice_is_no_gap(progress):
    progress.send(0, 60, 0)
    progress.hear(receipt(60), 0)
    progress.send(60, 60, 0)
    progress.hear(receipt(60), 0)
    assert progress.due(200, 0) == 120


def test_a_second_gap_at_another_byte_goes_back_again(progress):
    progress.send(0, 60, 0)
    progress.hear(receipt(0, gap=True), 0)
    progress.send(0, 60, 0)
    progress.hear(receipt(60), 0)
    progress.send(60, 60, 0)
    progress.hear(receipt(60, gap=True), 0)
    assert progress.due(120, 0) == 60


def test_without_an_answer_the_first_block_is_sent_again_and_no_more(progress):
    progress.send(0, 60, 0)
    progress.send(60, 60, 0)
    assert progress.due(200, 3 * S) == 120
    assert progress.due(200, 3 * S + 1) == 0
    progress.send(0, 60, 3 * S + 1)
    assert progress.due(200, 3 * S + 1) is None


def test_patience_doubles_up_to_a_limit_and_an_answer_restores_it(progress):
    moments = []
    now_ns = 0
    progress.send(0, 60, 0)
    while len(moments) < 4:
        now_ns += S
        if progress.due(60, now_ns) == 0:
            progress.send(0, 60, now_ns)
            moments.append(now_ns // S)
    # Just over 3, 6, 12 and 12 s; looked at each second, that is a second later each.
    assert moments == [4, 11, 24, 37]
    progress.hear(receipt(30), now_ns)
    progress.send(60, 60, now_ns)
    assert progress.due(200, now_ns) == 120


def test_time_without_anything_on_the_way_is_no_silence(progress):
    progress.send(0, 60, 100 * S)
    assert progress.due(200, 100 * S) == 60


def test_a_block_that_a_receipt_has_overtaken_does_not_count(progress):
    assert progress.due(60, 0) == 0
    progress.hear(receipt(60), 0)  # while the block was packed, all of it was salvaged by somebody else
    progress.send(0, 60, 0)
    assert (progress.held, progress.sent) == (60, 60)


LINES = st.lists(st.binary(max_size=12).map(lambda line: line.replace(b"\n", b"_") + b"\n"), min_size=1, max_size=6)
WHICH = st.integers(0, 5)


class Shipping(RuleBasedStateMachine):
    """A spool, its sender, its receiver, and a network between them that may do anything to any message."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.source, self.target = self.folder / "spool", self.folder / "copy"
        self.source.touch()
        self.now_ns = 0
        self.progress = Progress(0)
        self.copy = Copy(self.target)
        self.blocks: list[Block] = []
        self.receipts: list[Receipt] = []
        self.patch = pytest.MonkeyPatch()

    @initialize(block_bytes=st.integers(1, 40))
    def small_blocks(self, block_bytes):
        self.patch.setattr(harness.spool, "BLOCK_BYTES", block_bytes)
        self.patch.setattr(harness.progress, "WINDOW_BYTES", 4 * block_bytes)

    def teardown(self):
        self.patch.undo()
        self.copy.close()
        shutil.rmtree(self.folder)

    def size(self) -> int:
        return self.source.stat().st_size

    def append(self, data: bytes):
        with self.source.open("ab") as file:
            file.write(data)

    @rule(lines=LINES)
    def write(self, lines):
        self.append(b"".join(lines))

    @rule(part=st.binary(min_size=1, max_size=5))
    def write_part_of_a_line(self, part):
        self.append(part)

    @rule()
    def send(self):
        begin = self.progress.due(self.size(), self.now_ns)
        lines = read_lines(self.source, begin, self.size()) if begin is not None else b""
        if lines:
            assert lines.endswith(b"\n")
            self.blocks.append(pack(STREAM, begin, lines))
            self.progress.send(begin, len(lines), self.now_ns)

    def arrive(self, block: Block):
        try:
            taken = self.copy.add(block.begin, unpack(block))
        except Damaged:
            taken = False
        self.receipts.append(receipt(self.copy.held, gap=not taken))

    @precondition(lambda self: self.blocks)
    @rule(which=WHICH)
    def a_block_arrives(self, which):
        self.arrive(self.blocks.pop(which % len(self.blocks)))

    @precondition(lambda self: self.blocks)
    @rule(which=WHICH)
    def a_block_arrives_and_will_again(self, which):
        self.arrive(self.blocks[which % len(self.blocks)])

    @precondition(lambda self: self.blocks)
    @rule(which=WHICH)
    def a_block_arrives_damaged(self, which):
        block = self.blocks.pop(which % len(self.blocks))
        fields = {name: getattr(block, name) for name in block.__struct_fields__}
        self.arrive(Block(**(fields | {"data": block.data[:-1]})))

    @precondition(lambda self: self.blocks)
    @rule(which=WHICH)
    def a_block_is_lost(self, which):
        self.blocks.pop(which % len(self.blocks))

    @precondition(lambda self: self.receipts)
    @rule(which=WHICH, stays=st.booleans())
    def a_receipt_arrives(self, which, stays):
        which %= len(self.receipts)
        self.progress.hear(self.receipts[which] if stays else self.receipts.pop(which), self.now_ns)

    @precondition(lambda self: self.receipts)
    @rule(which=WHICH)
    def a_receipt_is_lost(self, which):
        self.receipts.pop(which % len(self.receipts))

    @rule(seconds=st.integers(1, 20))
    def time_passes(self, seconds):
        self.now_ns += seconds * S

    @rule()
    def somebody_salvages(self):
        copy_file(self.source, self.target)

    @rule()
    def the_receiver_starts_anew(self):
        self.copy.close()
        self.copy = Copy(self.target)

    @invariant()
    def the_copy_is_a_beginning_of_the_spool(self):
        copied = self.target.read_bytes() if self.target.exists() else b""
        assert self.source.read_bytes()[: len(copied)] == copied

    @invariant()
    def what_counts_as_held_is_held(self):
        assert self.progress.held <= (self.target.stat().st_size if self.target.exists() else 0)

    @rule()
    def at_last_all_of_it_is_there(self):
        """From here on the network is fair; the file grows no more, and may end in a torn line."""
        self.progress.final = self.size()
        rounds = 0
        while not self.progress.done:
            rounds += 1
            assert rounds < 1000
            begin = self.progress.due(self.size(), self.now_ns)
            if begin is None:
                self.now_ns += S
            else:
                lines = read_lines(self.source, begin, self.size(), torn=True)
                self.progress.send(begin, len(lines), self.now_ns)
                self.arrive(pack(STREAM, begin, lines))
                self.progress.hear(self.receipts.pop(), self.now_ns)
        copied = self.target.read_bytes() if self.target.exists() else b""
        assert copied == self.source.read_bytes()
        self.progress.final = None


def test_any_interleaving_duplication_loss_and_resend():
    run_state_machine_as_test(
        Shipping,
        settings=settings(max_examples=60, stateful_step_count=60, deadline=None, suppress_health_check=HealthCheck),
    )
