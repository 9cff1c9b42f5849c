"""Master, workers and server on hosts of their own: one run, whole, however long the ways between them are."""

import statistics

import pytest
from support.hosts import MASTER_PORT, WORKERS, Ended, sweeping
from support.networks import Simulator, forwarder_on, simulator_on
from support.workers import assert_counts_agree

FAST = ("--ttft", "0.05", "--itl", "0.005", "--tokens", "20")
HOLD_S = 0.05
HOLD_NS = 50_000_000


@pytest.fixture
def simulator(net):
    with simulator_on(net, "server", *FAST) as running:
        yield running


def end_well(sweep):
    """Master and workers end by themselves, in good order; the run."""
    master, *workers = [Ended(process) for process in (sweep.master, *sweep.workers.values())]
    assert master.code == 0, master.said
    assert [(worker.code, worker.said) for worker in workers] == [(0, ""), (0, "")]
    assert sweep.run.manifest.state == "done"
    assert all(point.state == "done" for point in sweep.run.manifest.points)
    assert [sweep.spools(host) for host in WORKERS] == [[], []]
    return sweep.run


def process_of(run, host):
    (found,) = (process for process in run.manifest.processes if process.host == host)
    return found


def test_four_hosts_make_one_run(net, simulator):
    with sweeping(net, simulator.url, "--users", "1", "5", "--run-time", "3s") as sweep:
        run = end_well(sweep)
    assert_counts_agree(run, simulator)
    for point in run.manifest.points:
        records = run.records(point)
        assert {record.user for record in records} == set(range(point.users))
        # Of five users the first worker has 0, 2 and 4, and the second 1 and 3.
        assert all(record.worker == f"w{record.user % 2}" for record in records)
        assert set(point.phases) == {"w0", "w1"}
    assert {process.host for process in run.manifest.processes} == set(WORKERS)
    for process in run.manifest.processes:
        assert not process.lost
        # All hosts have this machine's clock, so that their true distance is 0.
        assert abs(process.offset_ns) <= process.offset_within_ns
    # Each request came from the host that recorded it.
    came_from = {row["id"]: row["connection"].rpartition(":")[0] for row in simulator.requests()}
    for host in WORKERS:
        mine = [record for record in run.records() if record.worker == process_of(run, host).worker]
        assert {came_from[record.id] for record in mine} == {net.address(host, "service")}


def test_a_bounded_number_of_requests_is_shared_exactly_between_hosts(net, simulator):
    with sweeping(net, simulator.url, "--users", "3", "--requests", "10") as sweep:
        run = end_well(sweep)
    assert_counts_agree(run, simulator)
    (point,) = run.report["points"]
    assert (point["requests"]["sent"], point["requests"]["ok"]) == (10, 10)
    # 10 requests of the users 0, 1 and 2: 4, 3 and 3, and the first worker has the users 0 and 2.
    assert [sum(record.worker == worker for record in run.records()) for worker in ("w0", "w1")] == [7, 3]


def test_a_long_way_to_the_server_is_in_the_times(net, simulator):
    to, far = simulator.url.removeprefix("http://"), f"http://{net.address('far', 'service')}:{Simulator.PORT}"
    with (
        forwarder_on(net, "far", Simulator.PORT, to, HOLD_S),
        sweeping(net, far, "--users", "4", "--run-time", "4s") as sweep,
    ):
        run = end_well(sweep)
    assert_counts_agree(run, simulator)
    truth = {row["id"]: row for row in simulator.requests()}
    answered = [record for record in run.records() if record.outcome.value == "ok"]
    assert answered
    beyond_ns = []
    for record in answered:
        known = truth[record.id]
        # All hosts have one monotonic clock: each way can be seen on its own.
        assert known["received_ns"] - record.sent_ns >= HOLD_NS
        arrived_ns = [record.sent_ns + at_us * 1000 for at_us in record.at_us]
        assert len(arrived_ns) == len(known["sent_ns"])
        # Arrivals are kept in whole microseconds.
        ways_ns = [arrived - left + 1000 for arrived, left in zip(arrived_ns, known["sent_ns"], strict=True)]
        assert min(ways_ns) >= HOLD_NS
        ttft_ns = arrived_ns[0] - record.sent_ns
        served_ns = known["sent_ns"][0] - known["received_ns"]
        beyond_ns.append(ttft_ns - served_ns - 2 * HOLD_NS)
    # TTFT is what the server took and the round trip, and half a way more at most in the median.
    assert statistics.median(beyond_ns) < HOLD_NS / 2


def test_a_long_way_to_the_master_loses_nothing(net, simulator):
    to, far = f"{net.address('master', 'control')}:{MASTER_PORT}", net.address("far", "control")
    with (
        forwarder_on(net, "far", MASTER_PORT, to, HOLD_S),
        sweeping(net, simulator.url, "--users", "2", "4", "--run-time", "3s", masters={"beta": far}) as sweep,
    ):
        run = end_well(sweep)
    assert_counts_agree(run, simulator)
    near, beyond = process_of(run, "alpha"), process_of(run, "beta")
    assert abs(near.offset_ns) <= near.offset_within_ns
    # The true distance is 0. Of ways of 50 + a and 50 + b milliseconds the estimate is (a - b) / 2 and its bound 50 + (a + b) / 2,
    # so that the estimate is less than the bound by 50 at least.
    assert beyond.offset_within_ns >= HOLD_NS
    assert abs(beyond.offset_ns) <= beyond.offset_within_ns - HOLD_NS
