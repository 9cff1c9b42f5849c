from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.rows import NOON, row

from service.store.averages import Sums
from service.store.nouns import Added, BadCursor, Page, ResultFilter

EVERYTHING = ResultFilter(outcome="any")


def ids(store, wanted=None, page=None) -> list[str]:
    return [each.request_id for each in store.results(wanted, page).items]


def test_a_row_comes_back_as_it_went_in(store):
    full = row(run="r1", point=2, users=8, phase="window", generated_text="ünïcode 😀 \u2028")
    bare = row(1, **dict.fromkeys(["prompt_text", "generated_text", "token_count", "time_to_first_token"]), model=None)
    assert store.add_results([full, bare]) == Added(2, 0)
    assert store.results().items == [bare, full]  # of the same moment the later one first


def test_zero_is_kept_and_is_not_nothing(store):
    store.add_results([row(token_count=0, time_to_first_token=0.0), row(1, token_count=None, time_to_first_token=None)])
    (average,) = store.average()
    assert (average.token_count, average.time_to_first_token) == (0, 0)
    assert (average.observed.token_count, average.observed.time_to_first_token, average.count) == (1, 1, 2)


def test_averages_are_over_the_rows_that_have_the_figure(store):
    store.add_results(
        [
            row(
                0, 0, token_count=10, time_to_first_token=100.0, time_per_output_token=8.0, total_generation_time=300.0
            ),
            row(
                1, 1, token_count=21, time_to_first_token=None, time_per_output_token=None, total_generation_time=600.0
            ),
            row(
                2,
                2,
                token_count=None,
                time_to_first_token=50.0,
                time_per_output_token=None,
                total_generation_time=150.0,
            ),
        ]
    )
    (average,) = store.average()
    # 31 / 2, 150 / 2, 8 / 1, 1050 / 3
    assert average.token_count == 15.5
    assert average.time_to_first_token == 75.0
    assert average.time_per_output_token == 8.0
    assert average.total_generation_time == 350.0
    assert average.count == 3
    assert average.observed == (2, 2, 1, 3)


def test_what_failed_is_averaged_only_when_it_is_asked_for(store):
    store.add_results(
        [
            row(0, token_count=1),
            row(1, token_count=3, outcome=None),
            row(2, token_count=100, outcome="cut"),
            row(3, token_count=200, outcome="aborted"),
        ]
    )
    counted = {word: store.average(ResultFilter(outcome=word)) for word in (None, "ok", "any", "failed", "aborted")}
    assert {word: (each.count, each.token_count) for word, (each,) in counted.items()} == {
        None: (2, 2),  # (1 + 3) / 2: ok, and the one that says nothing
        "ok": (1, 1),
        "any": (4, 76),  # 304 / 4
        "failed": (1, 100),
        "aborted": (1, 200),
    }
    assert store.average(ResultFilter(outcome="tls")) == []


def test_averages_by_model(store):
    store.add_results(
        [
            row(0, model="b", token_count=4),
            row(1, model="a", token_count=1),
            row(2, model="a", token_count=2),
            row(3, model=None, token_count=9),
        ]
    )
    found = store.average(by_model=True)
    assert [(each.model, each.count, each.token_count) for each in found] == [(None, 1, 9), ("a", 2, 1.5), ("b", 1, 4)]
    assert [each.count for each in store.average(ResultFilter(model="a"))] == [2]
    assert store.average(ResultFilter(model="c")) == []


def test_both_ends_belong_to_the_window(store):
    store.add_results([row(n, n) for n in range(5)])
    second = timedelta(seconds=1)
    (average,) = store.average(ResultFilter(begin=NOON + second, end=NOON + 3 * second))
    assert average.count == 3
    us = timedelta(microseconds=1)
    (average,) = store.average(ResultFilter(begin=NOON + second + us, end=NOON + 3 * second - us))
    assert average.count == 1
    assert ids(store, ResultFilter(begin=NOON + second, end=NOON + 3 * second)) == ["r-3", "r-2", "r-1"]


def test_an_empty_store_and_an_empty_window_have_no_average(store):
    assert store.average() == []
    store.add_results([row()])
    assert store.average(ResultFilter(begin=NOON + timedelta(seconds=1))) == []


def test_a_row_that_comes_again_changes_nothing(store):
    rows = [row(n, n) for n in range(3)]
    assert store.add_results(rows) == Added(3, 0)
    before = store.average()
    assert store.add_results([*rows, row(3, 3), row(3, 3)]) == Added(1, 4)
    assert store.add_results(rows) == Added(0, 3)
    (average,) = store.average()
    assert average.count == before[0].count + 1 == store.results().total


def test_a_row_with_other_content_is_a_conflict_and_nothing_is_kept(store):
    store.add_results([row(0)])
    other = msgspec.structs.replace(row(0), token_count=12)
    assert store.add_results([row(1), other]) == Added(0, 0, ["r-0"])
    assert store.add_results([row(2), row(2, prompt_text="another")]) == Added(0, 0, ["r-2"])
    assert ids(store) == ["r-0"]
    assert store.results().items == [row(0)]
    assert store.average()[0].count == 1


def test_the_same_id_in_another_run_is_another_row(store):
    rows = [row(0), row(0, run="a"), row(0, run="b", token_count=1)]
    assert store.add_results(rows) == Added(3, 0)
    assert store.add_results(rows) == Added(0, 3)
    assert store.results(ResultFilter(run="b")).items == [rows[2]]


def test_a_filter_of_every_kind(store):
    store.add_results(
        [
            row(0, 0, run="a", point=1, phase="settle"),
            row(1, 1, run="a", point=1, phase="window"),
            row(2, 2, run="a", point=2, phase="window", outcome="cut", model="other"),
            row(3, 3, run="b", point=1, phase="window", outcome="timeout_idle"),
        ]
    )
    found = {
        "run": ResultFilter(run="a"),
        "point": ResultFilter(run="a", point=1),
        "model": ResultFilter(model="tiny"),
        "outcome": ResultFilter(outcome="cut"),
        "failed": ResultFilter(outcome="failed"),
        "phase": ResultFilter(phase="window"),
        "both": ResultFilter(run="a", phase="window", outcome="ok"),
        "id": ResultFilter(request_id="r-3"),
        "none": ResultFilter(run="nowhere"),
        "no model": ResultFilter(model="nobody's"),
    }
    wanted = {
        "run": ["r-2", "r-1", "r-0"],
        "point": ["r-1", "r-0"],
        "model": ["r-3", "r-1", "r-0"],
        "outcome": ["r-2"],
        "failed": ["r-3", "r-2"],
        "phase": ["r-3", "r-2", "r-1"],
        "both": ["r-1"],
        "id": ["r-3"],
        "none": [],
        "no model": [],
    }
    assert {name: ids(store, wanted) for name, wanted in found.items()} == wanted
    assert {name: store.results(each).total for name, each in found.items()} == {
        name: len(each) for name, each in wanted.items()
    }
    assert {name: _count(store, each) for name, each in found.items() if each.outcome is None} == {
        # 2 and 3 failed
        "run": 2,
        "point": 2,
        "model": 2,
        "phase": 1,
        "id": 0,
        "none": 0,
        "no model": 0,
    }


def _count(store, wanted) -> int:
    return sum(each.count for each in store.average(wanted))


@pytest.mark.parametrize(
    "wanted", [ResultFilter(), ResultFilter(model="tiny"), ResultFilter(run="a"), ResultFilter(phase="window")]
)
def test_pages_are_all_rows_and_none_twice(store, wanted):
    # Three rows a moment, so that a page ends in the midst of them.
    store.add_results([row(n, n // 3, run="a", phase="window", outcome=("ok", "cut")[n % 2]) for n in range(10)])
    store.add_results([row(99, 1, model="other")])
    all_rows = ids(store, wanted)
    assert all_rows[:3] == ["r-9", "r-8", "r-7"]
    seen, cursor = [], None
    while True:
        page = store.results(wanted, Page(limit=4, cursor=cursor))
        seen += [each.request_id for each in page.items]
        assert page.total == len(all_rows)
        cursor = page.next
        if cursor is None:
            break
    assert seen == all_rows
    assert ids(store, wanted, Page(limit=4, offset=3)) == all_rows[3:7]


def test_a_page_that_ends_with_the_last_row_is_the_last(store):
    store.add_results([row(n, n) for n in range(4)])
    assert store.results(page=Page(limit=4)).next is None
    assert store.results(page=Page(limit=4, offset=4)).items == []


@pytest.mark.parametrize("cursor", ["", "x", "1", "1.x", "99999999999999999999999.1"])
def test_a_cursor_that_no_page_gave(store, cursor):
    with pytest.raises(BadCursor, match="give the `next` of the page before"):
        store.results(page=Page(cursor=cursor))


def test_a_prompt_that_comes_often_is_kept_once(store):
    store.add_results([row(n, prompt_text="x" * 1000 + str(n % 2)) for n in range(100)])
    store.add_results([row(200, prompt_text="x" * 1000 + "1")])
    with store._database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM prompts").scalar_one() == 2


MOMENTS = st.integers(-20, 200_000).map(lambda tenths: NOON + timedelta(seconds=tenths / 10))
# Sums of such numbers are exact in any order, so that averages must be equal to the last bit.
MS = st.none() | st.integers(0, 2**20).map(lambda n: n / 1024)
ROWS = st.lists(
    st.builds(
        row,
        number=st.integers(0, 30),
        token_count=st.none() | st.integers(0, 1000),
        time_to_first_token=MS,
        time_per_output_token=MS,
        total_generation_time=MS,
        timestamp=MOMENTS,
        model=st.sampled_from(["a", "b", None]),
        outcome=st.sampled_from(["ok", None, "cut"]),
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    batches=st.lists(ROWS, min_size=1, max_size=4),
    windows=st.lists(st.tuples(MOMENTS, MOMENTS), min_size=1, max_size=5),
)
def test_averages_are_those_of_the_rows_one_by_one(store, batches, windows):
    _empty(store)
    kept = {}
    for batch in batches:
        if not store.add_results(batch).conflicting:
            kept |= {each.request_id: each for each in batch}
    for begin, end in windows:
        for by_model in (False, True):
            found = store.average(ResultFilter(begin=min(begin, end), end=max(begin, end)), by_model=by_model)
            assert found == _by_hand(kept.values(), min(begin, end), max(begin, end), by_model=by_model)
    assert store.average(EVERYTHING) == _by_hand(
        kept.values(), None, None, by_model=False, outcomes=("ok", None, "cut")
    )


def _empty(store) -> None:
    with store._database.writing() as connection:
        for table in ("results", "rollups"):
            connection.exec_driver_sql(f"DELETE FROM {table}")


def _by_hand(rows, begin, end, *, by_model, outcomes=("ok", None)):
    sums = {}
    for each in rows:
        if each.outcome in outcomes and (begin is None or begin <= each.timestamp <= end):
            sums.setdefault(each.model if by_model else None, Sums()).add(each)
    return [sums[model].average(model) for model in sorted(sums, key=lambda name: name or "")]


def test_the_ends_of_the_calendar_can_be_asked_for(store):
    store.add_results([row()])
    (average,) = store.average(
        ResultFilter(begin=datetime.min.replace(tzinfo=UTC), end=datetime.max.replace(tzinfo=UTC))
    )
    assert average.count == 1
