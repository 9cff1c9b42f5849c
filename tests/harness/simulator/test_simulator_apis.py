"""What the simulator says in each API, read by our own dialects: the same tokens as were drawn."""

import json
from dataclasses import replace

import pytest

from harness.dialects import DIALECTS
from harness.dialects.ask import Ask
from harness.dialects.piece import Counted, Done, Fault, Finish, Reasoning, Text, ToolCall
from harness.framing import decoder_for
from harness.record import Usage
from harness.simulator import refusals, script
from harness.simulator.apis import APIS, asked, listed
from harness.simulator.apis.api import Ident
from harness.simulator.faults import Fault as Wrong
from harness.simulator.options import SimulatorOptions
from harness.simulator.request import BadRequest
from harness.sse import Event
from harness.testset import Message

IDENT = Ident("sim-1", "sim", 1_700_000_000)
KINDS = {Text: "t", Reasoning: "r", ToolCall: "c"}
# What the API does not tell of 5 prompt tokens, 6 output tokens, and 2 of them reasoning.
USAGE = {
    "chat": Usage(5, 6, 0, 2),
    "completions": Usage(5, 6, 0, 0),
    "responses": Usage(5, 6, 0, 2),
    "messages": Usage(5, 6, 0),
    "gemini": Usage(5, 6, 0, 2),
    "ollama": Usage(5, 6),
    "tgi": Usage(5, 6),
}

every_api = pytest.mark.parametrize("name", APIS)


def request(name: str, *, stream: bool = True, max_tokens: int = 64):
    """A call as our own client makes it, as the simulator reads it."""
    dialect = DIALECTS[name]
    call = dialect.encode(
        Ask(
            id="1",
            url=dialect.endpoint("http://h"),
            model="sim",
            # 17 characters, and a line feed or a blank line between: 18 or 19 // 4 + 1 = 5 tokens.
            messages=(Message("system", "Be brief."), Message("user", "你好 there")),
            max_tokens=max_tokens,
            stream=stream,
        )
    )
    path = call.url.removeprefix("http://h").partition("?")[0]
    assert asked(path) is APIS[name]
    return APIS[name].parse(path, call.body)


def written(name: str, fault=None, *, stream: bool = True, max_tokens: int = 64, **options):
    settings = SimulatorOptions(**{"tokens": 6, **options})
    return script.write(APIS[name], request(name, stream=stream, max_tokens=max_tokens), fault, settings)


def answer_of(name: str, **more):
    return APIS[name].answer(IDENT, replace(request(name), **more))


def streamed(name: str, part) -> list:
    """The pieces of each event of a stream."""
    api, answer = APIS[name], answer_of(name)
    body = b"".join(
        [
            *answer.opening(part.tokens),
            *(answer.token(piece) for piece in part.pieces),
            *script.tail(part, answer),
        ]
    )
    decoder = decoder_for(api.stream_type.decode().partition(";")[0])
    events = decoder.feed(body)
    assert not decoder.pending
    return [DIALECTS[name].decode(event) for event in events]


def content(events: list) -> list:
    return [[piece for piece in event if type(piece) in KINDS] for event in events]


def last(events: list, kind):
    found = [piece for event in events for piece in event if isinstance(piece, kind)]
    return found[-1] if found else None


def usage(events: list) -> Usage:
    told = Usage()
    for event in events:
        for piece in event:
            told = told.updated(piece.usage) if isinstance(piece, Counted) else told
    return told


def test_every_dialect_is_served():
    assert set(APIS) == set(DIALECTS)
    assert all(api.name == name for name, api in APIS.items())


@every_api
def test_a_request_of_our_own_client_is_understood(name):
    ask = request(name)
    assert ask.model == (None if name == "tgi" else "sim")
    assert (ask.limit, ask.stream, ask.include_usage) == (64, True, True)
    assert ask.prompt.split() == ["Be", "brief.", "你好", "there"]
    assert request(name, stream=False).stream is False


@every_api
@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"\xff"])
def test_what_is_no_request_is_refused_in_words(name, body):
    path = "/v1beta/models/m:generateContent" if name == "gemini" else ""
    with pytest.raises(BadRequest, match=r"^The body is not a \w+( \w+)? request: "):
        APIS[name].parse(path, body)


@every_api
def test_an_answer_of_no_tokens_cannot_be_asked_for(name):
    with pytest.raises(BadRequest, match=r"is 0; it must be at least 1\.$"):
        request(name, max_tokens=0)


@every_api
def test_a_stream_has_one_event_with_content_for_each_token(name):
    part = written(name, reasoning=2)
    events = streamed(name, part)
    said = [event for event in content(events) if event]
    assert [[piece.text for piece in event] for event in said] == [[piece.text] for piece in part.pieces]
    assert "".join(KINDS[type(event[0])] for event in said) == "".join(piece.kind for piece in part.pieces)
    assert last(events, Finish).reason == part.finish == APIS[name].reasons["stop"]
    assert usage(events) == USAGE[name]


@every_api
def test_what_an_api_cannot_say_is_said_as_text(name):
    kinds = "".join(piece.kind for piece in written(name, reasoning=2, tool_call=True).pieces)
    # Name, three parts of the arguments; or all at once.
    assert kinds == {"t": "tttttt"}.get(APIS[name].kinds, "rrc" if APIS[name].calls_whole else "rrcccc")


@pytest.mark.parametrize("name", [name for name, api in APIS.items() if "c" in api.kinds])
def test_a_tool_call_is_json_in_the_end(name):
    part = written(name, tool_call=True, reasoning=1)
    events = streamed(name, part)
    calls = [piece.text for event in events for piece in event if isinstance(piece, ToolCall)]
    assert calls[0] == "look_up"
    assert list(json.loads("".join(calls[1:]))) == ["query"]
    assert len("".join(calls)) == sum(piece.chars for piece in part.pieces if piece.kind == "c")
    assert last(events, Finish).reason == APIS[name].reasons["tool_calls"]


@every_api
def test_a_limit_is_told_as_the_reason(name):
    part = written(name, max_tokens=4)
    events = streamed(name, part)
    assert (len(part.pieces), last(events, Finish).reason) == (4, APIS[name].reasons["length"])
    assert usage(events).output == 4


@every_api
def test_a_document_says_what_the_stream_says(name):
    part = written(name, reasoning=2, stream=False)
    body = script.document(part, APIS[name], answer_of(name))
    pieces = DIALECTS[name].decode(Event("message", body.decode()))
    assert [type(piece) for piece in pieces][-2:] == [Finish, Counted]
    for kind, letter in KINDS.items():
        told = "".join(piece.text for piece in pieces if isinstance(piece, kind))
        assert told == "".join(piece.text for piece in part.pieces if piece.kind == letter)
    assert usage([pieces]) == USAGE[name]


@pytest.mark.parametrize("name", [name for name, api in APIS.items() if "c" in api.kinds])
def test_a_document_holds_the_tool_call(name):
    part = written(name, tool_call=True, stream=False)
    body = script.document(part, APIS[name], answer_of(name))
    calls = [piece.text for piece in DIALECTS[name].decode(Event("m", body.decode())) if isinstance(piece, ToolCall)]
    assert "".join(calls) == "".join(piece.text for piece in part.pieces)


@every_api
def test_without_usage_there_is_none(name):
    for stream in (True, False):
        part = written(name, Wrong.NO_USAGE, stream=stream)
        assert part.tokens is None
        if stream:
            events = streamed(name, part)
        else:
            body = script.document(part, APIS[name], answer_of(name))
            events = [DIALECTS[name].decode(Event("m", body.decode()))]
        assert usage(events) == Usage()
        assert last(events, Finish) is not None


@every_api
def test_an_error_in_mid_stream_is_a_fault(name):
    part = written(name, Wrong.ERROR_EVENT)
    events = streamed(name, part)
    assert len([event for event in content(events) if event]) == 3
    assert last(events, Fault).message == "The engine died in the middle of this answer."
    document = script.document(part, APIS[name], answer_of(name))
    assert [type(piece) for piece in DIALECTS[name].decode(Event("m", document.decode()))] == [Fault]


@every_api
def test_an_answer_that_stops_early_has_no_end(name):
    events = streamed(name, written(name, Wrong.TRUNCATE))
    assert last(events, Finish) is None
    assert last(events, Done) is None


@every_api
def test_an_empty_answer_has_an_end_and_no_content(name):
    events = streamed(name, written(name, Wrong.EMPTY))
    assert not any(content(events))
    assert last(events, Finish) is not None
    assert usage(events).output == 0


def test_only_apis_with_an_end_marker_can_leave_it_out():
    marked = {name for name in APIS if last(streamed(name, written(name)), Done)}
    assert marked == {"chat", "completions", "messages"}
    assert not any(last(streamed(name, written(name, Wrong.NO_DONE)), Done) for name in APIS)


@every_api
@pytest.mark.parametrize("fault", [Wrong.REFUSE_429, Wrong.REFUSE_400, Wrong.ERROR_500, Wrong.ERROR_503])
def test_refusals_are_told_as_the_api_tells_them(name, fault):
    refusal = refusals.for_fault(fault, APIS[name])
    (piece,) = DIALECTS[name].decode(Event("m", refusal.body.decode()))
    assert isinstance(piece, Fault)
    assert piece.message.endswith(("on purpose.", "in a second."))
    assert ((b"retry-after", b"1") in refusal.headers) is (refusal.status == 429)


@every_api
def test_models_are_listed_as_the_api_lists_them(name):
    dialect = DIALECTS[name]
    path = dialect.models("http://h").removeprefix("http://h").partition("?")[0]
    headers = {name.encode(): value.encode() for name, value in dialect.admission("k", {}).items()}
    api = listed(path, headers)
    listing = json.dumps(api.models(("sim", "other"), 0)).encode()
    assert dialect.names(listing) == (("sim",) if name == "tgi" else ("sim", "other"))


@every_api
def test_the_key_is_found_where_our_client_puts_it(name):
    headers = {key.lower().encode(): value.encode() for key, value in DIALECTS[name].admission("k", {}).items()}
    assert APIS[name].key(headers) == b"k"
    assert APIS[name].key({}) is None


def test_a_page_of_no_api():
    assert asked("/v2/chat") is None
    assert listed("/models", {}) is None
