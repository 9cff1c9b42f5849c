"""What a sweep cost, against the requests that the servers say they answered."""

import pytest
from support.command import latest, llocust
from support.simulator import running_simulator

TOKENS = 8
PRICES = """\
currency = "USD"
[models.sim]
input = 2
output = 10
[targets.own]
per_hour = 36
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Two targets of one model at one and at two users; the first has a machine of its own."""
    there = tmp_path_factory.mktemp("costs")
    (there / "mine.toml").write_text(PRICES)
    quick = ("--ttft", "0.01", "--itl", "0.002", "--tokens", str(TOKENS), "--model", "sim")
    with running_simulator(*quick) as own, running_simulator(*quick) as bought:
        targets = ("--target", f"name=own host={own.url}", "--target", f"name=bought host={bought.url}")
        window = ("--users", "1", "2", "--run-time", "2s", "--settle", "0s", "--work-dir", str(there))
        done = llocust("sweep", *targets, *window, "--prices", str(there / "mine.toml"), cwd=there)
    assert done.returncode == 0, done.stderr
    assert f"Models: {latest(there).folder}" in done.stdout.replace("\n", "")
    return latest(there)


def test_tokens_are_paid_for_as_they_were_counted(run):
    for row in (row for row in run.report["points"] if row["target"] == "bought"):
        usages = [each.usage for each in run.records() if each.point == row["index"] and each.phase == "window"]
        paid = sum(usage.prompt * 2 + usage.output * 10 for usage in usages) / 1e6
        assert {usage.output for usage in usages} == {TOKENS}
        assert row["cost"]["basis"] == "tokens"
        assert row["cost"]["window"] == pytest.approx(paid)
        assert row["cost"]["per_request"] == pytest.approx(paid / len(usages))


def test_a_machine_is_paid_for_as_long_as_the_window_was(run):
    for row in (row for row in run.report["points"] if row["target"] == "own"):
        assert row["cost"]["window"] == pytest.approx(row["window_s"] * 0.01)
        assert row["cost"]["per_hour"] == pytest.approx(36)
        assert row["cost"]["whole_point"] > row["cost"]["window"]


def test_the_table_goes_with_the_run(run):
    assert (run.folder / "prices.toml").read_text() == PRICES
    pages = {name: (run.folder / name).read_bytes() for name in ("report.json", "models.html", "models.md")}
    done = llocust("report", str(run.folder), cwd=run.folder)
    assert done.returncode == 0, done.stderr
    assert {name: (run.folder / name).read_bytes() for name in pages} == pages
