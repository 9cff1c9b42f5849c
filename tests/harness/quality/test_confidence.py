import pytest
from support.answers import answer
from support.gaps import gap

from harness.quality import confidence
from harness.quality.answer import Found
from harness.record import LogProbs
from harness.score import BY_NAME


def test_the_mean_over_the_tokens():
    scorer = confidence.logprob()
    assert scorer.meaning is BY_NAME["logprob"]
    assert not scorer.asks
    # -3 nats over 12 tokens
    one = answer("Paris", logprobs=LogProbs(-3.0, 12))
    assert scorer.applies(one)
    assert scorer.score(one) == Found(-0.25, detail={"tokens": 12})


@pytest.mark.parametrize("logprobs", [None, LogProbs(0.0, 0)])
def test_without_log_probabilities(logprobs):
    scorer = confidence.logprob()
    one = answer("Paris", logprobs=logprobs)
    assert not scorer.applies(one)
    assert scorer.score(one) == Found(None, why="No log-probabilities came with it.")
    assert gap(scorer, [one]) == (
        "No answer of the run came with log-probabilities: sweep with --logprobs, against a server that gives them."
    )
    assert gap(scorer, [one, answer("Paris", logprobs=LogProbs(-3.0, 12))]) is None


@pytest.mark.parametrize("total", [float("-inf"), float("nan")])
def test_no_finite_number(total):
    found = confidence.logprob().score(answer("Paris", logprobs=LogProbs(total, 2)))
    assert found == Found(None, why="The log-probabilities that came with it add up to no finite number.")
