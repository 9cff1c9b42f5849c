"""What a crew adds up to, and what each of its members is told."""

import pytest

from harness.run import Anchor, Phases, Point
from harness.swarm.crew import ORDER, Crew, Remote, add_up
from harness.swarm.orders import Begin, Closed, Count, Mark, closed_of, count_of, order_of, to_message
from harness.swarm.tally import Totals

S = 1_000_000_000


def count(heard=1, **fields) -> Count:
    nothing = {
        "arrived": 0,
        "answered": 0,
        "ended": 0,
        "tickets": None,
        "tickets_left": 0,
        "in_flight": 0,
        "awaited": 0,
    }
    unknown = {"quiet_ns": None, "first_send_ns": None, "last_end_ns": None, "trouble": None}
    rest = {"phases": Phases(spawn_ns=1), "totals": Totals()}
    return Count(heard=heard, **(nothing | unknown | rest | fields))


class Box:
    """A member that writes down what it is told."""

    def __init__(self, worker, said=None):
        self.worker = worker
        self.lost = False
        self.orders = []
        self.said = said
        self.ended = {}

    def obey(self, order):
        self.orders.append(order)

    def count(self):
        return self.said

    def closed(self, index):
        return self.ended.get(index)


def test_what_is_done_counts_whoever_did_it():
    here = count(arrived=2, answered=1, ended=5, in_flight=2, awaited=1, tickets_left=3)
    there = count(arrived=3, answered=3, ended=7, in_flight=1, awaited=0, tickets_left=1)
    now = add_up([here, there])
    assert (now.arrived, now.answered, now.ended, now.in_flight, now.awaited, now.tickets_left) == (5, 4, 12, 3, 1, 4)


def test_nothing_is_to_come_from_the_lost():
    now = add_up([count(ended=5, in_flight=2)], lost=[count(ended=7, in_flight=4, awaited=4, tickets_left=9)])
    assert (now.ended, now.in_flight, now.awaited, now.tickets_left) == (12, 2, 0, 0)


@pytest.mark.parametrize(
    ("ended", "tickets", "spent"), [((4, 6), (4, 6), True), ((4, 5), (4, 6), False), ((9, 9), (None, None), False)]
)
def test_a_bounded_point_is_spent_when_each_member_is(ended, tickets, spent):
    members = [count(ended=done, tickets=may) for done, may in zip(ended, tickets, strict=True)]
    assert add_up(members).spent is spent


def test_the_tickets_of_a_lost_member_are_not_waited_for():
    assert add_up([count(ended=4, tickets=4)], lost=[count(ended=1, tickets=6)]).spent is True


def test_the_crew_is_as_quiet_as_its_last_sender():
    assert add_up([count(quiet_ns=7 * S), count(quiet_ns=2 * S), count()]).quiet_ns == 2 * S
    assert add_up([count()]).quiet_ns is None


def test_one_trouble_is_everybodys():
    assert add_up([count(), count(trouble="The disk is full.")]).trouble == "The disk is full."


def test_places_and_tickets_are_dealt_in_order():
    boxes = [Box("w0"), Box("w1"), Box("w2")]
    crew = Crew(boxes)
    crew.begin(Point(index=1, users=4), requests=10)
    # Of 4 users two send 3 and two send 2; users 0 and 3 live with the first: 3 + 2.
    assert [box.orders for box in boxes] == [
        [Begin(number=1, point=1, users=4, place=place, of=3, requests=share)] for place, share in enumerate((5, 3, 2))
    ]


def test_the_places_of_the_lost_are_closed_up():
    boxes = [Box("w0"), Box("w1"), Box("w2")]
    crew = Crew(boxes)
    boxes[0].lost = True
    crew.begin(Point(index=2, users=4), requests=9)
    assert boxes[0].orders == []
    # 9 requests of 4 users: 3, 2, 2 and 2; the first of two has the users 0 and 2.
    told = [(box.orders[0].place, box.orders[0].of, box.orders[0].requests) for box in boxes[1:]]
    assert told == [(0, 2, 5), (1, 2, 4)]


def test_an_order_is_heard_when_all_who_are_present_have_followed_it():
    boxes = [Box("w0"), Box("w1")]
    crew, point = Crew(boxes), Point(index=1, users=2)
    crew.begin(point)
    crew.mark(point, "open")
    assert [box.orders[-1] for box in boxes] == [Mark(number=2, point=1, what="open")] * 2
    assert not crew.heard
    boxes[0].said, boxes[1].said = count(heard=2), count(heard=1)
    assert not crew.heard
    boxes[1].lost = True
    assert crew.heard


def test_what_was_said_before_the_point_is_of_the_one_before():
    box = Box("w0", count(heard=1, ended=9))
    crew = Crew([box])
    crew.begin(Point(index=1, users=1))
    assert crew.sum().ended == 9
    crew.begin(Point(index=2, users=1))
    assert (crew.sum().ended, crew.phases()) == (0, {})
    box.said = count(heard=2, ended=1)
    assert (crew.sum().ended, set(crew.phases())) == (1, {"w0"})


def test_the_window_of_a_bounded_point_is_first_send_to_last_end_of_all():
    boxes = [
        Box("w0", count(first_send_ns=5, last_end_ns=70)),
        Box("w1", count(first_send_ns=9, last_end_ns=90)),
        Box("w2", count()),
    ]
    crew, point = Crew(boxes), Point(index=1, users=3)
    crew.begin(point)
    crew.enclose(point)
    assert [(box.orders[-1].begin_ns, box.orders[-1].end_ns) for box in boxes] == [(5, 90)] * 3


def test_a_point_is_closed_when_all_who_are_present_have_closed_it():
    boxes = [Box("w0"), Box("w1")]
    crew, point = Crew(boxes), Point(index=3, users=2)
    boxes[0].ended[3] = closed = Closed(point=3, phases=Phases(spawn_ns=1), requests=4, failures=1, end=Anchor(1, 1))
    assert not crew.has_closed(point)
    assert crew.closed(point) == {"w0": closed}
    boxes[1].lost = True
    assert crew.has_closed(point)


class Sent:
    """A door that keeps what goes through it."""

    def __init__(self):
        self.messages = []
        self.present = True

    def send(self, name, message, node):
        self.messages.append((name, message, node))

    def is_there(self, node):
        return self.present

    def turn_away(self, node, why):
        self.messages.append(("away", why, node))


def test_a_remote_member_is_told_and_heard_by_message():
    door = Sent()
    remote = Remote("w1", "node", door)
    order = Begin(number=3, point=2, users=8, place=1, of=2)
    remote.obey(order)
    ((name, message, node),) = door.messages
    assert (name, order_of(message), node) == (ORDER, order, "node")
    assert (remote.count(), remote.closed(2)) == (None, None)
    told, ended = (
        count(heard=3, ended=4),
        Closed(point=2, phases=Phases(spawn_ns=1), requests=4, failures=0, end=Anchor(1, 1)),
    )
    remote.take_count(to_message(told))
    remote.take_closed(to_message(ended))
    assert (remote.count(), remote.closed(2)) == (told, ended)
    door.present = False
    assert not remote.alive


def test_messages_are_plain_and_come_back_as_they_were():
    for noun, back in (
        (Mark(number=2, point=1, what="enclose", begin_ns=3, end_ns=4), order_of),
        (count(totals=Totals(ok=1, ttft_s=[0.5], ttft_n=1)), count_of),
        (Closed(point=1, phases=Phases(spawn_ns=1), requests=1, failures=0, end=Anchor(1, 2), sizes={"health": 9}), closed_of),
    ):  # fmt: skip
        message = to_message(noun)
        assert is_plain(message)
        assert back(message) == noun


def is_plain(value) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_plain(each) for key, each in value.items())
    if isinstance(value, list):
        return all(is_plain(each) for each in value)
    return value is None or type(value) in (int, float, str, bool)
