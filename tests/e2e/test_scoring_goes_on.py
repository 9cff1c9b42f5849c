"""Scoring that is interrupted, or killed, keeps what was found, and goes on where it ended."""

import json
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen

import pytest
from support.command import latest, llocust, started
from support.simulator import Running, running_simulator

from harness.score import Score, from_line

REQUESTS = 30


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    """Serves, and judges, though it does not know how: a judge that talks nonsense is asked once more, and then left."""
    with running_simulator("--ttft", "0.05", "--itl", "0.001", "--tokens", "4") as running:
        yield running


@pytest.fixture(scope="module")
def sweep(server) -> tuple[str, ...]:
    return (
        *("sweep", "--host", server.url, "--testset", "arithmetic", "--users", "2", "--requests", str(REQUESTS)),
        *("--quality", "coherence", "accuracy", "--judge", f"host={server.url} model=sim", "--judge-concurrency", "1"),
        *("--json-progress",),
    )


def events(process: Popen[str]) -> Iterator[dict]:
    """What is printed; what is no JSON, on the same channel, has words only."""
    assert process.stdout is not None
    for line in process.stdout:
        yield json.loads(line) if line.startswith("{") else {"event": "words", "text": line}


def until_some_are_scored(told: Iterator[dict]) -> None:
    next(each for each in told if each.get("scorer") == "coherence" and 0 < each["done"] < each["of"])


def scored(work_dir: Path, *, torn: bool = False) -> list[Score]:
    lines = (latest(work_dir).folder / "quality.jsonl").read_bytes().splitlines(keepends=True)
    if torn:
        lines = lines[:-1]
    return [line for line in map(from_line, lines) if isinstance(line, Score)]


def test_ctrl_c_while_a_sweep_is_scored_leaves_a_report_and_the_rest_is_scored_later(sweep, tmp_path):
    with started("llocust", *sweep, cwd=tmp_path) as process:
        told = events(process)
        until_some_are_scored(told)
        process.send_signal(signal.SIGINT)
        rest = list(told)
    assert process.returncode == 1
    folder = latest(tmp_path).folder
    sentence = f"Scoring was interrupted; `llocust quality {folder.relative_to(tmp_path)}` goes on with it.\n"
    assert [each["text"] for each in rest if each["event"] == "words"] == [sentence]
    assert rest[-1]["event"] == "report"
    assert (folder / "report.html").exists()
    before = scored(tmp_path)
    # Those that ask nobody come first.
    assert REQUESTS < len(before) < 2 * REQUESTS
    assert latest(tmp_path).manifest.state == "done"

    done = llocust("quality", cwd=tmp_path)
    # The judge has not one sensible word to say.
    assert done.returncode == 1, done.stderr
    assert scored(tmp_path)[: len(before)] == before
    # Both scorers of the run itself, each answer once.
    assert Counter(each.scorer for each in scored(tmp_path)) == {"coherence": REQUESTS, "accuracy": REQUESTS}
    assert len({(each.scorer, each.request) for each in scored(tmp_path)}) == 2 * REQUESTS


def test_what_a_killed_process_had_found_is_not_asked_again(server, sweep, tmp_path):
    scorers = sweep.index("--quality")
    done = llocust(*sweep[:scorers], "--quiet", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    words = ("--scorers", *sweep[scorers + 1 :])
    with started("llocust", "quality", *words, cwd=tmp_path) as process:
        until_some_are_scored(events(process))
        process.kill()
    path = latest(tmp_path).folder / "quality.jsonl"
    with path.open("ab") as file:
        file.write(b'{"line":"score","scorer":"cohe')
    before = sum(each.scorer == "coherence" for each in scored(tmp_path, torn=True))
    server.reset()
    done = llocust("quality", *words, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert Counter(each.scorer for each in scored(tmp_path)) == {"coherence": REQUESTS, "accuracy": REQUESTS}
    # It is asked twice about each answer, the second time to mend its form.
    # One of before may still be under way when the server's log is emptied.
    assert len(server.requests()) - 2 * (REQUESTS - before) in (0, 1)


def test_a_run_of_locusts_own_command_is_scored_when_it_has_ended(server, tmp_path):
    words = ("--headless", "--host", server.url, "-u", "1", "-t", "2s", "--testset", "arithmetic", "--settle", "0")
    locustfile = str(Path(__file__).parents[2] / "locustfiles" / "chat.py")
    with started("locust", "-f", locustfile, *words, "--quality", "empty truncated", cwd=tmp_path) as process:
        process.communicate(timeout=90)
    names = [each["scorer"] for each in latest(tmp_path).report["points"][0]["quality"]]
    assert names == ["empty", "truncated"]
