"""Whom each user asks: the point's target, or in a mixed point its own."""

from pathlib import Path

from support.folders import manifest
from support.plans import HOST

from harness.options import resolve
from harness.run import Point, TargetInfo
from harness.shelf import find
from harness.swarm.aims import Aims
from harness.swarm.plan import Plan
from harness.ways import Secrets, Way
from harness.wire.network import DIRECT

KEY = "sk-not-to-be-seen"


def aims() -> Aims:
    words = ["name=a host=http://a model=one weight=2", "name=b host=http://b dialect=messages weight=1"]
    options = resolve({"host": HOST, "targets": words, "target_mode": "mixed", "users": "6"})
    targets = [
        TargetInfo(name="a", url="http://a/v1/chat/completions", model="one", dialect="chat", weight=2),
        TargetInfo(name="b", url="http://b/v1/messages", model="two", dialect="messages", weight=1),
    ]
    ways = {name: Way(DIRECT, Secrets(f"{KEY}-{name}", {"X": name})) for name in "ab"}
    return Aims(Plan(Path(), manifest(targets=targets), options, find("chat"), ways))


def names(point: Point | None, users: int = 6) -> list[str]:
    found = aims()
    return [found.of(user, point).name for user in range(users)]


def test_all_users_of_a_point_ask_its_target():
    assert names(Point(index=1, users=6, target="b")) == ["b"] * 6


def test_users_of_a_mixed_point_have_targets_by_weight():
    # By 2 : 1. Of one user a is owed 2/3, of two b 2/3, of three a one more.
    assert names(Point(index=1, users=6, target="mixed")) == ["a", "b", "a", "a", "b", "a"]


def test_before_the_first_point_there_is_a_target_all_the_same():
    assert names(None, 1) == ["a"]


def test_an_aim_has_all_that_a_request_needs_and_tells_no_secret():
    aim = aims().of(1, Point(index=1, users=6, target="mixed"))
    assert (aim.dialect.name, aim.url, aim.model, aim.key, aim.headers) == (
        *("messages", "http://b/v1/messages", "two", f"{KEY}-b", {"X": "b"}),
    )
    assert KEY not in repr(aim)
