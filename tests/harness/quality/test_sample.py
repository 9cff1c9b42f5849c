"""Samples that do not depend on the order in which things come."""

from hypothesis import given
from hypothesis import strategies as st

from harness.quality.sample import choose, repeats

IDS = st.sets(st.text(max_size=5), max_size=30)


@given(IDS, st.integers(0, 40), st.text(max_size=100))
def test_a_sample_is_part_of_all_and_as_large_as_can_be(ids, most, seed):
    chosen = choose(ids, most, seed)
    assert chosen <= ids
    assert len(chosen) == min(most, len(ids))


@given(IDS, st.integers(0, 40))
def test_a_larger_sample_holds_the_smaller_one(ids, most):
    assert choose(ids, most, "s") <= choose(ids, most + 1, "s")


@given(st.lists(st.text(max_size=5), unique=True, max_size=30), st.integers(0, 10))
def test_their_order_says_nothing(ids, most):
    assert choose(ids, most, "s") == choose(reversed(ids), most, "s")


@given(IDS)
def test_all_where_no_number_is_given(ids):
    assert choose(ids, None, "s") == ids


def test_another_seed_chooses_others():
    ids = [str(number) for number in range(100)]
    assert choose(ids, 10, "1") != choose(ids, 10, "2")


def test_every_id_has_the_same_chance():
    # Of a hundred each is in a tenth of a thousand samples of ten: 100 times, give or take 5 standard deviations of
    # sqrt(1000 * 0.1 * 0.9) = 9.5.
    ids = [str(number) for number in range(100)]
    times = dict.fromkeys(ids, 0)
    for seed in range(1000):
        for each in choose(ids, 10, str(seed)):
            times[each] += 1
    assert all(52 <= count <= 148 for count in times.values())


def test_how_many_are_asked_about_twice():
    # A tenth, but 5 at least, 50 at most, and never more than there are.
    assert [repeats(count) for count in (0, 3, 5, 50, 51, 60, 61, 500, 501, 9999)] == [0, 3, 5, 5, 6, 6, 7, 50, 50, 50]
