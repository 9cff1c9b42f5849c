"""Think times: what is typed, and what is drawn from it."""

import math
from statistics import fmean

import msgspec
import pytest

from harness.options import Options
from harness.pauses import Constant, Exponential, Uniform, draw_us, think_time


@pytest.mark.parametrize(
    ("text", "pause"),
    [
        ("2s", Constant(2.0)),
        ("0.5", Constant(0.5)),
        ("constant:250ms", Constant(0.25)),
        ("uniform:1s,5s", Uniform(1.0, 5.0)),
        ("uniform:0,1m", Uniform(0.0, 60.0)),
        (" exponential:3s ", Exponential(3.0)),
    ],
)
def test_what_is_typed(text, pause):
    assert think_time(text) == pause


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("", "a pause such as"),
        ("soon", "a pause such as"),
        ("normal:1s,2s", "a pause such as"),
        ("uniform:1s", "a pause such as"),
        ("exponential:1s,2s", "a pause such as"),
        ("uniform:1s,-2s", "a pause such as"),
        ("exponential:", "a pause such as"),
        ("uniform:5s,1s", "the shorter bound first"),
        ("uniform:1s,1s", "the shorter bound first"),
        ("0s", "a pause longer than zero"),
        ("exponential:0", "a pause longer than zero"),
    ],
)
def test_what_cannot_be_a_pause(text, allowed):
    with pytest.raises(ValueError, match=allowed):
        think_time(text)


@pytest.mark.parametrize(
    ("pause", "share", "seconds"),
    [
        (Constant(2.0), 0.9, 2.0),
        (Uniform(1.0, 5.0), 0.0, 1.0),
        (Uniform(1.0, 5.0), 0.25, 2.0),
        (Exponential(3.0), 0.0, 0.0),
        # Half of all pauses are shorter than the mean times ln 2.
        (Exponential(3.0), 0.5, 3 * math.log(2)),
    ],
)
def test_a_share_of_all_pauses_is_shorter(pause, share, seconds):
    assert pause.at(share) == pytest.approx(seconds)


def test_a_draw_is_the_same_everywhere_and_follows_from_each_of_its_numbers():
    pause = think_time("uniform:1s,5s")
    drawn_us = 1_655_395
    assert draw_us(Constant(0.25), 0, 0, 0, 1) == 250_000
    # random.Random("0/think/0/0/1").random() is 0.163848774..., on every machine: 1 s + 4 s of that.
    assert draw_us(pause, 0, 0, 0, 1) == drawn_us
    others = {draw_us(pause, *numbers) for numbers in ((1, 0, 0, 1), (0, 1, 0, 1), (0, 0, 1, 1), (0, 0, 0, 2))}
    assert len(others | {drawn_us}) == 5


def test_draws_are_spread_as_their_distribution_says():
    users, conversations, turns = range(10), range(20), range(1, 11)
    numbers = [(user, conversation, turn) for user in users for conversation in conversations for turn in turns]

    def drawn_s(text):
        return [draw_us(think_time(text), 7, *each) / 1e6 for each in numbers]

    # 2,000 draws: the mean of the uniform ones is within 4 × (4 / √12) / √2000 = 0.10 of 3, that of the exponential ones
    # within 4 × 3 / √2000 = 0.27 of 3; the seed being fixed, they are always the same.
    uniform, exponential = drawn_s("uniform:1s,5s"), drawn_s("exponential:3s")
    assert fmean(uniform) == pytest.approx(3, abs=0.10)
    assert (min(uniform) >= 1, max(uniform) < 5) == (True, True)
    assert fmean(exponential) == pytest.approx(3, abs=0.27)
    # e to the minus one of exponential pauses are longer than their mean: 0.368, give or take 4 × √(0.368 × 0.632 / 2000).
    assert sum(each > 3 for each in exponential) / 2000 == pytest.approx(math.exp(-1), abs=0.043)


@pytest.mark.parametrize("text", ["2s", "uniform:1s,5s", "exponential:3s"])
def test_it_comes_through_a_manifest_as_it_is(text):
    options = Options(host="http://h", conversations="live", think_time=think_time(text))
    stored = msgspec.json.encode(msgspec.to_builtins(options))
    assert msgspec.convert(msgspec.json.decode(stored), Options) == options
