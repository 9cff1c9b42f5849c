"""Log-probabilities: how each API is asked for them and tells them, and what of them comes into the record."""

import json

import pytest

from harness.call import Arrival, Head
from harness.dialects import DIALECTS
from harness.dialects.ask import Ask
from harness.dialects.logprobs import weighing
from harness.dialects.piece import Likely, Text
from harness.exchange import Identity, Ledger
from harness.record import LogProbs, from_line, to_line
from harness.sse import Event
from harness.testset import Message


def ask(dialect: str, **asked) -> Ask:
    url = DIALECTS[dialect].endpoint("http://h")
    return Ask(id="1", url=url, model="m", messages=(Message("user", "x"),), max_tokens=64, **asked)


def added(dialect: str) -> dict:
    """What a body has more for --logprobs, as far as its top goes."""
    less, more = (json.loads(DIALECTS[dialect].encode(ask(dialect, logprobs=asks)).body) for asks in (False, True))
    return {key: value for key, value in more.items() if less.get(key) != value}


ASKED = {
    "chat": {"logprobs": True},
    "completions": {"logprobs": 1},
    "responses": {"include": ["message.output_text.logprobs"]},
    "gemini": {"generationConfig": {"maxOutputTokens": 64, "responseLogprobs": True}},
    "ollama": {"logprobs": True},
    "tgi": {},
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_each_api_is_asked_in_its_own_words(dialect):
    assert DIALECTS[dialect].tells_logprobs == (dialect in ASKED)
    assert added(dialect) == ASKED.get(dialect, {})


def chat(**choice):
    return {"object": "chat.completion.chunk", "choices": [{"index": 0, **choice}]}


def tokens(*values, **more):
    return [{"token": "t", "logprob": value, "bytes": [116], "top_logprobs": [], **more} for value in values]


TOLD = [
    ("chat", chat(delta={"content": "Hi"}, logprobs={"content": tokens(-0.5, -0.25), "refusal": None}), [-0.5, -0.25]),
    ("chat", chat(delta={"refusal": "No"}, logprobs={"content": None, "refusal": tokens(-1.5)}), [-1.5]),
    ("chat", chat(message={"content": "Hi"}, logprobs={"content": tokens(0)}), [0]),
    (
        "completions",
        {
            "choices": [
                {
                    "text": "Hi",
                    # The first token of an answer to an echo has none.
                    "logprobs": {"tokens": ["H", "i"], "token_logprobs": [None, -2.0], "top_logprobs": [{"H": -1}]},
                }
            ]
        },
        [-2.0],
    ),
    ("completions", {"choices": [{"text": "Hi", "logprobs": {"content": tokens(-3)}}]}, [-3]),
    (
        "responses",
        {"type": "response.output_text.delta", "delta": "Hi", "logprobs": tokens(-0.5)},
        [-0.5],
    ),
    (
        "responses",
        {
            "object": "response",
            "status": "completed",
            "output": [
                {"type": "reasoning", "summary": []},
                {"type": "message", "content": [{"type": "output_text", "text": "Hi", "logprobs": tokens(-1, -2)}]},
            ],
        },
        [-1, -2],
    ),
    (
        "gemini",
        {
            "candidates": [
                {
                    "content": {"parts": [{"text": "Hi"}]},
                    "avgLogprobs": -0.7,
                    "logprobsResult": {
                        "topCandidates": [{"candidates": [{"token": "Hi", "logProbability": -9}]}],
                        "chosenCandidates": [{"token": "Hi", "tokenId": 7, "logProbability": -0.7}],
                    },
                }
            ]
        },
        [-0.7],
    ),
    ("ollama", {"message": {"content": "Hi"}, "done": False, "logprobs": tokens(-0.125)}, [-0.125]),
    ("tgi", {"token": {"id": 1, "text": "Hi", "logprob": -0.375, "special": False}}, [-0.375]),
    ("tgi", {"token": {"id": 2, "text": "</s>", "logprob": -0.1, "special": True}, "generated_text": "Hi"}, []),
    (
        "tgi",
        {
            "generated_text": "Hi",
            "details": {
                "finish_reason": "eos_token",
                "generated_tokens": 2,
                "tokens": [
                    {"id": 1, "text": "Hi", "logprob": -0.375, "special": False},
                    {"id": 2, "text": "</s>", "logprob": -0.1, "special": True},
                ],
            },
        },
        [-0.375],
    ),
]


@pytest.mark.parametrize(("dialect", "said", "expected"), TOLD)
def test_each_api_is_understood(dialect, said, expected):
    assert DIALECTS[dialect].logprobs(Event("message", json.dumps(said))) == expected


REPEATS = [
    {"type": "response.output_text.done", "text": "Hi", "logprobs": tokens(-0.5)},
    {
        "type": "response.completed",
        "response": {"status": "completed", "output": [{"content": [{"text": "Hi", "logprobs": tokens(-0.5)}]}]},
    },
    {"type": "response.content_part.done", "part": {"text": "Hi", "logprobs": tokens(-0.5)}},
]


@pytest.mark.parametrize("said", REPEATS, ids=lambda said: said["type"])
def test_what_is_said_once_more_is_not_counted_twice(said):
    assert DIALECTS["responses"].logprobs(Event("message", json.dumps(said))) == []


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "data",
    ["", "[DONE]", "{}", "null", "no JSON", '{"choices":[{"logprobs":[1]}],"logprobs":7,"token":"x","candidates":{}}'],
)
def test_whatever_else_comes_tells_none(dialect, data):
    assert DIALECTS[dialect].logprobs(Event("message", data)) == []


def test_what_stands_for_a_value_that_is_not_told_is_none():
    # OpenAI writes -9999 for a token too unlikely to say; null where there is nothing before the token.
    said = chat(delta={"content": "Hi"}, logprobs={"content": tokens(-9999.0, None, -1.0)})
    assert DIALECTS["chat"].logprobs(Event("message", json.dumps(said))) == [-1.0]


def event(*values, text="Hi"):
    listed = {"content": tokens(*values)} if values else None
    return b"data: " + json.dumps(chat(delta={"content": text}, logprobs=listed)).encode() + b"\n\n"


def recorded(*events, logprobs=True):
    ledger = Ledger(Identity("1", "r", 1, "w0", 0, 1, "chat/0"), ask("chat", logprobs=logprobs), DIALECTS["chat"], 0)
    ledger.sent(0, 10)
    ledger.opened(Head(1_000, 200, "text/event-stream", None))
    for number, data in enumerate(events, 1):
        ledger.arrived(Arrival(number * 1_000_000, data))
    ledger.finished()
    return ledger.close(10**9, "window")


def test_a_record_has_their_sum_and_how_many_they_were():
    record = recorded(event(-0.5, -0.25), event(-1.0), event())
    assert record.logprobs == LogProbs(sum=-1.75, tokens=3)
    assert (record.text, record.kinds, len(record.at_us)) == ("HiHiHi", "ttt", 3)
    assert from_line(to_line(record)).logprobs == record.logprobs


def test_an_event_with_nothing_else_is_no_content():
    record = recorded(event(-0.5), event(-1.0, text=""))
    assert (record.logprobs, len(record.at_us)) == (LogProbs(-1.5, 2), 1)


def test_a_server_that_tells_none_has_none():
    assert recorded(event(), event()).logprobs is None


def test_what_was_not_asked_for_is_not_read():
    assert recorded(event(-0.5), logprobs=False).logprobs is None


def test_events_are_decoded_as_the_dialect_does_it_with_one_piece_more():
    told, untold = (
        Event("message", json.dumps(chat(delta={"content": "Hi"}, logprobs=logprobs)))
        for logprobs in ({"content": tokens(-0.5)}, None)
    )
    decode = weighing(DIALECTS["chat"])
    assert decode(told) == [Text("Hi"), Likely(LogProbs(-0.5, 1))]
    assert decode(untold) == [Text("Hi")]
