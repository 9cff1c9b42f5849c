"""What things cost, by hand."""

import pytest
from msgspec.structs import replace
from support.folders import manifest, phases, point, record, refused, write_point, write_run
from support.priced import TABLE, mark, price, scorer

from harness.record import Usage
from harness.run import TargetInfo, write_manifest
from reports.build import build
from reports.load import load
from reports.report import Price, TargetCost

HOURLY = 'currency = "EUR"\n[targets.default]\nper_hour = 36\n'
"""A cent a second."""


def answers():
    """Four requests of the window and one before it.

    a: 1000 prompt tokens, 400 of them cached, 200 output, 50 of them reasoning:
       600 · 2 + 400 · 0.5 + 150 · 10 + 50 · 20 = 3900 millionths
    b: 1000 and 100, nothing told of the rest: 2000 + 1000 = 3000
    c: refused, no counts
    d: cut, 500 and 10: 1000 + 100 = 1100
    e: before the window, 100 and 10: 200 + 100 = 300
    """
    usage = {
        "a": Usage(prompt=1000, output=200, cached=400, reasoning=50),
        "b": Usage(prompt=1000, output=100),
        "d": Usage(prompt=500, output=10),
        "e": Usage(prompt=100, output=10),
    }
    rows = {
        "a": record(0, seq=1),
        "b": record(200, seq=2),
        "c": refused(400, seq=3),
        "d": record(600, seq=4, outcome="cut"),
        "e": record(-500, seq=5, phase="settle"),
    }
    return [replace(row, id=name, usage=usage.get(name)) for name, row in rows.items()]


@pytest.fixture
def folder(tmp_path):
    return write_run(tmp_path / "run", answers())


def cost_of(folder):
    return build(load(folder)).points[0].cost


def test_without_a_table_there_is_no_cost(folder):
    report = build(load(folder))
    assert report.prices is None
    assert report.points[0].cost is None


def test_tokens_are_paid_by_their_kind(folder):
    cost = cost_of(price(folder))
    assert (cost.currency, cost.basis) == ("USD", "tokens")
    assert cost.window == pytest.approx(0.008)  # 3900 + 3000 + 1100 millionths
    assert cost.whole_point == pytest.approx(0.0083)  # and 300
    assert cost.per_request == pytest.approx(0.008 / 3)
    assert cost.unpriced == 1  # c
    assert cost.per_1k_tokens == pytest.approx(0.008 / 0.310)
    assert cost.per_hour == pytest.approx(0.008 * 360)  # ten seconds
    assert (cost.check, cost.per_correct, cost.per_good) == (None, None, None)


def test_without_prices_of_their_own_cached_and_reasoning_tokens_cost_what_the_others_do(folder):
    cost = cost_of(price(folder, 'currency = "USD"\n[models.tiny]\ninput = 2\noutput = 10\n'))
    # a: 2000 + 2000, b 3000, d 1100
    assert cost.window == pytest.approx(0.0081)


def test_more_cached_tokens_than_there_are_cost_no_less_than_nothing(tmp_path):
    odd = replace(record(), usage=Usage(prompt=100, output=10, cached=999, reasoning=999))
    # 100 · 0.5 + 10 · 20
    assert cost_of(price(write_run(tmp_path, [odd]))).window == pytest.approx(250e-6)


def test_a_machine_is_paid_for_its_time(folder):
    cost = cost_of(price(folder, HOURLY))
    assert (cost.currency, cost.basis, cost.unpriced) == ("EUR", "machine", 0)
    assert cost.window == pytest.approx(0.10)  # ten seconds
    assert cost.whole_point == pytest.approx(0.14)  # 3 s before the window, 1 s after it
    assert cost.per_request == pytest.approx(0.10 / 4)
    assert cost.per_hour == pytest.approx(36)
    # 310 tokens arrived in the window, e's not.
    assert cost.per_1k_tokens == pytest.approx(0.10 / 0.310)


def test_the_worker_that_took_longest_says_how_long_a_machine_was_needed(tmp_path):
    row = point(phases={"w0": phases(), "w1": phases(window_s=20.0)})
    assert cost_of(price(write_run(tmp_path, answers(), row), HOURLY)).whole_point == pytest.approx(0.24)


def test_a_target_prevails_over_its_model(folder):
    cost = cost_of(price(folder, TABLE + "[targets.default]\nper_hour = 36\n"))
    assert (cost.basis, cost.window) == ("machine", pytest.approx(0.10))


def test_right_answers_have_a_price(folder):
    cost = cost_of(mark(price(folder), {"a": 1.0, "b": 0.0}))
    assert cost.check == "accuracy"
    assert cost.per_correct == pytest.approx(0.008)
    # Wilson of 1 in 2: 0.0945 to 0.9055, so 0.008 / (2 · 0.9055) to 0.008 / (2 · 0.0945).
    assert cost.interval_per_correct.low == pytest.approx(0.004418, rel=1e-3)
    assert cost.interval_per_correct.high == pytest.approx(0.04234, rel=1e-3)
    assert cost.unscored == 0


def test_a_good_answer_is_right_and_in_time(tmp_path):
    rows = [record(0, (100, 120), seq=1), record(200, (300, 320), seq=2), record(600, (100, 120), seq=3)]
    folder = price(write_run(tmp_path, rows, options={"slo": {"ttft": 0.2}}))
    ids = [row.id for row in rows]
    cost = cost_of(mark(folder, dict(zip(ids, (1.0, 1.0, 0.0), strict=True))))
    # Three requests of 10 prompt tokens and 2 output tokens, 40 millionths each; two are right, one of them in time.
    assert cost.per_correct == pytest.approx(60e-6)
    assert cost.per_good == pytest.approx(120e-6)
    # Wilson of 1 in 3: 0.0615 to 0.7923.
    assert cost.interval_per_good.low == pytest.approx(40e-6 / 0.7923, rel=1e-3)
    assert cost.interval_per_good.high == pytest.approx(40e-6 / 0.0615, rel=1e-3)


def test_without_a_bound_no_answer_is_good(folder):
    cost = cost_of(mark(price(folder), {"a": 1.0, "b": 1.0}))
    assert (cost.per_good, cost.interval_per_good) == (None, None)


def test_no_right_answer_has_no_price_rather_than_none_to_pay(folder):
    cost = cost_of(mark(price(folder), {"a": 0.0, "b": 0.0}))
    assert (cost.check, cost.per_correct, cost.interval_per_correct) == ("accuracy", None, None)


def test_where_not_all_are_scored_a_right_answer_has_no_price(folder):
    report = build(load(mark(price(folder), {"a": 1.0, "b": None})))
    assert (report.points[0].cost.per_correct, report.points[0].cost.unscored) == (None, 1)
    assert report.prices.gaps == [
        "Of the model tiny 1 answers have no word of accuracy, so the cost of a right answer is not told where they are."
    ]


def test_canaries_are_paid_for_and_no_answers(folder):
    rows = [replace(record(800, seq=6), id="f", canary=True, usage=Usage(prompt=500, output=0)), *answers()]
    write_point(folder, point(), rows)
    cost = cost_of(mark(price(folder), {"a": 1.0, "b": 0.0}))
    assert cost.window == pytest.approx(0.009)
    assert cost.per_correct == pytest.approx(0.008)


def test_the_check_is_the_first_that_says_anything(folder):
    mark(folder, {"a": 0.5, "b": 0.5}, scorer("coherence", checks=False))
    mark(folder, {"a": None, "b": None}, scorer("math"))
    mark(folder, {"a": 1.0, "b": 1.0}, scorer("json"))
    assert cost_of(price(folder)).check == "json"


def test_a_score_that_checks_nothing_makes_nothing_right(folder):
    mark(folder, {"a": 1.0, "b": 1.0}, scorer("coherence", checks=False))
    cost = cost_of(price(folder))
    assert (cost.check, cost.per_correct) == (None, None)


def test_a_server_that_counts_nothing_has_no_cost_and_that_is_said(tmp_path):
    report = build(load(price(write_run(tmp_path, [record(output=None)]))))
    cost = report.points[0].cost
    assert (cost.window, cost.whole_point, cost.per_request, cost.per_1k_tokens, cost.per_hour) == (None,) * 5
    assert cost.unpriced == 1
    assert report.prices.targets == [
        TargetCost(
            target="default", model="tiny", price="tiny", price_of="model", basis="tokens", whole_run=None, unpriced=1
        )
    ]
    assert report.prices.gaps == [
        "The server tells no token counts of the model tiny, so what its tokens cost is not known."
    ]


def test_a_point_that_was_never_begun_costs_nothing_that_is_known(tmp_path):
    folder = write_run(tmp_path, [], point(phases={}, state="planned"))
    for table in (TABLE, HOURLY):
        cost = cost_of(price(folder, table))
        assert (cost.window, cost.whole_point, cost.per_request, cost.unpriced) == (None, None, None, 0)


TARGETS = [
    TargetInfo(name=name, url=f"http://{name}", model=model, dialect="chat")
    for name, model in (("open", "tiny"), ("bought", "big"), ("other", 'a"b'))
]


def test_the_run_is_the_sum_of_its_points(tmp_path):
    rows = [point(1, 1, target="open"), point(2, 1, target="bought"), point(3, 2, target="open")]
    write_manifest(tmp_path, manifest(rows, targets=TARGETS))
    for row in rows:
        write_point(tmp_path, row, [replace(each, target=row.target, point=row.index) for each in answers()])
    table = 'currency = "USD"\n[models.big]\ninput = 2\noutput = 10\n[models.huge]\nper_hour = 1\n'
    found = build(load(price(tmp_path, table + "[targets.open]\nper_hour = 36\n"))).prices
    assert found.rows == [
        Price(name="big", of="model", input=2.0, output=10.0),
        Price(name="open", of="target", per_hour=36.0),
    ]
    # open: two points of 14 s; bought: a 4000, b 3000, d 1100, e 300 millionths.
    assert [(each.target, each.whole_run, each.unpriced) for each in found.targets] == [
        ("open", pytest.approx(0.28), 0),
        ("bought", pytest.approx(0.0084), 1),
    ]
    assert found.gaps == [
        'prices.toml has no price for the target other (a"b): add [models."a\\"b"] or [targets."other"] to it.'
    ]
    assert (found.currency, found.as_of, found.source) == ("USD", None, "prices.toml")
