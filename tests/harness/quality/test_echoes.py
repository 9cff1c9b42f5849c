"""How probable a server calls a text, read from what servers really send; and what must not be taken for it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.dialects.ask import Ask
from harness.quality.echoes import Echo, NoLogProbs, Prefill, PromptLogProbs, Token, Told, sum_up
from harness.testset import Message

TEXT = "The cat sat."
TOKENS = ["The", " cat", " sat", "."]
VALUES = [None, -1.0, -2.0, -0.5]


def completion(text=TEXT, tokens=TOKENS, values=VALUES, **fields) -> str:
    choice = {"index": 0, "text": text, "finish_reason": "length"}
    choice["logprobs"] = None if tokens is None else {"tokens": tokens, "token_logprobs": values, "top_logprobs": None}
    return json.dumps({"object": "text_completion", "choices": [choice], **fields})


def test_the_first_token_is_not_counted():
    # -1 - 2 - 0.5 over three tokens; " cat sat." is nine bytes.
    assert Echo(0).read(completion(), TEXT) == Told(-3.5, 3, 9)


def test_where_a_token_of_the_servers_own_stands_first_the_whole_text_is_counted():
    tokens, values = ["<s>", *TOKENS], [None, -3.0, *VALUES[1:]]
    assert Echo(0).read(completion(tokens=tokens, values=values), TEXT) == Told(-6.5, 4, 12)


def test_a_first_token_that_is_called_certain_is_not_counted_either():
    assert Echo(0).read(completion(values=[0.0, *VALUES[1:]]), TEXT) == Told(-3.5, 3, 9)


def test_a_first_token_with_a_probability_of_its_own_is_counted():
    assert Echo(0).read(completion(values=[-4.0, *VALUES[1:]]), TEXT) == Told(-7.5, 4, 12)


@pytest.mark.parametrize("usage", [None, {"prompt_tokens": 4, "completion_tokens": 1}])
def test_the_token_that_was_generated_is_left_out(usage):
    body = completion(f"{TEXT} And", [*TOKENS, " And"], [*VALUES, -9.0], usage=usage)
    assert Echo(1).read(body, TEXT) == Told(-3.5, 3, 9)


def test_none_may_have_been_generated_though_one_was_asked_for():
    body = completion(usage={"prompt_tokens": 4, "completion_tokens": 0})
    assert Echo(1).read(body, TEXT) == Told(-3.5, 3, 9)


def test_usage_that_counts_a_token_nobody_sees_does_not_matter_where_none_was_asked_for():
    # vLLM generates one all the same, counts it, and leaves it out.
    assert Echo(0).read(completion(usage={"completion_tokens": 1}), TEXT) == Told(-3.5, 3, 9)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        # llama.cpp does not heed echo, and tells of the generated token.
        (completion(" And", [" And"], [-1.0]), "it does not send the text back"),
        (completion("", [], []), "it does not send the text back"),
        # The text is sent back, and only the generated token has a log-probability.
        (completion(TEXT, ["x", "."], [None, -1.0]), "it tells of a part of the text only"),
        (completion(TEXT, None), "it sends the text back without log-probabilities"),
        (completion(TEXT, [], []), "it sends the text back without log-probabilities"),
        (completion(f"{TEXT} And then", TOKENS, VALUES), "it goes on with the text, though it was asked for no token"),
        (completion(values=[None, -1.0, None, -0.5]), "1 of 4 tokens have no log-probability"),
        (completion(values=[None] * 4), "it tells the log-probability of no token"),
        (completion(values=[None, -1.0, 0.5, -0.5]), "a log-probability is above 0 or infinite"),
        (completion(values=[-1.0]), "it tells of more tokens than it has, or of fewer"),
        ('{"choices": []}', "it gives 0 choices"),
        ("<html>", "its answer reads otherwise"),
        ('{"choices": [{"text": 3}]}', "its answer reads otherwise"),
    ],
)
def test_what_is_not_about_the_text_does_not_count(body, why):
    with pytest.raises(NoLogProbs, match=why):
        Echo(0).read(body, TEXT)


def test_rounding_above_zero_is_no_mistake():
    assert Echo(0).read(completion(values=[None, 1e-7, -2.0, -0.5]), TEXT).tokens == 3


@pytest.mark.parametrize(
    ("text", "tokens", "n_bytes"),
    [
        ("你好世界", ["你好", "世", "界"], 6),
        # Parts of a character as some servers write them: the whole text less its first token.
        ("你好世界", ["你好", "\ufffd", "\ufffd", "\ufffd", "界"], 6),
        # The first token is itself a part, and nobody can tell of how many bytes.
        ("你好世界", ["\ufffd", "\ufffd\ufffd", "好", "世界"], None),
        # vLLM writes nothing for a part of a character.
        ("你好世界", ["", "你", "\ufffd", "世界"], None),
        # A blank before the text, as SentencePiece puts it.
        ("The cat", ["<s>", " The", " cat"], None),
        ("The cat", ["<s>", "The", " cat"], 7),
    ],
)
def test_the_bytes_that_were_scored(text, tokens, n_bytes):
    values = [None, *[-1.0] * (len(tokens) - 1)]
    assert Echo(0).read(completion(text, tokens, values), text).n_bytes == n_bytes


def positions(*ranked: dict | None) -> str:
    return json.dumps({"choices": [{"text": " And", "prompt_logprobs": list(ranked)}]})


def here(text: str, logprob: float, rank: int = 1) -> dict:
    return {"logprob": logprob, "rank": rank, "decoded_token": text}


def test_prompt_logprobs():
    body = positions(None, {"7": here(" cat", -1.0)}, {"8": here(" sat", -2.0)}, {"9": here(".", -0.5)})
    assert PromptLogProbs().read(body, TEXT) == Told(-3.5, 3, 9)


def test_beside_the_likeliest_token_the_one_of_the_text_is_taken():
    # vLLM names the likeliest as well, where another one stands there.
    body = positions(
        None,
        {"7": here(" cat", -1.0)},
        {"5": here(" dog", -0.1, 1), "8": here(" sat", -2.0, 40)},
        {"9": here(".", -0.5, 3), "4": here("!", -0.2, 1)},
    )
    assert PromptLogProbs().read(body, TEXT) == Told(-3.5, 3, 9)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (json.dumps({"choices": [{"text": "x"}]}), "it tells no prompt_logprobs"),
        (positions(None), "it tells the log-probability of no token"),
        (positions(None, {"7": here("x", -1.0)}), "it tells of a part of the text only"),
        (positions(None, {"7": here(" cat", -1.0)}, {}, {"9": here(" sat.", -1)}), "1 of 4 tokens have no"),
    ],
)
def test_no_prompt_logprobs(body, why):
    with pytest.raises(NoLogProbs, match=why):
        PromptLogProbs().read(body, TEXT)


def prefilled(*tokens: tuple[str, float | None]) -> str:
    prefill = [{"id": 1, "text": text, "logprob": logprob} for text, logprob in tokens]
    return json.dumps({"generated_text": " And", "details": {"finish_reason": "length", "prefill": prefill}})


def test_what_a_router_prefilled():
    body = prefilled(("<s>", None), ("The", -3.0), (" cat", -1.0), (" sat", -2.0), (".", -0.5))
    assert Prefill().read(body, TEXT) == Told(-6.5, 4, 12)


@pytest.mark.parametrize("body", [prefilled(), '{"generated_text": "x"}', '{"details": {}}'])
def test_a_router_that_was_not_started_for_it(body):
    with pytest.raises(NoLogProbs, match="it tells nothing of what it prefilled"):
        Prefill().read(body, TEXT)


ASK = Ask(
    id="i", url="http://h/v1/completions", model="m", messages=(Message("user", TEXT),), max_tokens=1, stream=False
)


@pytest.mark.parametrize(
    ("method", "wanted"),
    [(Echo(1), {"echo": True, "logprobs": 1}), (PromptLogProbs(), {"prompt_logprobs": 0})],
)
def test_what_is_asked(method, wanted):
    call = method.encode(ASK)
    assert json.loads(call.body) == {"model": "m", "prompt": TEXT, "max_tokens": 1, **wanted}


def test_a_router_is_asked_without_a_stream():
    call = Prefill().encode(
        Ask(**{name: getattr(ASK, name) for name in ASK.__slots__} | {"url": "http://h/generate_stream"})
    )
    assert call.url == "http://h/generate"
    assert json.loads(call.body) == {
        "inputs": TEXT,
        "parameters": {"max_new_tokens": 1, "details": True, "decoder_input_details": True},
    }


WORDS = st.lists(st.tuples(st.text(min_size=1, max_size=5), st.floats(-50, -0.01)), min_size=1, max_size=30)


@given(st.text(min_size=1, max_size=5), WORDS)
def test_the_sum_is_that_of_all_but_the_first_and_the_bytes_are_theirs(first, words):
    tokens = [Token(first, None), *(Token(*word) for word in words)]
    text = "".join(token.text for token in tokens)
    told = sum_up(tokens, text)
    assert told.tokens == len(words)
    assert told.sum == pytest.approx(sum(logprob for _, logprob in words))
    assert told.n_bytes == len("".join(word for word, _ in words).encode())
