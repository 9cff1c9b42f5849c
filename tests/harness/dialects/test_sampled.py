"""What is asked of the choice of tokens, in the bytes of each API."""

import json

import pytest

from harness.dialects import DIALECTS
from harness.dialects.ask import Ask
from harness.sampling import Sampling
from harness.testset import Message

ALL = Sampling(temperature=0.5, top_p=0.9, seed=0, stop=("END", "\n\n"), ignore_eos=True, min_tokens=7)
OPENAI = {
    "temperature": 0.5,
    "top_p": 0.9,
    "seed": 0,
    "stop": ["END", "\n\n"],
    "ignore_eos": True,
    "min_tokens": 7,
}
FOUR = {"temperature": 0.5, "top_p": 0.9, "seed": 0, "stop": ["END", "\n\n"]}
SENT = {
    "chat": OPENAI,
    "completions": OPENAI,
    "responses": {"temperature": 0.5, "top_p": 0.9},
    "messages": {"temperature": 0.5, "top_p": 0.9, "stop_sequences": ["END", "\n\n"]},
    "gemini": {
        "generationConfig": {"temperature": 0.5, "topP": 0.9, "seed": 0, "stopSequences": ["END", "\n\n"]},
    },
    "ollama": {"options": FOUR},
    "tgi": {"parameters": FOUR},
}
"""Where each API has a place, and by what name."""
OPTIONS = {"--temperature", "--top-p", "--sampling-seed", "--stop", "--ignore-eos", "--min-tokens"}
REFUSED = {
    "chat": set(),
    "completions": set(),
    "responses": {"--sampling-seed", "--stop", "--ignore-eos", "--min-tokens"},
    "messages": {"--sampling-seed", "--ignore-eos", "--min-tokens"},
    "gemini": {"--ignore-eos", "--min-tokens"},
    "ollama": {"--ignore-eos", "--min-tokens"},
    "tgi": {"--ignore-eos", "--min-tokens"},
}

every_dialect = pytest.mark.parametrize("dialect", DIALECTS)


def body_of(dialect: str, **asked) -> dict:
    url = DIALECTS[dialect].endpoint("http://h")
    ask = Ask(id="1", url=url, model="m", messages=(Message("user", "x"),), max_tokens=64, **asked)
    return json.loads(DIALECTS[dialect].encode(ask).body)


def added(less: dict, more: dict) -> dict:
    """What `more` has that `less` has not, objects gone into."""
    found = {}
    for key, value in more.items():
        if isinstance(value, dict) and key in less:
            if inner := added(less[key], value):
                found[key] = inner
        elif key not in less or less[key] != value:
            found[key] = value
    assert less.keys() <= more.keys()
    return found


@every_dialect
def test_each_api_is_asked_in_its_own_words(dialect):
    assert added(body_of(dialect), body_of(dialect, sampling=ALL)) == SENT[dialect]


@every_dialect
def test_what_has_no_place_is_refused(dialect):
    said = DIALECTS[dialect].refusals(ALL)
    assert {sentence.removeprefix("has no place for ") for sentence in said} == {
        f"{option}: leave it out" for option in REFUSED[dialect]
    }
    assert DIALECTS[dialect].refusals(Sampling()) == []


@every_dialect
def test_what_is_sent_and_what_is_refused_is_all_that_there_is(dialect):
    assert len(DIALECTS[dialect].samples) + len(REFUSED[dialect]) == len(OPTIONS)


def test_a_temperature_of_zero_is_sent():
    assert body_of("chat", sampling=Sampling(temperature=0.0))["temperature"] == 0


def test_tgi_takes_neither_the_one_end_nor_the_other():
    assert DIALECTS["tgi"].refusals(Sampling(temperature=0.0, top_p=1.0)) == [
        "wants --temperature above 0; without it, it takes the likeliest token",
        "wants --top-p below 1; leave it out for the same",
    ]
    assert DIALECTS["tgi"].refusals(Sampling(temperature=0.1, top_p=0.9)) == []


@every_dialect
def test_what_the_user_adds_stands_in_the_body(dialect):
    assert added(body_of(dialect), body_of(dialect, extra={"x": {"y": [1]}})) == {"x": {"y": [1]}}


def test_what_the_user_adds_prevails_and_leaves_the_rest():
    body = body_of("gemini", extra={"generationConfig": {"topK": 4, "maxOutputTokens": 9}}, sampling=ALL)
    assert body["generationConfig"] == SENT["gemini"]["generationConfig"] | {"topK": 4, "maxOutputTokens": 9}
    assert body_of("chat", extra={"max_tokens": None, "stream_options": {}})["stream_options"] == {
        "include_usage": True
    }
    assert body_of("chat", extra={"max_tokens": None})["max_tokens"] is None
    assert body_of("ollama", extra={"options": "no object"})["options"] == "no object"
