"""Who may take part in a run, and the sentence for who may not."""

import msgspec
import pytest
from support.folders import manifest

from harness.opening import Secrets
from harness.options import Options
from harness.run import Anchor, TestsetInfo
from harness.shelf import find
from harness.swarm.papers import Assignment, Hello, unfit, unlike

OURS = {"python": "3.11.7", "llocust": "0.2.0", "locust": "2.47.0", "gevent": "26.9.0"}
KEY = "sk-not-to-be-seen-anywhere"


def hello(users=("Chat",), **versions) -> Hello:
    return Hello(host="far", pid=7, versions=OURS | versions, users=list(users), start=Anchor(1, 2))


def test_one_that_is_like_the_master_may_come():
    assert unlike(hello(), OURS, ["Chat"]) is None
    assert unlike(hello(python="3.11.2", gevent="26.8.0"), OURS, ["Chat"]) is None
    assert unlike(hello(users=("A", "B")), OURS, ["B", "A"]) is None


@pytest.mark.parametrize(
    ("theirs", "sentence"),
    [
        (
            hello(llocust="0.1.0"),
            "The worker on far has llocust 0.1.0 and the master 0.2.0: install the same version on both.",
        ),
        (
            hello(locust="2.46.0"),
            "The worker on far has locust 2.46.0 and the master 2.47.0: install the same version on both.",
        ),
        (
            hello(python="3.12.7"),
            "The worker on far has Python 3.12 and the master 3.11: install the same version on both.",
        ),
        (
            hello(users=("Other",)),
            "The worker on far has the user classes Other and the master Chat: give both the same --locustfile.",
        ),
    ],
)
def test_one_that_is_not_is_told_why(theirs, sentence):
    assert unlike(theirs, OURS, ["Chat"]) == sentence


SET = find("chat")
OTHER = find("code")


def assignment(has_key=False) -> Assignment:
    named = TestsetInfo(SET.name, SET.source, SET.digest, 1)
    return Assignment(worker="w0", manifest=manifest(testset=named), has_key=has_key)


def fits(testset=SET, key=None, has_key=False) -> str | None:
    return unfit(assignment(has_key), Options(host="http://h"), testset, Secrets(key, {}))


def test_the_same_testset_and_a_key_where_the_master_has_one():
    assert fits() is None
    assert fits(key=KEY, has_key=True) is None
    assert fits(key=KEY, has_key=False) is None


def test_another_testset():
    sentence = fits(OTHER)
    assert sentence.startswith("--testset chat: the worker's copy (")
    assert SET.digest.removeprefix("sha256:")[:12] in sentence
    assert OTHER.digest.removeprefix("sha256:")[:12] in sentence


def test_a_missing_key_is_named_by_its_variable():
    assert "OPENAI_API_KEY is set for the master, and not for the worker" in fits(has_key=True)


def test_an_assignment_travels_as_plain_values_without_the_key():
    sent = msgspec.to_builtins(assignment(has_key=True))
    assert msgspec.convert(sent, Assignment) == assignment(has_key=True)
    assert KEY not in repr(sent)
