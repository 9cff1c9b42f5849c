"""Who may take part in a run, and the sentence for who may not."""

import msgspec
import pytest
from support.folders import manifest

from harness.options import Options
from harness.run import Anchor, TestsetInfo
from harness.shelf import find
from harness.swarm.papers import Assignment, Hello, unfit, unlike
from harness.targets import Target
from harness.ways import Secrets, Way
from harness.wire.network import DIRECT

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


def assignment(keys=()) -> Assignment:
    named = TestsetInfo(SET.name, SET.source, SET.digest, 1)
    return Assignment(worker="w0", manifest=manifest(testset=named), keys=frozenset(keys))


def fits(testset=SET, key=None, keys=()) -> str | None:
    return unfit(assignment(keys), Options(host="http://h"), testset, {"default": Way(DIRECT, Secrets(key, {}))})


def test_the_same_testset_and_a_key_where_the_master_has_one():
    assert fits() is None
    assert fits(key=KEY, keys=["default"]) is None
    assert fits(key=KEY) is None


def test_another_testset():
    sentence = fits(OTHER)
    assert sentence.startswith("--testset chat: the worker's copy (")
    assert SET.digest.removeprefix("sha256:")[:12] in sentence
    assert OTHER.digest.removeprefix("sha256:")[:12] in sentence


def test_a_missing_key_is_named_by_its_variable():
    assert "OPENAI_API_KEY is set for the master, and not for the worker" in fits(keys=["default"])


def test_each_target_has_a_key_of_its_own():
    targets = tuple(Target(name=name, host="http://h", dialect="chat", api_key_env=f"KEY_{name}") for name in "ab")
    ways = {"a": Way(DIRECT, Secrets(KEY, {})), "b": Way(DIRECT, Secrets(None, {}))}
    options = Options(host="http://h", targets=targets)
    assert unfit(assignment("a"), options, SET, ways) is None
    assert unfit(assignment("ab"), options, SET, ways) == (
        "--api-key-env: KEY_b is set for the master, and not for the worker: set it there, too."
    )


def test_an_assignment_travels_as_plain_values_without_the_key():
    sent = msgspec.to_builtins(assignment(["default"]))
    assert msgspec.convert(sent, Assignment) == assignment(["default"])
    assert KEY not in repr(sent)


def with_canaries(theirs, ours) -> str | None:
    named = TestsetInfo("canaries", "birds.jsonl", ours.digest, 1)
    told = assignment()
    told = msgspec.structs.replace(told, manifest=manifest(testset=told.manifest.testset, canaries=named))
    return unfit(told, Options(host="http://h"), SET, {"default": Way(DIRECT, Secrets(None, {}))}, theirs)


def test_other_canaries():
    assert with_canaries(OTHER, OTHER) is None
    sentence = with_canaries(SET, OTHER)
    assert sentence.startswith("--canaries birds.jsonl: the worker's copy (")
    assert sentence.endswith("): bring the same file to both.")
