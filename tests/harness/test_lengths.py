"""Distributions of lengths: their texts, their quantiles by hand, their draws, and histogram files."""

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.lengths import (
    LONGEST,
    Bounds,
    Constant,
    Histogram,
    LogNormal,
    Normal,
    Uniform,
    Weighted,
    draw,
    lengths,
    weighted,
)

READ = {
    "512": Constant(512),
    " constant:512 ": Constant(512),
    "uniform:256,1024": Uniform(256, 1024),
    "uniform:7, 7": Uniform(7, 7),
    "normal:512,128": Normal(512, 128),
    "normal:0.5,1e2": Normal(0.5, 100),
    "normal:512,128,min=1,max=2048": Normal(512, 128, Bounds(1, 2048)),
    "normal:512,128, max=600": Normal(512, 128, Bounds(1, 600)),
    "lognormal:512,256,min=16": LogNormal(512, 256, Bounds(16, LONGEST)),
    "histogram:a:b,c.csv": Histogram("a:b,c.csv"),
}


@pytest.mark.parametrize(("text", "expected"), READ.items())
def test_a_length_is_read(text, expected):
    assert lengths(text) == expected


UNREADABLE = [
    *("", "0", "-1", "1.5", "many", "10000001", "constant:", "constant:1,2", "gamma:1,2", "512,128", "histogram:"),
    *(
        "uniform:1",
        "uniform:0,5",
        "uniform:1,2,3",
        "normal:512",
        "normal:0,1",
        "normal:1,0",
        "normal:1,inf",
        "normal:1,nan",
    ),
    *("normal:1,2,3", "normal:1,2,min=0", "normal:1,2,mean=3", "normal:1,2,min", "lognormal:x,1"),
]


@pytest.mark.parametrize("text", UNREADABLE)
def test_what_is_no_length_is_told_with_all_that_is(text):
    with pytest.raises(ValueError, match=r"a length such as 512, uniform:256,1024 .*histogram:FILE"):
        lengths(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("uniform:9,8", "the smaller length first, such as uniform:256,1024"),
        ("normal:5,1,min=9,max=8", "a min that is not above the max"),
    ],
)
def test_bounds_that_are_the_wrong_way_round(text, words):
    with pytest.raises(ValueError, match=words):
        lengths(text)


# The standard normal is 0 at one half and 1.2816 at nine tenths. Of lengths with mean 100 and standard deviation 75:
# sigma² = ln(1 + 0.75²) = 0.4463, mu = ln 100 - 0.2231 = 4.3820, exp(mu) = 80.0, exp(mu + 1.2816 * 0.6680) = 188.3.
AT = [
    ("512", {0.0: 512, 0.999: 512}),
    ("uniform:2,5", {0.0: 2, 0.24: 2, 0.25: 3, 0.74: 4, 0.75: 5, 0.999: 5}),
    ("normal:512,100", {0.5: 512, 0.9: 640, 0.1: 384}),
    ("normal:512,100,min=500,max=600", {0.5: 512, 0.9: 600, 0.1: 500}),
    ("normal:1,100", {0.0: 1, 0.1: 1}),
    ("lognormal:100,75", {0.5: 80, 0.9: 188}),
    ("lognormal:100,75,max=100", {0.5: 80, 0.9: 100}),
    ("lognormal:1,10000000", {0.0: 1, 1 - 2**-53: LONGEST}),
]


@pytest.mark.parametrize(("text", "shares"), AT)
def test_quantiles(text, shares):
    assert {share: lengths(text).at(share) for share in shares} == shares


@given(st.floats(0, 1, exclude_max=True), st.sampled_from([text for text, _ in AT]))
def test_a_length_is_a_whole_number_of_one_or_more(share, text):
    length = lengths(text).at(share)
    assert isinstance(length, int)
    assert 1 <= length <= LONGEST


@pytest.mark.parametrize(
    ("text", "mean", "stdev"),
    # Of a uniform one: (2 + 101) / 2 and sqrt((100² - 1) / 12).
    [("uniform:2,101", 51.5, 28.866), ("normal:512,64", 512, 64), ("lognormal:512,256", 512, 256)],
)
def test_mean_and_deviation_of_many_draws_are_those_of_the_lengths(text, mean, stdev):
    drawn = [draw(lengths(text), 0, "input", number) for number in range(20_000)]
    # Four standard errors of the mean, and as much as a tail like the log-normal's moves the deviation.
    assert statistics.mean(drawn) == pytest.approx(mean, abs=4 * stdev / 20_000**0.5)
    assert statistics.stdev(drawn) == pytest.approx(stdev, rel=0.04)


def test_a_draw_follows_from_seed_purpose_and_number():
    drawn = lengths("uniform:1,1000000")
    assert [draw(drawn, 7, "input", number) for number in range(3)] == [411866, 386013, 590265]
    assert len({draw(drawn, seed, what, 0) for seed in (0, 1) for what in ("input", "output")}) == 4


# Histograms


@pytest.mark.parametrize(
    "data",
    [
        b"128,3\n512,1\n",
        b"length,weight\r\n512, 1.0\r\n\r\n128,3\r\n",
        b"\xef\xbb\xbflength,count\n128,2\n128,1\n512,1\n",
        b'{"128": 3, "512": 1}',
        b' {"512": 1, "128": 3.0}\n',
    ],
)
def test_a_histogram_file(data):
    found = weighted(data)
    assert found == Weighted((128, 512), (3.0, 4.0))
    assert [found.at(share) for share in (0.0, 0.74, 0.75, 0.999)] == [128, 128, 512, 512]


def test_a_weight_of_zero_is_never_drawn():
    found = weighted(b"1,0\n2,1\n3,0\n")
    assert {found.at(share) for share in (0.0, 0.5, 1 - 2**-53)} == {2}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no length in it has a weight above zero"),
        (b"5,0\n", "no length in it has a weight above zero"),
        (b"length,weight\n128\n", "line 2 is not two numbers, a length of one or more and its weight"),
        (b"128,1\n0,1\n", "line 2 is not two numbers"),
        (b"128,1\nx,1\n", "line 2 is not two numbers"),
        (b"128,-1\n", "line 1 has a weight that is no number of zero or more"),
        (b"128,nan\n", "line 1 has a weight"),
        (b'{"a": 1}', "length 'a' is not two numbers"),
        (b'{"1": "a"}', "it is no JSON object of lengths and weights"),
        (b'{"1": 1', "it is no JSON object of lengths and weights"),
    ],
)
def test_what_is_no_histogram(data, words):
    with pytest.raises(ValueError, match=words):
        weighted(data)
