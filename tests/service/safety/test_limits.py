"""What a run may ask for at most."""

import pytest

from service.safety.limits import excesses
from service.settings import Limits

OPTIONS = {"users": [1, 2], "targets": [], "requests": None, "run_time_s": 30.0, "max_tokens": 256, "processes": 0}
LIMITS = Limits(users=10, points=4, requests=100, max_tokens=1_000, duration_s=120.0, processes=2)


def test_what_is_within_bounds_is_taken():
    assert excesses(OPTIONS, LIMITS) == []
    # 4 points of 30 s are just the 120 s that there are.
    assert excesses({**OPTIONS, "users": [1, 2, 3, 10]}, LIMITS) == []
    assert (
        excesses({**OPTIONS, "requests": 100, "run_time_s": 9_999.0, "max_tokens": 1_000, "processes": 2}, LIMITS) == []
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"users": [1, 11]}, "users: 11 is more than the 10 users at once that this service allows."),
        ({"users": [1] * 5, "run_time_s": 1.0}, "users: 5 is more than the 4 points, counting each target that"),
        ({"targets": [{}, {}, {}], "run_time_s": 1.0}, "users: 6 is more than the 4 points"),
        ({"requests": 101}, "requests: 101 is more than the 100 requests a point"),
        ({"max_tokens": 1_001}, "max-tokens: 1001 is more than the 1000 tokens an answer"),
        ({"processes": 3}, "processes: 3 is more than the 2 worker processes"),
        ({"run_time_s": 60.5}, "run-time: 121 is more than the 120 seconds for the whole run"),
    ],
)
def test_what_is_beyond_is_told(change, said):
    (sentence,) = excesses(OPTIONS | change, LIMITS)
    assert sentence.startswith(said)
