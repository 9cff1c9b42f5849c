"""Runs as jobs: begun in order, one at a time, seen to their ends, and found again."""

import dataclasses
import json
import os

import psutil
import pytest
from support.service import RUN, await_state, ended, serving, under_way

from service.settings import Limits


def submit(client, **options):
    answer = client.post("/runs", json={**RUN, **options})
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


def test_a_run_is_done_and_its_requests_are_in_the_store(service):
    run = ended(service, submit(service, name="first"))
    assert (run["state"], run["trouble"], run["verdict"]) == ("done", None, run["verdict"])
    # Three requests were sent in the window of 10 s, of which two succeeded, each with its first event after 100 ms.
    (point,) = run["figures"]["points"]
    assert (point["users"], point["ok"], point["failed"], point["ttft_p50_s"]) == (1, 2, 1, 0.1)
    rows = service.get("/results", params={"run": run["id"], "outcome": "any"}).json()
    assert rows["total"] == 3


def test_a_run_waits_for_the_one_before(service):
    first, second = submit(service, desc="wait"), submit(service)
    await_state(service, first, ("running",))
    assert service.get(f"/runs/{second}").json()["state"] == "queued"
    assert service.get("/health").json()["running"] == 1
    assert service.get("/health").json()["queued"] == 1
    assert service.delete(f"/runs/{first}").status_code == 202
    assert ended(service, first)["state"] == "cancelled"
    assert ended(service, second)["state"] == "done"


def test_as_many_runs_at_once_as_is_said(settings):
    with serving(dataclasses.replace(settings, at_once=2)) as service:
        runs = [submit(service, desc="wait") for _ in range(2)]
        for run in runs:
            await_state(service, run, ("running",))
        for run in runs:
            service.delete(f"/runs/{run}")
            ended(service, run)


def test_a_cancelled_run_is_reported(service):
    run = submit(service, desc="wait")
    under_way(service, run)
    service.delete(f"/runs/{run}")
    assert ended(service, run)["state"] == "cancelled"
    assert service.get(f"/runs/{run}/report.json").status_code == 200
    assert service.get("/results", params={"run": run}).json()["total"] == 3


def test_a_run_that_follows_what_is_in_flight_can_be_asked_again(service):
    run = submit(service, desc="stubborn")
    await_state(service, run, ("running",))
    states = []
    while (state := service.get(f"/runs/{run}").json()["state"]) == "running":
        service.delete(f"/runs/{run}")
        states.append(state)
    assert state == "cancelled"
    assert len(states) >= 3


def test_a_run_that_waits_is_withdrawn(service):
    first, second = submit(service, desc="wait"), submit(service)
    assert service.delete(f"/runs/{second}").json()["state"] == "cancelled"
    assert service.delete(f"/runs/{second}").status_code == 409
    service.delete(f"/runs/{first}")
    ended(service, first)


def test_a_run_that_fails_says_why(service):
    run = ended(service, submit(service, desc="fail"))
    assert (run["state"], run["trouble"], run["folder"]) == ("failed", "The stub failed, as it was told.", None)


def test_a_run_whose_program_is_not_there_fails(settings):
    with serving(settings) as service:
        service.app.state.jobs._settings = dataclasses.replace(settings, program=("/nowhere/llocust",))
        run = ended(service, submit(service))
    assert (run["state"], run["trouble"]) == ("failed", "The run could not be started: No such file or directory.")


def test_what_a_killed_sweep_left_is_put_in_order_and_reported(service):
    run = ended(service, submit(service, desc="torn"))
    assert run["state"] == "interrupted"
    left = json.loads((service.app.state.settings.data / run["folder"] / "run.json").read_bytes())
    assert left["state"] == "interrupted"
    assert service.get(f"/runs/{run['id']}/report.json").status_code == 200
    assert service.get("/results", params={"run": run["id"]}).json()["total"] == 3


def test_a_full_queue_says_when_to_come_again(settings):
    with serving(dataclasses.replace(settings, limits=Limits(queue=1))) as service:
        running = submit(service, desc="wait")
        await_state(service, running, ("running",))
        waiting = submit(service)
        answer = service.post("/runs", json=RUN)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
        assert service.get("/runs").json()["total"] == 2
        service.delete(f"/runs/{waiting}")
        service.delete(f"/runs/{running}")
        ended(service, running)


def test_a_run_that_takes_too_long_is_ended(settings):
    with serving(dataclasses.replace(settings, limits=Limits(duration_s=0.5))) as service:
        run = ended(service, submit(service, desc="wait", **{"run-time": 0.1}))
    assert run["state"] == "cancelled"
    assert run["trouble"] == "The run was ended after 0.5 s, the longest that one may take here (--max-duration)."


@pytest.mark.parametrize("desc", ["wait", "stubborn"])
def test_a_service_that_ends_leaves_runs_alone_and_the_next_one_finds_them(settings, desc):
    with serving(settings) as service:
        running, waiting = submit(service, desc=desc), submit(service)
        under_way(service, running)
        child = service.app.state.jobs.job(running).child
    assert psutil.pid_exists(child.pid)
    assert os.getsid(child.pid) == child.pid  # out of reach of what is sent to the service's own session
    with serving(settings) as service:
        assert service.get(f"/runs/{running}").json()["state"] == "running"
        assert service.get(f"/runs/{waiting}").json()["state"] == "queued"
        while service.get(f"/runs/{running}").json()["state"] == "running":
            service.delete(f"/runs/{running}")
        assert service.get(f"/runs/{running}").json()["state"] == "cancelled"
        assert ended(service, waiting)["state"] == "done"
        assert service.get("/results", params={"run": running}).json()["total"] == 3
    child.is_alive()  # takes leave of the process, which was this one's child after all


def test_what_ended_while_nobody_looked_is_seen_to_its_end(settings):
    with serving(settings) as service:
        run = submit(service, desc="wait")
        under_way(service, run)
        child = service.app.state.jobs.job(run).child
    child.ask_to_end()
    child._process.wait(20)
    with serving(settings) as service:
        shown = ended(service, run)
        assert (shown["state"], shown["verdict"] is not None) == ("interrupted", True)
        assert service.get("/results", params={"run": run}).json()["total"] == 3
    with serving(settings) as service:
        assert service.get("/results", params={"run": run}).json()["total"] == 3


def test_a_run_that_waits_with_a_key_cannot_be_gone_on_with(settings):
    with serving(settings) as service:
        running = submit(service, desc="wait")
        waiting = submit(service, api_key="sk-of-mine")
        await_state(service, running, ("running",))
        child = service.app.state.jobs.job(running).child
    with serving(settings) as service:
        shown = service.get(f"/runs/{waiting}").json()
        assert shown["state"] == "failed"
        assert "API key was in memory alone" in shown["trouble"]
        service.delete(f"/runs/{running}")
        ended(service, running)
    child.is_alive()


def test_a_directory_that_is_gone_is_told(settings):
    with serving(settings) as service:
        running, waiting = submit(service, desc="wait"), submit(service)
        await_state(service, running, ("running",))
        child = service.app.state.jobs.job(running).child
    (settings.runs / waiting / "order.json").unlink()
    with serving(settings) as service:
        assert "nothing is left" in service.get(f"/runs/{waiting}").json()["trouble"]
        service.delete(f"/runs/{running}")
        ended(service, running)
    child.is_alive()
