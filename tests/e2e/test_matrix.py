"""Hundreds of requests with all faults among them, plain and over TLS: nothing is lost, and nothing taken for another.

    LLOCUST_MATRIX=10000 pytest tests/e2e/test_matrix.py -s --timeout 300

sends as many, half of them each way, and prints what came of them.
"""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.matrix import BREAKING, OUTCOMES, run_matrix

REQUESTS = int(os.environ.get("LLOCUST_MATRIX", "1500"))
USERS = 40 if REQUESTS < 5000 else 100


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """At the same time, to save some."""
    with ThreadPoolExecutor() as pool:
        sent = {
            name: pool.submit(run_matrix, tmp_path_factory.mktemp(name), REQUESTS // 2, USERS, tls=name == "tls")
            for name in ("plain", "tls")
        }
        return {name: future.result() for name, future in sent.items()}


@pytest.fixture(scope="module", params=["plain", "tls"])
def matrix(request, both):
    print(f"\n{request.param}\n{both[request.param].table()}")
    return both[request.param]


def test_every_fault_occurred(matrix):
    assert {row["fault"] for row in matrix.truth.values()} == set(OUTCOMES)


def test_each_request_has_one_record_and_no_other_has(matrix):
    ids = [record.id for record in matrix.run.records()]
    assert len(ids) == len(set(ids)) == matrix.requests
    assert set(ids) == set(matrix.truth)


def test_each_ends_as_it_should(matrix):
    assert matrix.wrong() == []


def test_simulator_records_report_and_locust_count_alike(matrix):
    ok = matrix.true_outcomes["ok"]
    failed = matrix.requests - ok
    assert matrix.recorded_outcomes == matrix.true_outcomes
    assert matrix.point["requests"]["outcomes"] == dict(matrix.true_outcomes)
    assert (matrix.point["requests"]["ok"], matrix.point["requests"]["failed"]) == (ok, failed)
    assert matrix.point["locust"] == {"requests": matrix.requests, "failures": failed, "agrees": True}


def test_a_good_answer_is_whole(matrix):
    for record in matrix.run.records():
        row = matrix.truth[record.id]
        if record.outcome == "ok":
            assert (sum(record.chars), len(record.at_us)) == (sum(row["chars"]), len(row["chars"]))


def test_a_connection_that_broke_carries_nothing_more_and_every_other_goes_on(matrix):
    for earlier, later in matrix.in_succession():
        broke = matrix.truth[earlier.id]["fault"] in BREAKING
        assert later.reused is not broke, (earlier, later)
        same = matrix.truth[later.id]["connection"] == matrix.truth[earlier.id]["connection"]
        assert same is later.reused
        assert later.retried == 0
