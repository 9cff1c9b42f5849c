"""How conversations are asked for, and what makes no sense without them."""

import pytest

from harness.options import UsageMistakes, resolve
from harness.pauses import Uniform

URL = "http://h"
PAUSES = "a pause such as 2s, uniform:1s,5s (between these two) or exponential:3s (its mean)"


def test_off_if_not_asked_for():
    options = resolve({"host": URL})
    assert (options.conversations, options.think_time, options.max_turns) == (None, None, None)


def test_as_typed():
    options = resolve({"host": URL, "conversations": "live", "think_time": "uniform:1s,5s", "max_turns": "4"})
    assert (options.conversations, options.think_time, options.max_turns) == ("live", Uniform(1, 5), 4)


@pytest.mark.parametrize(
    ("raw", "sentences"),
    [
        (
            {"think_time": "2s", "max_turns": "3"},
            [
                "--think-time is about the turns of a conversation: add --conversations replay or --conversations live.",
                "--max-turns is about the turns of a conversation: add --conversations replay or --conversations live.",
            ],
        ),
        ({"conversations": "dead"}, ["--conversations 'dead': give one of replay, live."]),
        (
            {"conversations": "live", "think_time": "gauss:1s"},
            [f"--think-time 'gauss:1s': give {PAUSES}."],
        ),
        ({"conversations": "live", "max_turns": "0"}, ["--max-turns '0': give a whole number of one or more."]),
    ],
)
def test_mistakes_are_sentences(raw, sentences):
    with pytest.raises(UsageMistakes) as caught:
        resolve({"host": URL} | raw)
    assert caught.value.mistakes == sentences
