"""Somebody who is asked beside the load: what comes back, what does not, and what is never told."""

import pytest
from support.judged import KEY
from support.oracle import Reply, chat, consulted, refusal

from harness.call import Timeouts
from harness.dialects import dialect_of
from harness.quality.correspondent import Correspondent, Unanswered, without_secrets
from harness.sampling import Sampling
from harness.testset import Message
from harness.ways import Secrets, Way
from harness.wire.kept import Patience
from harness.wire.network import DIRECT

CHAT = dialect_of("chat")
SECRET_HEADER = "header-canary-77aa31"


def a_correspondent(url, **fields):
    way = Way(DIRECT, Secrets(KEY, {"X-Tenant": SECRET_HEADER, "X-Short": "a"}))
    told = {"timeouts": Timeouts(), "patience": Patience(again=1, backoff_s=0.0)} | fields
    return Correspondent("The judge", CHAT.endpoint(url), "m", way, **told)


def ask(correspondent, text="Why?"):
    return correspondent.ask((Message("user", text),), dialect=CHAT, max_tokens=7, sampling=Sampling(temperature=0.0))


def refused(reply, status=None):
    with consulted(lambda _: reply) as oracle, pytest.raises(Unanswered) as caught:
        ask(a_correspondent(oracle.url))
    assert caught.value.why.replace(oracle.url, "URL") == str(caught.value).replace(oracle.url, "URL")
    return caught.value, caught.value.why.replace(oracle.url, "URL")


def test_it_is_asked_as_any_server_with_its_key():
    with consulted(lambda _: chat("So.", reasoning="Let me think of {json}.")) as oracle:
        said = ask(a_correspondent(oracle.url))
    assert said == ("So.", "stop")
    (heard,) = oracle.heard
    assert heard.path == "/v1/chat/completions"
    assert heard.headers["Authorization"] == f"Bearer {KEY}"
    assert heard.headers["X-Tenant"] == SECRET_HEADER
    assert heard.headers["X-Request-ID"].startswith("quality-")
    assert heard.body == {
        "model": "m",
        "messages": [{"role": "user", "content": "Why?"}],
        "max_tokens": 7,
        "temperature": 0.0,
        "stream": False,
    }


@pytest.mark.parametrize(
    ("status", "passing"),
    [
        (400, False),
        (401, True),
        (402, True),
        (403, True),
        (404, True),
        (413, False),
        (422, False),
        (429, True),
        (500, True),
    ],
)
def test_a_refusal_is_quoted_and_may_pass(status, passing):
    error, why = refused(refusal(status, "Not today. Come back."))
    outcome = {429: "refused_429", 500: "server_5xx"}.get(status, "refused_4xx")
    assert why == f"The judge at URL/v1/chat/completions did not answer ({outcome}: Not today. Come back)."
    assert (error.passing, error.status, error.reason) == (passing, status, f"{outcome}: Not today. Come back")


def test_an_error_inside_a_200():
    error, why = refused(Reply({"error": {"message": "out of memory"}}))
    assert why == "The judge at URL/v1/chat/completions did not answer (fault: out of memory)."
    assert error.passing


def test_what_is_no_answer_at_all():
    error, why = refused(Reply(b"<html>hello</html>", headers={"Content-Type": "text/html"}))
    assert "(malformed: the answer is text/html, not an event stream)" in why
    assert error.passing


def test_nobody_there():
    with pytest.raises(
        Unanswered, match=r"^The judge at http://127.0.0.1:1/v1/chat/completions did not answer \(connect: "
    ):
        ask(a_correspondent("http://127.0.0.1:1"))


def test_a_query_of_its_address_goes_with_each_question_and_is_not_told():
    with consulted(lambda _: chat("So.")) as oracle:
        correspondent = a_correspondent(f"{oracle.url}/v1?api-version=3")
        ask(correspondent)
    assert oracle.heard[0].path == "/v1/chat/completions?api-version=3"
    assert correspondent.url == f"{oracle.url}/v1/chat/completions"
    other = a_correspondent(f"{oracle.url}/v1?api-version=4")
    assert correspondent.whom.keys() == {"url", "query"}
    assert correspondent.whom["url"] == other.whom["url"] == correspondent.url
    assert correspondent.whom["query"] != other.whom["query"]
    assert "api-version" not in str(correspondent.whom)
    assert a_correspondent(oracle.url).whom == {"url": correspondent.url}


@pytest.mark.parametrize("thought", [None, "hm"])
def test_an_answer_that_says_nothing_is_an_answer(thought):
    with consulted(lambda _: chat("", reasoning=thought)) as oracle:
        assert ask(a_correspondent(oracle.url)) == ("", "stop")


@pytest.mark.parametrize("status", [401, 500])
def test_a_secret_that_the_server_repeats_is_not_told(status):
    words = f"Incorrect key {KEY}, tenant {SECRET_HEADER}, sk-abc123def456"
    _, why = refused(refusal(status, words))
    assert "Incorrect key ***, tenant ***, ***" in why


def test_what_is_quoted_steers_no_terminal():
    _, why = refused(refusal(400, "\x1b[2Jgone\x07 \u202enow"))
    assert why.endswith("(refused_4xx: \ufffd[2Jgone\ufffd \ufffdnow).")


@pytest.mark.parametrize("length", [8, 15, len(KEY) - 1])
def test_nor_is_a_part_of_it_where_the_words_are_cut(length):
    # Three hundred characters of what a server says are kept.
    _, why = refused(refusal(401, "x" * (300 - length) + KEY))
    assert why.endswith(f"(refused_4xx: {'x' * (300 - length)}).")


def test_a_secret_in_an_answer_is_not_told_and_nothing_else_is_touched():
    with consulted(lambda _: chat(f"a {KEY} b {SECRET_HEADER} c password: open token=a")) as oracle:
        assert ask(a_correspondent(oracle.url)).text == "a *** b *** c password: open token=a"


def test_no_repr_shows_a_secret():
    correspondent = a_correspondent("http://127.0.0.1:1")
    with pytest.raises(Unanswered) as caught:
        ask(correspondent)
    shown = repr(vars(correspondent)) + repr(caught.value) + repr(vars(caught.value))
    assert KEY not in shown
    assert SECRET_HEADER not in shown


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://u:p@h:8/v1?key=k#f", "https://h:8/v1"),
        ("http://h/v1", "http://h/v1"),
        ("http://[::1]:8/v1", "http://[::1]:8/v1"),
    ],
)
def test_an_address_is_told_without_secrets(url, shown):
    assert without_secrets(url) == shown
