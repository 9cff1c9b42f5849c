from datetime import date
from decimal import Decimal

import msgspec
import numpy as np
import pytest

from harness.run import PROMPTS, PromptText, RunError, write_prompts
from harness.testset import Image, Message, Prompt, Testset
from harness.wording import wording

PICTURE = Image("image/png", "AAAA", "sha256:00")


def prompt(*messages: tuple, index: int = 0) -> Prompt:
    return Prompt(index=index, messages=tuple(Message(*message) for message in messages))


def told(*prompts: Prompt) -> list[PromptText]:
    return list(wording(Testset(name="mine", source="mine.jsonl", digest="sha256:00", prompts=prompts)))


def test_a_lone_message_of_the_user_is_told_as_it_is():
    assert told(prompt(("user", "Why?"), index=12)) == [PromptText("mine/12", "Why?")]


def test_of_others_it_is_told_whose_they_are():
    assert told(prompt(("system", "Be brief."), ("user", "Why?"))) == [
        PromptText("mine/0", "system: Be brief.\n\nuser: Why?")
    ]
    assert told(prompt(("assistant", "Hi"))) == [PromptText("mine/0", "assistant: Hi")]


def test_a_conversation_has_its_turns():
    messages = (("system", "S"), ("user", "A"), ("assistant", "B"), ("user", "C"), ("assistant", "D"))
    (only,) = told(prompt(*messages))
    assert only.text == "system: S\n\nuser: A\n\nassistant: B\n\nuser: C\n\nassistant: D"
    assert only.turns == ["system: S\n\nuser: A", "C"]


def test_a_picture_is_its_type():
    assert told(prompt(("user", ("What is this?", PICTURE)))) == [PromptText("mine/0", "What is this?\n[image/png]")]


def test_half_a_surrogate_pair_can_be_written(tmp_path):
    write_prompts(tmp_path, told(prompt(("user", "\ud83d"))))
    assert (tmp_path / PROMPTS).read_bytes() == '{"prompt":"mine/0","text":"\ufffd"}\n'.encode()


def test_a_line_a_prompt(tmp_path):
    write_prompts(
        tmp_path, told(prompt(("user", "A\nB")), prompt(("user", "C"), ("assistant", "D"), ("user", "E"), index=1))
    )
    assert (tmp_path / PROMPTS).read_text().splitlines() == [
        '{"prompt":"mine/0","text":"A\\nB"}',
        '{"prompt":"mine/1","text":"user: C\\n\\nassistant: D\\n\\nuser: E","turns":["C","E"]}',
    ]


def test_a_disk_that_takes_no_prompts(tmp_path):
    with pytest.raises(RunError, match=r"none/prompts\.jsonl cannot be written: No such file or directory\.$"):
        write_prompts(tmp_path / "none", [])


def test_what_is_expected_and_what_the_set_says_besides_is_kept():
    asked = msgspec.structs.replace(prompt(("user", "2 + 2?")), expected="4\ud800", metadata={"check": "numeric"})
    assert told(asked) == [PromptText("mine/0", "2 + 2?", expected="4\ufffd", metadata={"check": "numeric"})]


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (2**63, "9223372036854775808"),
        (0.5, 0.5),
        ("a\ud800", "a\ufffd"),
        ("値".encode(), "値"),
        (b"\xff\xfe\x00", "3 bytes"),
        (date(2026, 1, 31), "2026-01-31"),
        (Decimal("1.50"), "1.50"),
        (np.float32(0.5), 0.5),
        (np.float64(0.5), 0.5),
        (np.int64(7), 7),
        (np.array([[1, 2]]), [[1, 2]]),
        (np.datetime64("2026-01-31T12:00:00"), "2026-01-31 12:00:00"),
        ({"a": (b"x", {1: date(2026, 1, 1)})}, {"a": ["x", {"1": "2026-01-01"}]}),
    ],
)
def test_what_is_no_json_is_told_as_text(value, kept):
    (only,) = told(msgspec.structs.replace(prompt(("user", "Why?")), metadata={"key": value}))
    assert only.metadata == {"key": kept}
    assert msgspec.json.decode(msgspec.json.encode(only))["metadata"] == {"key": kept}
