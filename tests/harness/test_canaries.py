"""Canaries: which request is one, and which of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.canaries import NAME, canary_at, flock
from harness.options import Options
from harness.shelf import find, take_canaries
from harness.testset import Message, Prompt, Testset, TestsetError

THREE = flock(
    Testset("birds", "birds.jsonl", "d", tuple(Prompt(index=n, messages=(Message("user", f"{n}?"),)) for n in range(3)))
)


def asked(user, every, numbers):
    """What a user asks: the index of a canary, or a dash for an ordinary prompt."""
    found = [canary_at(THREE, every, user, number) for number in range(numbers)]
    return "".join("-" if prompt is None else str(prompt.index) for prompt in found)


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        # (number + user) divisible by 4: 0, 4, 8 … for user 0; 3, 7 … for user 1; and so on
        (0, "0---1---2---0---"),
        (1, "---0---1---2---0"),
        (2, "--0---1---2---0-"),
        (3, "-0---1---2---0--"),
        (4, "0---1---2---0---"),
    ],
)
def test_each_user_has_its_own_place_and_begins_with_the_same_canary(user, expected):
    assert asked(user, 4, 16) == expected


@given(user=st.integers(0, 10_000), every=st.integers(2, 50))
def test_of_each_stretch_of_requests_one_is_a_canary_and_they_take_turns(user, every):
    prompts = [canary_at(THREE, every, user, number) for number in range(every * 6)]
    stretches = [prompts[begin : begin + every] for begin in range(0, len(prompts), every)]
    assert [sum(prompt is not None for prompt in stretch) for stretch in stretches] == [1] * 6
    assert [prompt.index for prompt in prompts if prompt is not None] == [0, 1, 2, 0, 1, 2]


def test_a_flock_is_known_by_one_name_and_each_bird_as_a_canary():
    assert THREE.name == NAME == "canaries"
    assert (THREE.source, THREE.digest) == ("birds.jsonl", "d")
    assert all(prompt.canary for prompt in THREE.prompts)


def test_a_prompt_of_a_file_is_no_canary_whatever_it_says_of_itself(tmp_path):
    path = tmp_path / "set.jsonl"
    path.write_text('{"prompt": "Hi", "canary": true}\n')
    (prompt,) = find(str(path)).prompts
    assert (prompt.canary, prompt.metadata) == (False, {"canary": True})


def test_they_are_taken_only_where_they_are_asked_for():
    assert take_canaries(Options(host="http://h")) is None
    taken = take_canaries(Options(host="http://h", canary_every=5))
    assert (taken.name, taken.source, len(taken.prompts)) == ("canaries", "testsets/canaries.jsonl", 6)


def test_a_file_of_ones_own_goes_by_the_same_name(tmp_path):
    path = tmp_path / "mine.jsonl"
    path.write_text('{"prompt": "Hi"}\n')
    taken = take_canaries(Options(host="http://h", canary_every=5, canaries=str(path)))
    assert (taken.name, taken.source) == ("canaries", str(path))


def test_a_set_that_is_not_there_is_told_with_its_option():
    with pytest.raises(
        TestsetError, match=r"^--canaries: Testset 'cannaries' is neither .* Did you mean 'canaries'\?$"
    ):
        take_canaries(Options(host="http://h", canary_every=5, canaries="cannaries"))


def test_images_need_a_dialect_that_carries_them():
    with pytest.raises(TestsetError, match=r"^--dialect completions carries no images"):
        take_canaries(Options(host="http://h", canary_every=5, canaries="vision", dialect="completions"))
