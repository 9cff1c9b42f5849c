import json

import pytest
from support.sets import asked, mistakes, read


def entry(*turns, **more):
    return {"conversations": [{"from": speaker, "value": value} for speaker, value in turns], **more}


WHOLE = entry(("human", "One?"), ("gpt", "1."), ("human", "Two?"), ("gpt", "2."), id="x_0", lang="en")


def test_a_conversation_is_asked_up_to_its_last_question():
    (prompt,) = read("s.json", json.dumps([WHOLE])).prompts

    assert asked(read("s.json", json.dumps([WHOLE]))) == [[("user", "One?"), ("assistant", "1."), ("user", "Two?")]]
    assert (prompt.expected, prompt.id, prompt.metadata) == ("2.", "x_0", {"lang": "en"})


def test_a_line_each_is_read_as_well():
    assert asked(read("s.jsonl", json.dumps(WHOLE))) == asked(read("s.json", json.dumps([WHOLE])))


@pytest.mark.parametrize(
    ("turns", "sent"),
    [
        ([("system", "S"), ("gpt", "lost"), ("human", "Q")], [("system", "S"), ("user", "Q")]),
        ([("gpt", "lost"), ("user", "Q"), ("bard", "A")], [("user", "Q")]),
        ([("human", " "), ("gpt", "A"), ("human", "Q")], [("user", "Q")]),
        ([("human", "Q"), ("gpt", ""), ("human", "R")], [("user", "Q"), ("user", "R")]),
    ],
)
def test_answers_to_what_is_not_there_are_not_sent(turns, sent):
    assert asked(read("s.json", json.dumps([entry(*turns)]))) == [sent]


@pytest.mark.parametrize("turns", [[], [("gpt", "A")], [("human", " "), ("gpt", "A")], [("system", "S")]])
def test_an_entry_that_asks_nothing_is_left_out_and_counted(turns):
    testset = read("s.json", json.dumps([entry(*turns), WHOLE]))

    assert (testset.left_out, [prompt.index for prompt in testset.prompts]) == (1, [0])


def test_a_file_that_asks_nothing_at_all_is_a_mistake():
    assert mistakes("s.json", json.dumps([entry()])) == ["s.json holds no prompt; write at least one conversation."]


def test_what_is_wrong_is_told_with_its_line():
    broken = [entry(("humann", "Q")), {"conversations": "Q"}, entry(("human", None)), {"id": 1}]

    assert mistakes("s.jsonl", "\n".join(map(json.dumps, [WHOLE, *broken]))) == [
        (
            's.jsonl:2: conversations[0] is from "humann", who is none of system, tool, human, user, gpt, chatgpt, bing, '
            "bard, assistant, model."
        ),
        's.jsonl:3: must be an object with a list of "conversations".',
        's.jsonl:4: conversations[0] must have "from" and "value", which are strings.',
        's.jsonl:5: must be an object with a list of "conversations".',
    ]
