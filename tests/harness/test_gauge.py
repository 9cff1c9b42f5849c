"""The server's own counting of tokens: two probes, and the line through them."""

import pytest
from support.simulator import running_simulator

from harness.dialects import DIALECTS, dialect_of
from harness.dialects.ask import Ask
from harness.gauge import fitted, gauge
from harness.options import UsageMistakes
from harness.run import LengthProbe
from harness.testset import Message
from harness.wire.models import ProbeError
from harness.wire.network import DIRECT


def ask(host, name="chat", **changes):
    told = {"id": "", "url": dialect_of(name).endpoint(host), "model": "sim", "messages": (Message("user", "x"),)}
    return Ask(**told | {"max_tokens": 1} | changes)


def test_the_line_through_two_probes():
    # 450 tokens in 1,800 characters are four characters a token; of 60 tokens in 200 characters 50 are the text's.
    found = fitted([LengthProbe(200, 60), LengthProbe(2000, 510)], "http://h")
    assert (found.source, found.chars_per_token, found.overhead_tokens) == ("usage", 4.0, 10.0)


@pytest.mark.parametrize("tokens", [(7, 7), (9, 7)])
def test_a_count_that_does_not_grow_with_the_text(tokens):
    with pytest.raises(
        UsageMistakes, match=r"counts \d tokens in 200 characters and 7 in 2000, which leads nowhere; give"
    ):
        fitted([LengthProbe(200, tokens[0]), LengthProbe(2000, tokens[1])], "http://h")


@pytest.fixture(scope="module")
def simulator():
    with running_simulator("--ttft", "0.001", "--itl", "0.001", "--tokens", "2") as running:
        yield running


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("name", DIALECTS)
def test_every_dialect_that_counts_prompts(simulator, name, stream):
    # The simulator counts a quarter of the characters, and one.
    found = gauge(ask(simulator.url, name, stream=stream), dialect_of(name), DIRECT)
    assert found.probes == [LengthProbe(200, 51), LengthProbe(2000, 501)]
    assert (found.chars_per_token, found.overhead_tokens) == (4.0, 1.0)


def test_probes_are_marked_as_such_and_no_part_of_the_load(simulator):
    simulator.reset()
    gauge(ask(simulator.url), dialect_of("chat"), DIRECT)
    assert simulator.requests() == []


def test_a_server_without_usage_is_told_to_go_another_way():
    silent = ("--usage", "never", "--ttft", "0.001", "--itl", "0.001")
    with running_simulator(*silent) as running, pytest.raises(UsageMistakes) as caught:
        gauge(ask(running.url), dialect_of("chat"), DIRECT)
    (only,) = caught.value.mistakes
    assert only == (
        f"--input-tokens: {running.url}/v1/chat/completions tells no token counts to measure by; give a tokenizer with "
        "--tokenizer FILE, or lengths in characters with --input-chars."
    )


def test_a_function_of_the_users_counts_nothing():
    with pytest.raises(UsageMistakes, match="a query_model tells nobody how many tokens there were; give a tokenizer"):
        gauge(ask("http://h", "query_model"), dialect_of("query_model"), DIRECT)


def test_a_server_that_refuses_is_quoted(simulator):
    with pytest.raises(ProbeError, match=r"did not answer the probe for --input-tokens \(refused_4xx: .*nobody"):
        gauge(ask(simulator.url, model="nobody"), dialect_of("chat"), DIRECT)


def test_nobody_there():
    with pytest.raises(ProbeError, match=r"did not answer the probe for --input-tokens \(connect: "):
        gauge(ask("http://127.0.0.1:1"), dialect_of("chat"), DIRECT)
