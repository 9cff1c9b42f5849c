"""The containers of deploy/, each on a host of its own under the name it has there. Only the container runtime is missing."""

import signal
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
from support.command import BIN, latest
from support.deployed import of_compose, of_kubernetes
from support.hosts import Ended
from support.networks import Simulator, await_line, network, simulator_on
from support.workers import assert_counts_agree, in_window, wait_for

PLACES = ("server", "master", "worker")
SHORTER = ("--users", "3", "--run-time", "3s", "--settle", "2s", "--spawn-rate", "50")
"""Typed last, and so what counts."""


@pytest.mark.parametrize("containers", [of_compose(), of_kubernetes()], ids=["compose", "kubernetes"])
def test_the_containers_make_a_run(containers, tmp_path):
    server, master, worker = (next(each for each in containers if each.place == place) for place in PLACES)
    workers = [f"worker{number}" for number in range(worker.replicas)]
    llocust = str(BIN / "llocust")
    with network(["server", "master", *workers], tmp_path) as net, ExitStack() as stack:
        serving = stack.enter_context(net.started("server", llocust, *server.words))
        await_line(serving, "listening on")
        sweeping = stack.enter_context(net.started("master", llocust, *master.words, *SHORTER))
        working = [stack.enter_context(net.started(host, llocust, *worker.words)) for host in workers]
        ended, *others = [Ended(process, 90) for process in (sweeping, *working)]
        assert ended.code == 0, ended.said
        assert [(each.code, each.said) for each in others] == [(0, "")] * worker.replicas
        run = latest(net.disk("master"))
        assert_counts_agree(run, Simulator(net, "server"))
    assert {process.host for process in run.manifest.processes} == set(workers)


def first_process(*command):
    """The words that run a command as the first process of its own, as a container does: to it, a signal without a
    listener is none."""
    return ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc", str(BIN / "llocust"), *command)


def tell_to_end(process):
    """As a container runtime does; once it listens."""
    (inside,) = wait_for(psutil.Process(process.pid).children, "the first process")
    wait_for(lambda: catches(inside.pid, signal.SIGTERM), "somebody who listens")
    inside.send_signal(signal.SIGTERM)


def catches(pid, number):
    """Whether a process has said what to do on a signal (`SigCgt` in proc(5))."""
    (line,) = (row for row in Path(f"/proc/{pid}/status").read_text().splitlines() if row.startswith("SigCgt:"))
    return bool(int(line.split()[1], 16) >> (number - 1) & 1)


def test_a_sweep_in_a_container_that_is_told_to_end_follows_what_is_in_flight_and_reports(net):
    words = ("sweep", "--users", "2", "--run-time", "60s", "--settle", "2s")
    with simulator_on(net, "server", "--ttft", "0.5", "--itl", "0.1", "--tokens", "10") as simulator:
        with net.started("master", *first_process(*words, "--host", simulator.url)) as process:
            wait_for(lambda: in_window(net.disk("master"), 0, 1), "the window")
            seen = len(simulator.requests())
            wait_for(lambda: len(simulator.requests()) > seen, "a request in the window")
            tell_to_end(process)
            ended = Ended(process)
        assert ended.code == 1, ended.said
        assert "interrupted" in ended.said
        assert "Traceback" not in ended.said
        run = latest(net.disk("master"))
        assert_counts_agree(run, simulator)
    (point,) = run.report["points"]
    assert (point["requests"]["aborted"], point["requests"]["ok"] > 0) == (0, True)
    assert (run.folder / "report.html").exists()


def test_a_worker_in_a_container_that_waits_can_be_told_to_end(net):
    with net.started("alpha", *first_process("worker", "--master-host", "master")) as process:
        tell_to_end(process)
        ended = Ended(process, 20)
    assert (ended.code, ended.said) == (1, "Interrupted.\n")
