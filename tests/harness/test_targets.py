import shlex
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.targets import MIXED, Leg, Target, deal, fewest_users, legs, reader, shares, words

READ = reader(dict.fromkeys(("host", "model", "dialect", "api_key_env", "headers"), str))


def test_the_words_of_a_target():
    text = "name=a host=http://h:1 model='two words' api-key-env=K header='X-A: b c' header=X-D:e weight=3"
    assert READ(text) == {
        "name": "a",
        "host": "http://h:1",
        "model": "two words",
        "api_key_env": "K",
        "headers": ("X-A: b c", "X-D:e"),
        "weight": 3,
    }
    assert READ("api_key_env=K") == {"api_key_env": "K"}


KEYS = "KEY=VALUE words, their keys of name, host, model, dialect, api-key-env, header, weight; "


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", KEYS + 'such as "name=a host=http://127.0.0.1:8000"'),
        ("http://h", KEYS + 'such as "name=a host=http://127.0.0.1:8000"'),
        ("nme=a", KEYS + 'such as "name=a host=http://127.0.0.1:8000"'),
        ("name=", KEYS + 'such as "name=a host=http://127.0.0.1:8000"'),
        ("name='a", KEYS + "a quotation mark is not closed"),
        ("name=a name=b", "name once"),
        ("name=a/b", "as name letters, digits, dots, dashes and underscores, 40 at most, and not mixed"),
        ("name=mixed", "as name letters, digits, dots, dashes and underscores, 40 at most, and not mixed"),
        ("weight=0", "as weight a whole number, 1 to 1000"),
        ("weight=1001", "as weight a whole number, 1 to 1000"),
        ("weight=½", "as weight a whole number, 1 to 1000"),
    ],
)
def test_words_that_are_none(text, sentence):
    with pytest.raises(ValueError) as info:
        READ(text)
    assert str(info.value) == sentence


def test_one_point_of_each_target_after_another():
    weights = {"a": 1, "b": 1}
    assert legs((1, 4), weights, "interleaved") == [Leg(1, "a"), Leg(1, "b"), Leg(4, "a"), Leg(4, "b")]
    assert legs((1, 4), weights, "sequential") == [Leg(1, "a"), Leg(4, "a"), Leg(1, "b"), Leg(4, "b")]


def test_all_targets_at_once():
    assert legs((4, 5), {"a": 3, "b": 1}, MIXED) == [
        Leg(4, MIXED, {"a": 3, "b": 1}),
        Leg(5, MIXED, {"a": 4, "b": 1}),
    ]


@pytest.mark.parametrize("mode", ["interleaved", "sequential", MIXED])
def test_the_only_target_has_every_point(mode):
    assert legs((1, 2), {"default": 1}, mode) == [Leg(1, "default"), Leg(2, "default")]


@pytest.mark.parametrize(
    ("weights", "order"),
    [
        ((1,), [0]),
        ((1, 1), [0, 1]),
        # By 3 : 1. Of one user a is owed 3/4 and b 1/4: a. Of two 3/2 and 1/2: both are half a user behind, b has none yet.
        # Of three 9/4 and 3/4: a is 5/4 behind. Of four 3 and 1: a.
        ((3, 1), [0, 1, 0, 0]),
        # By 1 : 2 : 1, with a quarter of a user for a and c: b; then a and c are half behind each, and b not at all.
        ((1, 2, 1), [1, 0, 2, 1]),
    ],
)
def test_users_go_to_the_target_that_is_furthest_behind(weights, order):
    assert list(deal(weights)) == order


def test_from_how_many_users_on_each_target_has_one():
    assert [fewest_users(weights) for weights in ((1,), (1, 1), (3, 1), (9, 1), (1, 2, 1))] == [1, 2, 2, 5, 3]


WEIGHTS = st.lists(st.integers(1, 12), min_size=1, max_size=4)


@given(WEIGHTS)
def test_a_whole_cycle_is_shared_exactly(weights):
    assert Counter(deal(tuple(weights))) == Counter(dict(enumerate(weights)))


@given(WEIGHTS, st.integers(1, 60))
def test_any_number_of_first_users_is_shared_nearly_by_weight(weights, users):
    dealt = shares({str(place): weight for place, weight in enumerate(weights)}, users)
    assert sum(dealt.values()) == users
    for place, weight in enumerate(weights):
        assert abs(dealt[str(place)] - users * weight / sum(weights)) < 1.5


@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 90))
def test_two_targets_are_never_more_than_half_a_user_off(one, other, users):
    dealt = shares({"a": one, "b": other}, users)
    assert abs(dealt["a"] - users * one / (one + other)) <= 0.5


def test_a_target_is_written_as_it_is_typed():
    target = Target(
        name="a", host="http://h", dialect="chat", api_key_env="K", headers=("X-A: b c", "X-D: e"), weight=2
    )
    assert Target(**READ(words(target))) == target
    assert "model" not in words(target)
    assert "X-A: b c" in shlex.split(words(target))[4]
