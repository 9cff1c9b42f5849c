"""A query_model() driven to its end: what is heard of it, and what becomes of all that it can do wrong."""

import http.client
import os
import socket
import ssl
import time

import gevent
import pytest
import requests
import urllib3
from support.listening import Recorder

from harness.call import Timeouts
from harness.dialects import dialect_of
from harness.dialects.ask import Ask
from harness.exchange import Identity, Ledger, exchange
from harness.record import Record
from harness.testset import Message
from harness.wire.query import Query

YIELDS = dialect_of("query_model")
SHORT_S = 0.05
PATIENT = Timeouts(connect_s=30, first_byte_s=30, idle_s=30, total_s=8)


def an_ask(timeouts=PATIENT) -> Ask:
    said = (Message("user", "Why?"),)
    return Ask(id="r1", url="query_model() in f.py", model="f", messages=said, max_tokens=7, timeouts=timeouts)


def asked(function, timeouts=PATIENT) -> Record:
    ask = an_ask(timeouts)
    ledger = Ledger(Identity("r1", "run", 1, "w0", 0, 1, "p/0"), ask, YIELDS, time.monotonic_ns())
    keep = lambda ledger, now_ns: ledger.close(now_ns, "window")  # noqa: E731
    return exchange(ledger, YIELDS.encode(ask), Query(function), time.monotonic_ns, keep)


class FailedQueryError(Exception):
    """What such a file typically wraps everything into."""


def wrapping(error, *before):
    def query_model(prompt, max_resp_tokens):
        yield from before
        try:
            raise error  # noqa: TRY301
        except Exception as caught:  # noqa: BLE001 - as people write it
            raise FailedQueryError(f"failed: {caught}")  # noqa: B904

    return query_model


def test_it_is_given_the_prompt_and_the_bound_and_each_yield_is_an_event():
    given = []

    def query_model(prompt, max_resp_tokens):
        given.append((prompt, max_resp_tokens))
        yield "Be"
        yield ""
        yield "cause – 好"

    record = asked(query_model)
    assert given == [("Why?", 7)]
    assert (record.outcome, record.text, record.chars, record.kinds) == ("ok", "Because – 好", [2, 9], "tt")
    # 2 and 5 + 1 + 3 + 1 + 3 bytes of UTF-8
    assert record.response_bytes == 2 + 13
    assert record.dialect == "query_model"


def test_what_was_not_seen_is_not_made_up():
    record = asked(lambda prompt, bound: iter(["a"]))
    unseen = (record.status, record.headers_us, record.connect_us, record.reused, record.request_bytes, record.lag_us)
    assert unseen == (None,) * 6
    assert record.sent_ns is not None
    assert record.usage is None
    assert record.bound_us == []


def test_a_stamp_is_of_the_moment_of_its_yield():
    moments = []

    def query_model(prompt, max_resp_tokens):
        for _ in range(3):
            gevent.sleep(0.01)
            moments.append(time.monotonic_ns())
            yield "x"

    record = asked(query_model)
    arrived_ns = [record.sent_ns + at_us * 1000 for at_us in record.at_us]
    # Rounded down to the microsecond; before the next one came out.
    assert all(at >= was - 1000 for at, was in zip(arrived_ns, moments, strict=True))
    assert all(at < following for at, following in zip(arrived_ns, moments[1:], strict=False))
    assert record.sent_ns < moments[0]


def test_the_order_of_what_is_told():
    heard = Recorder()
    Query(lambda prompt, bound: iter(["a", "b"])).send(YIELDS.encode(an_ask()), heard)
    assert heard.heard == ["sent", "opened", "arrived", "arrived", "ended"]
    assert (heard.head.at_ns, heard.head.status) == (None, None)


def test_a_string_that_is_returned_is_one_event():
    record = asked(lambda prompt, bound: "all of it")
    assert (record.outcome, record.chars, record.text) == ("ok", [9], "all of it")


def test_half_an_emoji_is_text():
    record = asked(lambda prompt, bound: iter(["a\ud83d", "b"]))
    assert (record.outcome, record.chars) == ("ok", [2, 1])


@pytest.mark.parametrize("pieces", [[], [""], ["", ""]])
def test_nothing_yielded_is_empty(pieces):
    assert asked(lambda prompt, bound: iter(pieces)).outcome == "empty"


@pytest.mark.parametrize(
    ("gave", "fault"),
    [
        ({"text": "a"}, "query_model() gave a dict: yield strings as they come, or return one string."),
        (["a"], "query_model() gave a list: yield strings as they come, or return one string."),
        (None, "query_model() gave a NoneType: yield strings as they come, or return one string."),
        (iter([b"a"]), "query_model() yielded a bytes: yield strings, '' for nothing."),
        (iter([None]), "query_model() yielded a NoneType: yield strings, '' for nothing."),
    ],
)
def test_what_is_no_text_is_malformed(gave, fault):
    record = asked(lambda prompt, bound: gave)
    assert (record.outcome, record.fault) == ("malformed", fault)


def test_a_generator_that_yields_no_text_is_closed():
    closed = []

    def query_model(prompt, max_resp_tokens):
        try:
            yield "a"
            yield 3
        finally:
            closed.append(True)

    held = query_model("Why?", 7)  # so that it does not close by being forgotten
    record = asked(lambda prompt, bound: held)
    assert (record.outcome, record.chars, closed) == ("malformed", [1], [True])


def test_an_exception_is_a_fault_with_its_line_and_words():
    line = test_an_exception_is_a_fault_with_its_line_and_words.__code__.co_firstlineno + 5

    def query_model(prompt, max_resp_tokens):
        yield "a"
        raise ValueError("it is over")

    record = asked(query_model)
    assert record.outcome == "fault"
    assert record.fault == f"query_model() raised ValueError on line {line}: it is over."
    assert (record.text, record.chars) == ("a", [1])  # what had come is kept


def test_a_file_that_is_missing_is_no_network():
    assert asked(wrapping(FileNotFoundError("key.txt"))).outcome == "fault"


def test_a_call_of_exit_ends_no_load_process():
    def query_model(prompt, max_resp_tokens):
        raise SystemExit("no key")
        yield

    record = asked(query_model)
    assert (record.outcome, "raised SystemExit" in record.fault) == ("fault", True)


def refused(status):
    response = requests.Response()
    response.status_code = status
    return requests.HTTPError(f"{status} Error", response=response)


@pytest.mark.parametrize(
    ("status", "outcome"), [(429, "refused_429"), (401, "refused_4xx"), (503, "server_5xx"), (200, "fault")]
)
def test_a_status_is_found_behind_the_users_own_exception(status, outcome):
    record = asked(wrapping(refused(status)))
    assert record.outcome == outcome
    assert record.status == (status if status >= 400 else None)
    assert record.headers_us is None
    line = wrapping.__code__.co_firstlineno + 6
    assert record.fault == f"query_model() raised FailedQueryError on line {line}: failed: {status} Error."


POOL = urllib3.HTTPConnectionPool("h", 80)
NETWORK = [
    (requests.ConnectTimeout(urllib3.exceptions.ConnectTimeoutError("late")), "timeout_connect", "timeout_connect"),
    (requests.ReadTimeout(), "timeout_first_byte", "timeout_idle"),
    (
        requests.ConnectionError(urllib3.exceptions.ReadTimeoutError(POOL, "/", "late")),
        "timeout_first_byte",
        "timeout_idle",
    ),
    (requests.exceptions.SSLError("no"), "tls", "tls"),
    (ssl.SSLCertVerificationError("no"), "tls", "tls"),
    (requests.ConnectionError(urllib3.exceptions.NewConnectionError(POOL, "no")), "connect", "connect"),
    (ConnectionRefusedError("no"), "connect", "connect"),
    (socket.gaierror(-2, "Name or service not known"), "connect", "connect"),
    (requests.exceptions.ChunkedEncodingError(http.client.IncompleteRead(b"")), "cut", "cut"),
    (ConnectionResetError("reset"), "cut", "cut"),
]


@pytest.mark.parametrize(
    ("error", "first", "later"), NETWORK, ids=lambda each: getattr(each, "__class__", type).__name__
)
def test_errors_of_the_network_are_found_behind_the_users_own_exception(error, first, later):
    assert asked(wrapping(error)).outcome == first
    assert asked(wrapping(error, "a")).outcome == later


def test_keys_do_not_get_into_the_record(monkeypatch):
    monkeypatch.setenv("HOUSE_TOKEN", "open-sesame")
    record = asked(wrapping(ValueError("open-sesame was refused, Bearer abcdef too")))
    assert record.fault.endswith("failed: *** was refused, Bearer *** too.")
    assert os.environ["HOUSE_TOKEN"] == "open-sesame"


def sleeping(*before):
    def query_model(prompt, max_resp_tokens):
        yield from before
        gevent.sleep(30)
        yield "never"

    return query_model


CLOCKS = [
    (
        {"first_byte_s": SHORT_S},
        (),
        "timeout_first_byte",
        "query_model() yielded nothing within 0.05 s (--first-byte-timeout).",
    ),
    ({"idle_s": SHORT_S}, ("a",), "timeout_idle", "query_model() yielded nothing more for 0.05 s (--idle-timeout)."),
    ({"total_s": SHORT_S}, ("a",), "timeout_total", "query_model() was not through within 0.05 s (--timeout)."),
]


@pytest.mark.parametrize(("clocks", "before", "outcome", "fault"), CLOCKS)
def test_our_own_clocks_ring_in_the_midst_of_it(clocks, before, outcome, fault):
    record = asked(sleeping(*before), Timeouts(**{"first_byte_s": 8, "idle_s": 8, "total_s": 8} | clocks))
    assert (record.outcome, record.fault) == (outcome, fault)
    assert record.text == "".join(before)


def wrapped_sleep():
    try:
        gevent.sleep(30)
    except BaseException as caught:
        raise FailedQueryError("something happened") from caught


def as_a_generator(prompt, max_resp_tokens):
    wrapped_sleep()
    yield


def as_a_function(prompt, max_resp_tokens):
    return wrapped_sleep()


@pytest.mark.parametrize("query_model", [as_a_generator, as_a_function])
def test_a_clock_that_the_function_wraps_is_still_ours(query_model):
    assert asked(query_model, Timeouts(first_byte_s=SHORT_S)).outcome == "timeout_first_byte"


def test_a_clock_that_the_function_swallows_is_rung_again(monkeypatch):
    monkeypatch.setattr("harness.wire.alarm._AGAIN_S", SHORT_S)
    caught = []

    def query_model(prompt, max_resp_tokens):
        for _ in range(3):
            try:
                gevent.sleep(1)
            except BaseException as error:  # noqa: BLE001
                caught.append(error)
        yield "at last"

    assert asked(query_model, Timeouts(first_byte_s=SHORT_S)).outcome == "timeout_first_byte"
    assert len(caught) == 3


def test_a_clock_that_the_function_swallows_is_still_ours():
    def query_model(prompt, max_resp_tokens):
        try:
            gevent.sleep(30)
        except BaseException:  # noqa: BLE001
            yield "never mind"

    assert asked(query_model, Timeouts(first_byte_s=SHORT_S)).outcome == "timeout_first_byte"


def test_idle_does_not_ring_while_yields_come():
    def query_model(prompt, max_resp_tokens):
        for _ in range(6):
            gevent.sleep(0.02)
            yield "a"

    # 0.12 s in all, and never 0.05 s between two
    record = asked(query_model, Timeouts(first_byte_s=SHORT_S, idle_s=SHORT_S))
    assert (record.outcome, record.text) == ("ok", "aaaaaa")


@pytest.mark.parametrize("catching", [False, True])
def test_whoever_kills_the_greenlet_passes_through_and_ends_the_generator(catching):
    closed, kept = [], []

    def query_model(prompt, max_resp_tokens):
        try:
            yield "a"
            gevent.sleep(30)
        except BaseException as caught:
            if catching:
                raise FailedQueryError("stopped") from caught
            raise
        finally:
            closed.append(True)

    ask = an_ask()
    ledger = Ledger(Identity("r1", "run", 1, "w0", 0, 1, "p/0"), ask, YIELDS, time.monotonic_ns())

    def keep(ledger, now_ns):
        kept.append(ledger.close(now_ns, "window"))
        return kept[0]

    user = gevent.spawn(exchange, ledger, YIELDS.encode(ask), Query(query_model), time.monotonic_ns, keep)
    gevent.sleep(0.02)
    user.kill()
    assert closed == [True]
    assert isinstance(user.value, gevent.GreenletExit)
    assert (kept[0].outcome, kept[0].text) == ("aborted", "a")


def test_no_clock_is_left_behind():
    asked(lambda prompt, bound: iter(["a"]), Timeouts(first_byte_s=SHORT_S))
    gevent.sleep(2 * SHORT_S)  # a clock that had not been stopped would ring here
