"""How a target is asked about reference texts, and what is said where it cannot be."""

import json
import math

import msgspec
import pytest
from support.folders import manifest
from support.judged import KEY, KEY_ENV, asking
from support.oracle import Reply, consulted, refusal
from support.simulator import running_simulator

from harness.dialects import DIALECTS
from harness.options import Options
from harness.quality import perplexity as perplexities
from harness.quality.answer import Passage
from harness.quality.asking import Asking
from harness.quality.perplexity import METHODS, PROBE, perplexity
from harness.simulator.logprobs import logprob_of
from harness.simulator.words import split_text
from harness.wire.kept import Patience

TEXT = "one two three four"


def passage(text=TEXT, target="default") -> Passage:
    return Passage(target=target, name="texts/0", text=text)


def echoing(heard, *, logprob=-1.0):
    """As a server does that heeds echo."""
    words = heard.body["prompt"].split(" ")
    tokens = [words[0], *(f" {word}" for word in words[1:])]
    told = {"tokens": tokens, "token_logprobs": [None, *[logprob] * (len(tokens) - 1)]}
    return Reply({"choices": [{"text": heard.body["prompt"], "logprobs": told}]})


def test_each_text_is_asked_about_once_and_in_the_way_that_was_found(tmp_path):
    with consulted(echoing) as oracle:
        scorer = perplexity(asking(tmp_path, host=oracle.url, api_key_env=KEY_ENV))
        assert scorer.gap("default") is None
        found = scorer.score(passage())
    # Three tokens of four at -1 each: e to the mean of 1; " two three four" is 15 bytes.
    assert found.value == pytest.approx(math.e)
    assert found.detail == {"sum": -3.0, "tokens": 3, "bytes": 15, "way": "echo and logprobs, max_tokens 0"}
    probe, asked = oracle.heard
    assert probe.body["prompt"] == PROBE
    assert asked.path == "/v1/completions"
    assert asked.headers["X-Llocust-Probe"] == "1"
    assert asked.body == {"model": "tiny", "prompt": TEXT, "max_tokens": 0, "echo": True, "logprobs": 1}


def test_the_model_is_the_one_that_the_run_found(tmp_path):
    with consulted(echoing) as oracle:
        assert perplexity(asking(tmp_path, host=oracle.url, model=None)).gap("default") is None
    assert oracle.heard[0].body["model"] == "tiny"


def test_a_server_that_will_not_generate_nothing_is_asked_for_a_token(tmp_path):
    def answer(heard):
        return echoing(heard) if heard.body["max_tokens"] else refusal(400, "max_tokens must be at least 1")

    def generating(heard):
        reply = answer(heard)
        if reply.status == 200:
            (choice,) = reply.body["choices"]
            choice["text"] += " more"
            choice["logprobs"]["tokens"].append(" more")
            choice["logprobs"]["token_logprobs"].append(-30.0)
        return reply

    with consulted(generating) as oracle:
        scorer = perplexity(asking(tmp_path, host=oracle.url))
        assert scorer.gap("default") is None
        found = scorer.score(passage())
    assert (found.detail["tokens"], found.detail["way"]) == (3, "echo and logprobs, max_tokens 1")
    assert [heard.body["max_tokens"] for heard in oracle.heard] == [0, 1, 1]


def test_a_server_that_does_not_know_the_words_is_not_available_in_its_own(tmp_path):
    def answer(heard):
        if "prompt_logprobs" in heard.body:
            return refusal(422, "extra inputs are not permitted")
        return Reply({"choices": [{"text": " generated", "logprobs": {"tokens": [" g"], "token_logprobs": [-0.1]}}]})

    with consulted(answer) as oracle:
        why = perplexity(asking(tmp_path, host=oracle.url)).gap("default")
    assert why.replace(oracle.url, "URL") == (
        "Not available: URL/v1/completions tells no log-probabilities of a text (echo and logprobs, max_tokens 0: it does "
        "not send the text back; echo and logprobs, max_tokens 1: it does not send the text back; prompt_logprobs: "
        "refused_4xx: extra inputs are not permitted)."
    )


def test_a_server_that_stumbles_over_a_way_is_asked_in_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr(perplexities, "BRIEF", Patience(0))
    with consulted(
        lambda heard: echoing(heard) if heard.body["max_tokens"] else refusal(500, "Internal Server Error")
    ) as oracle:
        scorer = perplexity(asking(tmp_path, host=oracle.url))
        assert scorer.gap("default") is None
    assert [heard.body["max_tokens"] for heard in oracle.heard] == [0, 1]


def test_a_server_that_is_busy_is_not_asked_in_other_ways(tmp_path, monkeypatch):
    monkeypatch.setattr(perplexities, "BRIEF", Patience(0))
    with consulted(lambda _: refusal(503, "loading")) as oracle:
        why = perplexity(asking(tmp_path, host=oracle.url)).gap("default")
    assert "did not answer (server_5xx: loading" in why
    assert len(oracle.heard) == 1


def test_a_server_that_is_not_there_is_not_asked_in_other_ways(tmp_path):
    why = perplexity(asking(tmp_path)).gap("default")
    assert why.startswith("The target default at http://127.0.0.1:1/v1/completions did not answer (connect: ")


@pytest.mark.parametrize("name", sorted(set(DIALECTS) - set(METHODS)))
def test_an_api_without_a_place_for_it(tmp_path, name):
    why = perplexity(asking(tmp_path, dialect=name)).gap("default")
    assert why == f"Not available: the API of --dialect {name} has no place for a text that is to be scored."


def test_a_function_of_the_users_own_cannot_be_asked(tmp_path):
    assert "has no place" in perplexity(asking(tmp_path, query_model="f.py", dialect="query_model")).gap("default")


@pytest.mark.parametrize(
    ("reply", "why", "passing"),
    [
        (refusal(400, "too long"), "The target default at URL did not answer (refused_4xx: too long).", False),
        (refusal(401, "no"), "The target default at URL did not answer (refused_4xx: no).", True),
        (
            Reply({"choices": [{"text": TEXT}]}),
            "The log-probabilities of the text cannot be had: it sends the text back without log-probabilities.",
            False,
        ),
    ],
)
def test_a_text_that_cannot_be_scored(tmp_path, reply, why, passing):
    with consulted(lambda heard: echoing(heard) if heard.body["prompt"] == PROBE else reply) as oracle:
        scorer = perplexity(asking(tmp_path, host=oracle.url))
        scorer.gap("default")
        found = scorer.score(passage())
    assert (found.value, found.passing) == (None, passing)
    assert found.why.replace(f"{oracle.url}/v1/completions", "URL") == why


def test_an_empty_text_is_not_asked_about(tmp_path):
    with consulted(echoing) as oracle:
        scorer = perplexity(asking(tmp_path, host=oracle.url))
        scorer.gap("default")
        assert scorer.score(passage(" \n")).why == "The text is empty."
        assert len(oracle.heard) == 1


def test_a_perplexity_beyond_all_numbers_is_infinite_and_no_crash(tmp_path):
    with consulted(lambda heard: echoing(heard, logprob=-9999.0)) as oracle:
        scorer = perplexity(asking(tmp_path, host=oracle.url))
        scorer.gap("default")
        assert scorer.score(passage()).value == math.inf


def test_each_target_is_asked_by_its_own_name_and_key(tmp_path, monkeypatch):
    monkeypatch.setenv(KEY_ENV, KEY)
    with consulted(echoing) as one, consulted(lambda _: refusal(401, f"bad key {KEY}")) as other:
        common = {"dialect": "chat", "weight": 1}
        targets = [
            {"name": "a", "host": one.url, "model": "m-a", "api_key_env": KEY_ENV, **common},
            {"name": "b", "host": other.url, "model": "m-b", "api_key_env": KEY_ENV, **common},
        ]

        options = msgspec.convert({"host": one.url, "targets": targets}, Options)
        scorer = perplexity(Asking(tmp_path, manifest(), options))
        assert scorer.gap("a") is None
        why = scorer.gap("b")
        found = scorer.score(passage(target="a"))
    assert "(refused_4xx: bad key ***)" in why
    assert one.heard[0].body["model"] == "m-a"
    assert one.heard[0].headers["Authorization"] == f"Bearer {KEY}"
    assert KEY not in repr(found) + repr(scorer.settings) + why


@pytest.fixture(scope="module")
def planted():
    """The sum and number of what the simulator calls the tokens of the text, but for the first."""
    tokens = split_text(TEXT)[1:]
    return sum(map(logprob_of, tokens)), len(tokens)


@pytest.mark.parametrize(
    ("way", "how"),
    [
        ("all", "echo and logprobs, max_tokens 0"),
        ("echo", "echo and logprobs, max_tokens 0"),
        ("engine", "prompt_logprobs"),
    ],
)
def test_the_simulators_planted_values(tmp_path, planted, way, how):
    with running_simulator("--model", "tiny", "--prompt-logprobs", way) as running:
        scorer = perplexity(asking(tmp_path, host=running.url))
        assert scorer.gap("default") is None
        found = scorer.score(passage())
        # No part of the load.
        assert running.requests() == []
    assert (found.detail["sum"], found.detail["tokens"], found.detail["way"]) == (*planted, how)
    assert found.value == math.exp(-planted[0] / planted[1])


def test_a_router_of_tgi(tmp_path, planted):
    with running_simulator("--model", "tiny", "--prompt-logprobs", "all") as running:
        scorer = perplexity(asking(tmp_path, host=running.url, dialect="tgi"))
        assert scorer.gap("default") is None
        found = scorer.score(passage())
    assert (found.detail["sum"], found.detail["tokens"], found.detail["way"]) == (*planted, "decoder_input_details")


def test_a_simulator_that_tells_none(tmp_path):
    with running_simulator("--model", "tiny", "--prompt-logprobs", "none") as running:
        why = perplexity(asking(tmp_path, host=running.url)).gap("default")
    assert why.startswith(f"Not available: {running.url}/v1/completions tells no log-probabilities of a text (echo")


def test_what_is_told_of_a_score_can_be_written():
    assert json.dumps(perplexity(asking(None)).settings)
