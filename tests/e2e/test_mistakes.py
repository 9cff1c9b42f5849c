"""What bad input gets: one clear sentence each, the right exit status, no traceback, and no folder left half made."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.command import BIN, environment, latest, llocust, started
from support.simulator import running_simulator

SECRET = "sk-not-to-be-seen-anywhere"


@pytest.fixture(scope="module")
def simulator():
    with running_simulator("--ttft", "0.02", "--itl", "0.002", "--tokens", "4", "--model", "one", "two") as running:
        yield running


def told(done, code):
    assert done.returncode == code, done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_nobody_answers(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        (line,) = told(llocust("sweep", "--host", url, cwd=tmp_path), 1)
    assert url.removeprefix("http://") in line
    assert "--host" in line
    assert not (tmp_path / "output").exists()


def test_a_refused_key(tmp_path):
    variables = {"SIMULATOR_KEY": SECRET}
    with running_simulator("--api-key-env", "SIMULATOR_KEY", env={**os.environ, **variables}) as guarded:
        (line,) = told(llocust("sweep", "--host", guarded.url, cwd=tmp_path), 1)
        (wrong,) = told(llocust("sweep", "--host", guarded.url, cwd=tmp_path, OPENAI_API_KEY="sk-wrong-one"), 1)
    assert line == wrong
    assert "401" in line
    assert "OPENAI_API_KEY" in line
    assert "sk-wrong-one" not in wrong


def test_a_model_the_server_does_not_list(simulator, tmp_path):
    (line,) = told(llocust("sweep", "--host", simulator.url, "--model", "three", cwd=tmp_path), 2)
    assert "'three'" in line
    assert "one, two" in line


def test_a_model_is_not_guessed(simulator, tmp_path):
    (line,) = told(llocust("sweep", "--host", simulator.url, cwd=tmp_path), 2)
    assert line.startswith("--model is missing")
    assert "one, two" in line


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", ["holds no prompt"]),
        (b'{"prompt": "good"}\n{"prompt": 3}\nnot json\n', ["set.jsonl:2", "set.jsonl:3"]),
    ],
)
def test_an_empty_or_broken_testset(simulator, tmp_path, content, expected):
    (tmp_path / "set.jsonl").write_bytes(content)
    words = ("sweep", "--host", simulator.url, "--model", "one", "--testset", "set.jsonl")
    lines = told(llocust(*words, cwd=tmp_path), 2)
    assert len(lines) == len(expected)
    for line, part in zip(lines, expected, strict=True):
        assert part in line


def test_an_unknown_testset(simulator, tmp_path):
    (line,) = told(llocust("sweep", "--host", simulator.url, "--model", "one", "--testset", "chatt", cwd=tmp_path), 2)
    assert "'chat'" in line


def test_mistakes_are_told_together(tmp_path):
    words = (
        "sweep",
        "--host",
        "nowhere",
        "--requests",
        "30",
        "--run-time",
        "5s",
        "--slo",
        "speed=3",
        "--max-tokens",
        "0",
    )
    lines = told(llocust(*words, cwd=tmp_path), 2)
    assert [line.split()[0].rstrip(":") for line in lines] == ["--host", "--max-tokens", "--slo", "--requests"]


def test_an_unknown_option_and_an_unknown_verb(tmp_path):
    (option,) = told(llocust("sweep", "--hots", "x", cwd=tmp_path), 2)
    assert "--hots" in option
    (verb,) = told(llocust("swep", cwd=tmp_path), 2)
    assert "sweep" in verb


def test_a_locustfile_that_is_not_there(simulator, tmp_path):
    words = ("sweep", "--host", simulator.url, "--model", "one", "--locustfile", "mine.py")
    (line,) = told(llocust(*words, cwd=tmp_path), 2)
    assert "'mine.py'" in line
    assert not (tmp_path / "output").exists()


def test_a_work_directory_that_cannot_be_written_to(simulator, tmp_path):
    (tmp_path / "file").write_text("in the way")
    words = ("sweep", "--host", simulator.url, "--model", "one", "--work-dir", "file")
    (line,) = told(llocust(*words, cwd=tmp_path), 2)
    assert "--work-dir" in line


def test_a_port_in_use(simulator, tmp_path):
    (line,) = told(llocust("simulate", "--port", str(simulator.port), cwd=tmp_path), 2)
    assert str(simulator.port) in line


@pytest.mark.parametrize("verb", ["report", "compare"])
def test_a_folder_that_is_no_run(tmp_path, verb):
    (line,) = told(llocust(verb, *["elsewhere"] * (1 if verb == "report" else 2), cwd=tmp_path), 2)
    assert "elsewhere" in line


def test_a_run_that_is_no_longer_to_be_had(tmp_path):
    (line,) = told(llocust("sweep", "--resume", "elsewhere", cwd=tmp_path), 2)
    assert "elsewhere" in line


def test_a_locustfile_that_raises_is_named_and_exits_1(simulator, tmp_path):
    (tmp_path / "mine.py").write_text("raise ValueError('mine is broken')\n")
    words = ("sweep", "--host", simulator.url, "--model", "one", "--locustfile", "mine.py", "--quiet")
    done = llocust(*words, cwd=tmp_path)
    assert done.returncode == 1
    assert "mine is broken" in done.stderr
    assert latest(tmp_path).report["verdict"] == "invalid"


def test_runs_that_cannot_be_compared(simulator, tmp_path):
    folders = []
    for name, tokens in (("a", "4"), ("b", "5")):
        words = ("sweep", "--host", simulator.url, "--model", "one", "--users", "1", "--requests", "2")
        assert llocust(*words, "--name", name, "--max-tokens", tokens, cwd=tmp_path).returncode == 0
        folders.append(str(latest(tmp_path).folder))
    (line,) = told(llocust("compare", *folders, cwd=tmp_path), 2)
    assert "max_tokens" in line or "--max-tokens" in line
    assert llocust("compare", folders[0], folders[0], "--output", "same", cwd=tmp_path).returncode == 0
    assert {path.name for path in (tmp_path / "same").iterdir()} >= {"compare.json", "compare.md", "compare.html"}


def test_plain_locust_is_told_as_well(tmp_path):
    locustfile = str(Path(__file__).parents[2] / "locustfiles" / "chat.py")
    command = [str(BIN / "locust"), "-f", locustfile, "--headless", "--host", "http://127.0.0.1:9", "--testset", "none"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 2
    assert "Testset 'none'" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_api_key_is_found_nowhere(tmp_path):
    with running_simulator(
        "--api-key-env", "SIMULATOR_KEY", "--ttft", "0.02", "--itl", "0.002", "--tokens", "4",
        "--fault", "error_500=0.2", "--fault", "cut=0.2", env={**os.environ, "SIMULATOR_KEY": SECRET},
    ) as guarded:  # fmt: skip
        words = ("sweep", "--host", guarded.url, "--users", "2", "--requests", "20", "--header", "X-Team: env:TEAM_KEY")
        command = [str(BIN / "llocust"), *words]
        process = subprocess.Popen(
            command, cwd=tmp_path, env=environment(OPENAI_API_KEY=SECRET, TEAM_KEY=SECRET + "-2"),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        seen = ""
        while process.poll() is None:
            seen += _process_list()
        output, _ = process.communicate()
    assert process.returncode == 0, output
    assert guarded.url in seen  # the list was read while the sweep ran
    assert SECRET not in output + seen
    files = [path for path in (tmp_path / "output").rglob("*") if path.is_file()]
    assert len(files) > 8
    assert [path.name for path in files if SECRET.encode() in path.read_bytes()] == []


def _process_list() -> str:
    return subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True).stdout


def test_tls_with_a_ca_from_the_environment(tmp_path):
    ca_file = tmp_path / "ca.pem"
    with running_simulator("--tls", "--tls-ca-file", str(ca_file), "--ttft", "0.02", "--tokens", "4") as secured:
        words = ("sweep", "--host", f"https://localhost:{secured.port}", "--users", "1", "--requests", "3")
        (line,) = told(llocust(*words, cwd=tmp_path), 1)
        assert "certificate" in line
        done = llocust(*words, cwd=tmp_path, REQUESTS_CA_BUNDLE=str(ca_file))
    assert done.returncode == 0, done.stderr
    run = latest(tmp_path)
    assert run.manifest.network["ca"] == str(ca_file)
    assert [record.outcome for record in run.records()] == ["ok"] * 3
    assert sum(record.connect_us is not None for record in run.records()) == 1


def test_the_package_needs_no_working_directory_of_its_own(tmp_path):
    code = "import harness.shelf as s; print(len(s.shipped()), len(s.find('short').prompts))"
    done = subprocess.run([sys.executable, "-P", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["11", "100"]


def test_a_report_that_cannot_be_written_is_told_and_the_records_stay(simulator, tmp_path):
    # A directory in the place of a file that the report writes, put there as soon as the run has its folder.
    words = ("sweep", "--host", simulator.url, "--model", "one", "--users", "1", "--requests", "300")
    with started("llocust", *words, cwd=tmp_path) as process:
        while not (tmp_path / "output" / "latest" / "points" / "01-users-1").exists():
            time.sleep(0.02)
        (latest(tmp_path).folder / "report.json" / "in the way").mkdir(parents=True)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 1, output
    assert "The report cannot be written" in output
    assert "Traceback" not in output
    assert len(latest(tmp_path).records()) == 300


def test_a_number_of_load_processes_that_is_none(tmp_path):
    (line,) = told(llocust("sweep", "--host", "http://127.0.0.1:9", "--processes", "two", cwd=tmp_path), 2)
    assert "--processes 'two'" in line


def test_a_master_starts_no_workers(tmp_path):
    words = ("sweep", "--host", "http://127.0.0.1:9", "--processes", "2", "--master")
    (line,) = told(llocust(*words, cwd=tmp_path), 2)
    assert line.startswith("--master and --processes exclude each other")
