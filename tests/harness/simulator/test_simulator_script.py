import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.simulator import script, words
from harness.simulator.apis import CHAT
from harness.simulator.apis.api import Ident
from harness.simulator.faults import HARMLESS, Fault
from harness.simulator.options import SimulatorOptions
from harness.simulator.request import BadRequest, count_prompt_tokens
from harness.simulator.words import Tokens


def ask(**more):
    body = {"model": "sim", "messages": [{"role": "user", "content": "hello"}], "stream": True, **more}
    return CHAT.parse("", json.dumps(body).encode())


CHUNKS = CHAT.answer(Ident("chatcmpl-1", "sim", 1700000000), ask())


def data(event):
    assert event.startswith(b"data: ")
    assert event.endswith(b"\n\n")
    return json.loads(event[6:])


def write(fault=None, options=None, **more):
    return script.write(CHAT, ask(**more), fault, SimulatorOptions(**(options or {})))


def test_the_same_seed_and_prompt_give_the_same_answer():
    plain = write(options={"tokens": 20})
    assert plain == write(options={"tokens": 20})
    assert plain.pieces != write(options={"tokens": 20, "seed": 1}).pieces
    assert plain.pieces != write(options={"tokens": 20}, messages=[{"role": "user", "content": "bye"}]).pieces


def test_lengths_differ_between_prompts():
    assert len({len(write(messages=[{"role": "user", "content": str(n)}]).pieces) for n in range(20)}) > 5


def test_a_limit_shortens_the_answer_and_says_so():
    whole, short = write(options={"tokens": 10}), write(options={"tokens": 10}, max_tokens=4)
    assert (len(whole.pieces), whole.finish) == (10, "stop")
    assert (short.pieces, short.finish) == (whole.pieces[:4], "length")
    assert write(options={"tokens": 10}, max_tokens=4, max_completion_tokens=10).finish == "stop"


def test_told_to_ignore_its_end_an_answer_goes_on_to_its_limit():
    on = write(options={"tokens": 10}, max_tokens=25, ignore_eos=True)
    assert (len(on.pieces), on.tokens, on.finish) == (25, None, "length")
    assert len(write(options={"tokens": 10}, max_tokens=4, ignore_eos=True).pieces) == 4
    # Without a limit nothing would end it.
    assert len(write(options={"tokens": 10}, ignore_eos=True).pieces) == 10


def test_an_answer_does_not_end_before_the_least_of_its_tokens():
    assert (len(write(options={"tokens": 10}, min_tokens=15).pieces), write(min_tokens=15).finish) == (15, "stop")
    assert len(write(options={"tokens": 10}, min_tokens=5).pieces) == 10
    assert len(write(options={"tokens": 10}, min_tokens=15, max_tokens=12).pieces) == 12


@given(st.integers(0, 2**64 - 1), st.integers(1, 1000))
def test_drawn_lengths_lie_around_their_mean(seed, mean):
    # Half to one and a half of the mean, rounded, at least 1.
    assert max(1, round(mean * 0.5)) <= words.draw_count(seed, mean) <= round(mean * 1.5)


def test_tokens_are_short_and_not_all_ascii():
    pieces = words.draw_text(0, 2000)
    assert {1, 9} <= {piece.chars for piece in pieces} <= set(range(1, 10))
    assert any(len(piece.text.encode()) > piece.chars for piece in pieces)
    assert len({piece.text for piece in pieces}) == 64


def delta(piece):
    return data(CHUNKS.token(piece))["choices"][0]["delta"]


def test_deltas_say_what_the_pieces_hold():
    for piece in words.draw_text(0, 500, reasoning=100):
        key = "reasoning_content" if piece.kind == "r" else "content"
        assert delta(piece) == {key: piece.text}


def test_the_first_tokens_may_be_reasoning():
    written = write(options={"tokens": 5, "reasoning": 2}, stream_options={"include_usage": True})
    assert "".join(piece.kind for piece in written.pieces) == "rrttt"
    # "hello" has 5 characters: 5 // 4 + 1 = 2 tokens.
    assert written.tokens == Tokens(2, 5, 2)


def test_a_tool_call_is_streamed_in_pieces_that_join_to_json():
    written = write(options={"tokens": 40, "tool_call": True, "reasoning": 3})
    calls = [delta(piece)["tool_calls"][0] for piece in written.pieces if piece.kind == "c"]
    assert len(calls) == 37
    assert calls[0]["function"] == {"name": "look_up", "arguments": ""}
    assert list(json.loads("".join(call["function"]["arguments"] for call in calls))) == ["query"]
    assert written.finish == "tool_calls"


def test_the_role_comes_without_content():
    (event,) = map(data, CHUNKS.opening(None))
    assert event == {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1700000000,
        "model": "sim",
        "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}],
    }


def test_the_tail_is_finish_then_usage_then_done():
    finish, usage, done = script.tail(write(stream_options={"include_usage": True}, max_tokens=1), CHUNKS)
    assert data(finish)["choices"] == [{"index": 0, "delta": {}, "finish_reason": "length"}]
    assert data(usage)["choices"] == []
    assert data(usage)["usage"]["total_tokens"] == 3
    assert data(usage)["usage"]["prompt_tokens_details"] == {"cached_tokens": 0}
    assert done == b"data: [DONE]\n\n"


@pytest.mark.parametrize(
    ("when", "asked", "told"),
    [("asked", True, True), ("asked", False, False), ("always", False, True), ("never", True, False)],
)
def test_usage_is_told_when_it_should_be(when, asked, told):
    written = write(options={"usage": when}, stream_options={"include_usage": asked})
    assert (written.tokens is not None) is told


def name_of(event):
    marks = {b"[DONE]": "done", b'"usage"': "usage", b'"error"': "error"}
    return next((name for mark, name in marks.items() if mark in event), "finish")


def kinds_of_tail(fault):
    written = write(fault, options={"tokens": 8, "usage": "always"})
    return len(written.pieces), [name_of(event) for event in script.tail(written, CHUNKS)], written.ending


@pytest.mark.parametrize(
    ("fault", "pieces", "names", "ending"),
    [
        (None, 8, ["finish", "usage", "done"], script.Ending.COMPLETE),
        (Fault.NO_DONE, 8, ["finish", "usage"], script.Ending.COMPLETE),
        (Fault.NO_USAGE, 8, ["finish", "done"], script.Ending.COMPLETE),
        (Fault.MALFORMED, 8, ["finish", "usage", "done"], script.Ending.COMPLETE),
        (Fault.EMPTY, 0, ["finish", "usage", "done"], script.Ending.COMPLETE),
        (Fault.TRUNCATE, 3, [], script.Ending.COMPLETE),
        (Fault.ERROR_EVENT, 3, ["error", "done"], script.Ending.COMPLETE),
        (Fault.CUT, 3, [], script.Ending.CUT),
        (Fault.STALL_AFTER_TOKEN, 3, [], script.Ending.STALL),
    ],
)
def test_faults_change_the_answer_as_documented(fault, pieces, names, ending):
    assert kinds_of_tail(fault) == (pieces, names, ending)


@pytest.mark.parametrize("fault", sorted(HARMLESS))
def test_harmless_faults_leave_the_tokens_alone(fault):
    assert write(fault).pieces == write().pieces


def test_an_empty_answer_has_no_output_tokens():
    assert write(Fault.EMPTY, options={"usage": "always"}).tokens == Tokens(2, 0, 0)
    assert write(Fault.EMPTY).turns == 1


def test_broken_json_is_broken():
    with pytest.raises(json.JSONDecodeError):
        data(script.broken(CHAT))


def test_a_document_holds_the_same_text_as_the_stream():
    written = write(options={"tokens": 6, "reasoning": 2}, stream=False)
    answer = json.loads(script.document(written, CHAT, CHUNKS))
    message = answer["choices"][0]["message"]
    assert message["reasoning_content"] == "".join(piece.text for piece in written.pieces[:2])
    assert message["content"] == "".join(piece.text for piece in written.pieces[2:])
    assert answer["usage"]["completion_tokens"] == 6
    assert answer["object"] == "chat.completion"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"model":"sim"}', b'{"model":"sim","messages":[]}', b"\xff",
     b'{"model":"sim","messages":[{"role":"user","content":"x"}],"max_tokens":0}'],
)  # fmt: skip
def test_bodies_that_are_no_requests_are_refused(body):
    with pytest.raises(BadRequest):
        CHAT.parse("", body)


def test_parts_of_a_message_count_as_its_text():
    parts = [
        {"type": "text", "text": "abc"},
        {"type": "image_url", "image_url": {"url": "x"}},
        {"type": "text", "text": "d"},
    ]
    assert ask(messages=[{"role": "user", "content": parts}, {"role": "assistant"}]).prompt == "abcd\n"
    # 8 characters: 8 // 4 + 1.
    assert count_prompt_tokens("abcdefgh") == 3
