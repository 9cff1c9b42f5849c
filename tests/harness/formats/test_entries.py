"""JSON files that are one array: where an entry stands in them, and what tells them from files with an array a line."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.sets import asked, mistakes, read

from harness.formats.entries import entries, is_array
from harness.formats.row import Reading

TALK = [{"role": "user", "content": "How?"}]
PROMPTS = [{"prompt": "a"}, {"prompt": "b", "note": "[x, y]\n{"}]
CONTEXT = Reading(lambda name: None)


@pytest.mark.parametrize("indent", [None, 0, 1, 4])
def test_an_array_of_objects_is_read_like_lines_of_them(indent):
    whole = read("p.json", json.dumps(PROMPTS, indent=indent))
    lines = read("p.jsonl", "\n".join(map(json.dumps, PROMPTS)))

    assert whole.prompts == lines.prompts


def test_a_mistake_in_an_array_is_told_with_the_line_on_which_its_entry_begins():
    # The bracket is on line 1; each object takes the three lines of {, its only key, and }.
    text = json.dumps([{"prompt": "a"}, {"prompt": ""}, {"prompt": "b"}, {}], indent=1)

    assert mistakes("p.json", text) == [
        'p.json:5: "prompt" is empty.',
        'p.json:11: must have either "prompt" or "messages" and has neither.',
    ]


def test_a_torn_array_is_told_with_the_line_on_which_it_ends():
    assert mistakes("p.json", '[\n {"prompt": "a"},\n {"prompt": "b"\n') == [
        "p.json:4: not JSON: Expecting ',' delimiter (column 1)."
    ]


def test_an_array_that_holds_no_text_is_told_with_its_line():
    # On line 2 the byte 0xff is the fourteenth: twelve for ` {"prompt": ` and one for the quote come before it.
    assert mistakes("p.json", b'[\n {"prompt": "\xff"}\n]') == [
        "p.json:2: byte 14 of the line is not UTF-8; save the file as UTF-8."
    ]


@pytest.mark.parametrize(
    ("value", "whole"),
    [
        (json.dumps(PROMPTS), True),
        (json.dumps(PROMPTS, indent=1), True),
        ('[{"prompt": "a"},\n{"prompt": "b"}]', True),
        (json.dumps([TALK, TALK]), True),
        (json.dumps([TALK, TALK], indent=1), True),
        (json.dumps(TALK), False),
        (json.dumps(TALK) + "\n" + json.dumps(TALK), False),
        ("[}\n" + json.dumps(TALK), False),
        ("\ufeff\n" + json.dumps(PROMPTS), True),
        ('{"prompt": "a"}', False),
        ("", False),
    ],
)
def test_what_is_one_array_and_what_is_an_array_a_line(value, whole):
    assert is_array(value.encode()) is whole


@given(
    st.lists(st.dictionaries(st.text(), st.text() | st.lists(st.integers())), min_size=1), st.sampled_from([None, 1])
)
def test_every_entry_begins_on_the_line_it_is_told_with(values, indent):
    data = json.dumps(values, indent=indent).encode()
    found = list(entries(data, CONTEXT))

    assert [json.loads(row.value) for row in found] == values
    for row in found:
        first = row.value.splitlines()[0]
        assert first in data.splitlines()[int(row.place) - 1]


def test_a_conversation_for_each_element_of_an_array():
    assert asked(read("p.json", json.dumps([TALK, TALK], indent=1))) == [[("user", "How?")]] * 2
