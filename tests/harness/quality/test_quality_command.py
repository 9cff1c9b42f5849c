"""`llocust quality`: what is typed prevails over what the run was told."""

from pathlib import Path

import msgspec
import pytest
from support.scored import said, write_answers

from harness import dialects
from harness.options import UsageMistakes
from harness.quality.command import prepare, read_command
from harness.run import RunError, read_manifest, write_manifest
from harness.targets import Target

JUDGE = "host=http://j model=m"


@pytest.fixture
def folder(tmp_path):
    return write_answers(tmp_path / "run", [[said("x", 1)]])


def tell(folder: Path, **options) -> None:
    manifest = read_manifest(folder)
    manifest.options |= msgspec.to_builtins(options)
    write_manifest(folder, manifest)


def prepared(folder: Path, *argv: str):
    return prepare(read_command([str(folder), *argv]))


def test_the_default_is_the_latest_run():
    command = read_command(["--scorers", "empty"])
    assert command.folder == Path("output/latest")
    assert (command.again, command.quiet, command.json_progress) == (False, False, False)


def test_switches():
    assert read_command(["--again", "--quiet"])[2:] == (True, True, False)
    assert read_command(["--json-progress"])[2:] == (False, False, True)
    with pytest.raises(UsageMistakes, match="--quiet and --json-progress exclude each other"):
        read_command(["--quiet", "--json-progress"])


def test_what_is_typed_is_read(folder):
    asking = prepared(
        folder,
        *("--scorers", "accuracy", "coherence", "--judge", JUDGE, "--judge-sample", "5", "--tolerance", "0.1"),
    )
    options = asking.options
    assert (asking.folder, asking.manifest.id) == (folder, read_manifest(folder).id)
    assert (options.quality, options.tolerance, options.judge_sample) == (("accuracy", "coherence"), 0.1, 5)
    assert (options.judge.host, options.judge.model, options.judge.api_key_env) == ("http://j", "m", "OPENAI_API_KEY")


def test_what_is_not_typed_is_as_the_run_was_told(folder):
    tell(folder, quality=["empty"], tolerance=0.5, seed=7)
    asking = prepared(folder, "--judge-rate", "2")
    assert (asking.options.quality, asking.options.tolerance, asking.options.seed) == (("empty",), 0.5, 7)
    assert asking.options.judge_rate == 2.0


def test_without_scorers_they_are_listed(folder):
    with pytest.raises(
        UsageMistakes, match=r"^--scorers is missing: name one or more of accuracy, .*toxicity-judge, or"
    ):
        prepared(folder)


@pytest.mark.parametrize(
    ("argv", "mistakes"),
    [
        (["--scorers", "coherence"], ['--quality coherence needs --judge "host=URL model=NAME".']),
        (
            ["--scorers", "factuality", "empty", "toxicity-judge"],
            ['--quality factuality toxicity-judge needs --judge "host=URL model=NAME".'],
        ),
        (["--scorers", "toxicity-moderation"], ['--quality toxicity-moderation needs --moderation "host=URL".']),
        (["--scorers", "perplexity"], ["--quality perplexity needs --texts, a set of reference texts."]),
        (
            ["--scorers", "empty", "--judge-sample", "0", "--judge", "host=ftp://j"],
            [
                "--judge-sample '0': give a whole number of one or more.",
                "--judge: give as host a URL such as http://127.0.0.1:8000.",
            ],
        ),
        (["--scorers", "empty", "--judge", "host=http://j"], ["--judge has no model: give it one, model=…."]),
        (
            ["--scorers", "empty", "--judge-rate", "0"],
            ["--judge-rate '0': give a number above zero, of so many a second."],
        ),
    ],
)
def test_mistakes(folder, argv, mistakes):
    with pytest.raises(UsageMistakes) as info:
        prepared(folder, *argv)
    assert sorted(info.value.mistakes) == mistakes


def test_what_is_about_the_run_is_no_mistake_now(folder):
    # That its text was not stored, or no log-probabilities asked for, is seen in what there is, and is a gap in the report.
    tell(folder, keep_text=False)
    assert prepared(folder, "--scorers", "accuracy", "logprob").options.quality == ("accuracy", "logprob")


def test_no_option(folder):
    with pytest.raises(
        UsageMistakes, match=r"^There is no option --users\. `llocust quality --help` lists the options"
    ):
        prepared(folder, "--users", "4")


def test_no_run(tmp_path):
    with pytest.raises(RunError, match="is not a run folder"):
        prepared(tmp_path, "--scorers", "empty")


def test_a_run_whose_own_dialect_is_gone_can_be_scored(folder, tmp_path):
    tell(folder, dialect="./gone.py")
    assert prepared(folder, "--scorers", "empty").options.dialect == "./gone.py"
    with pytest.raises(UsageMistakes, match=r"gone\.py"):
        prepared(folder, "--scorers", "perplexity", "--texts", "short")


def test_a_judge_by_a_dialect_of_ones_own(folder, tmp_path):
    with pytest.raises(UsageMistakes, match=r"gone\.py"):
        prepared(folder, "--scorers", "coherence", "--judge", f"{JUDGE} dialect={tmp_path}/gone.py")


def test_a_judge_of_a_dialect_of_ones_own_has_the_key_that_it_names(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(dialects, "_OTHERS", dict(dialects._OTHERS))
    file = tmp_path / "talk.py"
    file.write_text('key_env = "TALK_KEY"\ndef encode(ask):\n    return {}\ndef decode(event):\n    yield event.data\n')
    asking = prepared(folder, "--scorers", "coherence", "--judge", f"{JUDGE} dialect={file}")
    assert asking.options.judge.api_key_env == "TALK_KEY"


def test_a_judge_that_nobody_needs_now_may_be_gone(folder):
    gone = Target(name="judge", host="http://j", model="m", dialect="./gone.py", api_key_env="K")
    tell(folder, quality=["coherence"], judge=gone)
    assert prepared(folder, "--scorers", "empty").options.judge == gone
    with pytest.raises(UsageMistakes, match=r"gone\.py"):
        prepared(folder)
