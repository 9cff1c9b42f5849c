"""When users begin and which of them are whose: arithmetic on indexes, without a clock.

Closed loop: a user asks again when its answer has ended, so the only times to plan are those of the first requests.
"""

_GOLDEN_RATIO = 0.6180339887498949

SPAWN_WITHIN_S = 5.0
"""Without a rate, all users begin within this."""


def spawn_rate(users: int, wanted: float | None) -> float:
    """Users per second: the wanted rate, or the one that spreads all of them over SPAWN_WITHIN_S."""
    return wanted if wanted is not None else users / SPAWN_WITHIN_S


def offset_s(user: int, rate: float) -> float:
    """When user 0, 1, 2, … begins, in seconds after the point does: one at a time, never a batch."""
    return user / rate


def batch_offset_s(user: int) -> float:
    """Where within a second a user begins whom Locust spawned in a batch; multiples of the golden ratio spread evenly,
    however large the batch is.
    """
    return user * _GOLDEN_RATIO % 1.0


def last_offset_s(users: int, rate: float) -> float:
    """When the last of `users` begins."""
    return offset_s(users - 1, rate) if users else 0.0


def users_of(users: int, place: int, of: int) -> range:
    """The indexes of the users that live in the load process at `place` of so many: every of-th one."""
    return range(place, users, of)


def tickets(requests: int, users: int, place: int, of: int) -> int:
    """How many of a point's requests a load process may send: what its users would, if all of them sent as many.

    Over all places it is exactly `requests`.
    """
    each, over = divmod(requests, users)
    return sum(each + (user < over) for user in users_of(users, place, of))


SETTLE_AT_LEAST_S = 2.0


def settled(elapsed_s: float, users: int, users_with_an_answer: int, limit_s: float) -> bool:
    """Whether a warm-up is over: every user has finished a request, after 2 s at the earliest and `limit_s` at most."""
    if elapsed_s >= limit_s:
        return True
    return elapsed_s >= SETTLE_AT_LEAST_S and users_with_an_answer >= users
