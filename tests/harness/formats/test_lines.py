import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.sets import mistakes, read

from harness import testset as ts

Message = ts.Message


def prompts(source, *lines):
    return read(source, "\n".join(lines).encode()).prompts


def test_a_text_file_holds_one_prompt_a_line():
    first, second = prompts("questions.txt", "Why?", "", "  \t", "How so? ")

    assert first == ts.Prompt(index=0, messages=(Message("user", "Why?"),))
    assert second == ts.Prompt(index=1, messages=(Message("user", "How so?"),))


@pytest.mark.parametrize("source", ["questions", "questions.md", "-", "questions.jsonl.txt"])
def test_any_other_suffix_is_read_as_text(source):
    assert prompts(source, '{"prompt": "a"}')[0].messages == (Message("user", '{"prompt": "a"}'),)


@pytest.mark.parametrize("source", ["p.jsonl", "p.ndjson", "p.json", "P.JSONL", "dir.txt/p.jsonl"])
def test_json_suffixes_are_read_as_one_object_a_line(source):
    assert prompts(source, '{"prompt": "a"}')[0].messages == (Message("user", "a"),)


def test_a_line_may_set_everything():
    (prompt,) = prompts(
        "p.jsonl",
        '{"id": "q1", "system": "Be brief.", "prompt": " Why? ", "max_tokens": 7, "topic": ["x", 1], "answer": null}',
    )

    assert prompt == ts.Prompt(
        index=0,
        messages=(Message("system", "Be brief."), Message("user", " Why? ")),
        max_tokens=7,
        id="q1",
        metadata={"topic": ["x", 1], "answer": None},
    )


def test_messages_are_kept_in_order_behind_the_system_key():
    spoken = [(role, f"says {role}") for role in ("developer", "user", "assistant", "tool", "user")]
    line = json.dumps({"messages": [{"role": role, "content": text} for role, text in spoken], "system": "S"})

    assert prompts("p.jsonl", line)[0].messages == (
        Message("system", "S"),
        *(Message(role, text) for role, text in spoken),
    )


def test_null_is_the_same_as_absent_for_optional_keys():
    (prompt,) = prompts("p.jsonl", '{"prompt": "a", "system": null, "max_tokens": null, "id": null}')

    assert prompt == ts.Prompt(index=0, messages=(Message("user", "a"),))


def test_a_number_as_id_becomes_a_string():
    assert prompts("p.jsonl", '{"prompt": "a", "id": 17}')[0].id == "17"


def test_byte_order_mark_and_windows_line_ends_are_tolerated():
    text = read("p.txt", b"\xef\xbb\xbfone\r\ntwo\r\n")
    objects = read("p.jsonl", b'\xef\xbb\xbf{"prompt": "one"}\r\n\r\n{"prompt": "two"}\r\n')

    assert [p.messages for p in text.prompts] == [p.messages for p in objects.prompts]
    assert text.prompts[0].messages == (Message("user", "one"),)


def test_an_old_line_end_is_one_too():
    assert [p.messages[0].content for p in read("p.txt", b"one\rtwo\r").prompts] == ["one", "two"]


def test_nothing_else_ends_a_line():
    inside = "a\u2028b\u2029c\x85d\x0ce"

    assert prompts("p.txt", inside)[0].messages == (Message("user", inside),)
    assert prompts("p.jsonl", json.dumps({"prompt": inside}, ensure_ascii=False))[0].messages[0].content == inside


def test_the_digest_is_of_the_bytes_as_they_are():
    # printf 'a\n' | sha256sum
    expected = "sha256:87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7"
    found = read("p.txt", b"a\n")

    assert (found.name, found.source, found.digest) == ("set", "p.txt", expected)
    assert read("p.txt", b"a").digest != expected


@pytest.mark.parametrize(
    ("line", "mistake"),
    [
        ('"a"', 'must be a JSON object, such as {"prompt": "..."}.'),
        ('["a"]', 'must be a JSON object, such as {"prompt": "..."}.'),
        ("{}", 'must have either "prompt" or "messages" and has neither.'),
        ('{"promt": "a"}', 'must have either "prompt" or "messages" and has neither.'),
        ('{"prompt": "a", "messages": []}', 'must have either "prompt" or "messages" and has both.'),
        ('{"prompt": ["a"]}', '"prompt" must be a string.'),
        ('{"prompt": null}', '"prompt" must be a string.'),
        ('{"prompt": " \\n "}', '"prompt" is empty.'),
        ('{"prompt": "a", "system": ""}', '"system" is empty.'),
        ('{"prompt": "a", "system": 3}', '"system" must be a string.'),
        ('{"messages": []}', '"messages" is empty.'),
        ('{"messages": "a"}', '"messages" must be a list of {"role", "content"} objects.'),
        ('{"messages": ["a"]}', '"messages" must be a list of {"role", "content"} objects.'),
        ('{"messages": [{"role": "user"}]}', '"messages" must be a list of {"role", "content"} objects.'),
        (
            '{"messages": [{"role": "user", "content": "a"}, {"role": "robot", "content": "b"}]}',
            'the role of messages[1] is "robot" and must be one of system, developer, user, assistant, tool.',
        ),
        (
            '{"messages": [{"role": ["user"], "content": "a"}]}',
            'the role of messages[0] is ["user"] and must be one of system, developer, user, assistant, tool.',
        ),
        ('{"messages": [{"role": "user", "content": " "}]}', "the content of messages[0] is empty."),
        ('{"messages": [{"role": "user", "content": [1]}]}', "the content of messages[0] must be a string."),
        (
            '{"messages": [{"role": "user", "content": "a", "name": "x", "tool_calls": []}]}',
            'messages[0] has "name", which would not be sent; only "role" and "content" are.',
        ),
        (
            '{"system": "S", "messages": [{"role": "system", "content": "T"}, {"role": "user", "content": "a"}]}',
            'has "system" and a system message; keep one of them.',
        ),
        ('{"prompt": "a", "max_tokens": 0}', '"max_tokens" must be a positive whole number, not 0.'),
        ('{"prompt": "a", "max_tokens": 1.0}', '"max_tokens" must be a positive whole number, not 1.0.'),
        ('{"prompt": "a", "max_tokens": true}', '"max_tokens" must be a positive whole number, not true.'),
        ('{"prompt": "a", "max_tokens": "9"}', '"max_tokens" must be a positive whole number, not "9".'),
        ('{"prompt": "a", "id": false}', '"id" must be a string or a whole number, not false.'),
        # Two characters of JSON and 35 of the string are the 37 that are shown; three dots and the full stop follow.
        (
            '{"prompt": "a", "id": ["' + "x" * 50 + '"]}',
            '"id" must be a string or a whole number, not ["' + "x" * 35 + "....",
        ),
    ],
)
def test_a_mistake_names_file_and_line_and_says_what_to_change(line, mistake):
    assert mistakes("p.jsonl", f'{{"prompt": "fine"}}\n\n{line}') == [f"p.jsonl:3: {mistake}"]


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "{'prompt': 'a'}",
        '{"prompt": "a"} {"prompt": "b"}',
        '{"prompt": NaN}',
        '{"prompt": "\\ud800"}',
        "[" * 100_000,
    ],
    ids=["torn", "quotes", "two", "nan", "surrogate", "deep"],
)
def test_what_is_not_json_is_called_so(line):
    (mistake,) = mistakes("p.jsonl", line)

    assert mistake.startswith("p.jsonl:1: not JSON: ")
    assert mistake.endswith(".")


@pytest.mark.parametrize("source", ["p.txt", "p.jsonl"])
def test_bytes_that_are_not_utf8_are_named_by_line_and_place(source):
    # "Gr" are two bytes, 0xfc is the third one.
    assert mistakes(source, b"\nGr\xfc\xdfe\n") == [
        f"{source}:2: byte 3 of the line is not UTF-8; save the file as UTF-8."
    ]


def test_all_mistakes_are_told_at_once():
    assert mistakes("p.jsonl", '{}\n{"prompt": "fine"}\n{"prompt": ""}\n') == [
        'p.jsonl:1: must have either "prompt" or "messages" and has neither.',
        'p.jsonl:3: "prompt" is empty.',
    ]


def test_a_long_list_of_mistakes_is_shortened():
    twenty = mistakes("p.jsonl", "[]\n" * 20)
    more = mistakes("p.jsonl", "[]\n" * 23)

    assert len(twenty) == 20
    assert more == [*twenty, "and 3 more"]


def test_the_error_reads_as_its_sentences():
    assert str(ts.TestsetError(["One.", "Two."])) == "One.\nTwo."


@pytest.mark.parametrize("data", ["", "\n \n\t\r\n", "\ufeff", "\ufeff\n"])
def test_a_set_without_a_prompt_is_a_mistake(data):
    assert mistakes("p.txt", data) == ["p.txt holds no prompt; write at least one line."]


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"])).filter(str.strip), min_size=1))
def test_what_json_can_say_is_asked_as_it_stands(texts):
    data = "\n".join(json.dumps({"prompt": text}) for text in texts).encode()
    found = read("p.jsonl", data).prompts

    assert [(p.index, p.messages[0].content) for p in found] == list(enumerate(texts))
