"""`llocust serve` as it is typed, with real runs against the simulator: killed, ended, asked for keys."""

import json
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections import Counter
from contextlib import contextmanager

import psutil
import pytest
from support.command import BIN, environment, llocust
from support.simulator import running_simulator

pytestmark = pytest.mark.service

KEY = "sk-live-7Jd0NotToBeSeenAnywhere"
RUN = {"users": [2], "run-time": "3s", "settle": "2s", "max-tokens": 8, "probe": False, "model": "sim"}


@pytest.fixture(scope="module")
def simulator():
    with running_simulator() as running:
        yield running


class Service:
    """One that answers at `url`."""

    def __init__(self, process, url):
        self.process = process
        self.url = url

    def call(self, method, path, body=None, **headers):
        data = None if body is None else json.dumps(body).encode()
        headers |= {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    def await_run(self, run, done, limit_s=60):
        until_s = time.monotonic() + limit_s
        while not done(shown := self.call("GET", f"/runs/{run}")):
            assert time.monotonic() < until_s, shown
            time.sleep(0.1)
        return shown


@contextmanager
def serve(data, *words, log="log.txt", **variables):
    """The service, ended by its pid if the block leaves it running."""
    log = data.parent / log
    with log.open("ab") as said:
        began = said.tell()
        command = [str(BIN / "llocust"), "serve", "--port", "0", "--data", str(data), *words]
        process = subprocess.Popen(
            command, stdout=said, stderr=said, env=environment(**variables), start_new_session=True
        )
        try:
            yield Service(process, _url(process, log, began))
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait(30)


def _url(process, log, began):
    for _ in range(600):
        found = re.search(rb"running on (http://\S+)", log.read_bytes()[began:])
        if found:
            return found[1].decode()
        assert process.poll() is None, log.read_text()
        time.sleep(0.05)
    raise AssertionError(log.read_text())


def in_window(run):
    return (run["progress"] or {}).get("phase") == "window"


def is_over(run):
    return run["state"] not in ("queued", "running")


def records(data, run):
    files = sorted((data / "runs" / run).rglob("records-*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_bytes().splitlines()]


def test_a_service_that_is_killed_loses_neither_run_nor_row(tmp_path, simulator):
    data = tmp_path / "data"
    simulator.reset()
    with serve(data) as service:
        running = service.call("POST", "/runs", {**RUN, "host": simulator.url})["id"]
        waiting = service.call("POST", "/runs", {**RUN, "host": simulator.url, "requests": 6, "run-time": None})["id"]
        service.await_run(running, in_window)
        service.process.kill()
        service.process.wait(10)
    with serve(data) as service:
        assert service.call("GET", f"/runs/{running}")["state"] == "running"
        shown = service.await_run(running, is_over)
        assert (shown["state"], shown["trouble"]) == ("done", None)
        assert service.await_run(waiting, is_over)["state"] == "done"
        for run in (running, waiting):
            asked = Counter(each["id"] for each in records(data, run))
            path = f"/results?run={run}&outcome=any&limit=1000"
            kept = Counter(row["request_id"] for row in service.call("GET", path)["benchmarking_results"])
            assert kept == asked
        assert service.call("GET", "/runs")["total"] == 2
    # What the server saw is what the two runs have, each request once.
    seen = Counter(row["id"] for row in simulator.requests())
    assert seen == Counter(each["id"] for run in (running, waiting) for each in records(data, run))
    with serve(data) as service:
        assert service.call("GET", f"/results?run={running}&outcome=any")["total"] == len(records(data, running))


def test_a_run_goes_on_when_the_service_is_ended_and_is_cancelled_by_the_next(tmp_path, simulator):
    data = tmp_path / "data"
    with serve(data) as service:
        run = service.call("POST", "/runs", {**RUN, "host": simulator.url, "run-time": "60s"})["id"]
        service.await_run(run, in_window)
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(30) == 0
    with serve(data) as service:
        service.call("DELETE", f"/runs/{run}")
        shown = service.await_run(run, is_over)
    assert (shown["state"], shown["trouble"]) == ("cancelled", None)
    measured = [each for each in records(data, run) if each["phase"] == "window"]
    assert {each["outcome"] for each in measured} == {"ok"}  # what was in flight was followed
    assert json.loads((data / shown["folder"] / "report.json").read_bytes())["points"][0]["requests"]["ok"] > 0


def test_a_key_appears_nowhere_but_at_the_server(tmp_path):
    data = tmp_path / "data"
    guarded = running_simulator("--api-key-env", "ITS_KEY", env={**os.environ, "ITS_KEY": KEY})
    with guarded as simulator, serve(data) as service:
        endpoint = f"{simulator.url}/v1"
        asked = {"api_endpoint": endpoint, "api_key": KEY, "model_name": "sim", "num_requests": 4, "max_tokens": 8}
        run = service.call("POST", "/runs", {**RUN, "host": endpoint, "api_key": KEY})
        seen = b""
        while not is_over(service.call("GET", f"/runs/{run['id']}")):
            seen += command_lines()
        answer = service.call("POST", "/benchmark", asked)
        wrong = service.call("POST", "/benchmark", {**asked, "api_key": KEY[::-1]})
        pages = b"".join(
            json.dumps(service.call("GET", path)).encode()
            for path in ("/runs", f"/runs/{run['id']}", "/results?limit=100")
        )
        assert answer["metrics"]["successful_requests"] == 4
        assert (wrong["metrics"]["successful_requests"], wrong["individual_results"][0]["outcome"]) == (
            0,
            "refused_4xx",
        )
        assert b"--json-progress" in seen
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"llocust.db", "run.json", "report.html", "requests.parquet", "log.txt"} <= {path.name for path in files}
    for secret in (KEY.encode(), KEY[::-1].encode()):
        assert [path for path in files if secret in path.read_bytes()] == []
        assert secret not in seen + pages + json.dumps([run, answer, wrong]).encode()


def test_a_judge_is_asked_with_a_key_of_its_own_that_appears_nowhere_else(tmp_path, simulator):
    data = tmp_path / "data"
    rating = tmp_path / "judge.jsonl"
    rating.write_text(json.dumps({"contains": "Rate how well", "answer": '{"reason": "It is.", "score": 4}'}) + "\n")
    guarded = running_simulator(
        "--answers", str(rating), "--api-key-env", "ITS_KEY", env={**os.environ, "ITS_KEY": KEY}
    )
    with guarded as judge, serve(data) as service:
        asked = {"quality": ["coherence"], "judge": {"host": judge.url, "model": "sim", "api_key": KEY}}
        run = service.call("POST", "/runs", {**RUN, "host": simulator.url, **asked, "judge-sample": 3})
        seen = b""
        while not is_over(shown := service.call("GET", f"/runs/{run['id']}")):
            seen += command_lines()
        report = service.call("GET", f"/runs/{run['id']}/report.json")
        with urllib.request.urlopen(f"{service.url}/runs/{run['id']}/quality.jsonl", timeout=60) as answer:
            lines = answer.read()
        asked_of_the_judge = judge.requests()
    assert shown["state"] == "done", shown
    (score,) = report["points"][0]["quality"]
    assert (score["scorer"], score["n"], score["value"]) == ("coherence", 3, 4.0)
    assert lines.count(b'"line":"score"') == 3 + 3  # each of the three a second time
    assert len(asked_of_the_judge) >= 6
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"quality.jsonl", "judgements.jsonl", "log.txt"} <= {path.name for path in files}
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []
    assert KEY.encode() not in seen + lines + json.dumps([run, shown, report]).encode()


def test_a_judge_that_leads_inside_is_not_asked_by_the_run_either(tmp_path, simulator):
    swept = llocust("sweep", "--host", simulator.url, "--users", "1", "--requests", "2", "--quiet", cwd=tmp_path)
    assert swept.returncode == 0, swept.stderr
    words = ["quality", "--scorers", "coherence", "--judge", f"host={simulator.url} model=sim"]
    before = len(simulator.requests())
    done = llocust(*words, cwd=tmp_path, LLOCUST_REFUSED_NETWORKS="127.0.0.0/8")
    assert done.returncode in (0, 1)
    assert len(simulator.requests()) == before
    report = (tmp_path / "output" / "latest" / "report.json").read_text(encoding="utf-8")
    assert "does not ask addresses of that kind" in report


def command_lines():
    """Of all processes of this machine."""
    lines = []
    for process in psutil.process_iter(["cmdline"]):
        lines += process.info["cmdline"] or []
    return "\0".join(lines).encode()


def test_what_leads_inside_is_refused_also_when_the_run_connects(tmp_path, simulator):
    """A run whose name was looked up before keeps to the rule itself."""
    token = subprocess.run(
        [str(BIN / "llocust"), "serve", "--make-token", "run"], capture_output=True, text=True, check=True
    ).stdout
    secret, entry = re.search(r"(llocust_\S+)", token)[1], re.search(r"LLOCUST_TOKENS=(\S+)", token)[1]
    with serve(tmp_path / "data", LLOCUST_TOKENS=entry) as service:
        allowed = {"Authorization": f"Bearer {secret}"}
        with pytest.raises(urllib.error.HTTPError, match="403"):
            service.call("POST", "/runs", {**RUN, "host": simulator.url}, **allowed)
        with pytest.raises(urllib.error.HTTPError, match="401"):
            service.call("POST", "/runs", {**RUN, "host": simulator.url})
    refused = environment(LLOCUST_REFUSED_NETWORKS="127.0.0.0/8")
    words = ["--host", simulator.url, "--model", "sim", "--users", "1", "--requests", "2", "--json-progress"]
    done = subprocess.run(
        [str(BIN / "llocust"), "sweep", *words],
        cwd=tmp_path,
        env=refused,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "does not ask addresses of that kind" in done.stderr
    done = subprocess.run(
        [str(BIN / "llocust"), "sweep", *words, "--no-probe"],
        cwd=tmp_path,
        env=refused,
        capture_output=True,
        timeout=60,
        check=False,
    )
    kept = [json.loads(line) for file in tmp_path.rglob("records-*.jsonl") for line in file.read_bytes().splitlines()]
    assert [each["outcome"] for each in kept] == ["connect", "connect"]
    assert "does not ask addresses of that kind" in kept[0]["fault"]


@pytest.mark.parametrize(
    ("words", "variables", "said", "code"),
    [
        (["--host", "0.0.0.0"], {}, "nothing says whom: set LLOCUST_TOKENS", 2),
        ([], {"LLOCUST_TOKENS": "nonsense"}, "Entry 1 of LLOCUST_TOKENS is not NAME:SCOPE:DIGEST", 2),
        (["--database", "mysql://root:hunter2@h/x"], {}, "There is no store in mysql", 1),
        (["--port", "99999"], {}, "--port 99999 is no port", 2),
    ],
)
def test_what_cannot_be_served_is_told(tmp_path, words, variables, said, code):
    done = llocust("serve", "--data", str(tmp_path / "data"), *words, cwd=tmp_path, **variables)
    assert (done.returncode, said in done.stderr, done.stdout) == (code, True, ""), done.stderr
    assert "hunter2" not in done.stderr
    assert "Traceback" not in done.stderr


def test_two_services_do_not_share_their_data(tmp_path):
    with serve(tmp_path / "data") as service:
        done = llocust("serve", "--port", "0", "--data", "data", cwd=tmp_path)
        assert (done.returncode, "Another service uses data" in done.stderr) == (1, True)
        port = service.url.rpartition(":")[2]
        done = llocust("serve", "--port", port, "--data", "other", cwd=tmp_path)
        assert done.returncode == 1
        assert "cannot be listened on" in done.stderr
        assert "Traceback" not in done.stderr
