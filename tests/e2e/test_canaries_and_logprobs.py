"""Canaries come at their places, whoever makes the load; log-probabilities are those that the server told, in every API."""

from collections import defaultdict
from pathlib import Path

import pytest
from support.command import latest, llocust, started
from support.simulator import running_simulator

ROOT = Path(__file__).parents[2]
EVERY = 4
DIALECTS = ("chat", "completions", "responses", "gemini", "ollama", "tgi")


@pytest.fixture(scope="module")
def simulator():
    with running_simulator("--ttft", "0.02", "--itl", "0.002", "--tokens", "10") as running:
        yield running


def asked_by_user(run):
    """By user, the prompts in the order in which they were asked; of an ordinary one a dash."""
    asked = defaultdict(list)
    for record in sorted(run.records(), key=lambda record: record.begun_ns):
        assert record.canary == record.prompt.startswith("canaries/")
        asked[record.point, record.user].append(record.prompt if record.canary else "-")
    return asked


def expected(user, times):
    """The canaries of the shipped set in their order, each time that number and index are a multiple of EVERY."""
    canaries = (f"canaries/{number % 6}" for number in range(times))
    return [next(canaries) if (number + user) % EVERY == 0 else "-" for number in range(times)]


@pytest.mark.parametrize("workers", [(), ("--processes", "2")], ids=["alone", "two workers"])
def test_every_user_asks_them_at_its_places(simulator, tmp_path, workers):
    words = ("--host", simulator.url, "--users", "1", "5", "--requests", "60", "--canary-every", str(EVERY))
    done = llocust("sweep", *words, "--spawn-rate", "50", *workers, cwd=tmp_path)
    assert done.returncode == 0, done.stderr + done.stdout
    run = latest(tmp_path)
    asked = asked_by_user(run)
    assert sorted(asked) == [(1, 0), *((2, user) for user in range(5))]
    for (_, user), prompts in asked.items():
        assert prompts == expected(user, len(prompts))
    assert [len(run.records(point)) for point in run.manifest.points] == [60, 60]
    # 60 of one user: the numbers 0, 4 … 56.
    assert run.report["points"][0]["canaries"]["sent"] == 15


def test_locusts_own_command_asks_them_too(simulator, tmp_path):
    words = ("-f", str(ROOT / "locustfiles" / "chat.py"), "--headless", "-u", "3", "-r", "3", "-t", "4s")
    with started("locust", *words, "--host", simulator.url, "--canary-every", str(EVERY), cwd=tmp_path) as process:
        told, _ = process.communicate(timeout=90)
    assert process.returncode == 0, told
    run = latest(tmp_path)
    asked = asked_by_user(run)
    assert sorted(user for _, user in asked) == [0, 1, 2]
    for (_, user), prompts in asked.items():
        assert prompts == expected(user, len(prompts))
    assert run.report["points"][0]["canaries"]["changed"] == 0


@pytest.mark.parametrize("stream", ["--stream", "--no-stream"])
def test_log_probabilities_are_those_that_the_server_told(simulator, tmp_path, stream):
    simulator.reset()
    targets = [f"name={dialect} host={simulator.url} dialect={dialect}" for dialect in DIALECTS]
    words = [word for target in targets for word in ("--target", target)]
    done = llocust(
        "sweep", *words, "--users", "2", "--requests", "6", "--spawn-rate", "50", "--logprobs", stream, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr + done.stdout
    truth = {row["id"]: row for row in simulator.requests()}
    records = latest(tmp_path).records()
    assert len(records) == 6 * len(DIALECTS)
    for record in records:
        told = truth[record.id]["logprobs"]
        assert told["tokens"] > 0
        assert (record.logprobs.sum, record.logprobs.tokens) == (told["sum"], told["tokens"]), record.dialect
