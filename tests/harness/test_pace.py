import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import pace
from harness.pace import tickets, users_of


@pytest.mark.parametrize(
    ("users", "wanted", "rate"),
    [
        # All of them within 5 s.
        (1, None, 0.2),
        (5, None, 1),
        (400, None, 80),
        # A wish is granted, also one that takes longer.
        (400, 2, 2),
        (1, 0.1, 0.1),
    ],
)
def test_spawn_rate(users, wanted, rate):
    assert pace.spawn_rate(users, wanted) == pytest.approx(rate)


@pytest.mark.parametrize(("user", "rate", "offset_s"), [(0, 0.2, 0), (1, 4, 0.25), (2, 4, 0.5), (3, 0.5, 6)])
def test_a_user_begins_at_its_own_offset(user, rate, offset_s):
    assert pace.offset_s(user, rate) == offset_s


def test_offsets_are_evenly_spread_within_five_seconds():
    rate = pace.spawn_rate(10, None)
    assert [pace.offset_s(user, rate) for user in range(10)] == pytest.approx([0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5])


@pytest.mark.parametrize(
    ("elapsed_s", "users", "answered", "limit_s", "over"),
    [
        # Not before 2 s, whoever has answered.
        (0.0, 1, 1, 30, False),
        (1.99, 1, 1, 30, False),
        (2.0, 1, 1, 30, True),
        # Then as soon as all have.
        (2.0, 4, 3, 30, False),
        (29.9, 4, 3, 30, False),
        (2.0, 4, 4, 30, True),
        (2.0, 4, 5, 30, True),
        # At the latest at the limit, which may be below 2 s, or nothing.
        (30.0, 4, 0, 30, True),
        (1.0, 4, 0, 1, True),
        (0.9, 4, 4, 1, False),
        (0.0, 4, 0, 0, True),
        (2.0, 0, 0, 30, True),
    ],
)
def test_settled(elapsed_s, users, answered, limit_s, over):
    assert pace.settled(elapsed_s, users, answered, limit_s) is over


@pytest.mark.parametrize("of", [1, 2, 3, 7])
def test_every_user_lives_in_one_process(of):
    assert sorted(user for place in range(of) for user in users_of(10, place, of)) == list(range(10))


def test_tickets_go_with_users():
    # 10 requests of 3 users are 4, 3 and 3; the first of two processes has the users 0 and 2.
    assert [tickets(10, 3, place, 2) for place in range(2)] == [7, 3]
    assert [tickets(12, 3, place, 4) for place in range(4)] == [4, 4, 4, 0]
    assert tickets(10, 3, 0, 1) == 10


@given(users=st.integers(1, 50), more=st.integers(0, 500), of=st.integers(1, 60))
def test_tickets_add_up_to_the_requests(users, more, of):
    requests = users + more
    assert sum(tickets(requests, users, place, of) for place in range(of)) == requests
