"""Planted answers over HTTP: what a client reads is what the truth says was planted."""

import json
from collections import Counter

import pytest
from support.simulator import running_simulator

from harness.simulator.planting import REFUSALS, TOXIC


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    path = tmp_path_factory.mktemp("answers") / "answers.jsonl"
    path.write_text(json.dumps({"contains": "2 + 2", "answer": "It is 4.", "wrong": "It is 5."}) + "\n")
    return str(path)


@pytest.fixture(scope="module")
def simulator(answers):
    shares = ("--accuracy", "0.5", "--refusals", "0.2", "--toxic", "0.2")
    with running_simulator("--ttft", "0", "--itl", "0", "--answers", answers, *shares) as running:
        yield running


@pytest.fixture(autouse=True)
def _from_the_beginning(simulator):
    simulator.reset()


def post(simulator, path, body, **headers):
    connection = simulator.connect()
    try:
        connection.request("POST", path, json.dumps({"model": "sim", **body}), headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def say(simulator, prompt="What is 2 + 2?", **headers):
    _, answer = post(
        simulator,
        "/v1/chat/completions",
        {"messages": [{"role": "user", "content": prompt}], "logprobs": True},
        **headers,
    )
    return answer["choices"][0]


MEANT = {"It is 4.": "right", "It is 5.": "wrong"}
MEANT |= dict.fromkeys(REFUSALS["en"], "refusal") | dict.fromkeys(TOXIC, "toxic")


def test_the_truth_says_what_was_planted(simulator):
    choices = [say(simulator) for _ in range(20)]
    said = [MEANT[choice["message"]["content"]] for choice in choices]
    assert [row["planted"] for row in simulator.requests()] == said
    # A fifth each of 20, and half of what is left.
    assert Counter(said) == {"refusal": 4, "toxic": 4, "right": 6, "wrong": 6} == simulator.truth()["planted"]
    told = [sum(entry["logprob"] for entry in choice["logprobs"]["content"]) for choice in choices]
    assert [row["logprobs"]["sum"] for row in simulator.requests()] == told
    assert {row["in_hand"] for row in simulator.requests()} == {1}


def test_a_reset_deals_from_the_beginning(simulator):
    def five():
        return [say(simulator)["message"]["content"] for _ in range(5)]

    first = five()
    simulator.reset()
    assert five() == first


def test_a_probe_takes_nobody_s_turn(simulator):
    assert all(say(simulator, **{"X-Llocust-Probe": "1"})["message"]["content"] not in MEANT for _ in range(5))
    assert [MEANT.get(say(simulator)["message"]["content"]) for _ in range(5)].count("refusal") == 1


def test_a_moderation_flags_insults_and_is_in_the_truth(simulator):
    _, answer = post(simulator, "/v1/moderations", {"input": [TOXIC[0], "It is 4."], "model": "text-moderation"})
    assert [result["flagged"] for result in answer["results"]] == [True, False]
    (row,) = simulator.requests()
    assert (row["dialect"], row["planted"], row["ok"]) == ("moderations", None, True)


def test_a_prompt_that_is_weighed_takes_nobody_s_turn(simulator):
    _, answer = post(
        simulator, "/v1/completions", {"prompt": "What is 2 + 2?", "echo": True, "logprobs": 0, "max_tokens": 0}
    )
    told = answer["choices"][0]["logprobs"]["token_logprobs"]
    (row,) = simulator.requests()
    assert row["prompt_logprobs"] == {"sum": sum(told[1:]), "tokens": len(told) - 1}
    assert (row["planted"], row["finish"]) == (None, "length")


@pytest.mark.parametrize(("ways", "statuses"), [("echo", (200, 400)), ("engine", (400, 200)), ("none", (400, 400))])
def test_ways_to_weigh_a_prompt_may_be_missing(ways, statuses):
    with running_simulator("--ttft", "0", "--prompt-logprobs", ways) as running:
        asked = ({"echo": True, "logprobs": 0}, {"prompt_logprobs": 0})
        replies = [post(running, "/v1/completions", {"prompt": "One two", "max_tokens": 1, **each}) for each in asked]
        assert tuple(status for status, _ in replies) == statuses
        refused = [answer["error"]["message"] for status, answer in replies if status == 400]
        assert set(refused) <= {"Log-probabilities of the prompt are not supported with this model."}
        # An echo alone weighs nothing.
        assert post(running, "/v1/completions", {"prompt": "One two", "echo": True})[0] == 200
