"""Which answers of a run folder are scored, and what was asked for each."""

import pytest
from support.folders import point
from support.scored import said, write_answers

from harness.quality.stored import Batch, Stored
from harness.record import LogProbs, to_line
from harness.run import PROMPTS, PromptText, RunError, read_manifest, records_path


def stored(folder) -> Stored:
    return Stored(folder, read_manifest(folder))


def answers(folder):
    return [answer for batch in stored(folder).batches() for answer in batch.answers]


def test_an_answer_comes_with_its_prompt(tmp_path):
    prompt = PromptText("chat/1", "2 + 2?", expected="4", metadata={"check": "numeric"})
    probs = LogProbs(-1.5, 3)
    write_answers(tmp_path, [[said("4.", 1, finish="stop", logprobs=probs, target="a", model="m")]], prompts=[prompt])
    (only,) = answers(tmp_path)
    assert (only.id, only.point, only.target, only.model, only.text, only.finish) == ("p1-1", 1, "a", "m", "4.", "stop")
    assert (only.asked, only.expected, only.prompt, only.logprobs) == ("2 + 2?", "4", prompt, probs)


def test_what_is_left_out(tmp_path):
    left_out = [
        said("x", 1, outcome="cut"),
        said("x", 2, phase="settle"),
        said("x", 3, phase="cooldown"),
        said("x", 4, canary=True),
        said(None, 5),
    ]
    write_answers(tmp_path, [[*left_out, said("", 6)]])
    assert [answer.id for answer in answers(tmp_path)] == ["p1-6"]
    # The one without text could be scored if that had been stored; the others are none of the measured answers.
    assert stored(tmp_path).census() == ({"default": 1}, {"default": 1})


def test_a_torn_line_is_none(tmp_path):
    write_answers(tmp_path, [[said("x", 1)]])
    path = records_path(tmp_path, point(1, users=1), "w0")
    path.write_bytes(path.read_bytes() + b"\xff\n" + to_line(said("y", 2))[:50])
    assert [answer.id for answer in answers(tmp_path)] == ["p1-1"]


def test_batches_are_of_one_point_and_target(tmp_path):
    first = [said("x", seq, target="ab"[seq % 2]) for seq in range(5)]
    write_answers(tmp_path, [first, [said("y", 9, at=2, target="a")]])
    found = [(batch.point, batch.target, [each.id for each in batch.answers]) for batch in stored(tmp_path).batches(2)]
    # Of a come 0, 2, 4, of b 1 and 3: a batch goes when it has two, the rest at the end of the point.
    assert found == [
        (1, "a", ["p1-0", "p1-2"]),
        (1, "b", ["p1-1", "p1-3"]),
        (1, "a", ["p1-4"]),
        (2, "a", ["p2-9"]),
    ]
    assert isinstance(next(stored(tmp_path).batches()), Batch)


def test_only_those_wanted(tmp_path):
    write_answers(tmp_path, [[said("x", seq) for seq in range(4)]])
    assert [answer.id for answer in stored(tmp_path).answers({"p1-3", "p1-1", "p9-9"})] == ["p1-1", "p1-3"]


DIALOGUE = PromptText("chat/1", "user: A\n\nassistant: B\n\nuser: C", turns=["A", "C"], expected="D")


def test_the_expected_answer_is_that_of_the_last_turn(tmp_path):
    in_turns = [said("x", seq, prompt="chat/1", conversation="c", turn=seq, turns=2) for seq in range(2)]
    write_answers(tmp_path, [in_turns], prompts=[DIALOGUE])
    assert [(each.asked, each.expected) for each in answers(tmp_path)] == [("A", None), ("C", "D")]


def test_a_dialogue_that_is_asked_at_once_has_its_expected_answer(tmp_path):
    write_answers(tmp_path, [[said("x", 1)]], prompts=[DIALOGUE])
    assert [(each.asked, each.expected) for each in answers(tmp_path)] == [(DIALOGUE.text, "D")]


def test_without_prompts_the_answers_are_there_all_the_same(tmp_path):
    write_answers(tmp_path, [[said("x", 1)]], prompts=None)
    (only,) = answers(tmp_path)
    assert (only.text, only.asked, only.expected, only.prompt) == ("x", "", None, PromptText("chat/1", ""))


def test_a_damaged_prompt_is_told(tmp_path):
    write_answers(tmp_path, [[said("x", 1)]])
    (tmp_path / PROMPTS).write_bytes(b'{"prompt": 3}\n')
    with pytest.raises(RunError, match=r"prompts\.jsonl has a line that is no prompt: Expected `str`, got `int`"):
        stored(tmp_path)


def test_records_that_cannot_be_read_are_told(tmp_path):
    write_answers(tmp_path, [[said("x", 1)]])
    path = records_path(tmp_path, point(1, users=1), "w0")
    path.unlink()
    path.mkdir()
    with pytest.raises(RunError, match=r"records-w0\.jsonl cannot be read: Is a directory\."):
        stored(tmp_path).census()
