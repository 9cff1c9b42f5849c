"""Sweeps of synthetic prompts: what was asked for is what arrives, by the log of the simulator."""

import pytest
from support.command import latest, llocust
from support.simulator import running_simulator
from support.words import piece_tokenizer

from harness import shelf
from harness.dialects import dialect_of
from harness.dialects.ask import Ask
from harness.opening import from_manifest
from harness.salt import salt_of
from harness.testset import Message, digest
from harness.tokenizer import Tokenizer


@pytest.fixture(scope="module")
def simulator():
    with running_simulator("--ttft", "0.002", "--itl", "0.001", "--tokens", "8") as running:
        yield running


def swept(simulator, cwd, *words):
    """The run of a sweep with bounded points, and each record with what the server saw of its request."""
    simulator.reset()
    done = llocust("sweep", "--host", simulator.url, "--synthetic-prompts", "60", *words, cwd=cwd)
    assert done.returncode == 0, done.stderr + done.stdout
    run = latest(cwd)
    truth = {row["id"]: row for row in simulator.requests()}
    assert truth.keys() == {record.id for record in run.records()}
    return run, [(record, truth[record.id]) for record in run.records()]


def codes(run):
    return {reason["code"] for reason in run.report["points"][0]["reasons"]}


def test_tokens_as_the_server_counts_them_in_every_process(simulator, tmp_path):
    lengths = ("--input-tokens", "normal:200,40", "--output-tokens", "uniform:5,20", "--ignore-eos")
    run, pairs = swept(simulator, tmp_path, *lengths, "--users", "4", "--requests", "40", "--processes", "2")

    assert len(pairs) == 40
    for record, row in pairs:
        assert row["prompt_tokens"] == record.usage.prompt == record.wanted.prompt
        assert len(row["sent_ns"]) == record.usage.output == record.wanted.output
    assert len({record.wanted.prompt for record, _ in pairs}) > 20
    yardstick = run.manifest.synthetic
    # The simulator counts a quarter of the characters, and one.
    assert (yardstick.source, yardstick.chars_per_token, yardstick.overhead_tokens) == ("usage", 4.0, 1.0)
    found = run.report["points"][0]["lengths"]
    assert (found["prompt"]["exact_ratio"], found["output"]["exact_ratio"]) == (1, 1)
    assert "lengths_missed" not in codes(run)


def test_tokens_of_a_tokenizer_with_a_common_prefix(simulator, tmp_path):
    tokenizer = Tokenizer(piece_tokenizer(tmp_path / "t.json"))
    lengths = ("--input-tokens", "normal:200,40", "--output-tokens", "uniform:5,20", "--prefix-share", "0.5")
    run, pairs = swept(
        simulator, tmp_path, *lengths, *("--tokenizer", str(tmp_path / "t.json")), "--users", "4", "--requests", "20"
    )

    testset = shelf.take(from_manifest(run.manifest), run.manifest.synthetic)
    assert testset.digest == run.manifest.testset.digest
    for record, row in pairs:
        text = testset.prompts[int(record.prompt.removeprefix("synthetic/"))].messages[0].text
        assert tokenizer.count(text) == record.wanted.prompt
        assert record.prompt_chars == len(text)
        assert row["prompt_tokens"] == len(text) // 4 + 1
        # Nobody told it to go on, and it has eight to say.
        assert len(row["sent_ns"]) == min(record.wanted.output, 8)
    assert run.manifest.synthetic.tokenizer == tokenizer.digest
    assert "lengths_missed" in codes(run)


def test_characters_behind_a_salt(simulator, tmp_path):
    run, pairs = swept(simulator, tmp_path, "--input-chars", "120", "--salt", "--users", "2", "--requests", "12")

    assert {record.prompt_chars for record, _ in pairs} == {120}
    assert {row["prompt_tokens"] for _, row in pairs} == {120 // 4 + 1}
    assert run.manifest.synthetic.probes == []
    assert run.report["points"][0]["lengths"]["prompt"]["exact_ratio"] == 1
    texts = [prompt.messages[0].text for prompt in shelf.take(from_manifest(run.manifest)).prompts]
    for record, row in pairs:
        text = texts[int(record.prompt.removeprefix("synthetic/"))]
        assert row["body"] == digest(body_of(f"{salt_of(record.id)} {text}"))


def body_of(text):
    ask = Ask(id="", url="", model="sim", messages=(Message("user", text),), max_tokens=256)
    return dialect_of("chat").encode(ask).body


def test_a_server_that_does_not_count_is_told_of_before_anything_is_made(tmp_path):
    with running_simulator("--usage", "never", "--ttft", "0.001", "--itl", "0.001") as silent:
        done = llocust("sweep", "--host", silent.url, "--input-tokens", "100", cwd=tmp_path)
    assert done.returncode == 2
    assert "give a tokenizer with --tokenizer FILE, or lengths in characters with --input-chars." in done.stderr
    assert not (tmp_path / "output").exists()


def test_files_that_are_missing_are_told_once_and_together(simulator, tmp_path):
    words = ("--input-tokens", "histogram:h.csv", "--output-tokens", "histogram:o.csv", "--tokenizer", "t.json")
    done = llocust("sweep", "--host", simulator.url, *words, cwd=tmp_path)
    assert done.returncode == 2
    assert [line.split()[0] for line in done.stderr.splitlines()] == [
        *("--input-tokens:", "--output-tokens:", "--tokenizer"),
    ]
    done = llocust("sweep", "--host", simulator.url, "--input-tokens", "5", "--tokenizer", "t.json", cwd=tmp_path)
    assert [line.split()[0] for line in done.stderr.splitlines()] == ["--tokenizer"]
