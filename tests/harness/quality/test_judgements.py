"""What judges said is kept, and served again."""

import threading

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.quality.judgements import Judgement, Judgements, key_of
from harness.run import JUDGEMENTS, RunError


def judgement(key="k1", said=("yes",), **fields) -> Judgement:
    told = {"judge": "m", "url": "http://j", "prompt": "claims-1", "readable": True}
    return Judgement(key=key, said=list(said), **(told | fields))


def served(judgements, key="k1"):
    return judgements.once(key, lambda said: said)


def test_what_was_said_is_served_at_once_and_by_the_next_process(tmp_path):
    first = Judgements(tmp_path)
    assert served(first) is None
    first.keep(judgement(said=["what?", "yes"]))
    assert served(first) == "yes"
    assert served(Judgements(tmp_path)) == "yes"
    (line,) = (tmp_path / JUDGEMENTS).read_bytes().splitlines()
    assert msgspec.json.decode(line) == {
        "schema": 1,
        "key": "k1",
        "judge": "m",
        "url": "http://j",
        "prompt": "claims-1",
        "again": False,
        "said": ["what?", "yes"],
        "readable": True,
    }


@pytest.mark.parametrize("fields", [{"readable": False}, {"again": True}, {"said": []}])
def test_what_cannot_be_read_or_was_asked_once_more_is_kept_and_not_served(tmp_path, fields):
    judgements = Judgements(tmp_path)
    judgements.keep(judgement(**fields))
    assert served(judgements) is None
    assert served(Judgements(tmp_path)) is None
    assert len((tmp_path / JUDGEMENTS).read_bytes().splitlines()) == 1


def test_a_torn_last_line_costs_that_line_only(tmp_path):
    path = tmp_path / JUDGEMENTS
    Judgements(tmp_path).keep(judgement())
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:40])
    again = Judgements(tmp_path)
    assert served(again) == "yes"
    again.keep(judgement("k2", ["no"]))
    again.keep(judgement("k3", ["maybe"]))
    last = Judgements(tmp_path)
    assert [served(last, key) for key in ("k1", "k2", "k3")] == ["yes", "no", "maybe"]
    # The torn line was ended, and nothing else was put between the lines.
    assert [line[:10] for line in path.read_bytes().splitlines()] == [whole[:10]] * 4


@pytest.mark.parametrize("line", [b"\xff\xfe\n", b"{}\n", b"[]\n", b'{"key": 3}\n', b"\n"])
def test_a_line_that_is_none_is_passed_over(tmp_path, line):
    (tmp_path / JUDGEMENTS).write_bytes(line)
    judgements = Judgements(tmp_path)
    judgements.keep(judgement())
    assert served(Judgements(tmp_path)) == "yes"


def test_half_a_character_can_be_kept(tmp_path):
    judgements = Judgements(tmp_path)
    judgements.keep(judgement(said=["ja \ud83d"]))
    assert served(Judgements(tmp_path)) == "ja \ufffd"


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path):
    judgements = Judgements(tmp_path / "gone")
    with pytest.raises(RunError, match=r"judgements.jsonl cannot be written: No such file or directory\.$"):
        judgements.keep(judgement())


def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path):
    (tmp_path / JUDGEMENTS).mkdir()
    with pytest.raises(RunError, match=r"judgements.jsonl cannot be read: Is a directory\.$"):
        Judgements(tmp_path)


def together(judgements, act, others=3):
    """What each thread is given where one is at it when the others come, and how often `act` was called."""
    begun, may_end = threading.Event(), threading.Event()
    calls, given = [], []

    def find(said):
        calls.append(said)
        begun.set()
        may_end.wait(10)
        return act()

    def ask():
        try:
            given.append(judgements.once("k1", find))
        except ZeroDivisionError as error:
            given.append(type(error))

    threads = [threading.Thread(target=ask) for _ in range(1 + others)]
    threads[0].start()
    begun.wait(10)
    for thread in threads[1:]:
        thread.start()
    while len(judgements._under_way["k1"]._condition._waiters) < others:
        threading.Event().wait(0.001)
    # Another question does not wait for this one.
    assert served(judgements, "k2") is None
    may_end.set()
    for thread in threads:
        thread.join(10)
    return given, calls


def test_who_asks_the_same_meanwhile_is_given_the_same(tmp_path):
    assert together(Judgements(tmp_path), lambda: "yes") == (["yes"] * 4, [None])


def test_who_asks_the_same_meanwhile_is_raised_the_same(tmp_path):
    judgements = Judgements(tmp_path)
    assert together(judgements, lambda: 1 / 0) == ([ZeroDivisionError] * 4, [None])
    # And who comes later asks anew.
    assert together(judgements, lambda: "yes", others=0) == (["yes"], [None])


TEXTS = st.text(max_size=8)


@given(st.tuples(TEXTS, TEXTS, TEXTS, TEXTS), st.tuples(TEXTS, TEXTS, TEXTS, TEXTS))
def test_no_two_questions_have_the_same_key(one, other):
    # Texts that run together in another way, such as ("ab", "c") and ("a", "bc"), are other questions.
    assert (key_of(*one) == key_of(*other)) == (one == other)


def test_texts_that_run_together():
    assert key_of("a", "b", "c", "d") != key_of("ab", "", "c", "d")
    assert key_of("", "", "2:ab", "") != key_of("", "", "", "2:ab")
