"""Thousands of requests with every fault that the simulator knows among them, and who says what about each."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from support.command import Run, latest, llocust
from support.simulator import running_simulator

from harness.record import Record

OUTCOMES = {
    None: "ok",
    "refuse_429": "refused_429",
    "refuse_400": "refused_4xx",
    "error_500": "server_5xx",
    "error_503": "server_5xx",
    "redirect": "redirect",
    "html": "malformed",
    "malformed": "malformed",
    "nothing": "empty",
    "empty": "empty",
    "error_event": "fault",
    "cut": "cut",
    "truncate": "truncated",
    "stall_before_headers": "timeout_first_byte",
    "stall_before_token": "timeout_idle",
    "stall_after_token": "timeout_idle",
    "no_done": "ok",
    "no_usage": "ok",
    "crlf": "ok",
    "comments": "ok",
    "bundle": "ok",
    "split": "ok",
}
BREAKING = {"html", "malformed", "cut", "stall_before_headers", "stall_before_token", "stall_after_token"}
"""The body was not read to its end: the connection is good for nothing any more."""
SHARE = 0.025


@dataclass(frozen=True, slots=True)
class Matrix:
    """A run and the truth about it."""

    requests: int
    run: Run
    truth: dict[str, dict]
    """The simulator's log by request id, in the order of arrival."""

    @property
    def point(self) -> dict:
        (point,) = self.run.report["points"]
        return point

    @property
    def true_outcomes(self) -> Counter:
        """How each request should have ended, by what the simulator did to it."""
        return Counter(OUTCOMES[row["fault"]] for row in self.truth.values())

    @property
    def recorded_outcomes(self) -> Counter:
        return Counter(record.outcome.value for record in self.run.records())

    def wrong(self) -> list[tuple]:
        """The requests that ended otherwise than they should have."""
        return [
            (record.id, self.truth[record.id]["fault"], record.outcome.value, record.fault)
            for record in self.run.records()
            if record.outcome != OUTCOMES[self.truth[record.id]["fault"]]
        ]

    def in_succession(self) -> Iterator[tuple[Record, Record]]:
        """Two requests of one user, one right after the other."""
        by_user: dict[int, list[Record]] = {}
        for record in sorted(self.run.records(), key=lambda record: record.seq):
            by_user.setdefault(record.user, []).append(record)
        for records in by_user.values():
            yield from pairwise(records)

    def table(self) -> str:
        """A line for each fault: how often, and what it was taken for."""
        taken = {record.id: record.outcome.value for record in self.run.records()}
        seen = Counter((row["fault"], taken.get(row["id"])) for row in self.truth.values())
        lines = [
            f"{fault or '–':22} {outcome!s:20} {count:6}" for (fault, outcome), count in sorted(seen.items(), key=str)
        ]
        connections = len({row["connection"] for row in self.truth.values()})
        locust = self.point["locust"]
        counted = (
            f"simulator {len(self.truth)} requests on {connections} connections · records {len(taken)} · "
            f"Locust {locust['requests']} with {locust['failures']} failures, agrees: {locust['agrees']}"
        )
        return "\n".join([*lines, counted])


def run_matrix(work_dir: Path, requests: int, users: int, *, tls: bool) -> Matrix:
    """Send so many requests, each user its own after one another, and fetch the truth."""
    faults = [word for name in OUTCOMES if name for word in ("--fault", f"{name}={SHARE}")]
    ca_file = work_dir / "ca.pem"
    secured = ("--tls-ca-file", str(ca_file)) if tls else ()
    with running_simulator("--ttft", "0.01", "--itl", "0.001", "--tokens", "8", *faults, *secured) as simulator:
        host = f"https://localhost:{simulator.port}" if tls else simulator.url
        done = llocust(
            *("sweep", "--host", host, "--users", str(users), "--requests", str(requests), "--spawn-rate", "400"),
            *("--first-byte-timeout", "1s", "--idle-timeout", "0.8s", "--work-dir", str(work_dir), "--quiet"),
            cwd=work_dir,
            timeout_s=300,
            **({"REQUESTS_CA_BUNDLE": str(ca_file)} if tls else {}),
        )
        truth = {row["id"]: row for row in simulator.requests()}
    assert done.returncode == 0, done.stderr + done.stdout
    return Matrix(requests, latest(work_dir), truth)
