"""Every dialect swept as a user would type it: counts to the request, characters and tokens to the piece, outcomes."""

import re
import shlex
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import msgspec
import pytest
from support.command import Run, latest, llocust
from support.matrix import OUTCOMES
from support.simulator import running_simulator

from harness.accuracy import Sent, Span, compare, seen
from harness.dialects import DIALECTS

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "dialects.md"
KEY = "k-e2e"
REQUESTS, USERS, TOKENS, REASONING = 40, 4, 12, 3
TEXT_ONLY = {"completions", "tgi"}
TELL_REASONING = {"chat", "responses", "gemini"}
FAULTS = (
    "refuse_429", "error_503", "html", "nothing", "empty", "error_event", "cut", "truncate", "malformed",
    "crlf", "comments", "bundle", "split",
)  # fmt: skip
"""One request in twenty each; the other seven are well."""

every_dialect = pytest.mark.parametrize("dialect", DIALECTS)


@dataclass(frozen=True, slots=True)
class Swept:
    """A run, and the server's log of its requests by id."""

    run: Run
    truth: dict[str, dict]

    @property
    def point(self) -> dict:
        (point,) = self.run.report["points"]
        return point


@pytest.fixture(scope="module")
def simulator():
    words = ("--ttft", "0.03", "--itl", "0.005", "--tokens", str(TOKENS), "--reasoning", str(REASONING))
    with running_simulator(*words, "--api-key-env", "SIM_KEY", env={"SIM_KEY": KEY}) as running:
        yield running


@pytest.fixture(scope="module")
def faulty():
    shares = [word for name in FAULTS for word in ("--fault", f"{name}=0.05")]
    with running_simulator("--ttft", "0.01", "--itl", "0.001", "--tokens", "8", *shares) as running:
        yield running


def sweep(simulator, work_dir, dialect: str, requests: int, *more: str) -> Swept:
    simulator.reset()
    done = llocust(
        *("sweep", "--host", simulator.url, "--dialect", dialect, "--users", str(USERS), "--requests", str(requests)),
        *("--spawn-rate", "40", "--work-dir", str(work_dir), "--quiet", *more),
        cwd=work_dir,
        # Only the key of this API is the right one.
        **{each.key_env: "of-somebody-else" for each in DIALECTS.values()} | {DIALECTS[dialect].key_env: KEY},
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return Swept(latest(work_dir), {row["id"]: row for row in simulator.requests()})


@pytest.fixture(scope="module", params=DIALECTS)
def swept(request, simulator, tmp_path_factory):
    """One clean sweep for each dialect."""
    return sweep(simulator, tmp_path_factory.mktemp(request.param), request.param, REQUESTS)


def test_a_sweep_has_the_servers_counts_characters_and_tokens(swept):
    run, truth = swept.run, swept.truth
    records, dialect = run.records(), run.manifest.dialect
    assert len(records) == len(truth) == swept.point["locust"]["requests"] == REQUESTS
    assert {record.id for record in records} == set(truth)
    assert Counter(record.outcome for record in records) == {"ok": REQUESTS}
    assert (swept.point["locust"]["failures"], swept.point["locust"]["agrees"]) == (0, True)
    assert run.manifest.model == "sim"
    assert {record.dialect for record in records} == {row["dialect"] for row in truth.values()} == {dialect}
    for record in records:
        row = truth[record.id]
        assert (record.chars, record.kinds, record.finish) == (row["chars"], row["kinds"], row["finish"])
        assert record.usage.prompt == row["prompt_tokens"]
        assert record.usage.output == row["usage"]["output"] == len(record.at_us) == TOKENS
        assert record.usage.reasoning == (
            row["usage"]["reasoning"] if dialect in TELL_REASONING or dialect == "completions" else None
        )
        text = sum(chars for chars, kind in zip(row["chars"], row["kinds"], strict=True) if kind == "t")
        assert len(record.text) == text
    thought = 0 if dialect in TEXT_ONLY else REASONING
    assert {record.kinds for record in records} == {"r" * thought + "t" * (TOKENS - thought)}
    assert swept.point["tokens"]["source"] == "usage"
    assert swept.point["tokens"]["per_event"] == 1.0
    assert len({row["connection"] for row in truth.values()}) == USERS


def test_times_are_the_servers_request_by_request(swept):
    sent = {name: msgspec.convert(row, Sent, strict=False) for name, row in swept.truth.items()}
    records = swept.run.records()
    for record in records:
        # A stamp is stored to the microsecond, rounded down.
        arrived_ns = [record.sent_ns + at_us * 1000 for at_us in record.at_us]
        assert all(at >= was - 1000 for at, was in zip(arrived_ns, sent[record.id].sent_ns, strict=True))
    begun_ns, ended_ns = min(row.received_ns for row in sent.values()), max(row.ended_ns for row in sent.values())
    found = compare(map(seen, records), sent, Span(begun_ns - 10**9, ended_ns + 10**9))
    assert found.ttft_error_s.n == REQUESTS
    assert found.itl_error_s.n == REQUESTS * (TOKENS - 1)
    # Loopback and a wake-up lie between; medians of 5 ms are far beyond what a busy machine does.
    assert found.ttft_error_s.p50 < 0.005
    assert found.itl_error_s.p50 < 0.005
    true_ttft_s = median((row.sent_ns[0] - row.received_ns) / 1e9 for row in sent.values())
    assert swept.point["latency"]["ttft_s"]["p50"] == pytest.approx(true_ttft_s, abs=0.005)


@pytest.mark.parametrize("dialect", ["chat", "messages", "gemini", "tgi"])
def test_answers_that_come_whole_have_one_stamp(simulator, tmp_path, dialect):
    swept = sweep(simulator, tmp_path, dialect, 8, "--no-stream")
    records = swept.run.records()
    assert Counter(record.outcome for record in records) == {"ok": 8}
    assert {row["stream"] for row in swept.truth.values()} == {False}
    for record in records:
        row = swept.truth[record.id]
        assert (len(record.at_us), sum(record.chars), record.finish) == (1, sum(row["chars"]), row["finish"])
        assert record.usage.output == row["usage"]["output"] == TOKENS
    assert swept.point["latency"]["itl_s"]["n"] == 0


SHOWN = re.findall(r"^llocust (sweep .*--dialect (\w+).*)$", DOCUMENTATION.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize(("words", "dialect"), SHOWN, ids=[words for words, _ in SHOWN])
def test_the_commands_of_the_documentation_run(tmp_path, words, dialect):
    typed = shlex.split(words)
    model = typed[typed.index("--model") + 1] if "--model" in typed else "sim"
    with running_simulator("--ttft", "0.01", "--itl", "0.001", "--tokens", "4", "--model", model) as simulator:
        typed[typed.index("--host") + 1] = simulator.url
        done = llocust(*typed, "--requests", "4", "--spawn-rate", "40", "--work-dir", str(tmp_path), cwd=tmp_path)
        truth = simulator.requests()
    assert done.returncode == 0, done.stderr + done.stdout
    run = latest(tmp_path)
    assert {row["dialect"] for row in truth} == {run.manifest.dialect} == {dialect}
    assert {record.outcome for record in run.records()} == {"ok"}
    assert len(run.records()) == len(truth) == 4 * len(run.manifest.points)


def test_every_dialect_is_shown():
    assert {dialect for _, dialect in SHOWN} == set(DIALECTS)


@every_dialect
def test_every_fault_has_its_outcome(faulty, tmp_path, dialect):
    swept = sweep(faulty, tmp_path, dialect, 2 * 20)
    records = swept.run.records()
    wrong = [
        (record.id, swept.truth[record.id]["fault"], record.outcome.value, record.fault)
        for record in records
        if record.outcome != OUTCOMES[swept.truth[record.id]["fault"]]
    ]
    assert wrong == []
    dealt = Counter(row["fault"] for row in swept.truth.values())
    assert dealt == {None: 14, **dict.fromkeys(FAULTS, 2)}
    failures = sum(OUTCOMES[row["fault"]] != "ok" for row in swept.truth.values())
    assert (swept.point["locust"]["requests"], swept.point["locust"]["failures"]) == (40, failures)
    assert swept.point["locust"]["agrees"] is True
    for record in records:
        row = swept.truth[record.id]
        # Also of an answer that broke off, all that had been sent has been read, up to an event that could not be.
        read = 3 if row["fault"] == "malformed" else None
        assert (record.chars, record.kinds) == (row["chars"][:read], row["kinds"][:read])


@every_dialect
def test_a_wrong_key_and_a_wrong_model_are_said_before_the_sweep(simulator, tmp_path, dialect):
    words = ("sweep", "--host", simulator.url, "--dialect", dialect, "--users", "1", "--requests", "1")
    done = llocust(*words, cwd=tmp_path)
    variable = DIALECTS[dialect].key_env
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert done.stderr.startswith(f"The server refuses the API key (401). Set {variable}, or name another variable")
    done = llocust(*words, "--model", "other", cwd=tmp_path, **{variable: KEY})
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert done.stderr.startswith("--model 'other': the server does not list it. It lists: sim.")
