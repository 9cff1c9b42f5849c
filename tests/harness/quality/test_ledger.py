"""quality.jsonl is appended to, and tells what need not be scored again."""

from io import FileIO

import msgspec
import pytest

from harness.quality.ledger import Ledger, text_subject
from harness.run import QUALITY, RunError
from harness.score import Gap, Score, Scorer, from_line, to_line

FIRST = Scorer(
    name="s", label="S", kind="mean", better="higher", definition="d", version=1, settings={"a": 1}, digest="d1"
)
SECOND = msgspec.structs.replace(FIRST, version=2, digest="d2")


def score(request: str, value: float | None = 1.0, **fields) -> Score:
    return Score(**({"scorer": "s", "digest": "d1", "request": request, "value": value} | fields))


def lines(folder):
    return [from_line(line) for line in (folder / QUALITY).read_bytes().splitlines(keepends=True)]


def test_what_was_said_is_known_when_it_is_opened_again(tmp_path):
    with Ledger(tmp_path) as ledger:
        ledger.begin(FIRST)
        ledger.add([score("1"), score("2", None, why="no"), score("3", None, why="busy", passing=True)])
        ledger.add([score("1", repeat=True), score("2", None, repeat=True, passing=True)])
        ledger.add([Score(scorer="s", digest="d1", target="a", text="t/0", value=2.0)])
    with Ledger(tmp_path) as ledger:
        known = ledger.known(FIRST)
    assert known == ({"1", text_subject("a", "t/0")}, {"2"}, {"1"})


def test_of_one_subject_the_last_line_counts(tmp_path):
    with Ledger(tmp_path) as ledger:
        ledger.add([score("1"), score("1", None, why="no"), score("2", None, why="no"), score("2")])
        assert ledger.known(FIRST) == ({"2"}, {"1"}, set())


def test_who_could_not_be_asked_takes_no_value_back(tmp_path):
    busy = {"value": None, "why": "busy", "passing": True}
    with Ledger(tmp_path) as ledger:
        ledger.begin(FIRST)
        ledger.add([score("1"), score("1", repeat=True), score("2", None, why="no")])
        ledger.add([score("1", **busy), score("1", repeat=True, **busy), score("2", **busy), score("3", **busy)])
        # What had no value is asked about again.
        assert ledger.known(FIRST) == ({"1"}, set(), {"1"})
        # Of another version nothing is known.
        ledger.add([score("1", digest="d2", **busy)])
    assert [line.request for line in lines(tmp_path)[1:]] == ["1", "1", "2", "2", "3", "1"]


def test_another_version_begins_with_nothing_and_the_earlier_one_is_not_forgotten(tmp_path):
    with Ledger(tmp_path) as ledger:
        ledger.begin(FIRST)
        ledger.add([score("1")])
        ledger.begin(SECOND)
        assert ledger.known(SECOND) == (set(), set(), set())
        ledger.begin(FIRST)
        assert ledger.known(FIRST).valued == {"1"}
    assert [line.digest for line in lines(tmp_path) if isinstance(line, Scorer)] == ["d1", "d2", "d1"]


def test_a_scorer_says_who_it_is_once_unless_it_had_a_gap(tmp_path):
    gap = Gap(scorer="s", target="a", text="No.")
    for _ in range(2):
        with Ledger(tmp_path) as ledger:
            ledger.begin(FIRST)
    with Ledger(tmp_path) as ledger:
        ledger.begin(FIRST)
        ledger.add_gap(gap)
        ledger.add_gap(gap)
    assert lines(tmp_path) == [FIRST, gap]
    with Ledger(tmp_path) as ledger:
        ledger.begin(FIRST)
    assert lines(tmp_path) == [FIRST, gap, FIRST]


@pytest.mark.parametrize("cut", [1, 10])
def test_a_torn_last_line_is_healed(tmp_path, cut):
    path = tmp_path / QUALITY
    path.write_bytes(to_line(FIRST) + to_line(score("1")) + to_line(score("2"))[:-cut])
    with Ledger(tmp_path) as ledger:
        assert ledger.known(FIRST).valued == {"1"}
        ledger.add([score("3")])
    assert lines(tmp_path) == [FIRST, score("1"), score("3")]


def test_a_damaged_line_in_the_middle_is_left_as_it_is(tmp_path):
    path = tmp_path / QUALITY
    path.write_bytes(b"\xff{\n" + to_line(score("1")))
    with Ledger(tmp_path) as ledger:
        assert ledger.known(FIRST).valued == {"1"}
    assert path.read_bytes() == b"\xff{\n" + to_line(score("1"))


def test_two_at_once_are_refused(tmp_path):
    with Ledger(tmp_path), pytest.raises(RunError, match="is being written by another llocust: wait"):
        Ledger(tmp_path)
    with Ledger(tmp_path):
        pass


@pytest.mark.parametrize(
    "line", [to_line(msgspec.structs.replace(FIRST, schema=2)), b'{"line":"scorer","schema":2,"called":"s"}\n']
)
def test_a_file_of_a_later_version_is_left_alone(tmp_path, line):
    (tmp_path / QUALITY).write_bytes(line + b"torn")
    with pytest.raises(RunError, match=r"has schema 2; this version of llocust writes schema 1"):
        Ledger(tmp_path)
    assert (tmp_path / QUALITY).read_bytes() == line + b"torn"


@pytest.mark.parametrize("junk", [b"\xff\xfe\x00", b'{"line":"score","schema":"2"}', b"[" * 100_000, b"null"])
def test_lines_that_are_none_of_ours_are_passed_over(tmp_path, junk):
    (tmp_path / QUALITY).write_bytes(junk + b"\n" + to_line(FIRST) + to_line(score("1")))
    with Ledger(tmp_path) as ledger:
        assert ledger.known(FIRST).valued == {"1"}


def test_a_line_nested_beyond_measure_is_passed_over(tmp_path):
    # What is nested in a detail is decoded to the bottom, and Python's own bound of that is no error of decoding.
    deep = to_line(score("1", detail={"a": 1})).replace(b'{"a":1}', b'{"a":' * 50_000 + b"1" + b"}" * 50_000)
    (tmp_path / QUALITY).write_bytes(deep + to_line(FIRST) + to_line(score("2")))
    with Ledger(tmp_path) as ledger:
        assert ledger.known(FIRST).valued == {"2"}


def test_a_full_disk_is_one_sentence(tmp_path):
    with Ledger(tmp_path) as ledger, FileIO("/dev/full", "w") as full:
        ledger._file.close()
        ledger._file = full
        with pytest.raises(RunError) as info:
            ledger.add([FIRST])
    assert str(info.value) == (
        f"{tmp_path / QUALITY} cannot be written: No space left on device. What was scored so far is kept."
    )


def test_a_folder_in_which_nothing_can_be_written(tmp_path):
    (tmp_path / QUALITY).mkdir()
    with pytest.raises(RunError, match=r"quality\.jsonl cannot be written: Is a directory\."):
        Ledger(tmp_path)
