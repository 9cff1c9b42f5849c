import json
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import testset as ts

Message = ts.Message


def prompts(source, *lines):
    return ts.parse("set", source, "\n".join(lines).encode()).prompts


def mistakes(source, data):
    with pytest.raises(ts.TestsetError) as caught:
        ts.parse("set", source, data if isinstance(data, bytes) else data.encode())
    return caught.value.mistakes


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
    text = ts.parse("set", "p.txt", b"\xef\xbb\xbfone\r\ntwo\r\n")
    objects = ts.parse("set", "p.jsonl", b'\xef\xbb\xbf{"prompt": "one"}\r\n\r\n{"prompt": "two"}\r\n')

    assert [p.messages for p in text.prompts] == [p.messages for p in objects.prompts]
    assert text.prompts[0].messages == (Message("user", "one"),)


def test_an_old_line_end_is_one_too():
    assert [p.messages[0].content for p in ts.parse("set", "p.txt", b"one\rtwo\r").prompts] == ["one", "two"]


def test_nothing_else_ends_a_line():
    inside = "a\u2028b\u2029c\x85d\x0ce"

    assert prompts("p.txt", inside)[0].messages == (Message("user", inside),)
    assert prompts("p.jsonl", json.dumps({"prompt": inside}, ensure_ascii=False))[0].messages[0].content == inside


def test_the_digest_is_of_the_bytes_as_they_are():
    # printf 'a\n' | sha256sum
    expected = "sha256:87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7"
    found = ts.parse("set", "p.txt", b"a\n")

    assert (found.name, found.source, found.digest) == ("set", "p.txt", expected)
    assert ts.parse("set", "p.txt", b"a").digest != expected


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
    found = ts.parse("set", "p.jsonl", data).prompts

    assert [(p.index, p.messages[0].content) for p in found] == list(enumerate(texts))


@given(st.integers(1, 300), st.integers(), st.integers(0, 10**6))
def test_an_order_is_a_permutation(count, seed, cycle):
    assert sorted(ts.order(count, seed, cycle)) == list(range(count))


def test_orders_are_what_they_have_always_been():
    assert ts.order(8, 0, 0) == (0, 2, 1, 4, 6, 7, 3, 5)
    assert ts.order(8, 0, 1) == (6, 1, 0, 2, 3, 4, 5, 7)
    assert ts.order(8, 1, 0) == (1, 5, 4, 2, 7, 0, 3, 6)


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_orders_do_not_depend_on_the_process(hash_seed):
    code = "from harness.testset import order; print(order(50, 7, 3))"
    environment = {"PYTHONHASHSEED": hash_seed}
    said = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)

    assert said.stdout.strip() == str(ts.order(50, 7, 3))


def test_an_order_is_made_once():
    assert ts.order(30, 5, 2) is ts.order(30, 5, 2)


def numbered(count):
    return ts.parse("set", "p.txt", "\n".join(f"prompt {n}" for n in range(count)).encode())


def test_dealing_follows_the_order_of_each_cycle():
    # Three users, four prompts: user 1 at turn 2 holds place 1 + 2 * 3 = 7, which is place 3 of cycle 1.
    dealt = ts.deal(numbered(4), seed=9, user=1, turn=2, users=3)

    assert dealt.index == ts.order(4, 9, 1)[3]


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 4), st.integers(0, 99))
def test_users_in_step_use_every_prompt_before_one_comes_again(count, users, cycles, seed):
    testset = numbered(count)
    places = range(cycles * count)
    dealt = [ts.deal(testset, seed, place % users, place // users, users).index for place in places]

    assert Counter(dealt) == dict.fromkeys(range(count), cycles)
    for cycle in range(cycles):
        assert sorted(dealt[cycle * count : (cycle + 1) * count]) == list(range(count))


@given(st.integers(1, 12), st.integers(0, 200))
def test_shares_of_all_workers_are_all_users_once(count, n):
    shares = [ts.share(index, count, n) for index in range(count)]

    assert sorted(user for each in shares for user in each) == list(range(n))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_a_share_is_every_so_many_th_user():
    assert list(ts.share(1, 3, 8)) == [1, 4, 7]
    assert list(ts.share(0, 1, 3)) == [0, 1, 2]
    assert list(ts.share(2, 4, 2)) == []


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_many_workers_ask_what_one_would(workers):
    testset, users, turns = numbered(7), 5, 4
    asked = {
        (user, turn): ts.deal(testset, 3, user, turn, users).index
        for index in range(workers)
        for user in ts.share(index, workers, users)
        for turn in range(turns)
    }

    alone = {(u, t): ts.deal(testset, 3, u, t, users).index for u in range(users) for t in range(turns)}
    assert asked == alone
