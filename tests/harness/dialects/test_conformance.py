"""Every dialect yields the same pieces, and the same record, for the same story."""

import itertools
import json
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.stories import (
    REASONS,
    STREAM_TYPES,
    TELLERS,
    Called,
    Counts,
    End,
    Failed,
    Quiet,
    Said,
    Step,
    Thought,
    told,
)

from harness.call import Arrival, Broken, Head
from harness.dialects import DIALECTS
from harness.dialects.ask import Ask
from harness.dialects.piece import Counted, Done, Fault, Finish, Piece, Reasoning, Text, ToolCall
from harness.exchange import Identity, Ledger, exchange
from harness.framing import decoder_for
from harness.outcome import Break, Outcome, Unreadable
from harness.record import Record, Usage
from harness.sse import Event
from harness.testset import Image, Message

COUNTS = Counts(prompt=9, output=6, cached=4, reasoning=2)
STOP, LENGTH, CALL = End("stop", COUNTS), End("length", COUNTS), End("tool_calls", COUNTS)
CITY = Called("weather", ('{"city":', '"Oslo"', "}"))
# U+2028 ends a line for str.splitlines and for JavaScript, not for these formats; the last is four bytes long.
ODD = "a\u2028b\u0085c 你好 🎉"

STORIES: dict[str, list[Step]] = {
    "plain": [Said("Hi"), Said(" there"), STOP],
    "cut short by the limit": [Said("Hi"), LENGTH],
    "reasoning": [Thought("Let me"), Thought(" see."), Said("Yes"), Said("."), STOP],
    "a tool call": [Said("Well"), CITY, CALL],
    "reasoning and a tool call": [Thought("Hm"), CITY, CALL],
    "no usage": [Said("Hi"), End("stop", None)],
    "unicode": [Said(ODD), Thought(ODD), Said(ODD), STOP],
    "keep-alives": [Quiet(), Said("Hi"), Quiet(), Quiet(), Said("!"), Quiet(), STOP],
    "an error inside a 200": [Said("So"), Failed("The engine died.")],
    "an error at once": [Failed("Overloaded")],
    "nothing": [End("stop", Counts(9, 0, 4, 0))],
    "no end": [Said("Hi"), Said(" there")],
}
OUTCOMES = {
    "an error inside a 200": Outcome.FAULT,
    "an error at once": Outcome.FAULT,
    "nothing": Outcome.EMPTY,
    "no end": Outcome.TRUNCATED,
}
TEXT_ONLY = {"completions", "tgi"}
UNTOLD = {"messages": {"reasoning"}, "ollama": {"cached", "reasoning"}, "tgi": {"cached", "reasoning"}}
"""Counts that the API does not give."""
STORIES_WITHOUT_TEXT = {"reasoning and a tool call"}

every_dialect = pytest.mark.parametrize("dialect", DIALECTS)
every_story = pytest.mark.parametrize("story", STORIES)


def pieces_of(dialect: str, body: bytes, cuts: Iterable[int] = ()) -> list[Piece]:
    decoder = decoder_for(STREAM_TYPES.get(dialect, "text/event-stream"))
    edges = [0, *sorted(cuts), len(body)]
    events = [event for begin, end in itertools.pairwise(edges) for event in decoder.feed(body[begin:end])]
    events += decoder.flush()
    assert decoder.flaw is None
    return [piece for event in events for piece in DIALECTS[dialect].decode(event)]


def in_short(pieces: list[Piece]) -> list[Piece]:
    """Neighbours of a kind joined, counts merged and put last, end markers left out: not every API has one."""
    short: list[Piece] = []
    usage: Usage | None = None
    for piece in pieces:
        if isinstance(piece, Counted):
            usage = piece.usage if usage is None else usage.updated(piece.usage)
        elif isinstance(piece, Text | Reasoning | ToolCall) and short and type(short[-1]) is type(piece):
            short[-1] = type(piece)(short[-1].text + piece.text)
        elif not isinstance(piece, Done):
            short.append(piece)
    return short if usage is None else [*short, Counted(usage)]


def usage_of(dialect: str, counts: Counts) -> Usage:
    untold = UNTOLD.get(dialect, set())
    return Usage(**{name: None if name in untold else count for name, count in counts._asdict().items()})


def meaning(dialect: str, steps: list[Step]) -> list[Piece]:
    """What the story says, as far as the API has words for it."""
    meant: list[Piece] = []
    for step in steps:
        if isinstance(step, Said):
            meant.append(Text(step.text))
        elif isinstance(step, Thought) and dialect not in TEXT_ONLY:
            meant.append(Reasoning(step.text))
        elif isinstance(step, Called) and dialect not in TEXT_ONLY:
            meant.append(ToolCall(step.name + "".join(step.arguments)))
        elif isinstance(step, Failed):
            meant.append(Fault(step.message))
        elif isinstance(step, End):
            meant.append(Finish(REASONS[dialect][step.reason]))
            meant += [Counted(usage_of(dialect, step.counts))] if step.counts is not None else []
    return in_short(meant)


def stories_of(dialect: str) -> dict[str, list[Step]]:
    """What an API without tool calls cannot even end with one."""
    return {
        name: [STOP if dialect in TEXT_ONLY and step is CALL else step for step in steps]
        for name, steps in STORIES.items()
        if not (dialect in TEXT_ONLY and name in STORIES_WITHOUT_TEXT)
    }


EVERY = [pytest.param(dialect, name, id=f"{dialect}: {name}") for dialect in DIALECTS for name in stories_of(dialect)]


def test_every_dialect_tells_stories():
    assert set(TELLERS) == set(REASONS) == set(DIALECTS)
    assert all(dialect.name == name for name, dialect in DIALECTS.items())


@pytest.mark.parametrize(("dialect", "story"), EVERY)
def test_the_pieces_are_the_same_in_every_dialect(dialect, story):
    steps = stories_of(dialect)[story]
    assert in_short(pieces_of(dialect, told(dialect, steps))) == meaning(dialect, steps)


@every_dialect
def test_every_story_is_the_same_wherever_the_reads_are_cut_in_two(dialect):
    for steps in stories_of(dialect).values():
        body = told(dialect, steps)
        whole = pieces_of(dialect, body)
        for place in range(0, len(body), 7):
            assert pieces_of(dialect, body, [place]) == whole


STEPS = st.lists(
    st.one_of(
        st.builds(Said, st.text(st.characters(exclude_categories=["Cs"]), min_size=1)),
        st.builds(Thought, st.text(st.characters(exclude_categories=["Cs"]), min_size=1)),
        st.just(CITY),
        st.just(Quiet()),
    ),
    max_size=6,
)


@every_dialect
@settings(max_examples=60)
@given(steps=STEPS, more=st.data())
def test_any_story_cut_anywhere(dialect, steps, more):
    steps = [*steps, STOP]
    body = told(dialect, steps)
    cuts = more.draw(st.lists(st.integers(0, len(body)), max_size=8))
    pieces = pieces_of(dialect, body, cuts)
    assert pieces == pieces_of(dialect, body)
    assert in_short(pieces) == meaning(dialect, steps)


# The record


class Wire:
    """Plays a body, an event's worth of bytes a millisecond."""

    def __init__(self, reads: list[bytes], content_type: str, broken: Broken | None = None) -> None:
        self.reads, self.content_type, self.broken = reads, content_type, broken

    def send(self, call, listener):
        listener.connected(100)
        listener.sent(0, len(call.body))
        listener.opened(Head(500_000, 200, self.content_type, None))
        for number, data in enumerate(self.reads, 1):
            listener.arrived(Arrival(number * 1_000_000, data))
        if self.broken is not None:
            raise self.broken
        listener.ended(len(self.reads) * 1_000_000)


def ask(dialect: str, **fields) -> Ask:
    given = {
        "id": "r1",
        "url": DIALECTS[dialect].endpoint("http://h"),
        "model": "m",
        "messages": (Message("system", "Be brief."), Message("user", "你好")),
        "max_tokens": 64,
    }
    return Ask(**(given | fields))


def record_of(dialect: str, reads: list[bytes], content_type: str | None = None, broken=None) -> Record:
    asked = ask(dialect)
    ledger = Ledger(Identity("r1", "run", 1, "w0", 0, 1, "p/0"), asked, DIALECTS[dialect], 0)
    wire = Wire(reads, content_type or STREAM_TYPES.get(dialect, "text/event-stream"), broken)
    call = DIALECTS[dialect].encode(asked)
    return exchange(ledger, call, wire, lambda: 10**9, lambda ledger, now_ns: ledger.close(now_ns, "window"))


@pytest.mark.parametrize(("dialect", "story"), EVERY)
def test_the_record_is_the_same_in_every_dialect(dialect, story):
    steps = stories_of(dialect)[story]
    record = record_of(dialect, [told(dialect, steps)])
    meant = meaning(dialect, steps)
    assert record.outcome == OUTCOMES.get(story, Outcome.OK)
    assert record.dialect == dialect
    assert record.text == "".join(piece.text for piece in meant if isinstance(piece, Text))
    assert sum(record.chars) == sum(
        len(piece.text) for piece in meant if isinstance(piece, Text | Reasoning | ToolCall)
    )
    kinds = {Text: "t", Reasoning: "r", ToolCall: "c"}
    joined = "".join(kind for kind, _ in itertools.groupby(record.kinds))
    assert joined == "".join(kinds[type(piece)] for piece in meant if type(piece) in kinds)
    assert record.fault == next((piece.message for piece in meant if isinstance(piece, Fault)), None)
    assert record.usage == next((piece.usage for piece in meant if isinstance(piece, Counted)), None)
    assert record.finish == next((piece.reason for piece in meant if isinstance(piece, Finish)), None)


@every_dialect
def test_every_token_has_its_own_stamp_and_what_is_no_content_has_none(dialect):
    # One read each: a keep-alive, 2 tokens, the end. Openings, where an API has some, come with the first.
    steps = [[Quiet()], [Said("ab")], [Said("c")], [STOP]]
    begun = len(told(dialect, []))
    reads = [told(dialect, each)[begun if index else 0 :] for index, each in enumerate(steps)]
    record = record_of(dialect, reads)
    assert (record.at_us, record.chars, record.kinds) == ([2000, 3000], [2, 1], "tt")
    assert record.ended_us == 4000


@every_dialect
def test_a_stream_that_breaks_off_keeps_what_had_come(dialect):
    body = told(dialect, [Said("Hi"), Said(" there"), STOP])
    kept = body.index(b" there") + 3
    record = record_of(dialect, [body[:kept]], broken=Broken(Break.CUT, "the connection was closed"))
    assert (record.outcome, record.text, record.fault) == (Outcome.CUT, "Hi", "the connection was closed")


@every_dialect
@pytest.mark.parametrize("body", [b"nonsense", b"[1]", b'"text"', b'{"broken', b'{"model":"\xff"}'])
def test_what_is_no_event_is_malformed(dialect, body):
    event = body + b"\n" if dialect == "ollama" else b"data: " + body + b"\n\n"
    record = record_of(dialect, [told(dialect, [Said("Hi")]) + event])
    assert (record.outcome, record.text) == (Outcome.MALFORMED, "Hi")
    assert record.fault.startswith(("an event is not ", "a line is not "))


@every_dialect
def test_a_web_page_is_malformed(dialect):
    record = record_of(dialect, [b"<html>"], "text/html")
    assert (record.outcome, record.fault) == (Outcome.MALFORMED, "the answer is text/html, not an event stream")


@every_dialect
@pytest.mark.parametrize("data", ["{}", "", '{"type":"something_new","delta":{"x":1}}', '{"choices":null}'])
def test_events_without_meaning_are_passed_over(dialect, data):
    assert DIALECTS[dialect].decode(Event("message", data)) == []


@every_dialect
def test_half_an_emoji_is_text(dialect):
    body = told(dialect, [Said("HALF"), STOP]).replace(b"HALF", b"\\ud83c")
    assert Text("\ud83c") in pieces_of(dialect, body)


@every_dialect
def test_json_too_deep_to_read_is_unreadable(dialect):
    with pytest.raises(Unreadable, match=r"^an event is not an? "):
        DIALECTS[dialect].decode(Event("message", '{"error":' + "[" * 100_000 + "]" * 100_000 + "}"))


# Whole answers

WHOLE = {
    "chat": {
        "object": "chat.completion",
        "choices": [{"message": {"role": "assistant", "content": "Four."}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 6},
    },
    "completions": {
        "object": "text_completion",
        "choices": [{"text": "Four.", "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 6},
    },
    "responses": {
        "object": "response",
        "status": "completed",
        "error": None,
        "output": [{"type": "message", "content": [{"type": "output_text", "text": "Four.", "annotations": []}]}],
        "usage": {"input_tokens": 9, "output_tokens": 6},
    },
    "messages": {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "text", "text": "Four."}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 9, "output_tokens": 6},
    },
    "gemini": {
        "candidates": [{"content": {"parts": [{"text": "Four."}], "role": "model"}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 6},
    },
    "ollama": {
        "message": {"role": "assistant", "content": "Four."},
        "done": True,
        "done_reason": "stop",
        "prompt_eval_count": 9,
        "eval_count": 6,
    },
    "tgi": {
        "generated_text": "Four.",
        "details": {
            "finish_reason": "eos_token",
            "generated_tokens": 6,
            "input_length": 9,
            "prefill": [],
            "tokens": [],
        },
    },
}


@every_dialect
def test_a_whole_answer_says_the_same(dialect):
    record = record_of(dialect, [json.dumps(WHOLE[dialect]).encode()], "application/json")
    assert (record.outcome, record.text, record.kinds, record.chars) == (Outcome.OK, "Four.", "t", [5])
    assert record.usage == Usage(prompt=9, output=6)
    assert record.finish == REASONS[dialect]["stop"]


# What is sent


def words_in(value) -> list[str]:
    """Every string in a document, however deep."""
    if isinstance(value, str):
        return [value]
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [word for each in inside for word in words_in(each)]


@every_dialect
@pytest.mark.parametrize("stream", [True, False])
def test_what_is_asked_is_in_the_body_once(dialect, stream):
    call = DIALECTS[dialect].encode(ask(dialect, stream=stream))
    body = json.loads(call.body)
    said = "\n".join(words_in(body))
    assert (said.count("Be brief."), said.count("你好"), call.method) == (1, 1, "POST")
    assert 64 in body.values() or any(64 in each.values() for each in body.values() if isinstance(each, dict))
    assert (call.headers["X-Request-ID"], call.headers["Content-Type"]) == ("r1", "application/json")
    stream_type = STREAM_TYPES.get(dialect, "text/event-stream")
    assert call.headers["Accept"] == (stream_type if stream else "application/json")


KEY_HEADERS = {"messages": "x-api-key", "gemini": "x-goog-api-key"}


@every_dialect
def test_a_key_goes_into_a_header_and_nowhere_else(dialect):
    asked = ask(dialect, key="sk-123", headers={"X-Secret": "s3cret"})
    call = DIALECTS[dialect].encode(asked)
    name = KEY_HEADERS.get(dialect, "Authorization")
    assert call.headers[name] == ("sk-123" if dialect in KEY_HEADERS else "Bearer sk-123")
    assert DIALECTS[dialect].admission("sk-123", {})[name] == call.headers[name]
    for shown in (call.url, call.body.decode(), repr(asked), repr(call), DIALECTS[dialect].models("http://h")):
        assert "sk-123" not in shown
        assert "s3cret" not in shown
    without = DIALECTS[dialect].encode(ask(dialect)).headers
    assert name not in without


@every_dialect
def test_a_header_of_the_user_prevails_however_it_is_spelled(dialect):
    name = KEY_HEADERS.get(dialect, "Authorization").upper()
    headers = DIALECTS[dialect].encode(ask(dialect, key="sk-123", headers={name: "mine"})).headers
    assert [value for key, value in headers.items() if key.upper() == name] == ["mine"]


PICTURE = Image("image/png", "iVBORw0KGgo=", "sha256:0")


@every_dialect
def test_images_go_where_the_api_takes_them(dialect):
    messages = (Message("user", ("What is this?", PICTURE)),)
    body = json.loads(DIALECTS[dialect].encode(ask(dialect, messages=messages)).body)
    words = words_in(body)
    assert any("What is this?" in word for word in words)
    assert any(PICTURE.base64 in word for word in words) is DIALECTS[dialect].takes_images


@every_dialect
def test_the_words_of_each_apis_errors_are_found(dialect):
    error = {
        "messages": {"type": "error", "error": {"type": "rate_limit_error", "message": "Slow down."}},
        "gemini": {"error": {"code": 429, "message": "Slow down.", "status": "RESOURCE_EXHAUSTED"}},
        "ollama": {"error": "Slow down."},
        "tgi": {"error": "Slow down.", "error_type": "overloaded"},
    }.get(dialect, {"error": {"message": "Slow down.", "type": "rate_limit_error", "code": None}})
    body = json.dumps(error).encode()

    class Refusing(Wire):
        def send(self, call, listener):
            listener.connected(100)
            listener.sent(0, len(call.body))
            listener.opened(Head(500_000, 429, "application/json", None))
            listener.arrived(Arrival(1_000_000, body))
            listener.ended(1_000_000)

    ledger = Ledger(Identity("r1", "run", 1, "w0", 0, 1, "p/0"), ask(dialect), DIALECTS[dialect], 0)
    call = DIALECTS[dialect].encode(ask(dialect))
    record = exchange(ledger, call, Refusing([], ""), lambda: 10**9, lambda ledger, now: ledger.close(now, "window"))
    assert (record.outcome, record.fault) == (Outcome.REFUSED_429, "Slow down.")
