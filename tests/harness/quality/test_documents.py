import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.quality import documents

DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(st.text(), parts, max_size=4),
    max_leaves=12,
)
CONTAINERS = st.lists(DOCUMENTS, max_size=4) | st.dictionaries(st.text(), DOCUMENTS, max_size=4)


@pytest.mark.parametrize(
    ("text", "document"),
    [
        ('{"a": 1}', {"a": 1}),
        ("[1, 2]", [1, 2]),
        (" 5 ", 5),
        ('Sure:\n```json\n{"a": 1}\n```\nThat is it.', {"a": 1}),
        ('```\n{"a": 1}\n```', {"a": 1}),
        ('```json\n{"a": 1}', {"a": 1}),
        ('```json\n{"a": 1}\n```\nor better\n```json\n{"a": 2}\n```', {"a": 2}),
        ('```python\nx = {}\n```\n```json\n{"a": 1}\n```', {"a": 1}),
        ('The answer is {"a": 1}.', {"a": 1}),
        ('Not {this}, but {"a": [1, 2]} and [3].', {"a": [1, 2]}),
        ('As in [1], it is {"a": 1}', {"a": 1}),
        ('答案是{"城市": "巴黎"}。', {"城市": "巴黎"}),
        ('{"a": "}"} x', {"a": "}"}),
    ],
)
def test_the_document_of_an_answer(text, document):
    assert documents.find(text) == document


@pytest.mark.parametrize(
    "text", ["", "none", "{this}", "{'a': 1}", '{"a": 1', "NaN", "[NaN]", "[1e999]", "[" * 20_000, "{" * 20_000]
)
def test_no_document(text):
    with pytest.raises(documents.NoDocument):
        documents.find(text)


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ([1, 2], [2, 1], False),
        (1, 1.0, True),
        ({"a": 1.50}, {"a": 1.5}, True),
        # Python calls these equal
        (True, 1, False),
        (False, 0, False),
        ({"a": [True]}, {"a": [1]}, False),
        (0.0, False, False),
        ("1", 1, False),
        (None, False, False),
        (None, None, True),
        ({}, [], False),
        ({"a": None}, {}, False),
        ([[]], [[[]]], False),
        ([1], [1, 1], False),
    ],
)
def test_equality_as_json_has_it(one, other, equal):
    assert documents.same(one, other) is equal
    assert documents.same(other, one) is equal


@given(CONTAINERS)
def test_a_document_is_found_again_in_any_wrapping(document):
    for ascii_only in (True, False):
        text = json.dumps(document, ensure_ascii=ascii_only)
        for way in ("{}", "```json\n{}\n```", " {} "):
            if "```" not in text or way != "```json\n{}\n```":
                assert documents.same(documents.find(way.replace("{}", text)), document)


@given(CONTAINERS, CONTAINERS)
def test_equality_is_that_of_sorted_json_but_for_numbers(one, other):
    told = [json.dumps(each, sort_keys=True) for each in (one, other)]
    if told[0] == told[1]:
        assert documents.same(one, other)
