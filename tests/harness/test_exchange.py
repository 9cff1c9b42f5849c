"""A fake sender plays steps on the listener. The request is begun at 1 s and sent at 2 s of the clock."""

import json

import gevent
import pytest

from harness.call import Arrival, Broken, Call, Head
from harness.dialects import DIALECTS
from harness.dialects.ask import Ask
from harness.dialects.chat import Chat
from harness.exchange import Identity, Ledger, exchange
from harness.outcome import Break, Outcome, Unreadable
from harness.record import Record, Usage, from_line, to_line
from harness.testset import Message

BEGUN_NS, SENT_NS, NOW_NS = 1_000_000_000, 2_000_000_000, 9_000_000_000
IDENTITY = Identity(id="5f0c-3-000017", run="r", point=3, worker="w0", user=4, seq=17, prompt="chat/12", turn=2)
STREAM, JSON, HTML = "text/event-stream", "application/json", "text/html"


def at(ms: float) -> int:
    """Milliseconds after the request was sent, on the clock."""
    return SENT_NS + int(ms * 1_000_000)


def connected(connect_us=500):
    return lambda listener: listener.connected(connect_us)


def sent(at_ns=SENT_NS, request_bytes=412):
    return lambda listener: listener.sent(at_ns, request_bytes)


def opened(ms=1.2, status=200, content_type=STREAM, location=None):
    return lambda listener: listener.opened(Head(at(ms), status, content_type, location))


def arrived(ms, data):
    return lambda listener: listener.arrived(Arrival(at(ms), data))


def ended(ms):
    return lambda listener: listener.ended(at(ms))


def raised(error):
    def step(_):
        raise error

    return step


def broke(how, why="the wire says why"):
    return raised(Broken(how, why))


def chunk(delta=None, finish=None, **more) -> bytes:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    return b"data: " + json.dumps({"choices": choices, **more}).encode() + b"\n\n"


ROLE = chunk({"role": "assistant", "content": ""})
FINISH = chunk({}, "stop")
DONE = b"data: [DONE]\n\n"
OPEN = (connected(), sent(), opened())


class Sender:
    """Plays the steps of one call, in order."""

    def __init__(self, steps):
        self.steps = steps
        self.calls = []

    def send(self, call, listener):
        self.calls.append(call)
        for step in self.steps:
            step(listener)


class Kept(list):
    """Closes a ledger as a stage would, and counts."""

    def __call__(self, ledger, now_ns):
        self.append(ledger.close(now_ns, "window"))
        return self[-1]


ASK = Ask(id=IDENTITY.id, url="http://h/v1/chat/completions", model="m", messages=(Message("user", "x"),), max_tokens=8)


def run(*steps, dialect=DIALECTS["chat"], keep_text=True) -> Record:
    """The one record of an exchange that raises nothing."""
    kept = Kept()
    ledger = Ledger(IDENTITY, ASK, dialect, BEGUN_NS, keep_text)
    call = dialect.encode(ASK)
    sender = Sender(steps)
    record = exchange(ledger, call, sender, lambda: NOW_NS, kept)
    assert kept == [record]
    assert sender.calls == [call]
    return record


def torn(error, *steps, dialect=DIALECTS["chat"]) -> Record:
    """The one record of an exchange that lets `error` through."""
    kept = Kept()
    ledger = Ledger(IDENTITY, ASK, dialect, BEGUN_NS)
    assert ledger.aborted
    with pytest.raises(type(error)) as info:
        exchange(ledger, Call("POST", "http://h", {}, b""), Sender(steps), lambda: NOW_NS, kept)
    assert info.value is error
    assert ledger.aborted
    assert len(kept) == 1
    return kept[0]


def test_every_field_of_an_answer():
    record = run(
        connected(500),
        sent(SENT_NS, 412),
        opened(1.2),
        arrived(1.25, ROLE),
        # 你 and 🎉 are one code point each: 2 of text.
        arrived(104.1, chunk({"content": "你🎉"})),
        # Two events in one read share its stamp: 3 of reasoning, 2 of text.
        arrived(124.08, chunk({"reasoning_content": "abc"}) + chunk({"content": "é!"})),
        # Name and arguments of a tool call: 3 + 2.
        arrived(144.09, chunk({"tool_calls": [{"function": {"name": "add", "arguments": "{}"}}]})),
        arrived(144.5, FINISH + chunk(usage={"prompt_tokens": 16, "completion_tokens": 4}) + DONE),
        ended(145),
    )
    bodies = [ROLE, chunk({"content": "你🎉"}), chunk({"reasoning_content": "abc"}), chunk({"content": "é!"})]
    bodies += [chunk({"tool_calls": [{"function": {"name": "add", "arguments": "{}"}}]})]
    bodies += [FINISH, chunk(usage={"prompt_tokens": 16, "completion_tokens": 4}), DONE]
    assert record == Record(
        id="5f0c-3-000017",
        run="r",
        point=3,
        worker="w0",
        user=4,
        seq=17,
        target="default",
        dialect="chat",
        model="m",
        prompt="chat/12",
        turn=2,
        phase="window",
        due_ns=None,
        begun_ns=BEGUN_NS,
        sent_ns=SENT_NS,
        connect_us=500,
        reused=False,
        retried=0,
        headers_us=1200,
        first_event_us=1250,
        at_us=[104100, 124080, 124080, 144090],
        chars=[2, 3, 2, 5],
        kinds="trtc",
        reads=5,
        bound_us=[],
        lag_us=None,
        ended_us=145000,
        outcome=Outcome.OK,
        status=200,
        fault=None,
        finish="stop",
        usage=Usage(prompt=16, output=4),
        prompt_chars=1,
        request_bytes=412,
        response_bytes=sum(len(body) for body in bodies),
        text="你🎉é!",
    )
    assert from_line(to_line(record)) == record


def test_text_is_left_out_on_demand():
    record = run(*OPEN, arrived(10, chunk({"content": "abc"}) + FINISH), ended(11), keep_text=False)
    assert record.text is None
    assert record.chars == [3]


def test_text_that_did_not_come_is_empty_text():
    assert run(*OPEN, arrived(10, chunk({"reasoning": "abc"}) + FINISH), ended(11)).text == ""


@pytest.mark.parametrize(
    ("delta", "kind", "chars"),
    [
        ({"content": "ab", "reasoning": "c"}, "t", 3),
        ({"reasoning": "abc", "tool_calls": [{"function": {"arguments": "d"}}]}, "r", 4),
        ({"content": "a", "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}, "t", 4),
    ],
)
def test_an_event_of_several_kinds_is_one_event(delta, kind, chars):
    record = run(*OPEN, arrived(10, chunk(delta) + FINISH), ended(11))
    assert (record.kinds, record.chars, record.at_us) == (kind, [chars], [10_000])


def test_an_event_split_over_reads_has_the_stamp_of_the_last():
    data = chunk({"content": "a"})
    record = run(*OPEN, arrived(10, data[:9]), arrived(20, data[9:-1]), arrived(30, data[-1:] + FINISH), ended(31))
    assert (record.at_us, record.first_event_us, record.reads) == ([30_000], 30_000, 3)


def test_an_event_without_its_blank_line_has_the_stamp_of_its_read_and_not_of_the_end():
    record = run(*OPEN, arrived(10, chunk({"content": "a"}, "stop")[:-2]), ended(50))
    assert (record.at_us, record.ended_us, record.outcome) == ([10_000], 50_000, Outcome.OK)


def test_a_reused_connection():
    record = run(connected(None), sent(), opened(), arrived(10, chunk({"content": "a"}, "stop")), ended(11))
    assert (record.reused, record.connect_us, record.retried) == (True, None, 0)


def test_a_second_try_counts_from_its_own_sending():
    record = run(
        connected(None),
        sent(SENT_NS - 5_000_000, 400),
        Ledger.again,
        connected(300),
        sent(SENT_NS, 412),
        opened(1),
        arrived(10, chunk({"content": "a"}, "stop")),
        ended(11),
    )
    assert (record.retried, record.sent_ns, record.request_bytes) == (1, SENT_NS, 412)
    assert (record.reused, record.connect_us) == (False, 300)
    assert (record.headers_us, record.at_us, record.ended_us) == (1000, [10_000], 11_000)


# Ends of complete answers


def test_nothing_said():
    record = run(*OPEN, arrived(10, ROLE + DONE), ended(11))
    assert (record.outcome, record.at_us, record.first_event_us, record.fault) == (Outcome.EMPTY, [], 10_000, None)


def test_no_body_at_all():
    record = run(*OPEN, ended(2))
    assert (record.outcome, record.first_event_us, record.reads, record.ended_us) == (Outcome.EMPTY, None, 0, 2000)


def test_no_content_but_tokens():
    usage = {"prompt_tokens": 3, "completion_tokens": 1}
    assert run(*OPEN, arrived(10, chunk(usage=usage) + DONE), ended(11)).outcome is Outcome.OK


def test_no_finish():
    record = run(*OPEN, arrived(10, chunk({"content": "a"})), ended(11))
    assert (record.outcome, record.finish, record.text) == (Outcome.TRUNCATED, None, "a")


@pytest.mark.parametrize("signal", [FINISH, DONE], ids=["finish", "done"])
def test_either_signal_finishes(signal):
    assert run(*OPEN, arrived(10, chunk({"content": "a"}) + signal), ended(11)).outcome is Outcome.OK


def test_no_content_type_is_taken_for_a_stream():
    record = run(connected(), sent(), opened(content_type=""), arrived(10, chunk({"content": "a"}, "stop")), ended(11))
    assert record.outcome is Outcome.OK


def test_a_whole_json_answer_has_one_event_at_its_last_read():
    body = json.dumps(
        {
            "object": "chat.completion",
            "choices": [{"message": {"content": "Four"}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 6, "completion_tokens": 1},
        }
    ).encode()
    record = run(
        connected(), sent(), opened(content_type=JSON), arrived(10, body[:20]), arrived(20, body[20:]), ended(21)
    )
    assert (record.outcome, record.text, record.usage) == (Outcome.OK, "Four", Usage(prompt=6, output=1))
    assert (record.at_us, record.first_event_us, record.chars, record.kinds) == ([20_000], 20_000, [4], "t")
    assert (record.reads, record.response_bytes) == (2, len(body))


# Answers that cannot be read


def test_a_wrong_content_type():
    record = run(connected(), sent(), opened(1.2, content_type=HTML), arrived(10, b"never read"))
    assert (record.outcome, record.status, record.headers_us) == (Outcome.MALFORMED, 200, 1200)
    assert record.fault == "the answer is text/html, not an event stream"
    # Nothing proved an end: the clock stands in for it, 9 s - 2 s.
    assert (record.ended_us, record.reads) == (7_000_000, 0)


def test_an_unreadable_event_in_mid_stream_keeps_what_came_before():
    record = run(*OPEN, arrived(10, chunk({"content": "a"})), arrived(20, b"data: {]\n\n"), ended(30))
    assert (record.outcome, record.text, record.at_us, record.reads) == (Outcome.MALFORMED, "a", [10_000], 2)
    assert record.fault.startswith("an event is not a chat completion chunk: ")
    assert record.first_event_us == 10_000


def test_an_unreadable_event_in_the_read_of_a_readable_one():
    record = run(*OPEN, arrived(10, chunk({"content": "a"}) + b"data: \xff\n\n"))
    assert (record.outcome, record.text) == (Outcome.MALFORMED, "a")
    assert record.fault == "an event is not UTF-8 (invalid start byte)"


def test_an_unreadable_tail_has_a_proven_end():
    record = run(*OPEN, arrived(10, b'data: {"choices'), ended(11))
    assert (record.outcome, record.ended_us) == (Outcome.MALFORMED, 11_000)


def test_unreadable_json():
    record = run(connected(), sent(), opened(content_type=JSON), arrived(10, b'{"choices": \xff}'), ended(11))
    assert record.outcome is Outcome.MALFORMED
    assert record.fault == "the answer is not UTF-8 (invalid start byte)"


# Faults inside a 200


def test_an_error_event():
    record = run(*OPEN, arrived(10, chunk({"content": "a"})), arrived(20, chunk(error={"message": "died"})), ended(21))
    assert (record.outcome, record.status, record.fault, record.text) == (Outcome.FAULT, 200, "died", "a")
    assert record.at_us == [10_000]


def test_the_words_of_a_fault_are_bounded():
    assert len(run(*OPEN, arrived(10, chunk(error="x" * 1000)), ended(11)).fault) == 300


def test_an_error_event_before_the_connection_broke_says_why():
    record = run(*OPEN, arrived(10, chunk(error="out of memory")), broke(Break.CUT))
    assert (record.outcome, record.fault) == (Outcome.FAULT, "out of memory")


def test_an_error_in_a_whole_answer():
    record = run(connected(), sent(), opened(content_type=JSON), arrived(10, b'{"error": "no"}'), ended(11))
    assert (record.outcome, record.fault) == (Outcome.FAULT, "no")


# By status


def refused(status, content_type, body, *end, location=None):
    return run(connected(), sent(), opened(1, status, content_type, location), arrived(2, body), *(end or [ended(3)]))


def test_a_refusal_with_a_json_body():
    record = refused(429, JSON, b'{"error": {"message": "Rate limit reached", "type": "requests"}}')
    assert (record.outcome, record.status, record.fault) == (Outcome.REFUSED_429, 429, "Rate limit reached")
    assert (record.ended_us, record.first_event_us, record.at_us, record.text) == (3000, None, [], "")


def test_a_refusal_without_a_body():
    record = run(connected(), sent(), opened(1, 404, ""), ended(3))
    assert (record.outcome, record.fault) == (Outcome.REFUSED_4XX, None)


def test_a_server_error_in_html():
    record = refused(502, HTML, b"<h1>Bad\n  Gateway</h1>\xff" + b"x" * 400)
    assert record.outcome is Outcome.SERVER_5XX
    assert record.fault.startswith("<h1>Bad Gateway</h1>\ufffdxxx")
    assert len(record.fault) == 300


def test_a_server_error_as_a_stream_is_no_stream():
    record = refused(500, STREAM, b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n')
    assert (record.outcome, record.at_us, record.first_event_us) == (Outcome.SERVER_5XX, [], None)


def test_a_server_error_whose_body_was_cut_keeps_its_words():
    record = refused(503, HTML, b"overloaded", broke(Break.CUT))
    assert (record.outcome, record.fault) == (Outcome.SERVER_5XX, "overloaded")


def test_a_server_error_whose_body_never_came():
    record = run(connected(), sent(), opened(1, 503, ""), broke(Break.CUT, "reset by peer"))
    assert (record.outcome, record.fault) == (Outcome.SERVER_5XX, "reset by peer")


def test_a_redirect():
    record = refused(307, HTML, b"Moved", location="http://h/v1/")
    assert (record.outcome, record.fault) == (Outcome.REDIRECT, "redirected to http://h/v1/")


def test_a_redirect_to_nowhere():
    assert refused(304, HTML, b"Moved").fault == "redirected to nowhere in particular"


# Broken transfers


UNSENT = (Break.CONNECT, Break.TLS, Break.TIMEOUT_CONNECT)
HEADLESS = (Break.TIMEOUT_FIRST_BYTE, Break.CUT, Break.MALFORMED, Break.FAULT, Break.TIMEOUT_TOTAL)
TORN = (Break.TIMEOUT_IDLE, Break.TIMEOUT_TOTAL, Break.CUT, Break.MALFORMED, Break.FAULT)


@pytest.mark.parametrize("how", UNSENT)
def test_never_sent(how):
    record = run(broke(how, "nobody there"))
    assert (record.outcome.value, record.fault) == (how.value, "nobody there")
    assert (record.sent_ns, record.ended_us, record.headers_us, record.connect_us) == (None, None, None, None)
    assert (record.reused, record.request_bytes, record.status, record.response_bytes) == (None, None, None, 0)
    assert record.begun_ns == BEGUN_NS


@pytest.mark.parametrize("how", HEADLESS)
def test_broken_before_the_head(how):
    record = run(connected(), sent(), broke(how))
    assert (record.outcome.value, record.fault, record.status) == (how.value, "the wire says why", None)
    assert (record.headers_us, record.ended_us) == (None, 7_000_000)


@pytest.mark.parametrize("how", TORN)
def test_broken_in_mid_stream_keeps_what_came(how):
    record = run(*OPEN, arrived(10, chunk({"content": "ab"}) + b"data: {"), broke(how))
    assert (record.outcome.value, record.fault, record.status) == (how.value, "the wire says why", 200)
    assert (record.at_us, record.text, record.ended_us) == ([10_000], "ab", 7_000_000)


def test_every_break_is_tried_here():
    assert {*UNSENT, *HEADLESS, *TORN} == set(Break)


# What is no matter of the server


def test_a_killed_greenlet_leaves_an_aborted_record_and_goes_on():
    stop = gevent.GreenletExit()
    record = torn(stop, *OPEN, arrived(10, chunk({"content": "ab"})), raised(stop))
    assert (record.outcome, record.text, record.at_us) == (Outcome.ABORTED, "ab", [10_000])
    assert (record.ended_us, record.fault) == (7_000_000, None)


def test_killed_before_anything_was_sent():
    stop = gevent.GreenletExit()
    record = torn(stop, raised(stop))
    assert (record.outcome, record.sent_ns, record.ended_us) == (Outcome.ABORTED, None, None)


def test_a_bug_in_a_dialect_leaves_an_aborted_record_and_goes_on():
    bug = KeyError("delta")

    class Buggy(Chat):
        def decode(self, event):
            raise bug

    record = torn(bug, *OPEN, arrived(10, chunk({"content": "ab"})), dialect=Buggy())
    assert (record.outcome, record.reads, record.first_event_us, record.at_us) == (Outcome.ABORTED, 1, 10_000, [])


def test_an_unreadable_answer_of_a_dialect_goes_no_further():
    class Strict(Chat):
        def decode(self, event):
            raise Unreadable("an event is in Latin")

    record = run(*OPEN, arrived(10, chunk({"content": "ab"})), dialect=Strict())
    assert (record.outcome, record.fault) == (Outcome.MALFORMED, "an event is in Latin")
