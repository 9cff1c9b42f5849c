"""What the simulator tells of the probability of its tokens, in each API's own form: always the same numbers."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.dialects import DIALECTS
from harness.dialects.ask import Ask
from harness.framing import decoder_for
from harness.simulator import script
from harness.simulator.apis import APIS, MODERATIONS
from harness.simulator.apis.api import Ident
from harness.simulator.logprobs import Told, logprob_of, told
from harness.simulator.options import SimulatorOptions
from harness.simulator.planting import TOXIC
from harness.simulator.request import BadRequest
from harness.sse import Event
from harness.testset import Message

IDENT = Ident("sim-1", "sim", 1_700_000_000)
ASKED = "One two three"
# A token is up to six letters and the space before them.
TOKENS = ["One", " two", " three"]
SAID = "One two three."


class Spoken:
    """A request in one API, and all that is said to it: as events and as one document."""

    def __init__(self, name, body, path="", text=SAID):
        self.api = APIS[name]
        self.ask = self.api.parse(path or self.api.path, json.dumps({"model": "sim", **body}).encode())
        self.part = script.write(self.api, self.ask, None, SimulatorOptions(), text)
        self.weighed = script.weigh(self.part, self.ask)

    def document(self):
        return json.loads(script.document(self.part, self.api, self.api.answer(IDENT, self.ask)))

    def events(self):
        answer = self.api.answer(IDENT, self.ask)
        lines = [answer.token(piece).decode() for piece in self.part.pieces]
        return [
            json.loads(line.split("data:", 1)[1]) for event in lines for line in event.splitlines() if "data:" in line
        ]


def chat(**more):
    return Spoken("chat", {"messages": [{"role": "user", "content": ASKED}], **more})


def completions(**more):
    return Spoken("completions", {"prompt": ASKED, **more})


@given(st.text(max_size=8))
def test_a_token_always_has_the_same_probability(token):
    assert logprob_of(token) == logprob_of(token)
    # In steps of 1/64, so that sums are exact.
    assert -2 <= logprob_of(token) < 0
    assert (logprob_of(token) * 64).is_integer()


def test_chat_tells_of_its_tokens_where_it_is_asked():
    spoken = chat(logprobs=True, stream=True)
    entries = [entry for event in spoken.events() for entry in event["choices"][0]["logprobs"]["content"]]
    assert [entry["token"] for entry in entries] == [piece.text for piece in spoken.part.pieces]
    assert sum(entry["logprob"] for entry in entries) == spoken.weighed.answer.sum
    assert [bytes(entry["bytes"]).decode() for entry in entries] == [entry["token"] for entry in entries]
    assert spoken.document()["choices"][0]["logprobs"]["content"] == entries
    assert [event["choices"][0]["delta"]["content"] for event in spoken.events()] == [
        entry["token"] for entry in entries
    ]


@pytest.mark.parametrize("name", [name for name, dialect in DIALECTS.items() if dialect.tells_logprobs])
@pytest.mark.parametrize("stream", [True, False])
def test_our_own_client_reads_what_is_told(name, stream):
    dialect, api = DIALECTS[name], APIS[name]
    call = dialect.encode(
        Ask(
            id="1",
            url=dialect.endpoint("http://h"),
            model="sim",
            messages=(Message("user", ASKED),),
            max_tokens=9,
            stream=stream,
            logprobs=True,
        )
    )
    ask = api.parse(call.url.removeprefix("http://h").partition("?")[0], call.body)
    part = script.write(api, ask, None, SimulatorOptions(reasoning=2), SAID)
    answer = api.answer(IDENT, ask)
    if stream:
        body = b"".join([*answer.opening(None), *map(answer.token, part.pieces), *script.tail(part, answer)])
        events = decoder_for(api.stream_type.decode().partition(";")[0]).feed(body)
    else:
        events = [Event("message", script.document(part, api, answer).decode())]
    values = [value for event in events for value in dialect.logprobs(event)]
    assert Told(sum(values), len(values)) == script.weigh(part, ask).answer
    assert len(values) == 3


def test_nothing_is_told_unasked():
    assert "logprobs" not in chat(stream=True).events()[0]["choices"][0]
    assert completions(stream=True).events()[0]["choices"][0]["logprobs"] is None
    assert chat().weighed == completions().weighed == (None, None)


def test_reasoning_has_no_probabilities():
    ask = chat(logprobs=True).ask
    part = script.write(APIS["chat"], ask, None, SimulatorOptions(reasoning=2), SAID)
    answer = APIS["chat"].answer(IDENT, ask)
    events = [json.loads(answer.token(piece)[6:])["choices"][0] for piece in part.pieces]
    assert ["logprobs" in event for event in events[:3]] == [False, False, True]
    assert script.weigh(part, ask).answer == told(piece.text for piece in part.pieces[2:])


def test_completions_tell_in_columns():
    spoken = completions(logprobs=0, stream=True)
    columns = [event["choices"][0]["logprobs"] for event in spoken.events()]
    tokens = [token for column in columns for token in column["tokens"]]
    assert "".join(tokens) == SAID
    assert sum(value for column in columns for value in column["token_logprobs"]) == spoken.weighed.answer.sum
    offsets = [offset for column in columns for offset in column["text_offset"]]
    assert [SAID[offset:][: len(token)] for offset, token in zip(offsets, tokens, strict=True)] == tokens
    whole = spoken.document()["choices"][0]["logprobs"]
    assert (whole["tokens"], whole["text_offset"]) == (tokens, offsets)


def test_an_echo_begins_with_the_prompt_whose_first_token_has_no_value():
    spoken = completions(echo=True, logprobs=1, max_tokens=0)
    choice = spoken.document()["choices"][0]
    assert choice["text"] == ASKED
    assert choice["logprobs"]["tokens"] == TOKENS
    assert choice["logprobs"]["token_logprobs"] == [None, *map(logprob_of, TOKENS[1:])]
    assert choice["logprobs"]["text_offset"] == [0, 3, 7]
    assert spoken.weighed == (Told(0, 0), told(TOKENS[1:]))


def test_an_echo_of_one_token_more_has_that_too():
    choice = completions(echo=True, logprobs=1, max_tokens=1).document()["choices"][0]
    assert choice["logprobs"]["tokens"] == [*TOKENS, "One"]
    assert choice["text"] == "One two threeOne"
    assert choice["finish_reason"] == "length"


def test_an_engine_tells_of_the_prompt_beside_the_answer():
    choice = completions(prompt_logprobs=1, max_tokens=1).document()["choices"][0]
    first, *others = choice["prompt_logprobs"]
    assert first is None
    # The token itself comes first, one that would have been likelier after it.
    assert [next(iter(each.values()))["decoded_token"] for each in others] == TOKENS[1:]
    assert [len(each) for each in others] == [2, 2]
    assert sum(next(iter(each.values()))["logprob"] for each in others) == told(TOKENS[1:]).sum
    assert choice["text"] == "One"


def test_tgi_tells_of_both():
    body = {"inputs": ASKED, "parameters": {"details": True, "decoder_input_details": True}}
    spoken = Spoken("tgi", body, path="/generate")
    details = spoken.document()["details"]
    assert [token["text"] for token in details["prefill"]] == TOKENS
    assert [token["logprob"] for token in details["prefill"]] == [None, *map(logprob_of, TOKENS[1:])]
    assert "".join(token["text"] for token in details["tokens"]) == SAID
    assert sum(token["logprob"] for token in details["tokens"]) == spoken.weighed.answer.sum
    streamed = Spoken("tgi", {"inputs": ASKED}, path="/generate_stream").events()
    assert [event["token"]["logprob"] for event in streamed] == [token["logprob"] for token in details["tokens"]]


def test_responses_tell_where_they_are_asked_to_include_it():
    spoken = Spoken("responses", {"input": ASKED, "stream": True, "include": ["message.output_text.logprobs"]})
    entries = [entry for event in spoken.events() for entry in event.get("logprobs", [])]
    assert sum(entry["logprob"] for entry in entries) == spoken.weighed.answer.sum
    assert spoken.document()["output"][0]["content"][0]["logprobs"] == entries
    assert not any("logprobs" in event for event in Spoken("responses", {"input": ASKED, "stream": True}).events())


@pytest.mark.parametrize(
    ("name", "path", "body"),
    [
        ("completions", "", {"prompt": ASKED, "echo": True, "stream": True}),
        ("completions", "", {"prompt": ASKED, "prompt_logprobs": 0, "stream": True}),
        ("completions", "", {"prompt": ASKED, "max_tokens": 0}),
        ("tgi", "/generate_stream", {"inputs": ASKED, "parameters": {"decoder_input_details": True}}),
    ],
)
def test_a_prompt_is_weighed_in_documents_only(name, path, body):
    with pytest.raises(BadRequest):
        Spoken(name, body, path)


def test_an_insult_is_flagged_and_nothing_else_is():
    inputs = ["Good morning.", f"He said: {TOXIC[1]}", ""]
    ask = MODERATIONS.parse("", json.dumps({"input": inputs, "model": "omni-moderation-latest"}).encode())
    part = script.write(MODERATIONS, ask, None, SimulatorOptions())
    assert part.pieces == []
    answer = json.loads(script.document(part, MODERATIONS, MODERATIONS.answer(IDENT, ask)))
    assert [result["flagged"] for result in answer["results"]] == [False, True, False]
    assert [result["categories"]["harassment"] for result in answer["results"]] == [False, True, False]


@pytest.mark.parametrize("given", [[], None, 3])
def test_a_moderation_of_nothing_is_refused(given):
    with pytest.raises(BadRequest):
        MODERATIONS.parse("", json.dumps({"input": given}).encode())
