"""Redirects: which are followed, what goes along, and what the listener hears of them."""

import time

import pytest
import requests
from support.listening import PATIENT, Recorder, a_call, a_wire, ask, break_on
from support.transcript import TranscriptServer, sized

from harness.dialects.ask import Ask
from harness.dialects.chat import Chat
from harness.exchange import Identity, Ledger, exchange
from harness.outcome import Break, Outcome
from harness.testset import Message
from harness.wire import Wire


def leading(where: str, status: str = "307 Temporary Redirect", *headers: str) -> list[bytes]:
    return [sized(b"gone", f"Location: {where}", *headers, status=status)]


def headers_of(request: bytes) -> dict[str, str]:
    head = request.partition(b"\r\n\r\n")[0].decode()
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in head.split("\r\n")[1:])}


@pytest.mark.parametrize("status", ["307 Temporary Redirect", "308 Permanent Redirect"])
def test_the_same_request_is_asked_where_the_redirect_leads(status):
    with TranscriptServer([leading("/there?v=1", status), [sized(b"ok")]]) as server:
        heard = ask(a_wire(), a_call(server.url, body=b'{"n": 7}'))
    assert heard.heard == ["connected", "sent", "opened", "arrived", "ended"]
    assert heard.head.status == 200
    assert heard.body == b"ok"
    first, second = server.requests
    assert first.startswith(b"POST /v1/x HTTP/1.1\r\n")
    assert second.startswith(b"POST /there?v=1 HTTP/1.1\r\n")
    assert second.endswith(b'{"n": 7}')
    assert server.connections == 1


def test_the_clock_runs_from_the_first_request_on():
    slow = [lambda _: time.sleep(0.05), *leading("/there")]
    with TranscriptServer([slow, [sized(b"ok")]]) as server:
        heard = ask(a_wire(), a_call(server.url))
    sent_ns, opened_ns, *_ = heard.stamps
    assert opened_ns - sent_ns >= 50_000_000


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "300 Choices", "304 Not Modified"])
def test_one_that_would_turn_the_request_into_another_is_told(status):
    with TranscriptServer([leading("/there", status)]) as server:
        heard = ask(a_wire(), a_call(server.url))
    assert (heard.head.status, heard.head.location) == (int(status[:3]), "/there")
    assert len(server.requests) == 1


def test_without_a_location_it_is_told():
    with TranscriptServer([[sized(b"", status="307 Temporary Redirect")]]) as server:
        assert ask(a_wire(), a_call(server.url)).head.status == 307


def test_keys_stay_with_the_host_they_were_meant_for():
    asked = {"Authorization": "Bearer k", "X-Api-Key": "k", "X-Request-ID": "r1", "Content-Type": "application/json"}
    with TranscriptServer([[sized(b"ok")]]) as other, TranscriptServer([leading(f"{other.url}/there")]) as server:
        heard = ask(a_wire(), a_call(server.url, headers=asked))
    assert heard.body == b"ok"
    there = headers_of(other.requests[0])
    assert there["x-request-id"] == "r1"
    assert there["content-type"] == "application/json"
    assert "authorization" not in there
    assert "x-api-key" not in there


def test_keys_go_along_on_the_same_host():
    asked = {"Authorization": "Bearer k", "X-Api-Key": "k", "X-Request-ID": "r1"}
    with TranscriptServer([leading("/there"), [sized(b"ok")]]) as server:
        ask(a_wire(), a_call(server.url, headers=asked))
    there = headers_of(server.requests[1])
    assert (there["authorization"], there["x-api-key"]) == ("Bearer k", "k")


def test_a_cookie_set_on_the_way_goes_along():
    with TranscriptServer(
        [leading("/there", "307 Temporary Redirect", "Set-Cookie: seat=4; Path=/"), [sized(b"ok")]]
    ) as server:
        ask(a_wire(), a_call(server.url))
    assert headers_of(server.requests[1])["cookie"] == "seat=4"


def test_a_redirect_in_circles_is_told_in_the_end():
    session = requests.Session()
    session.max_redirects = 3
    with TranscriptServer([leading("/again")] * 4) as server:
        recorder = Recorder()
        Wire(session).send(a_call(server.url), recorder)
    assert (recorder.head.status, recorder.head.location) == (307, "/again")
    assert len(server.requests) == 4


def test_a_redirect_to_no_place_is_an_answer_that_cannot_be_read():
    with TranscriptServer([leading("gopher://127.0.0.1/")]) as server:
        broken, heard = break_on(a_wire(), a_call(server.url))
    assert broken.how is Break.MALFORMED
    assert "gopher://127.0.0.1/" in broken.why
    assert heard.heard == ["connected", "sent"]


def test_a_place_where_nobody_listens_is_no_connection():
    with TranscriptServer([leading("http://127.0.0.1:9/")]) as server:
        broken, _ = break_on(a_wire(), a_call(server.url))
    assert broken.how is Break.CONNECT
    assert "127.0.0.1:9" in broken.why


def test_the_record_of_a_followed_redirect():
    answer = b'{"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]}'
    with TranscriptServer([leading("/v2"), [sized(answer, "Content-Type: application/json")]]) as server:
        chat, identity = Chat(), Identity("r1", "run", 1, "w0", 0, 1, "p/0")
        ask_ = Ask("r1", server.url, "m", (Message("user", "hello"),), 8, timeouts=PATIENT, stream=False)
        ledger = Ledger(identity, ask_, chat, time.monotonic_ns())
        record = exchange(
            ledger, chat.encode(ask_), a_wire(), time.monotonic_ns, lambda one, now: one.close(now, "window")
        )
    assert (record.outcome, record.status, record.retried, record.text) == (Outcome.OK, 200, 0, "hi")
