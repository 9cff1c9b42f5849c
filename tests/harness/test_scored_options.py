"""Options of scoring that are wrong with others."""

import pytest

from harness.options import UsageMistakes, read_some, resolve

JUDGE = "host=http://j model=m"


def mistakes(**raw) -> list[str]:
    try:
        resolve({"host": "http://h", **raw})
    except UsageMistakes as error:
        return error.mistakes
    return []


@pytest.mark.parametrize(
    "raw",
    [
        {"quality": "accuracy refusal"},
        {"quality": ["coherence"], "judge": JUDGE},
        {"quality": ["toxicity-moderation"], "moderation": "host=http://m"},
        {"quality": ["perplexity"], "texts": "short", "keep_text": False},
        {"quality": ["logprob"], "logprobs": True},
        {"keep_text": False, "judge": JUDGE},
    ],
)
def test_what_goes_together(raw):
    assert mistakes(**raw) == []


@pytest.mark.parametrize(
    ("raw", "sentences"),
    [
        ({"quality": "coherence"}, ['--quality coherence needs --judge "host=URL model=NAME".']),
        (
            {"quality": "accuracy ./mine.py perplexity", "texts": "short", "keep_text": False},
            ["--quality accuracy ./mine.py is about answers, and --no-keep-text keeps none: leave out one of the two."],
        ),
        (
            {"quality": "coherence", "judge": "host=http://j"},
            ["--judge has no model: give it one, model=…."],
        ),
        (
            {"quality": "logprob"},
            ["--quality logprob needs --logprobs, which has the server tell the log-probability of its tokens."],
        ),
    ],
)
def test_what_does_not(raw, sentences):
    assert mistakes(**raw) == sentences


def test_a_judge_that_cannot_be_read_is_not_called_missing():
    (only,) = mistakes(quality="coherence", judge="host=ftp://j model=m")
    assert only.startswith("--judge: give as host a URL")


def test_a_name_that_is_none_is_said_once():
    (only,) = mistakes(quality=["acuracy", "empty"])
    assert only.startswith("--quality 'acuracy': give one of accuracy, choice, ")


def test_some_options_of_a_run_that_there_is():
    found = read_some({"quality": ["empty"], "judge": JUDGE, "tolerance": None, "again": True})
    assert found.keys() == {"quality", "judge"}
    assert (found["judge"].name, found["judge"].host) == ("judge", "http://j")
