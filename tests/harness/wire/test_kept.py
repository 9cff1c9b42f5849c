"""Connections that are kept, and servers that are asked again."""

import itertools
import threading

import pytest
import requests
from support.listening import Recorder, a_call
from support.oracle import Reply, consulted, in_turn, refusal
from support.transcript import TranscriptServer, close, sized, tell, wait_for
from urllib3 import HTTPResponse

from harness.call import Broken, Timeouts
from harness.outcome import Break
from harness.wire import fence
from harness.wire.kept import BUSY, KeptWire, Patience, _Courtesy
from harness.wire.network import DIRECT
from harness.wire.plain import PlainWire

AT_ONCE = Patience(again=3, backoff_s=0.0)
OK = Reply({"ok": True})


def send(wire, url, **call) -> Recorder:
    recorder = Recorder()
    wire.send(a_call(url, **call), recorder)
    return recorder


def test_one_connection_for_all_calls_of_a_thread():
    with consulted(lambda _: OK) as oracle:
        wire = KeptWire(DIRECT)
        for _ in range(3):
            assert send(wire, oracle.url).body == b'{"ok": true}'
    assert (len(oracle.heard), oracle.connections) == (3, 1)


def test_each_thread_has_its_own():
    with consulted(lambda _: OK) as oracle:
        wire = KeptWire(DIRECT)
        send(wire, oracle.url)
        thread = threading.Thread(target=send, args=(wire, oracle.url))
        thread.start()
        thread.join(10)
    assert (len(oracle.heard), oracle.connections) == (2, 2)


@pytest.mark.parametrize("status", BUSY)
def test_a_busy_server_is_asked_again(status):
    with consulted(in_turn(refusal(status, "busy"), refusal(status, "busy"), OK)) as oracle:
        assert send(KeptWire(DIRECT, AT_ONCE), oracle.url).head.status == 200
    assert [heard.body for heard in oracle.heard] == [{"n": 1}] * 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 501])
def test_who_says_no_is_not_asked_again(status):
    with consulted(lambda _: refusal(status, "no")) as oracle:
        assert send(KeptWire(DIRECT, AT_ONCE), oracle.url).head.status == status
    assert len(oracle.heard) == 1


def test_a_server_that_stays_busy_has_the_last_word():
    with consulted(lambda _: refusal(429, "still busy")) as oracle:
        heard = send(KeptWire(DIRECT, AT_ONCE), oracle.url)
    assert (heard.head.status, b"still busy" in heard.body) == (429, True)
    assert len(oracle.heard) == 1 + AT_ONCE.again


def test_every_request_is_admitted_also_one_that_is_sent_again():
    admitted = []
    with consulted(in_turn(refusal(503, "busy"), OK)) as oracle:
        send(KeptWire(DIRECT, AT_ONCE, lambda: admitted.append(len(oracle.heard))), oracle.url)
    # Before the first and, when one had been heard, before the second.
    assert admitted == [0, 1]


@pytest.mark.parametrize(
    ("said", "wait_s"),
    [
        ("7", 7.0),
        ("3600", 60.0),
        (None, None),
        ("soon", None),
        ("-7", None),
        pytest.param("9" * 5000, None, id="a number that Python does not read"),
        ("Fri, 31 Dec 99999 23:59:59 GMT", None),
    ],
)
def test_a_server_is_left_alone_as_long_as_it_asks_for_but_not_for_ever(said, wait_s):
    response = HTTPResponse(headers={} if said is None else {"Retry-After": said}, status=429)
    assert _Courtesy.of(Patience(), lambda: None).get_retry_after(response) == wait_s


def test_it_waits_as_the_server_asks_then_for_its_turn(monkeypatch):
    told = []
    monkeypatch.setattr("urllib3.util.retry.time.sleep", told.append)
    with consulted(in_turn(refusal(429, "busy", retry_after="9"), OK)) as oracle:
        send(KeptWire(DIRECT, Patience(), lambda: told.append("turn")), oracle.url)
    assert told == ["turn", 9, "turn"]


def test_waits_double_up_to_a_bound():
    courtesy = _Courtesy.of(Patience(backoff_s=0.5, longest_s=3.0, again=9), lambda: None)
    courtesy.backoff_jitter = 0.0
    waits = []
    for _ in range(5):
        courtesy = courtesy.increment("POST", "/", response=HTTPResponse(status=503))
        waits.append(courtesy.get_backoff_time())
        courtesy.backoff_jitter = 0.0
    assert waits == [0, 1.0, 2.0, 3.0, 3.0]


def test_nobody_there_is_told_after_two_more_tries():
    admitted = []
    with pytest.raises(Broken) as caught:
        send(KeptWire(DIRECT, AT_ONCE, lambda: admitted.append(1)), "http://127.0.0.1:1")
    assert caught.value.how is Break.CONNECT
    assert len(admitted) == 3


def test_a_kept_connection_that_the_server_has_given_up_is_made_anew():
    # The second request of the first connection finds it closed, and is sent once more on another.
    with TranscriptServer(scripts=[[[sized(b"1")], [close]], [[sized(b"2")]]]) as server:
        wire = KeptWire(DIRECT, AT_ONCE)
        assert [send(wire, server.url).body for _ in range(2)] == [b"1", b"2"]
    assert len(server.requests) == 3


@pytest.mark.parametrize("wire", [PlainWire(DIRECT), KeptWire(DIRECT, AT_ONCE)])
def test_an_answer_that_trickles_is_ended(wire, monkeypatch):
    moments = iter(range(0, 10_000, 5))
    with consulted(lambda _: OK) as oracle:
        monkeypatch.setattr("harness.wire.plain.time.monotonic", lambda: next(moments))
        with pytest.raises(Broken, match=r"^The answer was not over within 4 s\.$") as caught:
            send(wire, oracle.url, timeouts=Timeouts(total_s=4))
    assert caught.value.how is Break.TIMEOUT_TOTAL


@pytest.mark.parametrize("head", ["Content-Length: 9000000\r\n", ""])
def test_an_answer_is_read_as_it_trickles(head, monkeypatch):
    # Nothing follows the first byte; who waits for more than is there is not told that the time is up.
    over = threading.Event()
    monkeypatch.setattr("harness.wire.plain.time.monotonic", itertools.count(0.0, 5.0).__next__)
    trickle = [f"HTTP/1.1 200 OK\r\n{head}\r\n".encode() + b"x", wait_for(over), close]
    with TranscriptServer([trickle]) as server:
        with pytest.raises(Broken) as caught:
            send(PlainWire(DIRECT), server.url, timeouts=Timeouts(total_s=4, first_byte_s=1))
        over.set()
    assert caught.value.how is Break.TIMEOUT_TOTAL


def test_a_busy_server_whose_answer_has_no_end_is_not_read_to_it():
    # 256 MB, if anybody reads on.
    flood = [b"HTTP/1.1 503 Busy\r\n\r\n", *[b" " * 1_000_000] * 256]
    ended = threading.Event()
    with TranscriptServer(scripts=[[[*flood, tell(ended), close]], [[sized(b"1")]]]) as server:
        assert send(KeptWire(DIRECT, AT_ONCE), server.url).body == b"1"
    assert not ended.is_set()


@pytest.mark.parametrize("wire", [PlainWire(DIRECT), KeptWire(DIRECT, AT_ONCE)])
def test_an_answer_without_end_is_ended(wire, monkeypatch):
    monkeypatch.setattr("harness.wire.plain._LIMIT_BYTES", 10)
    with (
        consulted(lambda _: OK) as oracle,
        pytest.raises(Broken, match=r"^The answer is longer than 0 MB\.$") as caught,
    ):
        send(wire, oracle.url)
    assert caught.value.how is Break.MALFORMED


def test_a_fence_is_kept_to(monkeypatch):
    monkeypatch.setenv(fence.REFUSED, "127.0.0.0/8")
    fence._fence.cache_clear()
    try:
        with consulted(lambda _: OK) as oracle, pytest.raises(Broken, match="does not ask addresses of that kind"):
            send(KeptWire(DIRECT, AT_ONCE), oracle.url)
        assert oracle.heard == []
    finally:
        fence._fence.cache_clear()


def test_nothing_is_looked_up_in_the_environment(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    seen = []
    monkeypatch.setattr(requests.Session, "request", lambda session, *_, **__: seen.append(session.trust_env) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        send(KeptWire(DIRECT), "http://127.0.0.1:1")
    assert seen == [False]
