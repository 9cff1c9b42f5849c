"""A module as a dialect: what it may say, what it sends, what is read by it, and what becomes of what it raises."""

import json
from types import ModuleType

import pytest

from harness import dialects
from harness.call import Arrival, Call, Head
from harness.dialects import DIALECTS, adopt, dialect_of, is_known, is_own, read_name
from harness.dialects.ask import Ask
from harness.dialects.own import Unread, make_dialect
from harness.dialects.piece import Fault, Finish, Text
from harness.exchange import Identity, Ledger, exchange
from harness.outcome import Unreadable
from harness.sampling import Sampling
from harness.sse import Event
from harness.testset import Message

PLAIN = "def encode(ask):\n    return {'question': ask.prompt}\ndef decode(event):\n    yield event.data\n"


def module(source=PLAIN, more=""):
    made = ModuleType("mine")
    made.__file__ = "mine.py"
    exec(compile(source + more, "mine.py", "exec"), vars(made))
    return made


def dialect(source=PLAIN, more=""):
    return make_dialect(module(source, more), "./mine.py")


def an_ask(**changes):
    given = {"id": "r1", "url": "http://h/ask", "model": "m", "messages": (Message("user", "Why?"),), "max_tokens": 7}
    return Ask(**given | changes)


def test_a_dict_becomes_the_body_of_a_request():
    call = dialect().encode(an_ask(key="sk-1", headers={"X-Team": "t"}))
    assert (call.method, call.url, json.loads(call.body)) == ("POST", "http://h/ask", {"question": "Why?"})
    assert call.headers == {
        "Content-Type": "application/json",
        "Accept": "text/event-stream",
        "X-Request-ID": "r1",
        "Authorization": "Bearer sk-1",
        "X-Team": "t",
    }
    assert call.flaw is None


def test_a_call_is_sent_as_it_is_with_the_id_of_the_request():
    source = (
        "from harness.call import Call\ndef encode(ask):\n    return Call('PUT', ask.url + '/x', {'A': 'b'}, b'hi')\n"
    )
    asked = an_ask()
    call = dialect(source + "def decode(event): pass\n").encode(asked)
    assert call == Call("PUT", "http://h/ask/x", {"X-Request-ID": "r1", "A": "b"}, b"hi", asked.timeouts)


def test_an_id_that_the_module_gives_stays():
    source = "from harness.call import Call\ndef encode(ask):\n    return Call('GET', ask.url, {'x-request-id': 'own'}, b'')\n"
    assert dialect(source + "def decode(event): pass\n").encode(an_ask()).headers == {"x-request-id": "own"}


FLAWED = [
    ("    return ask.missing\n", "AttributeError on line 2: 'Ask' object has no attribute 'missing'."),
    ("    return 'text'\n", "TypeError: it gave a str, and not a dict or a harness.call.Call."),
    ("    return {'set': {1}, 'o': object()}\n", "TypeError: Encoding objects of type object is unsupported."),
    ("    raise ValueError(f'bad key {ask.key}')\n", "ValueError on line 2: bad key ***."),
]


@pytest.mark.parametrize(("body", "fault"), FLAWED)
def test_what_encode_raises_is_the_flaw_of_its_request(body, fault):
    flaw = dialect("def encode(ask):\n" + body + "def decode(event): pass\n").encode(an_ask(key="hush-hush")).flaw
    assert flaw == f"encode() of ./mine.py raised {fault}"


def decoded(body, data="x"):
    return dialect("def encode(ask): return {}\ndef decode(event):\n" + body).decode(Event("message", data))


@pytest.mark.parametrize(
    ("body", "pieces"),
    [
        ("    yield event.data\n", [Text("x")]),
        ("    return [event.data, '', 'y']\n", [Text("x"), Text("y")]),
        ("    return None\n", []),
        ("    return\n    yield\n", []),
        (
            "    from harness.dialects.piece import Finish, Fault\n    yield Finish('end')\n    yield Fault('no')\n",
            [Finish("end"), Fault("no")],
        ),
    ],
)
def test_what_decode_gives_is_what_the_event_says(body, pieces):
    assert decoded(body) == pieces


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("    return {}['token']\n", "KeyError on line 3: 'token'"),
        ("    yield 3\n", "TypeError: it gave a int, and not a string or one of harness.dialects.piece"),
        ("    return 3\n", "TypeError: 'int' object is not iterable"),
        ("    yield 'a'\n    raise RuntimeError\n", "RuntimeError on line 4"),
    ],
)
def test_what_decode_raises_cannot_be_read(body, why):
    with pytest.raises(Unreadable) as caught:
        decoded(body)
    assert str(caught.value) == f"decode() of ./mine.py raised {why}."


def test_a_module_can_say_itself_that_it_cannot_read():
    with pytest.raises(Unreadable, match=r"^no word of mine$"):
        decoded("    from harness.outcome import Unreadable\n    raise Unreadable('no word of mine')\n")


def test_a_module_says_no_more_than_it_must():
    made = dialect()
    assert made.name == "./mine.py"
    assert made.endpoint("http://h/full/path?v=1") == "http://h/full/path?v=1"
    assert made.models("http://h") is None
    assert (made.key_env, made.framing, made.tells_end) == ("LLOCUST_API_KEY", None, False)
    assert (made.takes_images, made.refused_roles) == (False, frozenset())


def test_what_a_module_says_of_its_api():
    more = (
        "path = '/ask'\nlisting = '/models'\nkey_env = 'HOUSE_KEY'\nframing = 'lines'\ntells_end = True\n"
        "takes_images = True\nrefused_roles = {'tool'}\naccepts = 'application/x-ndjson'\nsamples = {'temperature': 'heat'}\n"
        "def credentials(key):\n    return {'X-Key': key or 'none'}\n"
    )
    made = dialect(more=more)
    assert (made.endpoint("http://h/v2"), made.endpoint("http://h/v2/ask")) == ("http://h/v2/ask",) * 2
    assert made.models("http://h") == "http://h/models"
    assert (made.key_env, made.framing, made.tells_end) == ("HOUSE_KEY", "lines", True)
    assert (made.takes_images, made.refused_roles) == (True, {"tool"})
    assert made.admission("k", {}) == {"X-Key": "k"}
    asked = made.encode(an_ask(key="k", sampling=Sampling(temperature=0.5)))
    assert json.loads(asked.body) == {"question": "Why?", "heat": 0.5}
    assert (asked.headers["Accept"], asked.headers["X-Key"]) == ("application/x-ndjson", "k")
    assert made.refusals(Sampling(temperature=1)) == []
    assert made.refusals(Sampling(top_p=0.5)) == [
        "has no name for --top-p in its `samples`: put one there, or leave it out"
    ]


class Unasked:
    """A wire over which nothing may be sent."""

    def send(self, call, listener):
        raise AssertionError("it was sent")


class Answering:
    def __init__(self, *reads, content_type="application/json"):
        self.reads, self.content_type = reads, content_type

    def send(self, call, listener):
        listener.sent(1_000, 10)
        listener.opened(Head(2_000, 200, self.content_type, None))
        for data in self.reads:
            listener.arrived(Arrival(3_000, data))
        listener.ended(4_000)


def exchanged(made, wire, **asked):
    ask = an_ask(**asked)
    ledger = Ledger(Identity("r1", "run", 1, "w0", 0, 1, "p/0"), ask, made, 0)
    return exchange(ledger, made.encode(ask), wire, lambda: 5_000, lambda ledger, now: ledger.close(now, "window"))


def test_a_request_that_could_not_be_made_is_malformed_and_was_never_sent():
    record = exchanged(dialect("def encode(ask): return 1 / 0\ndef decode(event): pass\n"), Unasked())
    assert (record.outcome, record.sent_ns, record.ended_us) == ("malformed", None, None)
    assert record.fault == "encode() of ./mine.py raised ZeroDivisionError on line 1: division by zero."


def test_an_answer_that_could_not_be_read_is_malformed_and_keeps_what_came_before():
    source = "framing = 'lines'\ndef encode(ask): return {}\ndef decode(event): return [{'1': 'one'}[event.data]]\n"
    record = exchanged(dialect(source), Answering(b"1\n2\n"))
    assert (record.outcome, record.chars) == ("malformed", [3])
    assert record.fault == "decode() of ./mine.py raised KeyError on line 3: '2'."


FRAMED = [
    ("framing = 'lines'\n", True, ["1", "2", "3"]),
    ("framing = 'chunks'\n", True, ["1\n2\n", "3"]),
    ("", True, ["1\n2\n3"]),  # as the content type says: one document
    ("framing = 'lines'\n", False, ["1\n2\n3"]),  # so does an answer that was wanted whole
]


@pytest.mark.parametrize(("framing", "stream", "events"), FRAMED)
def test_a_stream_is_cut_into_events_as_the_module_says(framing, stream, events):
    heard = []
    made = dialect(framing + "def encode(ask): return {}\ndef decode(event): heard.append(event.data); return 'x'\n")
    made._decode.__globals__["heard"] = heard
    assert exchanged(made, Answering(b"1\n2\n", b"3"), stream=stream).outcome == "ok"
    assert heard == events


@pytest.mark.parametrize(("tells_end", "outcome"), [(False, "ok"), (True, "truncated")])
def test_an_answer_without_an_end_is_whole_where_the_api_tells_none(tells_end, outcome):
    made = dialect(f"tells_end = {tells_end}\nframing = 'lines'\n" + PLAIN)
    assert exchanged(made, Answering(b"word\n")).outcome == outcome


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("", "it has no function encode(ask); it has no function decode(event)"),
        ("def encode(ask): pass\ndecode = 3\n", "it has no function decode(event)"),
        (PLAIN + "path = 3\ntells_end = 'yes'\n", "its path is a int; its tells_end is a str"),
        (PLAIN + "framing = 'words'\n", "its framing 'words' is none of sse, lines, chunks"),
        (PLAIN + "credentials = 'key'\n", "its credentials are no function of the key"),
    ],
)
def test_a_module_that_is_no_dialect(source, why):
    with pytest.raises(ValueError) as caught:
        dialect(source)
    assert str(caught.value) == why


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("./mine.py", True),
        ("mine.py", True),
        ("my_package.mine", True),
        ("chat", False),
        ("chatt", False),
        ("a..b", False),
    ],
)
def test_names_of_ones_own(name, own):
    assert is_own(name) is own


def test_a_name_is_read():
    assert [read_name(name) for name in ("chat", "./mine.py", "a.b")] == ["chat", "./mine.py", "a.b"]
    with pytest.raises(ValueError) as caught:
        read_name("gtp")
    told = str(caught.value)
    assert told.startswith(f"one of {', '.join(DIALECTS)}, or a dialect of your own: ")
    assert "./my_dialect.py" in told


def test_one_that_was_not_adopted_can_be_asked_about_and_not_asked_by():
    assert isinstance(dialect_of("./nobody.py"), Unread)
    assert not is_known("./nobody.py")
    assert dialect_of("./nobody.py").refusals(Sampling(temperature=1)) == []
    with pytest.raises(NotImplementedError):
        dialect_of("./nobody.py").encode(an_ask())
    with pytest.raises(KeyError):
        dialect_of("chatt")


def test_one_that_was_adopted_is_known(monkeypatch):
    monkeypatch.setattr(dialects, "_OTHERS", dict(dialects._OTHERS))
    made = dialect()
    adopt("./mine.py", made)
    assert dialect_of("./mine.py") is made
    assert is_known("./mine.py")
