"""Two servers in one run: every request goes to the target it is counted for, and each has its own figures."""

import re
from collections import Counter
from pathlib import Path

import pytest
from support.command import Run, latest, llocust
from support.simulator import Running, running_simulator

from harness.opening import from_manifest
from harness.sweep import read_command

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "targets.md"
FAST, SLOW = ("--ttft", "0.02", "--itl", "0.004"), ("--ttft", "0.06", "--itl", "0.012")
TOKENS = 6


Servers = dict[str, Running]
"""By the names of the targets."""


@pytest.fixture(scope="module")
def servers():
    with (
        running_simulator(*FAST, "--tokens", str(TOKENS), "--model", "sim") as fast,
        running_simulator(*SLOW, "--tokens", str(TOKENS), "--model", "sim") as slow,
    ):
        yield {"fast": fast, "slow": slow}


@pytest.fixture(autouse=True)
def _nothing_asked_yet(servers):
    for server in servers.values():
        server.reset()


def check_counts(run: Run, servers: Servers) -> None:
    """Simulator = records = report, target by target; Locust's count is the point's."""
    records, points = run.records(), run.report["points"]
    sent = {name: {row["id"] for row in server.requests()} for name, server in servers.items()}
    assert {name: {record.id for record in records if record.target == name} for name in sent} == sent
    for name, ids in sent.items():
        rows = [row for row in points if row["target"] == name]
        assert sum(row["requests_all"]["sent"] for row in rows) == len(ids)
    judged = Counter(record.point for record in records if record.outcome != "aborted")
    assert {row["index"]: row["locust"]["requests"] for row in points} == judged
    assert {row["locust"]["agrees"] for row in points} == {True}
    assert {record.outcome.value for record in records} == {"ok"}


def check_figures(run: Run, slow: str) -> None:
    """Each target's are near its own truth, and the slow one's are three times as far."""
    for row in run.report["points"]:
        factor = 3 if row["target"] == slow else 1
        assert row["latency"]["ttft_s"]["p50"] == pytest.approx(0.02 * factor, abs=0.012)
        assert row["latency"]["itl_s"]["p50"] == pytest.approx(0.004 * factor, abs=0.0025)


def test_points_of_two_targets_take_turns_and_the_run_can_be_told_again(servers, tmp_path):
    words = ("--users", "1", "3", "--requests", "12", "--spawn-rate", "50", "--work-dir", str(tmp_path), "--quiet")
    done = llocust(
        *("sweep", "--target", f"name=fast host={servers['fast'].url} dialect=chat", *words),
        *(
            "--target",
            f"name=slow host={servers['slow'].url} dialect=messages",
            "--stop",
            "never said",
            "--temperature",
            "0",
        ),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    run = latest(tmp_path)
    in_turn = [(1, "fast"), (1, "slow"), (3, "fast"), (3, "slow")]
    assert [(point.users, point.target, point.state) for point in run.manifest.points] == [
        (*point, "done") for point in in_turn
    ]
    assert [(row["users"], row["target"]) for row in run.report["points"]] == in_turn
    assert Counter(record.target for record in run.records()) == {"fast": 24, "slow": 24}
    assert {(record.target, record.dialect, record.model) for record in run.records()} == {
        ("fast", "chat", "sim"),
        ("slow", "messages", "sim"),
    }
    assert {row["dialect"] for row in servers["slow"].requests()} == {"messages"}
    check_counts(run, servers)
    check_figures(run, slow="slow")

    told_again = read_command(["--config", str(run.folder / "config.toml")]).resolve()
    assert told_again == from_manifest(run.manifest)


def test_the_file_of_the_documentation_shares_users_by_weight(servers, tmp_path):
    (shown,) = re.findall(r"^```toml\n(.*?)^```$", DOCUMENTATION.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    named = {"stable": servers["fast"], "canary": servers["slow"]}
    for port, server in zip((8000, 8001), named.values(), strict=True):
        shown = shown.replace(f"http://127.0.0.1:{port}", server.url)
    (tmp_path / "bench.toml").write_text(shown)
    done = llocust(
        *(
            "sweep",
            "--config",
            "bench.toml",
            "--users",
            "4",
            "--requests",
            "48",
            "--spawn-rate",
            "50",
            "--processes",
            "2",
        ),
        cwd=tmp_path,
        CANARY_KEY="k-not-to-be-seen",
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert "canary" in done.stdout
    run = latest(tmp_path)
    (point,) = run.manifest.points
    assert (point.users, point.target, point.shares) == (4, "mixed", {"stable": 3, "canary": 1})
    rows = run.report["points"]
    assert [(row["index"], row["users"], row["target"]) for row in rows] == [(1, 3, "stable"), (1, 1, "canary")]
    assert sum(row["requests"]["ok"] for row in rows) == 48
    # The same users as in one process, and a connection for each.
    assert {(record.user, record.target) for record in run.records()} == {
        *((user, "stable") for user in (0, 2, 3)),
        (1, "canary"),
    }
    connections = [len({row["connection"] for row in server.requests()}) for server in named.values()]
    assert connections == [3, 1]
    check_counts(run, named)
    check_figures(run, slow="canary")
    files = [path for path in run.folder.rglob("*") if path.is_file()]
    assert not any(b"k-not-to-be-seen" in path.read_bytes() for path in files)


def test_mistakes_of_a_file_and_of_words_are_told_together(tmp_path):
    (tmp_path / "bench.toml").write_text('usres = 4\n[load]\nseed = 1\n[[targets]]\nhost = "http://127.0.0.1:9"\n')
    done = llocust("sweep", "--config", "bench.toml", "--max-tokens", "0", "--target-mode", "mixed", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "bench.toml: there is no option 'usres'; did you mean users?",
        "bench.toml: seed belongs under [workload], not under [load].",
        "--max-tokens '0': give a whole number of one or more.",
        "--target-mode says how several targets share a run: give --target twice or more.",
    ]
    assert not (tmp_path / "output").exists()
