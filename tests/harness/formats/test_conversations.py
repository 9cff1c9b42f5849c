"""One JSON array of messages a line, as few-shot sets of multiple choice come."""

import json

import pytest
from support.sets import asked, mistakes, read

SHOTS = [
    {"role": "system", "content": "以下是单项选择题。"},
    {"role": "user", "content": "1 + 1 = ____\nA. 2\nB. 3\n答案:"},
    {"role": "assistant", "content": "A"},
    {"role": "user", "content": "2 + 2 = ____\nA. 3\nB. 4\n答案:"},
]
ANSWER = {"role": "assistant", "content": "B"}


def lines(*conversations):
    return "\n".join(json.dumps(each, ensure_ascii=False) for each in conversations)


def test_a_conversation_is_sent_as_it_stands():
    (prompt,) = read("ceval.jsonl", lines(SHOTS)).prompts

    assert [(message.role, message.content) for message in prompt.messages] == [
        (each["role"], each["content"]) for each in SHOTS
    ]
    assert (prompt.expected, prompt.index) == (None, 0)


def test_the_last_word_of_the_assistant_is_expected_and_not_sent():
    first, second = read("ceval.jsonl", lines([*SHOTS, ANSWER], SHOTS)).prompts

    assert first.messages == second.messages
    assert (first.expected, second.expected) == ("B", None)
    assert (first.index, second.index) == (0, 1)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ([], "a conversation is empty."),
        ([ANSWER], "has no question: no message of the user before the last answer."),
        ([SHOTS[0], ANSWER], "has no question: no message of the user before the last answer."),
        ([SHOTS[1], 3], 'a conversation must be a list of {"role", "content"} objects.'),
        ({"prompt": "a"}, 'a conversation must be a list of {"role", "content"} objects.'),
        (
            [{"role": "teacher", "content": "a"}],
            'the role of messages[0] is "teacher" and must be one of system, developer, user, assistant, tool.',
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line(line, sentence):
    assert mistakes("c.jsonl", lines(SHOTS, line)) == [f"c.jsonl:2: {sentence}"]


def test_by_name_also_where_the_suffix_says_something_else():
    assert len(asked(read("ceval.txt", lines(SHOTS), "conversations"))) == 1
    assert mistakes("ceval.jsonl", lines(SHOTS), "jsonl")[0].startswith("ceval.jsonl:1: must be a JSON object")


def test_columns_mean_nothing_here():
    assert mistakes("c.jsonl", lines(SHOTS), prompt="q") == [
        "--testset-columns: c.jsonl is read as conversations, without columns; for jsonl, csv, parquet."
    ]
