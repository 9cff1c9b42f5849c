import numpy as np
import pytest

from harness import metrics

SECONDS = [
    # microseconds, seconds
    (0, 0.0),
    (1, 0.000001),
    (104_100, 0.1041),
    (2_500_000, 2.5),
]

TPOT = [
    # first and last content arrival in us, output tokens, seconds per token
    (100_000, 100_000, 2, 0.0),  # one event that brought two tokens
    (104_100, 144_090, 3, 0.019995),  # 39,990 us over two gaps
    (500_000, 2_500_000, 5, 0.5),  # 2 s over four gaps
    (0, 1_000_000, 2, 1.0),  # 1 s over one gap
]

PER_SECOND = [
    # count, microseconds, per second
    (0, 1_000_000, 0.0),
    (15, 500_000, 30.0),
    (256, 4_000_000, 64.0),
    (1, 3_000_000, 1 / 3),
    (11, 39_990, 11 / 0.03999),
]


@pytest.mark.parametrize(("us", "expected"), SECONDS)
def test_seconds(us, expected):
    assert metrics.seconds(us) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("first_us", "last_us", "output_tokens", "expected"), TPOT)
def test_tpot(first_us, last_us, output_tokens, expected):
    assert metrics.tpot_s(first_us, last_us, output_tokens) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("count", "us", "expected"), PER_SECOND)
def test_per_second(count, us, expected):
    assert metrics.per_second(count, us) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("formula", "table"),
    [(metrics.seconds, SECONDS), (metrics.tpot_s, TPOT), (metrics.per_second, PER_SECOND)],
    ids=["seconds", "tpot", "per_second"],
)
@pytest.mark.parametrize("dtype", [np.int64, np.float64])
def test_a_column_gives_what_its_numbers_give_one_by_one(formula, table, dtype):
    *columns, expected = (np.array(column) for column in zip(*table, strict=True))
    found = formula(*(column.astype(dtype) for column in columns))

    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert list(found) == [formula(*row[:-1]) for row in table]


def test_what_was_not_observed_stays_so_in_a_column():
    missing = np.array([np.nan, 1_000_000.0])

    np.testing.assert_array_equal(metrics.seconds(missing), [np.nan, 1.0])
    np.testing.assert_array_equal(
        metrics.tpot_s(missing, np.array([1.0, 3_000_000.0]), np.array([2.0, 3.0])), [np.nan, 1.0]
    )
    np.testing.assert_array_equal(metrics.per_second(np.array([1.0, 5.0]), missing), [np.nan, 5.0])


def test_keys_are_unique_and_say_their_unit():
    rows = [*metrics.LATENCIES, *metrics.STREAM, *metrics.CLIENT]
    endings = {"s": "_s", "s/token": "_s", "chars/s": ("chars_per_s", "chars_per_s_decode"), "tokens/s": "tokens_per_s"}

    assert len({row.key for row in rows}) == len(rows)
    assert all(row.key.endswith(endings[row.unit]) for row in rows)
    assert all(row.label and row.definition for row in rows)


def test_objectives_are_bounds_on_metrics_there_are():
    # itl_p95 is the 95th percentile of itl_s within one request.
    keys = {row.key for row in metrics.LATENCIES}

    assert {name.removesuffix("_p95") + "_s" for name in metrics.SLO_METRICS} <= keys
