"""A hand and its stage, moved by orders; no user is there, and no clock is waited for."""

import pytest
from locust.env import Environment
from support.folders import manifest, record

from harness.options import Options
from harness.run import health_path, records_path
from harness.shelf import find
from harness.swarm import books
from harness.swarm.hand import Hand
from harness.swarm.orders import Begin, Mark
from harness.swarm.plan import Plan
from harness.swarm.stage import Stage
from harness.ways import Secrets, Way
from harness.wire.network import resolve

SET = find("chat")
WAYS = {"default": Way(resolve("http://h"), Secrets(None, {}))}


@pytest.fixture
def environment():
    return Environment(user_classes=[])


@pytest.fixture
def hand(environment, tmp_path):
    plan = Plan(tmp_path, manifest(), Options(host="http://h"), SET, WAYS)
    hand = Hand(environment, Stage(plan, "w1"))
    yield hand
    hand.finish()
    hand.leave()


def begin(number=1, point=1, **fields) -> Begin:
    return Begin(number=number, point=point, **({"users": 5, "place": 0, "of": 1} | fields))


def test_users_have_every_third_index_from_their_place_on(hand):
    hand.obey(begin(place=1, of=3))
    assert [hand.stage.next_user() for _ in range(3)] == [1, 4, 7]
    # A new point begins anew, unless the users stay.
    hand.obey(begin(2, 2, place=0, of=2))
    assert [hand.stage.next_user() for _ in range(2)] == [0, 2]
    hand.obey(begin(3, 3, place=0, of=2, users_stay=True))
    assert hand.stage.next_user() == 4


def test_phases_are_stamped_as_they_are_ordered(hand):
    hand.obey(begin())
    for number, what in enumerate(("settle", "open", "close"), 2):
        hand.obey(Mark(number=number, point=1, what=what))
    phases = hand.count().phases
    assert phases.spawn_ns <= phases.settle_ns <= phases.window_ns <= phases.cooldown_ns
    assert (hand.count().heard, phases.end_ns) == (4, None)
    hand.obey(Mark(number=5, point=1, what="end"))
    assert hand.closed(1).phases.end_ns >= phases.cooldown_ns


def test_a_window_that_was_never_open_is_not_closed(hand):
    hand.obey(begin())
    hand.obey(Mark(number=2, point=1, what="close"))
    assert hand.count().phases.cooldown_ns is None


def test_a_window_is_enclosed_after_the_point_began(hand):
    hand.obey(begin(requests=3))
    hand.obey(Mark(number=2, point=1, what="enclose", begin_ns=50, end_ns=90))
    phases = hand.count().phases
    assert (phases.window_ns - phases.spawn_ns, phases.cooldown_ns - phases.spawn_ns) == (50, 90)


def test_tickets_are_used_up_and_can_be_called_back(hand):
    hand.obey(begin(requests=3))
    hand.stage.admit()
    assert (hand.count().tickets, hand.count().tickets_left) == (3, 2)
    hand.obey(Mark(number=2, point=1, what="halt"))
    # The one that was taken is still to end.
    assert (hand.count().tickets, hand.count().tickets_left) == (1, 0)


def test_a_time_bounded_point_has_no_tickets(hand):
    hand.obey(begin())
    hand.stage.admit()
    hand.obey(Mark(number=2, point=1, what="halt"))
    assert hand.count().tickets is None


def test_points_are_made_of_orders_and_closed_once(hand, tmp_path):
    hand.obey(begin(point=4, users=9))
    (point,) = hand.stage.plan.manifest.points
    assert (point.index, point.users, set(point.phases)) == (4, 9, {"w1"})
    hand.obey(Mark(number=2, point=4, what="end"))
    closed = hand.closed(4)
    hand.obey(Mark(number=3, point=4, what="end"))
    assert hand.closed(4) is closed
    assert hand.finish() == []
    assert records_path(tmp_path, point, "w1").exists()
    assert health_path(tmp_path, point, "w1").exists()


def test_what_is_open_is_closed_when_the_users_are_gone(hand):
    hand.obey(begin(point=1))
    hand.obey(begin(2, 2, users_stay=True))
    closed = hand.finish()
    assert [each.point for each in closed] == [1, 2]
    # Of the first the end was stamped when the second began.
    assert closed[0].phases.end_ns <= closed[1].phases.spawn_ns


def test_locusts_events_are_counted_by_point(hand, environment):
    hand.obey(begin(point=1))
    for each in (record(), record(seq=1, outcome="cut"), record(seq=2, outcome="aborted")):
        books.post(environment, each, wall_s=0.0, url="", context={})
    (closed,) = hand.finish()
    assert (closed.requests, closed.failures) == (2, 1)


def test_files_are_told_of(environment, tmp_path):
    told = []
    plan = Plan(tmp_path, manifest(), Options(host="http://h"), SET, WAYS)
    hand = Hand(
        environment,
        Stage(plan, "w1"),
        begun=lambda point: told.append(("begun", point.index)),
        finished=lambda point: {"records": point.index},
    )
    hand.obey(begin(point=7))
    (closed,) = hand.finish()
    hand.leave()
    assert (told, closed.sizes) == ([("begun", 7)], {"records": 7})


def test_a_disk_that_does_not_take_it_is_told(environment, tmp_path):
    plan = Plan(tmp_path / "file", manifest(), Options(host="http://h"), SET, WAYS)
    (tmp_path / "file").write_text("in the way")
    hand = Hand(environment, Stage(plan, "w1"))
    hand.obey(begin())
    assert hand.count().trouble == "Records cannot be written: Not a directory. What was written is kept."
    hand.leave()
