"""Endpoints of one's own, as docs/endpoints.md shows them: its files, as they stand there, and its commands."""

import re
import shlex
from collections import Counter
from pathlib import Path

import pytest
from support.command import Run, latest, llocust
from support.gateway import WORDS, running_gateway
from support.simulator import running_simulator

from harness.init import STARTS

PAGE = (Path(__file__).parents[2] / "docs" / "endpoints.md").read_text(encoding="utf-8")
FILES = dict(
    zip(
        ("dialect", "locustfile", "query-model"),
        re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL),
        strict=True,
    )
)
COMMANDS = re.findall(r"^llocust (sweep .+)$", PAGE, re.MULTILINE)
KEY = "sk-own-endpoint-1"
SHORT = ("--settle", "200ms", "--spawn-rate", "40", "--quiet")

TYPICAL = '''#!/usr/bin/env python3
import json
import os

import requests

from errors import FailedQueryError

ENDPOINT = os.environ["ENDPOINT"]
HEADERS = {"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["HOUSE_KEY"]}


def query_model(prompt, max_resp_tokens):
    """Ask for one answer, token by token."""
    messages = json.loads(prompt) if prompt.startswith("[{") else [{"role": "user", "content": prompt}]
    data = {"model": "sim", "messages": messages, "max_tokens": max_resp_tokens, "stream": True}
    try:
        response = requests.post(ENDPOINT, headers=HEADERS, json=data, stream=True)
        response.raise_for_status()
        for line in response.iter_lines(chunk_size=128):
            if line.startswith(b"data:") and b"[DONE]" not in line:
                for choice in json.loads(line[5:])["choices"]:
                    yield choice["delta"].get("content", "")
    except Exception as err:
        raise FailedQueryError(f"The query failed: {err!r}")


if __name__ == "__main__":
    for token in query_model("Hello", 32):
        print(token, end="", flush=True)
'''
ERRORS = """class FailedQueryError(Exception):
    def __init__(self, err_msg):
        self.err_msg = err_msg

    def get_err_msg(self):
        return self.err_msg
"""


@pytest.fixture(scope="module")
def simulator():
    words = ("--ttft", "0.02", "--itl", "0.004", "--tokens", "8", "--api-key-env", "SIM_KEY")
    with running_simulator(*words, env={"SIM_KEY": KEY}) as running:
        yield running


@pytest.fixture
def gateway():
    with running_gateway() as running:
        yield running


@pytest.fixture
def house(tmp_path):
    """A directory with what somebody brings from llm-perf-benchmark."""
    (tmp_path / "model_query.py").write_text(TYPICAL)
    (tmp_path / "errors.py").write_text(ERRORS)
    (tmp_path / "resources").mkdir()
    (tmp_path / "resources" / "testset.txt").write_text("What is a mutex?\nName three rivers.\nWhy is the sky blue?\n")
    return tmp_path


def sweep(*words, cwd, **variables) -> Run:
    done = llocust("sweep", *words, *SHORT, cwd=cwd, **variables)
    assert done.returncode == 0, done.stderr + done.stdout
    return latest(cwd)


def said(rows):
    """Characters and their events, of answers in no order: the server does not know which record is whose."""
    return Counter(tuple(row["chars"]) for row in rows)


def wanted(command, **typed):
    """The words of a command of the page, with others in the place of some."""
    words = shlex.split(command)[1:]
    for flag, value in typed.items():
        words[words.index(f"--{flag.replace('_', '-')}") + 1] = value
    return words


def test_the_files_shown_are_those_that_init_writes(tmp_path):
    for what, shown in FILES.items():
        assert llocust("init", what, cwd=tmp_path).returncode == 0
        assert (tmp_path / STARTS[what].file).read_text(encoding="utf-8") == shown


def test_the_command_line_of_llm_perf_benchmark_works_as_it_stands(simulator, house):
    simulator.reset()
    (command,) = (each for each in COMMANDS if "sagegpt" in each)
    words = wanted(command, test_duration="1")
    words = words[: words.index("--test-runs") + 3]  # 1 and 2 users will do
    variables = {"ENDPOINT": f"{simulator.url}/v1/chat/completions", "HOUSE_KEY": KEY}
    run = sweep(*words, cwd=house, **variables)
    assert run.folder.parent == house / "output"
    assert (run.manifest.name, run.manifest.description) == (
        "sagegpt_test",
        "Test SageGPT on 2x4PD AccXPU with TGI 1.0.3",
    )
    assert [point.users for point in run.manifest.points] == [1, 2]
    assert {"report.json", "report.md", "report.html", "points.csv", "requests.csv"} <= {
        path.name for path in run.folder.iterdir()
    }
    records, rows = run.records(), simulator.requests()
    assert len(records) == len(rows) > 20
    assert Counter(str(record.outcome) for record in records if record.outcome != "aborted") == {
        "ok": sum(point["requests_all"]["ok"] for point in run.report["points"])
    }
    whole = [record for record in records if record.outcome == "ok"]
    assert said({"chars": record.chars} for record in whole) <= said(rows)
    for point in run.report["points"]:
        assert point["requests"]["failed"] == 0
        assert point["locust"]["agrees"] is True
        assert 0.02 <= point["latency"]["ttft_s"]["p50"] < 0.2
        assert {reason["code"] for reason in point["reasons"]} >= {"unstamped", "no_usage"}


def test_a_bounded_query_model_sends_what_the_set_holds_and_the_report_says_where_it_was_stamped(simulator, house):
    simulator.reset()
    variables = {"ENDPOINT": f"{simulator.url}/v1/chat/completions", "HOUSE_KEY": KEY}
    words = (
        "--query-model",
        "model_query.py",
        "--testset",
        "resources/testset.txt",
        "--users",
        "2",
        "--requests",
        "12",
    )
    run = sweep(*words, cwd=house, **variables)
    records, rows = run.records(), simulator.requests()
    assert Counter(record.outcome for record in records) == {"ok": 12}
    assert said({"chars": record.chars} for record in records) == said(rows)
    assert Counter(record.prompt for record in records) == {f"testset/{index}": 4 for index in range(3)}
    # Four questions of each kind came to the server as they stand in the file.
    assert sorted(Counter(row["body"] for row in rows).values()) == [4, 4, 4]
    assert (run.manifest.stamps, run.manifest.url) == ("yield", "query_model() in model_query.py")
    assert (run.manifest.model, run.manifest.dialect, run.manifest.probe) == ("model_query", "query_model", None)
    assert list(run.manifest.files) == ["--query-model"]
    for record in records:
        assert (record.status, record.connect_us, record.headers_us, record.request_bytes) == (None,) * 4
        assert sum(record.chars) == len(record.text)
    (reason,) = (each for each in run.report["points"][0]["reasons"] if each["code"] == "unstamped")
    assert "where query_model() yields" in reason["text"]
    for name in ("report.md", "report.html"):
        assert "where query_model() yields" in (run.folder / name).read_text(encoding="utf-8")
    kept = [path for path in run.folder.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    assert kept == []


def test_two_workers_ask_by_it(simulator, tmp_path):
    simulator.reset()
    (tmp_path / "model_query.py").write_text(FILES["query-model"], encoding="utf-8")
    (command,) = (each for each in COMMANDS if "--query-model" in each and "sagegpt" not in each)
    words = wanted(command)
    words = words[: words.index("--users")]
    variables = {"QUERY_URL": f"{simulator.url}/v1/chat/completions", "QUERY_MODEL": "sim", "QUERY_API_KEY": KEY}
    words += ["--users", "2", "--requests", "8", "--processes", "2"]
    run = sweep(*words, cwd=tmp_path, **variables)
    records, rows = run.records(), simulator.requests()
    assert Counter(record.outcome for record in records) == {"ok": 8}
    assert {record.worker for record in records} == {"w0", "w1"}
    assert said({"chars": record.chars} for record in records) == said(rows)
    # Also by the set's conversations, as lists of messages; and each user keeps its connection.
    assert len({row["connection"] for row in rows}) == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "import nothing_of_the_kind\n",
            "importing it raised ModuleNotFoundError on line 1: No module named 'nothing_of_the_kind'; mend it, or install what it needs.",
        ),
        (
            "def ask(prompt):\n    yield prompt\n",
            "it has no function query_model(prompt, max_resp_tokens); `llocust init query-model` writes one to begin with.",
        ),
    ],
)
def test_a_file_that_will_not_do_is_told_before_anything_is_sent(tmp_path, text, told):
    (tmp_path / "model_query.py").write_text(text)
    done = llocust("sweep", "--query-model", "model_query.py", cwd=tmp_path)
    assert (done.returncode, done.stderr, done.stdout) == (2, f"--query-model 'model_query.py': {told}\n", "")
    assert not (tmp_path / "output").exists()


def test_one_that_raises_and_one_that_yields_nothing_are_findings_and_keys_are_kept_nowhere(tmp_path):
    (tmp_path / "model_query.py").write_text(
        "import os\ndef query_model(prompt, max_resp_tokens):\n    if len(prompt) % 2:\n"
        "        raise ValueError('odd: ' + os.environ['HOUSE_KEY'])\n    yield ''\n"
    )
    (tmp_path / "set.txt").write_text("odd\neven\n")
    words = ("--query-model", "model_query.py", "--testset", "set.txt", "--users", "1", "--requests", "4")
    done = llocust("sweep", *words, *SHORT, cwd=tmp_path, HOUSE_KEY="open-sesame")
    assert done.returncode == 1, done.stderr
    run = latest(tmp_path)
    assert Counter((str(record.outcome), record.fault) for record in run.records()) == {
        ("fault", "query_model() raised ValueError on line 4: odd: ***."): 2,
        ("empty", None): 2,
    }
    assert [path for path in run.folder.rglob("*") if path.is_file() and b"open-sesame" in path.read_bytes()] == []


def test_the_dialect_shown_speaks_with_a_server_of_its_own_kind(gateway, tmp_path):
    (tmp_path / "my_dialect.py").write_text(FILES["dialect"], encoding="utf-8")
    (tmp_path / "set.txt").write_text("why so\nsome trouble\na cut\nand so on\n")
    (command,) = (each for each in COMMANDS if "--dialect" in each)
    words = [*wanted(command, host=gateway.url), "--testset", "set.txt", "--max-tokens", "9"]
    run = sweep(*words, "--users", "1", "--requests", "8", cwd=tmp_path, OPENAI_API_KEY=KEY)
    records = run.records()
    assert Counter(body["question"] for body in gateway.bodies("/generate")) == dict.fromkeys(
        ("why so", "some trouble", "a cut", "and so on"), 2
    )
    assert {body["limit"] for body in gateway.bodies("/generate")} == {9}
    assert Counter(gateway.ids) == Counter(record.id for record in records)
    outcomes = {(record.prompt, str(record.outcome), record.fault) for record in records}
    assert outcomes == {
        ("set/0", "ok", None),
        ("set/1", "fault", "out of paper"),
        ("set/2", "truncated", None),
        ("set/3", "ok", None),
    }
    assert {tuple(record.chars) for record in records} == {tuple(map(len, WORDS))}
    usages = {(record.prompt, record.usage.prompt, record.usage.output) for record in records if record.outcome == "ok"}
    assert usages == {("set/0", 2, 5), ("set/3", 3, 5)}
    assert {record.dialect for record in records} == {"./my_dialect.py"}
    assert (run.report["points"][0]["locust"]["requests"], run.report["points"][0]["locust"]["agrees"]) == (8, True)
    assert run.manifest.stamps == "kernel"
    assert list(run.manifest.files) == ["--dialect ./my_dialect.py"]


def test_an_unknown_dialect_is_told_with_what_there_is(tmp_path):
    done = llocust("sweep", "--host", "http://127.0.0.1:9", "--dialect", "gtp", cwd=tmp_path)
    (line,) = done.stderr.splitlines()
    assert done.returncode == 2
    assert line.startswith("--dialect 'gtp': give one of chat, completions, ")
    assert line.endswith(
        "or a dialect of your own: a file such as ./my_dialect.py, or a module such as my_package.my_dialect."
    )


def test_the_user_shown_logs_in_first(gateway, tmp_path):
    (tmp_path / "my_user.py").write_text(FILES["locustfile"], encoding="utf-8")
    (command,) = (each for each in COMMANDS if "--locustfile" in each)
    words = [*wanted(command, host=gateway.url), "--users", "2", "--requests", "8"]
    run = sweep(*words, cwd=tmp_path)
    assert Counter(record.outcome for record in run.records()) == {"ok": 8}
    assert gateway.given == ["t-0-load-test", "t-1-load-test"]
    assert set(gateway.shown) == set(gateway.given)
    assert run.report["points"][0]["locust"]["agrees"] is True
